"""`tollbook demo`, as the first thing a stranger runs, twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = "340 -> 532 -> 745 -> 830 -> 973 -> 1,225 -> 1,383"
DURATION_S_MAX = 30


def _demo(folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("TOLLBOOK_", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", "demo"],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        timeout=DURATION_S_MAX,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(folder: Path) -> subprocess.CompletedProcess[str]:
    return _demo(folder)


def test_the_demo_ends_well_and_notes_nothing(first: subprocess.CompletedProcess[str]) -> None:
    assert (first.returncode, first.stderr) == (0, "")


def test_the_demo_tells_the_whole_story(first: subprocess.CompletedProcess[str]) -> None:
    text = " ".join(first.stdout.split())

    assert "Latakia SY-LA civilian 0 - 745 2025-03-08 sohr" in text
    assert STEPS in text
    assert "stale relay: wion-2025-03-10#" in text
    assert "FAILS sum annahar-2025-03-10#D2.fam 1,476 1,224" in text
    assert "Latakia SY-LA civilian 683 683 683" in text
    assert "families" in text
    assert "persons" in text
    assert "22 events: identical" in text
    assert "tollbook tolls syria-coast-2025 --known-as-of 4 --data .tollbook-demo" in text


def test_the_demo_fits_100_columns(first: subprocess.CompletedProcess[str]) -> None:
    assert max(len(line) for line in first.stdout.splitlines()) <= 100


def test_the_second_demo_tells_the_same_with_duplicate_receipts(
    folder: Path, first: subprocess.CompletedProcess[str]
) -> None:
    second = _demo(folder)

    assert second.returncode == 0
    assert "appended" not in second.stdout
    told = [line.split() for line in first.stdout.replace("appended", "duplicate").splitlines()]
    assert [line.split() for line in second.stdout.splitlines()] == told
