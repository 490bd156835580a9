"""The commands around the views' rows: rebuild, changes, parked, and reading one's own write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CRISIS = "syria-coast-2025"
TOLLBOOK = [sys.executable, "-m", "tollbook_services.cli"]


def tollbook(*arguments: str, data: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*TOLLBOOK, *arguments, "--data", str(data)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with the demo's crisis in it."""
    data = tmp_path_factory.mktemp("rebuild") / "data"
    assert tollbook("demo", data=data).returncode == 0
    return data


def document(*arguments: str, data: Path):
    done = tollbook(*arguments, "--format", "json", data=data)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_rebuild_of_untouched_views_swaps_and_can_be_gone_back_on(ledger: Path) -> None:
    tolls = document("tolls", CRISIS, data=ledger)

    dry = document("rebuild", "--dry-run", data=ledger)
    built = document("rebuild", data=ledger)
    after = document("tolls", CRISIS, data=ledger)
    back = document("rebuild", "--back", data=ledger)

    assert (dry["identical"], dry["swapped"]) == (True, False)
    assert (built["identical"], built["swapped"]) == (True, True)
    assert built["digest_rebuilt"] == dry["digest_rebuilt"]
    assert after == tolls
    assert back["back"] > 0
    assert document("tolls", CRISIS, data=ledger) == tolls
    assert document("rebuild", "--drop", data=ledger)["dropped"] > 0


def test_options_of_rebuild_that_exclude_each_other_are_refused(ledger: Path) -> None:
    done = tollbook("rebuild", "--back", "--drop", data=ledger)
    assert done.returncode == 2
    assert "only one of" in done.stderr


def test_the_change_feed_is_printed_a_line_a_change(ledger: Path) -> None:
    lines = tollbook("changes", data=ledger).stdout.splitlines()
    changes = [json.loads(line) for line in lines]
    last = changes[-1]["id"]
    assert {one["crisis"] for one in changes} == {CRISIS}
    assert tollbook("changes", "--from", last, data=ledger).stdout == ""
    refused = tollbook("changes", "--from", "yesterday", data=ledger)
    assert (refused.returncode, "no id of a change" in refused.stderr) == (2, True)


def test_nothing_is_parked_of_a_sound_ledger(ledger: Path) -> None:
    assert document("parked", data=ledger) == {"parked": []}
    assert document("parked", "--replay", data=ledger)["parked"] == 0


def test_a_view_is_read_at_the_position_of_a_receipt_or_refused(ledger: Path) -> None:
    view = document("tolls", CRISIS, data=ledger)
    again = document("tolls", CRISIS, "--min-position", view["position"], data=ledger)
    assert again == view

    other = tollbook("tolls", CRISIS, "--min-position", "p1.MS4yMi5hYg", data=ledger)
    assert other.returncode == 2
    assert "is of the ledger ab" in other.stderr


def by_id(cells):
    return {cell["id"]: cell for cell in cells}


def test_the_built_in_policy_by_its_id_gives_the_same_numbers(ledger: Path) -> None:
    live = document("tolls", CRISIS, data=ledger)
    named = document("tolls", CRISIS, "--policy", live["policy"], data=ledger)
    assert by_id(named["cells"]) == by_id(live["cells"])
    unknown = tollbook("tolls", CRISIS, "--policy", "desk/v9", data=ledger)
    assert unknown.returncode == 2
    assert live["policy"] in unknown.stderr
