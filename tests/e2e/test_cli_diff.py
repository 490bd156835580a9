"""`tollbook diff` on the worked crisis: which numbers changed, by which bulletins, and why."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cli_kit import clean_environment, told, tollbook

from tollbook_services import changed_between

CRISIS = "syria-coast-2025"
SOURCE = "https://desk.tollbook.example"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demonstration, and an editor's retraction."""
    with clean_environment(TOLLBOOK_SOURCE="https://editor.example"):
        folder = tmp_path_factory.mktemp("diff")
        told("demo", "--data", folder)
        figure = f"{SOURCE}/lb-drm-2025-03-12#D5.fam"
        reason = "the bulletin was withdrawn"
        told("retract", figure, "--reason", reason, "--data", folder)
        yield folder


def diff(data: Path, *arguments: str) -> dict[str, Any]:
    done = tollbook("diff", CRISIS, *arguments, "--format", "json", "--data", data)
    assert done.code == 0, done.err
    document: dict[str, Any] = json.loads(done.out)
    return document


def country(document: dict[str, Any]) -> dict[str, Any]:
    """The civilians of all of Syria, of the one measure that changed."""
    (cell,) = [
        one
        for one in document["cells"]
        if (one["area"], one["kind"], one["segment"]) == ("SY", "area", "civilian")
    ]
    assert isinstance(cell, dict)
    return cell


def sequence_of(data: Path, event: str) -> int:
    """Where the report of a bulletin stands in the ledger."""
    done = tollbook("events", "--format", "json", "--data", data)
    rows = [json.loads(line) for line in done.out.splitlines()]
    return next(int(row["sequence"]) for row in rows if row["event"]["id"] == event)


def test_each_rise_is_put_down_to_the_bulletin_that_brought_it(data):
    cell = country(diff(data, "--from", "0", "--to", "22", "--measure", "killed"))
    rises = {
        step["causes"][-1]["event"].rpartition("/")[2]: step["after"]["best"]
        for step in cell["changes"]
    }
    assert rises["sohr-2025-03-09"] == 830
    assert rises["sohr-2025-03-10"] == 973
    assert rises["sohr-2025-03-11"] == 1225
    assert rises["sohr-2025-03-12"] == 1383
    assert (cell["before"], cell["after"]["best"]) == (None, 1383)


def test_between_two_bulletins_only_the_second_is_named(data):
    first, second = (sequence_of(data, f"sohr-2025-03-{day}") for day in ("09", "10"))
    document = diff(data, "--from", str(first), "--to", f"1:{second}", "--measure", "killed")
    cell = country(document)
    assert (cell["before"]["best"], cell["after"]["best"]) == (830, 973)
    assert [cause["event"] for step in cell["changes"] for cause in step["causes"]] == [
        f"{SOURCE}/sohr-2025-03-10"
    ]
    assert (document["from"]["sequence"], document["to"]["sequence"]) == (first, second)


def test_a_fall_comes_with_the_reason_that_the_editor_gave(data):
    cell = country(diff(data, "--from", "22"))
    assert (cell["before"]["best"], cell["after"]) == (1791, None)
    (step,) = cell["changes"]
    (cause,) = step["causes"]
    assert cause["reason"] == "the bulletin was withdrawn"
    assert cause["sequence"] == 23


def test_a_number_that_went_and_came_back_did_not_change(data, tmp_path):
    figure = f"{SOURCE}/lb-drm-2025-03-12#D5.fam"
    back = tollbook("revise", figure, "--kind", "reinstatement", "--reason", "it stands",
                    "--source", "https://editor.example", "--data", data)  # fmt: skip
    assert back.code == 0, back.err
    assert diff(data, "--from", "22", "--to", "24")["cells"] == []
    assert country(diff(data, "--from", "23", "--to", "24"))["after"]["best"] == 1791


def test_a_moment_can_be_a_time_and_areas_and_segments_narrow_the_answer(data):
    none = diff(data, "--from", "2100-01-01")
    assert none["cells"] == []
    narrow = diff(data, "--from", "1999-01-01", "--to", "22", "--area", "SY-LA",
                  "--measure", "killed", "--segment", "civilian")  # fmt: skip
    assert narrow["from"]["sequence"] == 0
    assert {cell["segment"] for cell in narrow["cells"]} == {"civilian"}
    assert all("SY-LA" in cell["area"] or "SY10" in cell["area"] for cell in narrow["cells"])


def test_the_answer_is_a_table_for_people_and_rows_for_programs(data):
    told = tollbook("diff", CRISIS, "--from", "22", "--to", "23", "--data", data).out
    assert "the bulletin was withdrawn" in " ".join(told.split())
    assert "1,791 / 1,791 / 1,791" in told
    assert "no report" in told
    done = tollbook("diff", CRISIS, "--from", "22", "--to", "23", "--format", "csv", "--data", data)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    (row,) = [
        row
        for row in rows
        if (row["area"], row["kind"], row["segment"], row["measure"])
        == ("SY", "area", "civilian", "displaced_across_border")
    ]
    assert (row["best_before"], row["best_after"]) == ("1791", "")
    assert row["reason"] == "the bulletin was withdrawn"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "9", "--to", "3"], "--from: it comes after `to`: 9 and 3"),
        (["--from", "2:9"], "is in partition 2, but this crisis lies in partition 1"),
        (["--from", "yesterday"], "--from: "),
        (["--from", "1", "--area", "XX-1"], "no area 'XX-1'"),
    ],
)
def test_a_moment_that_makes_no_sense_is_refused(data, arguments, said):
    done = tollbook("diff", CRISIS, *arguments, "--data", data)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_crisis_that_is_not_there_is_refused_with_those_that_are(data):
    done = tollbook("diff", "syria-coast", "--from", "1", "--data", data)
    assert done.code == 2
    assert CRISIS in done.err


def test_too_many_events_between_the_moments_are_refused(data, monkeypatch):
    monkeypatch.setattr(changed_between, "EVENTS_MAX", 5)
    done = tollbook("diff", CRISIS, "--from", "1", "--to", "20", "--data", data)
    assert done.code == 2
    assert "19 events lie between these moments" in done.err
