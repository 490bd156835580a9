"""Input that no sender should send, through `publish` and the inbox: the rest goes on."""

import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.test_cli_publish import _lines, _receipts, _report, _tollbook

REFUSED, DONE, USAGE = 3, 0, 2
MIB = 2**20


def _kept(store: Path) -> list[dict[str, Any]]:
    printed = _tollbook(store, "rejected", "--format", "json").stdout
    return [json.loads(line) for line in printed.splitlines()]


def _statuses(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [receipt["status"] for receipt in _receipts(done)]


def _with_text(id_: str, text: str) -> bytes:
    """A report whose title is this JSON text, as bytes."""
    report = _lines(_report(id_))
    return report.replace(b'"A report"', text.encode())


BAD = {
    "an integer of 2^53": (
        _lines(_report("bad", value=2**53)),
        "/data/figures/0/quantity/value",
    ),
    "a repeated key": (
        _lines(_report("bad")).replace(b'"originator"', b'"originator": "a", "originator"'),
        "/data/originator",
    ),
    "a lone surrogate": (_with_text("bad", '"\\ud800"'), "/data/title"),
    "64 levels": (
        _lines(_report("bad") | {"ext": "deep"}).replace(b'"deep"', b"[" * 64 + b"]" * 64),
        "",
    ),
    "over 1 MiB": (_with_text("bad", '"' + "x" * MIB + '"'), ""),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_its_place_and_its_neighbours_are_stored(
    tmp_path: Path, bad: tuple[bytes, str]
) -> None:
    line, pointer = bad
    store = tmp_path / "store"

    done = _tollbook(
        store, "publish", "-", stdin=_lines(_report("a")) + line + _lines(_report("b"))
    )

    assert done.returncode == REFUSED
    assert _statuses(done) == ["appended", "rejected", "appended"]
    error = _receipts(done)[1]["errors"][0]
    assert error["pointer"] == pointer or pointer in error["message"]
    assert "line 2" in error["message"]
    assert len(_kept(store)) == 1


def test_a_line_of_100_mb_needs_no_memory_and_its_beginning_and_digest_are_kept(
    tmp_path: Path,
) -> None:
    store, file = tmp_path / "store", tmp_path / "long.jsonl"
    digest, length = hashlib.sha256(), 0
    with file.open("wb") as stream:
        stream.write(_lines(_report("a")))
        for piece in (b'{"id": "', *[b"x" * MIB] * 100, b'"}'):
            stream.write(piece)
            digest.update(piece)
            length += len(piece)
        stream.write(b"\n" + _lines(_report("b")))

    done = subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", "publish", str(file), "--data", str(store)],
        capture_output=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (400 * MIB, 400 * MIB)),
    )

    assert _statuses(done) == ["appended", "rejected", "appended"], done.stderr
    (error,) = _receipts(done)[1]["errors"]
    assert f"{length:,} bytes" in error["message"]
    assert "line 2" in error["message"]
    (kept,) = _kept(store)
    assert kept["whole"] == {"bytes": length, "sha256": digest.hexdigest()}
    assert kept["raw"] == '{"id": "' + "x" * (64 * 1024 - 8)


def test_what_was_refused_is_read_again_with_the_areas_of_today(tmp_path: Path) -> None:
    store, table = tmp_path / "store", tmp_path / "table.csv"
    table.write_text(
        "Location,Admin Level,P-Code,Name,Parent P-Code,Valid from date\n"
        "LBN,1,LB2,Bekaa,LBN,1983-01-01\nLBN,2,LB29,Nowhere,LB2,1983-01-01\n",
        encoding="utf-8",
    )
    later = _report("later", areas=["LB29"])
    first = _tollbook(store, "publish", "-", stdin=_lines(later) + b"rubbish\n")
    assert _statuses(first) == ["rejected", "rejected"]
    _tollbook(store, "gazetteer", "publish", str(table), "--reason", "the areas")

    dry = _tollbook(store, "rejected", "--replay", "--dry-run")
    before = len(_kept(store))
    real = _tollbook(store, "rejected", "--replay")
    again = _tollbook(store, "rejected", "--replay")

    assert (_statuses(dry), dry.returncode) == (["appended", "rejected"], REFUSED)
    assert b"nothing was written" in dry.stderr
    assert _receipts(dry)[0]["sequence"] is None
    assert (_statuses(real), _statuses(again)) == (
        ["appended", "rejected"],
        ["duplicate", "rejected"],
    )
    assert before == len(_kept(store)) == 2
    assert _statuses(_tollbook(store, "publish", "-", stdin=_lines(later))) == ["duplicate"]


def test_a_dry_run_without_a_replay_is_a_usage_error(tmp_path: Path) -> None:
    assert _tollbook(tmp_path, "rejected", "--dry-run").returncode == USAGE


def test_a_report_may_name_the_areas_of_a_gazetteer_before_it_in_the_same_file(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    gazetteer = _report("areas") | {
        "type": "org.tollbook.gazetteer.published.v1",
        "subject": "another-crisis",
        "data": {
            "gazetteer": "cod/1983",
            "country": "LBN",
            "valid_from": "1983-01-01",
            "areas": [{"code": "LB29", "name": "Nowhere", "level": 1, "parent": None}],
            "reason": "a table",
        },
    }
    naming = [_report(f"r{number}", areas=["LB29"]) for number in range(3)]

    done = _tollbook(store, "publish", "-", stdin=_lines(naming[0], gazetteer, *naming[1:]))
    late = _tollbook(store, "publish", "-", stdin=_lines(_report("late", areas=["LB29"])))

    assert _statuses(done) == ["rejected", "appended", "appended", "appended"], done.stdout
    assert _statuses(late) == ["appended"]
