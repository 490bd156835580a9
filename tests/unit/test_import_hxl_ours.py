"""Sheets that our own export has written, read again: what they keep, and what is left out."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from export_kit import answer_of, written
from figures_builder import SECURITY, act, fig, report
from hxl_kit import CUMULATIVE, only, refused
from import_kit import events_of, imported, refusals_of

from tollbook_schemas.segment import Segment
from tollbook_services.importing.rows import Imported, Skipped

Key = tuple[Any, ...]

PUBLISHED = {**CUMULATIVE, "published_at": date(2025, 3, 20)}


def round_trip(subject: str, folder: Path, *events: dict[str, Any]) -> list[Imported]:
    """What becomes of the rows of an export; without events it is of the worked crisis."""
    mapping = None if subject == "revisions" else PUBLISHED  # a step says all of it
    return imported("hxl", written(answer_of(subject, *events), "hxl", folder), mapping=mapping)


def only_event(found: list[Imported]) -> dict[str, Any]:
    """The event of the only row of an export."""
    (event,) = events_of(found)
    return event


def bounds(quantity: dict[str, Any]) -> tuple[int | None, ...]:
    """The low, best and high of a quantity."""
    match quantity["qualifier"]:
        case "exactly":
            return (quantity["value"],) * 3
        case "none_reported":
            return 0, 0, 0
        case "unquantified":
            return 0, None, None
        case "at_least":
            return quantity["value"], quantity["value"], None
        case "up_to":
            return 0, None, quantity["value"]
        case _:
            return quantity["from"], quantity.get("value"), quantity["to"]


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_every_cell_of_an_area_is_a_figure_of_its_bounds(subject: str, tmp_path: Path) -> None:
    """Given the exported worked crisis, when imported, then each cell of an area is a figure."""
    found = round_trip(subject, tmp_path)

    figures = [figure for event in events_of(found) for figure in event["data"]["figures"]]
    read = {
        (
            "+".join(figure["areas"]),
            "+".join(figure.get("destination", [])) or None,
            figure["measure"],
            figure["unit"],
            Segment.model_validate(figure.get("segment", {})).slug,
            figure["basis"] == "stock",
        ): bounds(figure["quantity"])
        for figure in figures
    }
    assert refusals_of(found) == []
    assert len(read) == len(figures)
    assert read == {
        (
            cell["area"],
            cell["destination"],
            cell["measure"],
            cell["unit"],
            cell["segment"],
            cell["nature"] == "stock",
        ): (cell["low"], cell["best"], cell["high"])
        for cell in answer_of(subject).document["cells"]
        if cell["kind"] == "area"
    }


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_what_is_left_of_a_total_is_left_out(subject: str, tmp_path: Path) -> None:
    """Given people of several areas whom a total holds already, then they are no figures."""
    cells = answer_of(subject).document["cells"]
    remainders = [cell for cell in cells if cell["kind"] != "area"]

    left_out = [one for one in round_trip(subject, tmp_path) if isinstance(one, Skipped)]

    assert len(left_out) == len(remainders) > 0


def test_a_remainder_is_left_out_of_a_sheet_that_was_cut_down() -> None:
    text = (
        "#meta+kind,#date,#adm1+code,#meta+source,#affected+killed+best,"
        "#affected+killed+unspecified+best\nunallocated,2025-03-11,SY-LA+SY-TA,SNHR,5,\n"
    )

    (found,) = imported("hxl", text, mapping=CUMULATIVE)

    assert isinstance(found, Skipped)


def worked_crisis() -> list[dict[str, Any]]:
    """Its reports, without figures of which no column says that they are parts, or who did it."""
    lines = files("tollbook_services").joinpath("data/coast-2025.jsonl").read_bytes().splitlines()
    events: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for event in events:
        data = event["data"]
        data.pop("statements", None)
        data["figures"] = [
            {name: said for name, said in figure.items() if name not in ("components", "restates")}
            for figure in data.get("figures", [])
            if not {"part_of", "attribution"} & figure.keys()
        ]
    return [event for event in events if event["data"]["figures"]]


def cells_of(subject: str, events: list[dict[str, Any]]) -> dict[Key, Key]:
    """Bounds and flags of each cell."""
    names = ("kind", "area", "measure", "unit", "nature", "segment", "origin", "destination")
    return {
        tuple(cell[name] for name in names): (
            cell["low"],
            cell["best"],
            cell["high"],
            cell["flags"],
        )
        for cell in answer_of(subject, *events).document["cells"]
    }


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_exported_revisions_make_the_same_cells_again(subject: str, tmp_path: Path) -> None:
    """Given all steps of the worked crisis as a sheet, when imported, then every cell is equal."""
    events = worked_crisis()

    found = round_trip("revisions", tmp_path, *events)

    assert refusals_of(found) == []
    assert cells_of(subject, events_of(found)) == cells_of(subject, events)


@pytest.mark.parametrize("group", ["state_security", "state-security", "state.security"])
def test_a_group_keeps_its_spelling(group: str, tmp_path: Path) -> None:
    """Given a word that a tag can only spell with `_`, when read again, then it is as it was."""
    segment = {"status": "combatant", "group": group}
    found = round_trip("revisions", tmp_path, report("a", 8, fig("f", 7, "SY-LA", segment=segment)))

    (figure,) = only_event(found)["data"]["figures"]
    assert figure["segment"] == segment


def test_in_the_sheet_of_somebody_else_the_tag_is_all_that_counts() -> None:
    text = (
        "#date,#adm1+code,#meta+source,#meta+segment,#meta+status,#affected+killed+group_a_b\n"
        "2025-03-11,SY-LA,SNHR,a-b,final,5\n"
    )

    (figure,) = only(imported("hxl", text, mapping=CUMULATIVE))["data"]["figures"]

    assert figure["segment"] == {"group": "a_b"}
    assert "status" not in figure


def test_a_step_keeps_its_moments_and_what_was_said_of_it(tmp_path: Path) -> None:
    said = {"coverage": "partial", "status": "alleged", "dated_by": "publication", "phase": 2}
    told = report(
        "a", 8, fig("f", 7, "SY-LA", segment=SECURITY, as_of="2025-03-07T12:30:00Z", **said)
    )
    told["data"] |= {"published_at": "2025-03-08T09:15:00Z", "relayed_by": "A newspaper"}

    event = only_event(round_trip("revisions", tmp_path, told))

    (figure,) = event["data"]["figures"]
    assert said.items() <= figure.items()
    assert figure["as_of"] == "2025-03-07T12:30:00Z"
    assert event["data"]["published_at"] == event["time"] == "2025-03-08T09:15:00Z"
    assert event["data"]["relayed_by"] == "A newspaper"


def test_an_act_is_no_figure_and_says_how_to_move_a_history(tmp_path: Path) -> None:
    """Given a figure that was corrected, when its steps are imported, then the act is refused."""
    story = (
        report("a", 8, fig("f", 10, "SY-LA")),
        act("correction", "fix", 9, "a#f", quantity={"qualifier": "exactly", "value": 12}),
    )

    found = round_trip("revisions", tmp_path, *story)

    ((_, column, message),) = refusals_of(found)
    assert column == "#meta+kind"
    assert "correction: this is an act" in message
    assert "publish its events" in message
    assert len(events_of(found)) == 1


def test_a_kind_that_somebody_else_gives_a_row_means_nothing_here() -> None:
    text = "#meta+kind,#date,#adm1+code,#meta+source,#affected+killed\n"

    assert refused(text + "correction,2025-03-11,SY-LA,,5\n").keys() == {"#meta+source"}
    assert only(imported("hxl", text + "correction,2025-03-11,SY-LA,SNHR,5\n", mapping=CUMULATIVE))
