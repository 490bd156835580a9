"""The worked tables of docs/domain.md, section 6, from the command as a user calls it."""

import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

CRISIS = "syria-coast-2025"
STORY = str(resources.files("tollbook_services") / "data" / "coast-2025.jsonl")
FOUR = "SY-HI+SY-HM+SY-LA+SY-TA"
COAST = "SY-LA+SY-TA"
SEGMENTS = ("civilian", "combatant/state_security", "combatant/pro_former_regime", "all")
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith("TOLLBOOK_")
}

Bounds = tuple[int, int | None, int | None]


def tollbook(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", *arguments, "--data", str(data)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tolls(data: Path, *arguments: str) -> dict[tuple[str, str, str], Bounds]:
    done = tollbook(data, "tolls", CRISIS, "--measure", "killed", "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return {
        (cell["kind"], cell["area"], cell["segment"]): (cell["low"], cell["best"], cell["high"])
        for cell in json.loads(done.stdout)["cells"]
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("tables") / "store"
    done = tollbook(data, "publish", STORY)
    assert done.returncode == 0, done.stderr
    return data


def sequences(data: Path) -> dict[str, int]:
    """The sequence of each event, by its id."""
    done = tollbook(data, "events", "--format", "json")
    entries: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    return {entry["event"]["id"]: entry["sequence"] for entry in entries}


def test_the_article_alone(store: Path) -> None:
    # when: what the ledger knew after its first event
    cells = tolls(store, "--known-as-of", "1")

    # then
    numbers = dict(zip(SEGMENTS, (745, 125, 148, 1018), strict=True))
    for segment, number in numbers.items():
        for province in ("SY-LA", "SY-TA"):
            assert cells["area", province, segment] == (0, None, number)
        assert cells["unallocated", COAST, segment] == (number, number, number)
        assert cells["area", "SY", segment] == (number, number, number)
    assert {area for kind, area, _ in cells if kind == "area"} == {"SY", "SY-LA", "SY-TA"}


def test_the_check_of_the_article_is_satisfied(store: Path) -> None:
    done = tollbook(store, "tolls", CRISIS, "--known-as-of", "1", "--format", "json")

    checks = json.loads(done.stdout)["checks"]

    (bound,) = (check for check in checks if check["kind"] == "bound")
    assert bound["stated"]["low"] == 1000
    assert bound["computed"]["best"] == 1018
    assert all(check["holds"] for check in checks)


ROWS = [
    # as of, last event recorded, provinces (low, best), unallocated best, security, former, all
    ("2025-03-08", "sohr-2025-03-08-2200", {"SY-TA": (60, None)}, COAST, 685, 125, 148, 1018),
    ("2025-03-09", "sohr-2025-03-09", {"SY-TA": (60, None)}, COAST, 770, 231, 250, 1311),
    ("2025-03-10", "wion-2025-03-10", {"SY-TA": (60, None)}, FOUR, 913, 231, 250, 1454),
    (
        "2025-03-11",
        "sohr-2025-03-11",
        {"SY-LA": (658, 658), "SY-TA": (384, 384), "SY-HM": (171, 171), "SY-HI": (12, 12)},
        FOUR,
        0,
        231,
        250,
        1706,
    ),
    (
        "2025-03-12",
        "sohr-2025-03-12",
        {"SY-LA": (683, 683), "SY-TA": (433, 433), "SY-HM": (255, 255), "SY-HI": (12, 12)},
        FOUR,
        0,
        231,
        250,
        1864,
    ),
]


@pytest.mark.parametrize("clock", ["--as-of", "--known-as-of"])
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_sohr_as_its_bulletins_are_recorded(store: Path, row: tuple[Any, ...], clock: str) -> None:
    # given: the two clocks agree, as the bulletins were recorded in their order
    date, last, provinces, scope, unallocated, security, former, everybody = row
    moment = date if clock == "--as-of" else str(sequences(store)[last])

    # when
    cells = tolls(store, "--originator", "sohr", clock, moment)

    # then
    for province in ("SY-LA", "SY-TA", "SY-HM", "SY-HI"):
        wanted = provinces.get(province, (0, None))
        found = cells.get(("area", province, "civilian"), (0, None, None))
        assert found[:2] == wanted
    assert cells["unallocated", scope, "civilian"][1] == unallocated
    assert cells["unallocated", scope, "civilian"][0] == 0
    assert cells["area", "SY", "combatant/state_security"][1] == security
    assert cells["area", "SY", "combatant/pro_former_regime"][1] == former
    assert cells["area", "SY", "all"][1] == everybody


def test_the_provinces_are_open_on_the_11th_and_closed_on_the_12th(store: Path) -> None:
    for date, closed in (("2025-03-11", False), ("2025-03-12", True)):
        cells = tolls(store, "--originator", "sohr", "--as-of", date)
        highs = [
            cells["area", province, "civilian"][2]
            for province in ("SY-LA", "SY-TA", "SY-HM", "SY-HI")
        ]
        assert highs == ([683, 433, 255, 12] if closed else [None] * 4)


def test_on_the_12th_every_province_with_an_increment_checks_out(store: Path) -> None:
    done = tollbook(store, "tolls", CRISIS, "--originator", "sohr", "--format", "json")

    increments = [
        check for check in json.loads(done.stdout)["checks"] if check["kind"] == "increment"
    ]

    sides = sorted((check["stated"]["best"], check["computed"]["best"]) for check in increments)
    assert sides == [(255, 255), (433, 433), (683, 683)]


def test_the_last_total_is_explained_as_the_sum_of_its_three_segments(store: Path) -> None:
    cell = "killed|person|count|area|SY|all||"
    done = tollbook(store, "explain", CRISIS, cell, "--originator", "sohr", "--format", "json")
    assert done.returncode == 0, done.stderr

    document = json.loads(done.stdout)

    sums = [step for step in document["steps"] if step["bound"] == "best" and step["rule"] == "R10"]
    assert document["agrees"] is True
    assert document["value"]["best"]["value"] == 1864
    assert {231, 250, 1383} in [{term["value"] for term in step["terms"]} for step in sums]
