"""The view `incidents`: what is known of each incident, and its own toll."""

from typing import Any

from figures_builder import (
    act,
    fig,
    gid,
    incident_opened,
    incident_split,
    incidents_merged,
    report,
)
from view_kit import view

from tollbook_projections.filing import Document
from tollbook_projections.query import Query


def strike(name: str, value: int, areas: str | list[str] = "SY-LA", **fields: Any) -> Document:
    return fig(name, value, areas, basis="incident", **fields)


def entries(document: Document) -> dict[str, Document]:
    return {entry["id"]: entry for entry in document["incidents"]}


def bounds(value: Document) -> tuple[object, ...]:
    return value["low"], value["best"], value["high"]


def test_a_figure_of_an_incident_without_a_name_is_an_incident_of_its_own() -> None:
    document = view("incidents", report("r", 8, strike("f", 12)))

    (entry,) = document["incidents"]
    assert (entry["id"], entry["named"], entry["title"]) == (gid("r#f"), False, None)
    assert bounds(entry["values"][0]) == (12, 12, 12)
    assert entry["areas"] == ["SY-LA"]
    assert entry["since"] == "2025-03-08"


def test_an_opened_incident_has_its_title_and_its_figures_and_their_range() -> None:
    document = view(
        "incidents",
        report("a", 8, strike("f", 12)),
        report("b", 9, strike("f", 15), by="snhr"),
        incident_opened(
            "o", 10, "banyas", [gid("a#f"), gid("b#f")], areas=["SY10"], kind="massacre"
        ),
    )

    (entry,) = document["incidents"]
    assert (entry["id"], entry["title"], entry["kind"]) == ("banyas", "banyas", "massacre")
    assert entry["areas"] == ["SY-TA"]
    assert entry["originators"] == ["snhr", "sohr"]
    assert {figure["figure"] for figure in entry["figures"]} == {gid("a#f"), gid("b#f")}
    assert entry["values"][0]["low"] == 12
    assert entry["values"][0]["high"] == 15
    assert [step["act"] for step in entry["history"]] == ["opened"]
    assert entry["history"][0]["reason"] == "said so"


def test_a_merged_incident_is_listed_under_its_successor_with_the_reason() -> None:
    document = view(
        "incidents",
        report("a", 8, strike("f", 12, incident="one")),
        report("b", 9, strike("f", 15, incident="two"), by="snhr"),
        incident_opened("o", 10, "two"),
        incidents_merged("m", 11, ["two"], "one"),
    )

    (entry,) = document["incidents"]
    assert entry["id"] == "one"
    assert entry["merged_from"] == ["two"]
    assert [step["act"] for step in entry["history"]] == ["opened", "merged"]
    members = {figure["figure"]: figure["was_in"] for figure in entry["figures"]}
    assert members == {gid("a#f"): [], gid("b#f"): ["two"]}


def test_a_split_incident_becomes_several_each_with_its_own_toll() -> None:
    document = view(
        "incidents",
        report("a", 8, strike("f", 12, incident="both"), strike("g", 5, incident="both")),
        incident_split("s", 9, "both", {"north": [gid("a#f")], "south": [gid("a#g")]}),
    )

    found = entries(document)
    assert bounds(found["north"]["values"][0]) == (12, 12, 12)
    assert bounds(found["south"]["values"][0]) == (5, 5, 5)
    assert [step["act"] for step in found["south"]["history"]] == ["split"]
    assert found["both"]["figures"] == []


def test_the_toll_is_told_in_the_narrowest_area_that_holds_the_whole_incident() -> None:
    document = view(
        "incidents",
        report("a", 8, strike("f", 12, "SY-LA", incident="x")),
        report("b", 8, strike("g", 3, "SY-TA", incident="x")),
    )

    (value,) = document["incidents"][0]["values"]
    assert value["area"] == "SY"
    assert bounds(value) == (15, 15, 15)


def test_segments_of_an_incident_stand_beside_their_sum() -> None:
    civilian = {"status": "civilian"}
    document = view("incidents", report("a", 8, strike("f", 12, incident="x", segment=civilian)))

    values = document["incidents"][0]["values"]
    assert [value["segment"] for value in values] == ["all", "civilian"]


def test_a_retracted_figure_stays_listed_and_counts_no_more() -> None:
    document = view(
        "incidents",
        report("a", 8, strike("f", 12, incident="x")),
        act("retracted", "t", 9, "a#f"),
    )

    (entry,) = document["incidents"]
    assert entry["values"] == []
    assert entry["figures"][0]["standing"] == "retracted"
    assert entry["figures"][0]["counts"] is False


def test_incidents_come_in_order_of_their_first_day() -> None:
    document = view(
        "incidents",
        report("late", 9, strike("f", 1, incident="a-late")),
        report("early", 7, strike("f", 1, incident="z-early")),
    )

    assert [entry["id"] for entry in document["incidents"]] == ["z-early", "a-late"]


def test_only_incidents_with_a_figure_asked_for_are_shown() -> None:
    events = (
        report("a", 8, strike("f", 12, "SY-LA", incident="x")),
        report("b", 8, strike("f", 12, "SY-TA", incident="y"), by="snhr"),
    )

    by_area = view("incidents", *events, query=Query(area="SY-TA"))
    by_source = view("incidents", *events, query=Query(originator="sohr"))
    nothing = view("incidents", *events, query=Query(measure="injured"))

    assert set(entries(by_area)) == {"y"}
    assert set(entries(by_source)) == {"x"}
    assert nothing["incidents"] == []


def test_what_the_ledger_did_not_know_yet_has_not_happened() -> None:
    events = (
        report("a", 8, strike("f", 12, incident="one")),
        incidents_merged("m", 9, ["one"], "two"),
    )

    before = view("incidents", *events, query=Query(known_as_of=1))
    after = view("incidents", *events)

    assert set(entries(before)) == {"one"}
    assert set(entries(after)) == {"two"}
