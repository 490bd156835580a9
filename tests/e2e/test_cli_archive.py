"""`archive` as an operator uses it: the folder verifies by itself, and every command goes on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.ledger_kit import SOURCE, report
from tests.e2e.cli_kit import clean_environment, told, tollbook

COUNT = 700
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_tollbook.py"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder beside a store with events of one crisis."""
    with clean_environment(TOLLBOOK_DATA=str(tmp_path / "store")):
        path = tmp_path / "events.jsonl"
        lines = [json.dumps(report(f"e{number}", number)) for number in range(COUNT)]
        path.write_text("\n".join(lines), encoding="utf-8")
        told("publish", path)
        yield tmp_path


def test_an_archive_verifies_by_itself_and_commands_read_it(folder: Path):
    place = folder / "archive"
    before = told("tolls", "flood-2025", "--known-as-of", "100", "--format", "json")

    done = json.loads(told("archive", place, "--keep", "50", "--format", "json"))
    again = json.loads(told("archive", place, "--keep", "50", "--format", "json"))

    (one,) = [row for row in done["partitions"] if row["size"]]
    assert (one["size"], one["trimmed"], one["freed"]) == (COUNT, 512, 512)
    assert not any(row["written"] or row["freed"] for row in again["partitions"])
    assert done["place"] == str(place)
    assert told("tolls", "flood-2025", "--known-as-of", "100", "--format", "json") == before
    assert len(told("events", "--format", "json").splitlines()) == COUNT
    assert "identical" in told("replay")
    told("check")
    told("receipt", SOURCE, "e0", "--out", folder / "e0.tlog-proof")
    key = json.loads(told("keys", "show", "--format", "json"))["history"][-1]["key"]
    assert f"verified: {COUNT} events" in told("verify", place, "--key", key)
    alone = subprocess.run(
        [sys.executable, VERIFIER, place, "--key", key], capture_output=True, text=True, check=True
    )
    assert f"{COUNT} events" in alone.stdout


def test_an_archive_that_is_away_is_named_with_the_exit_code_of_the_contract(folder: Path):
    place = folder / "archive"
    told("archive", place, "--keep", "50")
    place.rename(folder / "moved")

    done = tollbook("events", "--from", "1", "--to", "5", "--format", "json")

    assert done.code == 5
    assert str(place) in done.err
    assert "TOLLBOOK_ARCHIVE" in done.err
    told("tolls", "flood-2025")
    with clean_environment(
        TOLLBOOK_DATA=str(folder / "store"), TOLLBOOK_ARCHIVE=str(folder / "moved")
    ):
        told("replay")


def test_a_dry_disk_a_file_and_a_secret_in_the_place_are_refused(folder: Path):
    (folder / "file").write_text("x", encoding="utf-8")
    for place, said in (
        (folder / "file", "cannot make the folder"),
        ("s3://key:secret@bucket/x", "no credentials"),
        (folder / "archive", "at least 1 event"),
    ):
        done = tollbook("archive", place, "--keep", "0")

        assert done.code == 2, done.err
        assert said in done.err
        assert "secret" not in done.err
