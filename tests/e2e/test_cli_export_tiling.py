"""What can be added up in an export, what is drawn, and files that are compressed."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.ledger_kit import report
from tests.e2e.cli_kit import clean_environment, told, tollbook
from tests.integration import redaction_kit

CRISIS = "flood-2025"


def incident(name: str, value: int, area: str) -> dict[str, Any]:
    """A single event somewhere."""
    document = report(name, value, CRISIS)
    figure = document["data"]["figures"][0]
    figure |= {"areas": [area], "basis": "incident", "incident": name}
    del figure["window"]
    return document


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A store with incidents in two provinces, and one known for the country only."""
    places = (("a", 5, "SY-LA"), ("b", 7, "SY-TA"), ("c", 11, "SY"), ("d", 2, "LB-BA"))
    path = tmp_path / "events.jsonl.gz"
    with clean_environment(TOLLBOOK_DATA=str(tmp_path / "store")):
        lines = "\n".join(json.dumps(incident(*place)) for place in places)
        path.write_bytes(gzip.compress(lines.encode()))
        told("publish", path)
        yield tmp_path


def test_first_level_and_unallocated_rows_come_to_the_row_of_the_country(folder: Path):
    out = folder / "tolls.csv.gz"
    told("export", "tolls", CRISIS, "--format", "csv", "--out", out)

    with gzip.open(out, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["originator"]]
    assert (folder / "tolls.csv.gz-metadata.json").is_file()
    syria = [row for row in rows if row["country"] == "SY"]
    (whole,) = [row for row in syria if row["kind"] == "area" and row["area_level"] == "0"]
    parts = [row for row in syria if row["kind"] == "unallocated" or row["area_level"] == "1"]
    assert int(whole["best"]) == 23
    assert sorted(int(row["best"]) for row in parts) == [5, 7, 11]
    assert {row["country"] for row in rows} == {"SY", "LB"}


def test_a_polygon_is_drawn_once_and_not_for_what_is_unallocated(folder: Path):
    document = json.loads(told("export", "tolls", CRISIS, "--format", "geojson"))

    found = {(one["properties"]["kind"], one["properties"]["area"]): one["geometry"]
             for one in document["features"]}  # fmt: skip
    assert found["area", "SY"] is not None
    assert found["unallocated", "SY"] is None
    assert any("unallocated" in one for one in document["without_geometry"])


def test_parquet_under_a_name_of_gz_is_refused(folder: Path):
    done = tollbook("export", "tolls", CRISIS, "--format", "parquet", "--out", folder / "x.gz")

    assert (done.code, "compressed inside" in done.err) == (2, True)


def test_a_packed_file_that_is_cut_short_is_named(folder: Path):
    cut = folder / "cut.jsonl.gz"
    cut.write_bytes((folder / "events.jsonl.gz").read_bytes()[:-12])

    done = tollbook("publish", cut)

    assert done.code == 2
    assert "cut short or broken" in done.err


def test_steps_with_withheld_fields_are_exported_and_say_so(folder: Path):
    path = folder / "withheld.json"
    path.write_text(json.dumps(redaction_kit.report("r1")), encoding="utf-8")
    told("publish", path)

    rows = list(
        csv.DictReader(
            told("export", "revisions", redaction_kit.CRISIS, "--format", "csv").splitlines()
        )
    )

    assert [row["flags"] for row in rows] == ["withheld"]
