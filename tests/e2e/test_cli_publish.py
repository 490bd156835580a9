"""`tollbook publish` as a stranger runs it: receipts, exit codes, and what was refused."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ACCEPTED, REFUSED = 0, 3


def _tollbook(
    data: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    clean = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("TOLLBOOK_", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", *arguments, "--data", str(data)],
        input=stdin,
        env=clean,
        capture_output=True,
        timeout=60,
        check=False,
    )


def _receipts(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def _report(id_: str, value: int = 5, **figure: Any) -> dict[str, Any]:
    killed = {
        "id": "k",
        "measure": "killed",
        "unit": "person",
        "segment": {"status": "civilian"},
        "quantity": {"qualifier": "exactly", "value": value},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-08",
    }
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org",
        "id": id_,
        "subject": "a-crisis",
        "time": "2025-03-08T20:00:00Z",
        "datacontenttype": "application/json",
        "data": {
            "originator": "desk",
            "published_at": "2025-03-08",
            "title": "A report",
            "figures": [killed | figure],
        },
    }


def _lines(*documents: object) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def test_a_file_published_twice_is_duplicate_with_its_first_positions(tmp_path: Path) -> None:
    store, file = tmp_path / "store", tmp_path / "events.jsonl"
    file.write_bytes(_lines(_report("one"), _report("two")))

    first = _tollbook(store, "publish", str(file))
    again = _tollbook(store, "publish", str(file))

    assert (first.returncode, again.returncode) == (ACCEPTED, ACCEPTED)
    assert [receipt["status"] for receipt in _receipts(first)] == ["appended", "appended"]
    assert [receipt["status"] for receipt in _receipts(again)] == ["duplicate", "duplicate"]
    assert [receipt["sequence"] for receipt in _receipts(first)] == [1, 2]
    assert [receipt["sequence"] for receipt in _receipts(again)] == [1, 2]
    assert b"2 events: 2 appended" in first.stderr
    assert len(_tollbook(store, "events", "--format", "json").stdout.splitlines()) == 2


def test_a_key_reused_with_other_content_is_quarantined_and_can_be_read_back(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    _tollbook(store, "publish", "-", stdin=_lines(_report("one", 5)))

    changed = _tollbook(store, "publish", "-", stdin=_lines(_report("one", 6)))

    assert changed.returncode == REFUSED
    (receipt,) = _receipts(changed)
    assert receipt["status"] == "quarantined"
    assert receipt["errors"]
    assert b"tollbook quarantine" in changed.stderr
    kept = [
        json.loads(line)
        for line in _tollbook(store, "quarantine", "--format", "json").stdout.splitlines()
    ]
    assert [entry["id"] for entry in kept] == ["one"]
    assert "sequence 1" in kept[0]["errors"][0]["message"]
    assert json.loads(kept[0]["raw"])["data"]["figures"][0]["quantity"]["value"] == 6
    assert b"one" in _tollbook(store, "quarantine").stdout
    assert len(_tollbook(store, "events", "--format", "json").stdout.splitlines()) == 1


def test_a_bad_event_stops_no_other_and_can_be_read_back_with_its_reason(tmp_path: Path) -> None:
    store = tmp_path / "store"
    bad = _report("bad", areas=["SY-XX"])
    truncated = _lines(_report("cut"))[:-40]

    done = _tollbook(
        store, "publish", "-", stdin=_lines(_report("a"), bad, _report("b")) + truncated
    )

    assert done.returncode == REFUSED
    receipts = _receipts(done)
    assert [receipt["status"] for receipt in receipts] == [
        "appended",
        "rejected",
        "appended",
        "rejected",
    ]
    assert receipts[1]["errors"][0]["pointer"] == "/data/figures/0/areas/0"
    assert receipts[1]["sequence"] is None
    assert "line 4" in receipts[3]["errors"][0]["message"]
    kept = [
        json.loads(line)
        for line in _tollbook(store, "rejected", "--format", "json").stdout.splitlines()
    ]
    assert [entry["errors"][0]["pointer"] for entry in kept] == ["/data/figures/0/areas/0", ""]
    assert kept[1]["raw"] == truncated.decode()
    table = _tollbook(store, "rejected")
    assert table.returncode == 0
    assert b"/data/figures/0/areas/0" in table.stdout


def test_no_wait_returns_at_once_and_the_next_reader_folds_what_is_missing(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"

    done = _tollbook(store, "publish", "-", "--no-wait", stdin=_lines(_report("one", 7)))
    before = json.loads(_tollbook(store, "status", "--format", "json").stdout)
    tolls = json.loads(_tollbook(store, "tolls", "a-crisis", "--format", "json").stdout)

    assert done.returncode == ACCEPTED
    lags = [
        projection["lag_events"]
        for partition in before["partitions"]
        for projection in partition["projections"]
    ]
    assert sum(lags) > 0
    assert {(cell["area"], cell["best"]) for cell in tolls["cells"]} >= {("SY-LA", 7)}


def test_publishing_returns_when_the_events_are_in_the_read_models(tmp_path: Path) -> None:
    store = tmp_path / "store"

    _tollbook(store, "publish", "-", stdin=json.dumps([_report("one")]).encode())
    status = json.loads(_tollbook(store, "status", "--format", "json").stdout)

    assert sum(partition["head"] for partition in status["partitions"]) == 1
    assert all(
        projection["lag_events"] == 0
        for partition in status["partitions"]
        for projection in partition["projections"]
    )


def test_a_file_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    done = _tollbook(tmp_path / "store", "publish", str(tmp_path / "none.jsonl"))

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"tollbook: cannot read ")
    assert not (tmp_path / "store").exists()
