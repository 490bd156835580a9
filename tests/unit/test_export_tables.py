"""Exported CSV and JSON: nothing is lost, nothing is made up, and each says what it is of."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from export_kit import METADATA, answer_of, csv_rows, written
from figures_builder import act, at_least, between, fig, gid, report

from tollbook_schemas.errors import UsageError
from tollbook_services.exporting import columns
from tollbook_services.exporting.formats import PAIRS, csv_columns, must_fit, write_answer

SUBJECTS = ("tolls", "displacement", "revisions")
DOCS = Path(__file__).parents[2] / "docs" / "exporting.md"


def text(value: Any) -> str:
    """A value as a field of CSV: nothing for null, lists by spaces."""
    if value is None:
        return ""
    return " ".join(value) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_csv_has_each_cell_and_then_each_originators_own_value(
    subject: str, tmp_path: Path
) -> None:
    answer = answer_of(subject)

    rows = csv_rows(written(answer, "csv", tmp_path))

    expected = []
    for cell in answer.document["cells"]:
        expected.append((cell["id"], "", *(text(cell[name]) for name in ("low", "best", "high"))))
        expected += [
            (cell["id"], own["originator"], *(text(own[name]) for name in ("low", "best", "high")))
            for own in cell["originators"]
        ]
    found = [(r["id"], r["originator"], r["low"], r["best"], r["high"]) for r in rows]
    assert len(found) > 40
    assert found == expected


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_csv_loses_no_member_of_a_cell(subject: str, tmp_path: Path) -> None:
    answer = answer_of(subject)

    rows = csv_rows(written(answer, "csv", tmp_path))

    merged = [row for row in rows if not row["originator"]]
    for row, cell in zip(merged, answer.document["cells"], strict=True):
        members = set(cell) - {"originators", "persons", "areas"}
        assert {name: row[name] for name in members} == {name: text(cell[name]) for name in members}
        assert row["areas"].split() == cell["area"].split("+")


def test_csv_loses_no_member_of_a_revision(tmp_path: Path) -> None:
    answer = answer_of("revisions")

    rows = iter(csv_rows(written(answer, "csv", tmp_path)))

    for series in answer.document["series"]:
        for step in series["revisions"]:
            row = next(rows)
            shared = set(series) - {"id", "revisions"}
            own = set(step) - {"quantity", "previous", "counts"}
            assert {name: row[name] for name in shared} == {
                name: text(series[name]) for name in shared
            }
            assert {name: row[name] for name in own} == {name: text(step[name]) for name in own}
            assert row["counts"] == ("true" if step["counts"] else "false")
            quantity = step["quantity"] or {}
            assert {name: row[name] for name in quantity} == {
                name: text(value) for name, value in quantity.items()
            }
    assert next(rows, None) is None


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_row_of_csv_says_what_the_export_is_of(subject: str, tmp_path: Path) -> None:
    rows = csv_rows(written(answer_of(subject), "csv", tmp_path))

    assert rows
    for row in rows:
        assert row["crisis"] == "coast"
        assert {name: row[name] for name in METADATA} == METADATA


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_file_beside_a_csv_describes_its_columns_in_their_order(
    subject: str, tmp_path: Path
) -> None:
    content = written(answer_of(subject), "csv", tmp_path)

    described = json.loads((tmp_path / "export.csv-metadata.json").read_bytes())
    header = content.decode().splitlines()[0].split(",")
    assert [column["name"] for column in described["tableSchema"]["columns"]] == header
    assert described["@context"] == "http://www.w3.org/ns/csvw"
    assert described["url"] == "export.csv"
    assert described["dc:rights"] == "CC BY 4.0"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_json_is_the_view_with_metadata_and_observation_status(
    subject: str, tmp_path: Path
) -> None:
    answer = answer_of(subject)

    found = json.loads(written(answer, "json", tmp_path))

    assert (found["licence"], found["exported_by"]) == ("CC BY 4.0", "tollbook 9")
    assert (found["policy"], found["gazetteer"]) == (METADATA["policy"], METADATA["gazetteer"])
    shown = [*found.get("cells", ()), *_steps(found)]
    assert shown
    for one in shown:
        assert set(one.pop("obs_status")) <= set("pebdu")
    told = json.loads(json.dumps(answer.document))
    assert {name: found[name] for name in told} == told


def _steps(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [step for series in document.get("series", ()) for step in series["revisions"]]


def test_what_nobody_reported_is_an_empty_field_and_never_nought(tmp_path: Path) -> None:
    answer = answer_of("tolls", report("a", 8, fig("f", at_least(5), "SY-LA")))

    rows = csv_rows(written(answer, "csv", tmp_path))

    assert {row["area"] for row in rows} == {"SY", "SY-LA"}
    assert {(row["low"], row["high"]) for row in rows} == {("5", "")}
    assert all("open_high" in row["flags"].split() for row in rows if not row["originator"])


def test_several_areas_that_nobody_split_stay_one_row(tmp_path: Path) -> None:
    answer = answer_of("tolls", report("a", 8, fig("f", 745, ["SY-LA", "SY-TA"])))

    rows = csv_rows(written(answer, "csv", tmp_path))

    (found,) = [row for row in rows if row["kind"] == "unallocated" and not row["originator"]]
    assert (found["area"], found["areas"], found["low"]) == ("SY-LA+SY-TA", "SY-LA SY-TA", "745")


def test_a_segment_is_told_by_its_dimensions_too(tmp_path: Path) -> None:
    women = {"status": "civilian", "sex": "female", "age_band": "18-59", "community": "alawite"}
    answer = answer_of("tolls", report("a", 8, fig("f", 4, "SY-LA", segment=women)))

    rows = csv_rows(written(answer, "csv", tmp_path))

    (found,) = [
        row
        for row in rows
        if row["area"] == "SY-LA" and row["segment_sex"] and not row["originator"]
    ]
    dimensions = {name: found[f"segment_{name}"] for name in (*women, "group")}
    assert dimensions == {**women, "group": ""}


def test_families_said_in_persons_name_the_rule(tmp_path: Path) -> None:
    families = fig("f", 40, "LB-AK", measure="displaced", unit="family", basis="stock")
    answer = answer_of("displacement", report("a", 8, families), persons=True)

    rows = csv_rows(written(answer, "csv", tmp_path))

    (found,) = [row for row in rows if row["area"] == "LB-AK" and not row["originator"]]
    assert (found["low"], found["persons_low"], found["persons_rule"]) == ("40", "200", "generic-5")


def test_a_revision_has_its_bounds_those_before_and_the_words_of_its_act(tmp_path: Path) -> None:
    figure = fig(
        "f", between(10, 20), "SY-LA", window={"start": "2025-03-06"}, status="preliminary", phase=1
    )
    answer = answer_of(
        "revisions",
        report("a", 8, figure),
        act("correction", "fix", 9, "a#f", quantity={"qualifier": "exactly", "value": 12}),
    )

    first, second = csv_rows(written(answer, "csv", tmp_path))

    assert (first["kind"], first["low"], first["best"], first["high"]) == (
        "initial",
        "10",
        "",
        "20",
    )
    assert (first["from"], first["to"]) == ("10", "20")
    of_figure = ("window_start", "window_end", "coverage", "phase", "role", "status")
    assert [first[name] for name in of_figure] == [
        *("2025-03-06", "", "complete", "1", "counted", "preliminary")
    ]
    assert second["kind"] == "correction"
    assert (second["previous_low"], second["previous_high"], second["best"]) == ("10", "20", "12")
    assert (second["reason"], second["figure"]) == ("said so", gid("a#f"))


@pytest.mark.parametrize(
    ("subject", "form", "right"),
    [
        ("revisions", "geojson", "csv, json, hxl or parquet"),
        ("events", "hxl", "json, csv or parquet"),
        ("events", "geojson", "json, csv or parquet"),
    ],
)
def test_a_pair_that_makes_no_sense_is_refused_with_those_that_do(
    subject: str, form: str, right: str
) -> None:
    with pytest.raises(UsageError, match=f"{form}: .*{subject} are not: write {right}$"):
        must_fit(subject, form)


def test_every_other_pair_is_written(tmp_path: Path) -> None:
    for subject in SUBJECTS:
        for form in PAIRS[subject]:
            assert written(answer_of(subject), form, tmp_path)


def test_a_file_that_cannot_be_written_is_told_and_none_is_left_behind(tmp_path: Path) -> None:
    answer, folder = answer_of("tolls"), tmp_path / "out.csv"
    folder.mkdir()

    with pytest.raises(UsageError, match="is a directory"):
        write_answer(answer, "csv", folder)

    assert list(tmp_path.iterdir()) == [folder]


def test_every_column_stands_in_the_documentation() -> None:
    documented = DOCS.read_text(encoding="utf-8")

    shown = {*csv_columns(answer_of("tolls").metadata), *columns.REVISION, *columns.EVENT}
    missing = [one.name for one in shown if f"`{one.name}`" not in documented]
    assert missing == []
