"""A whole import on a real engine: killed in the middle, twice at once, twice, and its memory."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from redis import Redis

ROWS = 6_000
ROWS_OF_THE_ISSUE = 21_000
MEMORY_BYTES_MAX = 300 * 2**20
PATIENCE_S = 60.0
LOOK_S = 0.02

CRISIS = "syria-coast-2025"
PROVINCES = ("SY-LA", "SY-TA", "SY-HM", "SY-HI")


@pytest.fixture
def engine(engine_url: str) -> Iterator[Redis]:
    """An engine without a ledger."""
    with Redis.from_url(engine_url) as client:
        yield client


def sheet(folder: Path, rows: int) -> Path:
    """An HXL sheet with one incident a row: it needs no mapping."""
    file = folder / "rows.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("#event+id,#date+occurred,#adm1+code,#affected+killed,#meta+source\n")
        for number in range(rows):
            day = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}"
            province = PROVINCES[number % len(PROVINCES)]
            out.write(f"E{number},{day},{province},{number % 7 + 1},SNHR\n")
    return file


def start(file: Path, url: str, out: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
    """The command, with a receipt on each line of its output."""
    command = [sys.executable, "-m", "tollbook_services.cli", "import", "hxl", str(file)]
    options = ["--crisis", CRISIS, "--redis", url, "--no-wait", "--format", "json"]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}
    return subprocess.Popen(
        [*command, *options],
        env=clean,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Counter[str]:
    """How many receipts of each status the command printed, when it has ended well."""
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    return statuses(out)


def statuses(receipts: str) -> Counter[str]:
    """How many of a command's receipts there are of each status."""
    return Counter(json.loads(line)["status"] for line in receipts.splitlines())


def measured(file: Path, url: str, receipts: Path) -> tuple[Counter[str], int]:
    """The receipts of the command when it has ended well, and the most memory it had, in bytes."""
    most = 0
    with receipts.open("w") as out, start(file, url, out) as process:
        while process.poll() is None:
            most = max(most, memory_peak(process.pid))
            time.sleep(LOOK_S)
        assert process.returncode == 0, process.stderr and process.stderr.read()
    return statuses(receipts.read_text()), most


def memory_peak(pid: int) -> int:
    """The most memory a process has had, in bytes; getrusage would count its parent's too."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except ProcessLookupError:
        return 0
    _, found, rest = status.partition("VmHWM:")
    return int(rest.split()[0]) * 1024 if found else 0


def stored(engine: Redis) -> int:
    """How many events the ledger has."""
    return sum(engine.xlen(key) for key in engine.scan_iter("tollbook:*:ledger"))


def test_an_import_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, engine: Redis, engine_url: str
) -> None:
    """Given an import killed in the middle, when it is run again, then every row is there once."""
    file = sheet(tmp_path, ROWS)
    with start(file, engine_url) as first:
        until = time.monotonic() + PATIENCE_S
        while not stored(engine) and first.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        first.kill()
        first.communicate(timeout=PATIENCE_S)
    before = stored(engine)
    assert 0 < before < ROWS

    again = ended(start(file, engine_url))

    assert again == {"duplicate": before, "appended": ROWS - before}
    assert stored(engine) == ROWS


def test_two_imports_of_one_file_at_once_append_each_row_once(
    tmp_path: Path, engine: Redis, engine_url: str
) -> None:
    file = sheet(tmp_path, ROWS)
    both = [start(file, engine_url), start(file, engine_url)]

    receipts = [ended(process) for process in both]

    assert sum(receipts, Counter()) == {"appended": ROWS, "duplicate": ROWS}
    assert stored(engine) == ROWS


def test_an_import_of_21_000_rows_stays_small_and_appends_nothing_the_second_time(
    tmp_path: Path, engine: Redis, engine_url: str
) -> None:
    """Given a file of 21,000 rows, when imported twice, then in less than 300 MiB, and once."""
    file = sheet(tmp_path, ROWS_OF_THE_ISSUE)

    first, peak = measured(file, engine_url, tmp_path / "receipts")

    assert first == {"appended": ROWS_OF_THE_ISSUE}
    assert peak < MEMORY_BYTES_MAX
    assert ended(start(file, engine_url)) == {"duplicate": ROWS_OF_THE_ISSUE}
    assert stored(engine) == ROWS_OF_THE_ISSUE
