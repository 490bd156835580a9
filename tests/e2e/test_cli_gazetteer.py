"""`tollbook gazetteer`: tables become events, and figures are read with the table of their time."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DONE, USAGE, REFUSED = 0, 2, 3
HEADER = "Location,Admin Level,P-Code,Name,Parent P-Code,Valid from date"
OCHA = Path(__file__).parents[3] / "shared" / "data" / "geo" / "ocha_global_pcodes_adm1_adm2.csv.gz"
needs_ocha = pytest.mark.skipif(not OCHA.exists(), reason=f"{OCHA.name} is not beside the checkout")
CRISIS = "bekaa"


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """The part of Lebanon's older table that is about Bekaa."""
    districts = ("Baalbek", "El Hermel", "Rachaya", "West Bekaa", "Zahle")
    rows = ["LBN,1,LB2,Bekaa,LBN,1983-01-01"]
    rows += [f"LBN,2,LB2{n},{name},LB2,1983-01-01" for n, name in enumerate(districts, 1)]
    path = tmp_path / "six.csv"
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return path


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
        timeout=120,
        check=False,
    )


def _published(data: Path, *arguments: str) -> list[dict[str, Any]]:
    done = _tollbook(data, "gazetteer", "publish", *arguments, "--reason", "a table")
    assert done.returncode == DONE, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def _shown(data: Path, *arguments: str) -> dict[str, Any]:
    done = _tollbook(data, "gazetteer", "show", *arguments, "--format", "json")
    assert done.returncode == DONE, done.stderr.decode()
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _report(id_: str, day: str, area: str, killed: int) -> dict[str, Any]:
    figure = {
        "id": "k",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": killed},
        "areas": [area],
        "basis": "cumulative",
        "window": {"start": day},
        "as_of": day,
    }
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org",
        "id": id_,
        "subject": CRISIS,
        "time": f"{day}T20:00:00Z",
        "data": {
            "originator": id_,
            "published_at": day,
            "title": "A report",
            "figures": [figure],
        },
    }


def _file_reports(data: Path) -> int:
    """Files one report of 2006 and one of 2024 about Bekaa; the position of the second."""
    reports = [_report("early", "2006-07-12", "LB2", 40), _report("late", "2024-10-01", "LB2", 7)]
    lines = b"\n".join(json.dumps(report).encode() for report in reports)
    done = _tollbook(data, "publish", "-", stdin=lines)
    assert done.returncode == DONE, done.stderr.decode()
    sequence: int = json.loads(done.stdout.splitlines()[-1])["sequence"]
    return sequence


def _cells(data: Path, *arguments: str) -> dict[str, tuple[int, int | None, int | None]]:
    done = _tollbook(data, "tolls", CRISIS, "--format", "json", *arguments)
    assert done.returncode == DONE, done.stderr.decode()
    return {
        cell["area"]: (cell["low"], cell["best"], cell["high"])
        for cell in json.loads(done.stdout)["cells"]
        if cell["area"] != "LB"
    }


@needs_ocha
def test_a_figure_is_read_with_the_table_of_its_time_also_if_it_was_filed_before(
    tmp_path: Path, six: Path
) -> None:
    data = tmp_path / "data"
    before = _file_reports(data)
    assert set(_cells(data)) == {"LB-BI"}

    _published(data, str(six), str(OCHA), "--country", "LBN")

    after = _cells(data)
    assert after["LB-BH+LB-BI"] == (40, 40, 40)
    assert after["LB-BI"][0] == 7
    assert set(_cells(data, "--known-as-of", str(before))) == {"LB-BI"}


def test_a_gazetteer_for_one_crisis_is_read_by_that_crisis_only(tmp_path: Path, six: Path) -> None:
    data = tmp_path / "data"
    receipts = _published(data, str(six), "--crisis", "another")
    _file_reports(data)

    assert [receipt["crisis"] for receipt in receipts] == ["another"]
    assert set(_cells(data)) == {"LB-BI"}
    assert [one["code"] for one in _meant(data, "another")] == ["LB-BH", "LB-BI"]
    assert [one["code"] for one in _meant(data, CRISIS)] == ["LB-BI"]


def _meant(data: Path, crisis: str) -> list[dict[str, str]]:
    shown = _shown(data, "LB2", "--at", "2006-07-12", "--crisis", crisis)
    meant: list[dict[str, str]] = shown["meant"]
    return meant


def test_publishing_again_adds_nothing_and_a_correction_under_the_same_id_holds(
    tmp_path: Path, six: Path
) -> None:
    data = tmp_path / "data"
    first = _published(data, str(six))
    again = _published(data, str(six))
    six.write_text(six.read_text() + "\nLBN,2,LB2999,Added,LB2,1983-01-01", encoding="utf-8")
    corrected = _published(data, str(six))
    last = _published(data, str(six))

    assert {receipt["status"] for receipt in first} == {"appended"}
    assert {receipt["status"] for receipt in again} == {"duplicate"}
    assert {receipt["status"] for receipt in corrected} == {"appended"}
    assert [receipt["sequence"] for receipt in last] == [one["sequence"] for one in corrected]
    assert {receipt["partition"] for receipt in first} == set(range(len(first)))
    assert _shown(data, "LB2999")["name"] == "Added"


def test_a_table_with_a_fault_leaves_its_country_out_and_publishes_the_others(
    tmp_path: Path, six: Path
) -> None:
    path = tmp_path / "two.csv"
    rows = ["AFG,1,AF01,Kabul,AFG,2021-11-17", "AFG,2,AF0201,Jabalussaraj,AF02,2021-11-17"]
    path.write_text(six.read_text() + "\n" + "\n".join(rows), encoding="utf-8")

    done = _tollbook(tmp_path / "d", "gazetteer", "publish", str(path), "--reason", "a table")

    assert done.returncode == REFUSED
    assert b"two.csv line 9: AF0201 lies in AF02, which the table does not have" in done.stderr
    ids = {json.loads(line)["id"] for line in done.stdout.splitlines()}
    assert {id_[: len("gazetteer.cod-ab-lbn")] for id_ in ids} == {"gazetteer.cod-ab-lbn"}


def test_a_dry_run_tells_what_would_be_published_and_records_nothing(
    tmp_path: Path, six: Path
) -> None:
    data = tmp_path / "data"
    arguments = ("gazetteer", "publish", str(six), "--reason", "a table", "--crisis", CRISIS)

    done = _tollbook(data, *arguments, "--dry-run", "--format", "json")

    assert json.loads(done.stdout) == {
        "events": [
            {
                "gazetteer": "cod-ab-lbn/1983-01-01",
                "country": "LB",
                "valid_from": "1983-01-01",
                "areas": 6,
                "subject": CRISIS,
                "recorded": False,
            }
        ]
    }
    assert b"No events" in _tollbook(data, "events").stdout


def test_an_area_is_shown_with_what_it_meant_on_a_day(tmp_path: Path, six: Path) -> None:
    data = tmp_path / "data"
    _published(data, str(six))

    table = _tollbook(data, "gazetteer", "show", "LB2", "--at", "2006-07-12").stdout.decode()

    assert "LB-BI Bekaa, level 1" in table
    assert "LB-BH Baalbek-Hermel, LB-BI Bekaa" in table
    assert "1983-01-01" in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show",), b"requires an argument"),
        (("show", "SY-LATAKIA"), b"no area 'SY-LATAKIA': did you mean SY-LA (Latakia)"),
        (("publish", "none.csv", "--reason", "r"), b"cannot read none.csv"),
        (("publish", "none.csv", "--reason", "r", "--country", "Syra"), b"did you mean SY (Syria)"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(
    tmp_path: Path, six: Path, arguments: tuple[str, ...], message: bytes
) -> None:
    data = tmp_path / "data"
    _published(data, str(six), "--crisis", CRISIS)

    done = _tollbook(data, "gazetteer", *arguments)

    assert done.returncode == USAGE
    assert message in done.stderr
