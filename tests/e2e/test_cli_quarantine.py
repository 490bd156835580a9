"""`tollbook quarantine` as a stranger runs it: list, show, accept, discard, and import again."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DONE, USAGE, REFUSED = 0, 2, 3
SOURCE = "https://desk.example.org"


def _tollbook(
    data: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    clean = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("TOLLBOOK_", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", "--data", str(data), *arguments],
        input=stdin,
        env=clean,
        capture_output=True,
        timeout=60,
        check=False,
    )


def _lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert done.returncode in (DONE, REFUSED), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _report(id_: str, value: int) -> dict[str, Any]:
    figure = {
        "id": "k",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": value},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-08",
    }
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": SOURCE,
        "id": id_,
        "subject": "a-crisis",
        "time": "2025-03-08T20:00:00Z",
        "data": {"originator": "desk", "published_at": "2025-03-08", "figures": [figure]},
    }


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A ledger in which `one` came with three contents and `two` with two."""
    store = tmp_path / "store"
    done = _tollbook(store, "publish", "-", stdin=_rows())
    assert done.returncode == REFUSED
    return store


def _rows() -> bytes:
    rows = [("one", 5), ("one", 6), ("one", 7), ("two", 1), ("two", 2)]
    return b"\n".join(json.dumps(_report(*row)).encode() for row in rows)


def test_shared_ids_are_listed_compared_and_decided_until_an_import_again_is_clean(
    store: Path,
) -> None:
    # given: the group alone still lists
    listed = _lines(_tollbook(store, "quarantine", "--format", "json"))
    assert [entry["id"] for entry in listed] == ["one", "one", "two"]
    assert [entry["decision"] for entry in listed] == [None, None, None]
    assert [entry["first"]["sequence"] for entry in listed] == [1, 1, 2]

    # when
    position = listed[0]["position"]
    shown = _tollbook(store, "quarantine", "show", position)
    accepted = _tollbook(store, "quarantine", "accept", position, "--reason", "Another boat.")
    discarded = _lines(
        _tollbook(
            store, "quarantine", "discard", "--all", "a-crisis", "--reason", "Typos.",
            "--source", "urn:example:ann", "--format", "json",
        )
    )  # fmt: skip
    again = _tollbook(store, "publish", "-", stdin=_rows())

    # then
    assert b"/data/figures/0/quantity/value" in shown.stdout
    assert (accepted.returncode, b"accepted" in accepted.stdout) == (DONE, True)
    assert accepted.stderr.splitlines() == [b"1 entry to be accepted", b"1 accepted"]
    assert [(one["id"], one["outcome"]) for one in discarded] == [
        ("one", "discarded"),
        ("two", "discarded"),
    ]
    assert again.returncode == DONE
    assert [receipt["status"] for receipt in _lines(again)] == ["duplicate"] * 5
    assert b"Nothing waits in quarantine." in _tollbook(store, "quarantine", "list").stdout
    decided = _lines(_tollbook(store, "quarantine", "list", "--all", "--format", "json"))
    assert [entry["decision"]["kind"] for entry in decided] == [
        "accepted",
        "discarded",
        "discarded",
    ]
    assert decided[1]["decision"]["event"].startswith("urn:example:ann/quarantine.discarded-")
    assert _tollbook(store, "check").returncode == DONE


def test_a_refused_decision_and_a_wrong_entry_change_nothing_and_say_what_to_do(
    store: Path,
) -> None:
    # given
    name = f"{SOURCE}/two"
    assert _tollbook(store, "quarantine", "accept", name, "--reason", "Two.").returncode == DONE

    # when
    refused = _tollbook(store, "quarantine", "discard", name, "--reason", "No.", "--format", "json")
    unknown = _tollbook(store, "quarantine", "discard", f"{SOURCE}/tow", "--reason", "No.")
    nothing = _tollbook(store, "quarantine", "discard", "--reason", "No.")

    # then
    assert refused.returncode == REFUSED
    (told,) = _lines(refused)
    assert (told["outcome"], "tollbook retract" in told["message"]) == ("refused", True)
    assert (unknown.returncode, b"did you mean" in unknown.stderr) == (USAGE, True)
    assert (nothing.returncode, b"--all CRISIS" in nothing.stderr) == (USAGE, True)
    assert len(_lines(_tollbook(store, "events", "--format", "json"))) == 4


def test_every_format_holds_the_same_entries(store: Path) -> None:
    name = f"{SOURCE}/one"

    shown = json.loads(_tollbook(store, "quarantine", "show", name, "--format", "json").stdout)
    flat = _tollbook(store, "quarantine", "show", name, "--format", "csv").stdout.decode()
    listed = _tollbook(store, "quarantine", "list", "a-crisis", "--format", "csv").stdout.decode()

    value = "/data/figures/0/quantity/value"
    assert [one["differences"] for one in shown["entries"]] == [
        [{"pointer": value, "recorded": 5, "quarantined": 6}],
        [{"pointer": value, "recorded": 5, "quarantined": 7}],
    ]
    assert shown["entries"][0]["recorded"]["event"] == _report("one", 5)
    rows = [(row["recorded"], row["quarantined"]) for row in csv.DictReader(io.StringIO(flat))]
    assert rows == [("5", "6"), ("5", "7")]
    kept = [json.loads(row["raw"]) for row in csv.DictReader(io.StringIO(listed))]
    assert kept == [_report("one", 6), _report("one", 7), _report("two", 2)]
