"""The read commands on a ledger that holds the whole crisis: tables, JSON, CSV, errors."""

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tollbook_services.engine import EngineProcess

CRISIS = "syria-coast-2025"


def _tollbook(data: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("TOLLBOOK_", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", "--data", str(data), *arguments],
        env=clean | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory whose engine runs for all tests here, so that each command joins it."""
    data = tmp_path_factory.mktemp("coast") / "store"
    engine = EngineProcess(data)
    with asyncio.Runner() as runner:
        runner.run(engine.start())
        yield data
        runner.run(engine.stop())


@pytest.fixture(scope="module")
def store(running: Path) -> Path:
    data = running
    story = resources.files("tollbook_services") / "data" / "coast-2025.jsonl"
    with resources.as_file(story) as file:
        done = _tollbook(data, "publish", str(file))
    assert done.returncode == 0, done.stderr
    return data


def _json(store: Path, *arguments: str) -> Any:
    done = _tollbook(store, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _value(document: Any, kind: str, area: str, segment: str) -> tuple[Any, Any, Any]:
    (cell,) = [
        cell
        for cell in document["cells"]
        if (cell["kind"], cell["area"], cell["segment"]) == (kind, area, segment)
        and cell["measure"] == "killed"
    ]
    return cell["low"], cell["best"], cell["high"]


def test_after_the_article_the_tolls_are_those_of_the_worked_example(store: Path) -> None:
    document = _json(store, "tolls", CRISIS, "--measure", "killed", "--known-as-of", "1")

    expected = {
        "civilian": 745,
        "combatant/state_security": 125,
        "combatant/pro_former_regime": 148,
        "all": 1018,
    }
    for segment, value in expected.items():
        assert _value(document, "area", "SY-LA", segment) == (0, None, value)
        assert _value(document, "area", "SY-TA", segment) == (0, None, value)
        assert _value(document, "area", "SY", segment) == (value, value, value)
        unallocated = _value(document, "unallocated", "SY-LA+SY-TA", segment)
        assert unallocated == (value, value, value)
    assert {cell["area"] for cell in document["cells"]} == {"SY", "SY-LA", "SY-TA", "SY-LA+SY-TA"}
    assert document["known_as_of"]["sequence"] == 1


def test_at_the_end_each_province_has_its_own_civilians(store: Path) -> None:
    document = _json(store, "tolls", CRISIS, "--originator", "sohr", "--measure", "killed")

    expected = {"SY-LA": 683, "SY-TA": 433, "SY-HM": 255, "SY-HI": 12, "SY": 1383}
    for area, value in expected.items():
        assert _value(document, "area", area, "civilian") == (value, value, value)
    assert _value(document, "area", "SY", "all")[1] == 1864


def test_a_cut_off_given_as_a_date_means_the_end_of_that_day(store: Path) -> None:
    arguments = ("tolls", CRISIS, "--originator", "sohr", "--measure", "killed")

    by_date = _json(store, *arguments, "--as-of", "2025-03-09")
    by_time = _json(store, *arguments, "--as-of", "2025-03-09T23:59:59Z")

    assert by_date["as_of"] == "2025-03-09T23:59:59Z"
    assert by_date == by_time
    assert _value(by_date, "area", "SY", "civilian")[1] == 830


def test_the_table_says_who_where_and_what_nobody_split(store: Path) -> None:
    done = _tollbook(store, "tolls", CRISIS, "--known-as-of", "1")

    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "Latakia SY-LA civilian 0 - 745 2025-03-08 sohr" in text
    assert "unallocated Latakia + civilian 745 745 745" in text
    assert "no report is not zero" in text
    assert "\x1b" not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 100


def test_csv_holds_the_same_numbers_as_json(store: Path) -> None:
    done = _tollbook(store, "tolls", CRISIS, "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    merged = [row for row in rows if not row["originator"]]
    document = _json(store, "tolls", CRISIS)
    assert [(row["area"], row["segment"], row["low"]) for row in merged] == [
        (cell["area"], cell["segment"], str(cell["low"])) for cell in document["cells"]
    ]


def test_the_civilian_series_steps_and_the_old_relay_is_marked(store: Path) -> None:
    document = _json(store, "revisions", CRISIS, "--measure", "killed", "--originator", "sohr")

    flags = {
        flag for series in document["series"] for r in series["revisions"] for flag in r["flags"]
    }
    assert "stale_relay" in flags
    one = document["series"][0]["id"]
    alone = _json(store, "revisions", CRISIS, "--series", one)
    assert [series["id"] for series in alone["series"]] == [one]
    table = _tollbook(store, "revisions", CRISIS, "--series", one)
    assert one in table.stdout.replace("\n", "")


def test_displacement_keeps_families_and_persons_apart_and_shows_the_failing_check(
    store: Path,
) -> None:
    document = _json(store, "displacement", CRISIS)
    table = _tollbook(store, "displacement", CRISIS)

    assert {"family", "person"} <= {cell["unit"] for cell in document["cells"]}
    assert any(check["holds"] is False for check in document["checks"])
    assert "FAILS" in table.stdout
    assert "families" in table.stdout


def test_families_are_said_in_persons_only_when_asked_for(store: Path) -> None:
    plain = _json(store, "displacement", CRISIS)["cells"]
    asked = _json(store, "displacement", CRISIS, "--persons")["cells"]

    assert not any("persons" in cell for cell in plain)
    families = [cell for cell in asked if cell["unit"] == "family"]
    assert families
    assert all(cell["persons"]["rule"] for cell in families)


def test_statements_name_their_speakers(store: Path) -> None:
    document = _json(store, "statements", CRISIS)
    table = _tollbook(store, "statements", CRISIS)

    speakers = [statement["speaker"] for statement in document["statements"]]
    assert any("Pedersen" in speaker for speaker in speakers)
    assert "Pedersen" in table.stdout


def test_events_are_printed_byte_for_byte_with_their_leaf_hash(store: Path) -> None:
    done = _tollbook(store, "events", "--format", "json", "--from", "2", "--to", "3")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["sequence"] for line in lines] == [2, 3]
    assert all(line["event"]["subject"] == CRISIS for line in lines)
    assert all(len(line["leaf"]) == 64 for line in lines)
    table = _tollbook(store, "events", "--crisis", CRISIS)
    assert "reporter24-2025-03-09" in table.stdout


def test_replay_says_identical_with_both_digests(store: Path) -> None:
    done = _tollbook(store, "replay")
    document = _json(store, "replay")

    assert done.returncode == 0
    assert done.stdout.startswith("identical: 22 events")
    assert document["identical"] is True
    assert document["digest_live"] == document["digest_replayed"]


def test_status_shows_no_lag(store: Path) -> None:
    document = _json(store, "status")
    table = _tollbook(store, "status")

    assert sum(partition["head"] for partition in document["partitions"]) == 22
    assert "figures.v1" in table.stdout
    assert list(csv.DictReader(io.StringIO(_tollbook(store, "status", "--format", "csv").stdout)))


CIVILIANS = "killed|person|count|area|SY|status=civilian||"


def test_a_number_is_explained_down_to_the_figures_it_rests_on(store: Path) -> None:
    document = _json(store, "explain", CRISIS, CIVILIANS)
    table = _tollbook(store, "explain", CRISIS, CIVILIANS)

    assert document["agrees"] is True
    assert {bound: result["value"] for bound, result in document["value"].items()} == {
        "low": 1383,
        "best": 1383,
        "high": 1383,
    }
    text = " ".join(table.stdout.split())
    assert "Killed, persons: Syria, civilian: low 1,383, best 1,383, high 1,383" in text
    assert "1,383 sohr-2025-03-12#B7.civ" in text
    assert max(len(line) for line in table.stdout.splitlines()) <= 100


def test_a_cell_can_be_asked_for_by_area_segment_and_kind(store: Path) -> None:
    document = _json(
        store,
        *("explain", CRISIS, "SY06+SY10", "--segment", "civilian", "--kind", "unallocated"),
        *("--measure", "killed", "--known-as-of", "1"),
    )

    assert document["cell"]["id"] == "killed|person|count|unallocated|SY-LA+SY-TA|status=civilian||"
    assert document["value"]["best"]["value"] == 745


def test_every_cell_printed_can_be_explained(store: Path) -> None:
    cells = _json(store, "displacement", CRISIS, "--measure", "displaced_across_border")["cells"]
    assert cells

    for cell in cells[:3]:
        document = _json(store, "explain", CRISIS, cell["id"])
        assert (document["agrees"], document["cell"]["high"]) == (True, cell["high"])


def test_sources_count_reports_and_relays(store: Path) -> None:
    document = _json(store, "sources", CRISIS)
    table = _tollbook(store, "sources", CRISIS)

    found = {entry["originator"]: entry for entry in document["sources"]}
    assert found["sohr"]["stale_relays"] == 2
    assert found["sohr"]["reports"] > found["snhr"]["reports"]
    assert "sohr" in table.stdout


def test_conflicts_show_the_failing_check_and_a_key_used_twice(store: Path, tmp_path: Path) -> None:
    # given: a recorded event published again with another number
    (event,) = [
        json.loads(line)["event"]
        for line in _tollbook(
            store, "events", "--format", "json", "--from", "1", "--to", "1", "--crisis", CRISIS
        ).stdout.splitlines()
    ]
    event["data"]["title"] = "another title"
    event.pop("recordedtime")
    (tmp_path / "again.json").write_text(json.dumps(event))
    assert _tollbook(store, "publish", str(tmp_path / "again.json")).returncode == 3

    # when
    document = _json(store, "conflicts", CRISIS)
    table = _tollbook(store, "conflicts", CRISIS)

    # then
    kinds = [entry["kind"] for entry in document["conflicts"]]
    assert {"sum_check", "stale_relay", "quarantined"} <= set(kinds)
    (twice,) = [entry for entry in document["conflicts"] if entry["kind"] == "quarantined"]
    assert twice["event"].endswith(event["id"])
    assert "1,476" in table.stdout
    assert "1,224" in table.stdout


def test_incidents_are_empty_where_no_figure_names_one(store: Path) -> None:
    assert _json(store, "incidents", CRISIS)["incidents"] == []
    assert "No such incidents." in _tollbook(store, "incidents", CRISIS).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", CRISIS, CIVILIANS),
        ("sources", CRISIS),
        ("conflicts", CRISIS),
        ("incidents", CRISIS),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_account_has_a_csv_of_its_own(store: Path, arguments: tuple[str, ...]) -> None:
    done = _tollbook(store, *arguments, "--format", "csv")

    reader = csv.DictReader(io.StringIO(done.stdout))
    assert reader.fieldnames is not None
    assert reader.fieldnames[0] == "crisis"
    assert all(row["crisis"] == CRISIS for row in reader)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tolls", "syria-coast"), f"did you mean {CRISIS}?"),
        (("tolls", "nowhere"), f"known are {CRISIS}"),
        (("revisions", "nowhere"), "no crisis 'nowhere'"),
        (("tolls", CRISIS, "--area", "SY-XX"), "--area: no area 'SY-XX'"),
        (("tolls", CRISIS, "--as-of", "2025-03-08T10:00:00"), "--as-of: "),
        (("tolls", CRISIS, "--as-of", "2025-03-08T10:00:00"), "add Z"),
        (("tolls", CRISIS, "--known-as-of", "yesterday"), "--known-as-of: "),
        (("tolls", CRISIS, "--measure", "killd"), "killed"),
        (("tolls", CRISIS, "--known-as-of", "9" * 20), "no sequence is as large"),
        (("events", "--from", "0"), "--from"),
        (("events", "--from", "9" * 20), "--from"),
        (("events", "--partition", "9"), "--partition: the ledger has 0 to 3, not 9"),
        (("revisions", CRISIS, "--series", "none"), "no series 'none'"),
        (("explain", CRISIS, "SY-LA"), "fits"),
        (("explain", CRISIS, "SY-DI"), "no cell 'SY-DI'"),
        (("explain", "nowhere", "SY-LA"), f"known are {CRISIS}"),
        (("conflicts", "nowhere"), "no crisis 'nowhere'"),
    ],
)
def test_a_wrong_question_is_one_line_that_says_what_to_do(
    store: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = _tollbook(store, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_this_ledger_knew_before_it_recorded_anything_is_nothing(store: Path) -> None:
    document = _json(store, "tolls", CRISIS, "--known-as-of", "2020-01-01")

    assert document["cells"] == []
    assert document["known_as_of"]["sequence"] == 0


def test_a_server_that_is_not_there_is_exit_5_without_a_traceback() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tollbook_services.cli",
            "tolls",
            CRISIS,
            "--redis",
            "redis://127.0.0.1:1",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("tollbook: ")
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(store: Path) -> None:
    script = (
        f"{sys.executable} -m tollbook_services.cli events --format json --data '{store}' "
        "| true; exit ${PIPESTATUS[0]}"
    )

    done = subprocess.run(
        ["/bin/bash", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_colour_is_never_the_only_sign_and_can_be_switched_off(store: Path) -> None:
    forced = _tollbook(store, "displacement", CRISIS, FORCE_COLOR="1")
    without = _tollbook(store, "displacement", CRISIS, FORCE_COLOR="1", NO_COLOR="1")

    assert "\x1b[1;31m" in forced.stdout
    assert "\x1b[1;31m" not in without.stdout
    assert "FAILS" in without.stdout
