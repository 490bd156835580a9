"""Exported HXL sheets, read back with libhxl: valid, and the same numbers as the view."""

import csv
import io
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from export_kit import METADATA, answer_of, csv_rows, written
from figures_builder import act, fig, report

from tollbook_services.exporting.answer import Answer
from tollbook_services.importing.hxl_tags import Count, Tag, count_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # libhxl's own imports, not ours
    import hxl

SUBJECTS = ("tolls", "displacement", "revisions")
WOMEN = {"sex": "female"}


def sheet(answer: Answer, folder: Path) -> Any:
    """The sheet as libhxl reads it; it may be gone through several times."""
    content = written(answer, "hxl", folder).decode()
    return hxl.data(list(csv.reader(io.StringIO(content)))).cache()


def rows(source: Any) -> list[dict[str, str]]:
    """The rows by tag, without empty fields."""
    return [
        {
            column.display_tag: value
            for column, value in zip(source.columns, row.values, strict=True)
            if value != ""
        }
        for row in source
    ]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_sheet_is_valid_by_the_schema_of_the_standard(subject: str, tmp_path: Path) -> None:
    found: list[Any] = []

    hxl.schema(None, callback=found.append).validate(sheet(answer_of(subject), tmp_path))

    faults = {one.message for one in found}
    assert faults <= {"Possible numeric outlier"}  # a remark: a number unlike the others


@pytest.mark.parametrize("subject", SUBJECTS)
def test_no_two_columns_have_one_tag(subject: str, tmp_path: Path) -> None:
    tags = [column.display_tag for column in sheet(answer_of(subject), tmp_path).columns]

    assert len(tags) == len(set(tags))
    assert None not in tags


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_each_cell_is_a_row_with_its_own_counts_and_no_others(subject: str, tmp_path: Path) -> None:
    answer = answer_of(subject)

    found = rows(sheet(answer, tmp_path))

    for row, cell in zip(found, answer.document["cells"], strict=True):
        counts = {
            tag.rpartition("+")[2]: int(value)
            for tag, value in row.items()
            if tag.startswith("#affected")
        }
        given = {name: cell[name] for name in ("low", "best", "high") if cell[name] is not None}
        assert counts == given
        assert row["#meta+id"] == cell["id"]
        assert row.get("#meta+flags", "").split() == cell["flags"]
        assert row["#meta+figures"].split() == cell["figures"]
        own = json.loads(row["#meta+source+values"])
        assert [one["originator"] for one in own] == row["#meta+source"].split(", ")


def test_each_row_says_what_the_export_is_of(tmp_path: Path) -> None:
    found = rows(sheet(answer_of("tolls"), tmp_path))

    for row in found:
        assert row["#crisis+code"] == "coast"
        assert row["#meta+license"] == METADATA["licence"]
        assert row["#meta+software"] == METADATA["exported_by"]
        for name in set(METADATA) - {"licence", "exported_by"}:
            assert row[f"#meta+{name}"] == METADATA[name]


@pytest.mark.parametrize(
    ("figure", "tag"),
    [
        (fig("f", 7, "SY-LA"), "#affected+killed"),
        (fig("f", 7, "SY-LA", segment=WOMEN), "#affected+killed+f"),
        (fig("f", 7, "SY-LA", segment={"age_band": "child"}), "#affected+killed+children"),
        (fig("f", 7, "SY-LA", segment={"age_band": "18-59"}), "#affected+killed+age_18_59"),
        (fig("f", 7, "SY-LA", measure="affected"), "#affected"),
        (
            fig("f", 7, "SY-LA", segment={"status": "combatant", "group": "state_security"}),
            "#affected+killed+combatants+group_state_security",
        ),
    ],
)
def test_a_count_has_the_tag_of_its_measure_and_segment(
    figure: dict[str, Any], tag: str, tmp_path: Path
) -> None:
    (row,) = [
        row
        for row in rows(sheet(answer_of("tolls", report("a", 8, figure)), tmp_path))
        if row.get("#adm1+code") == "SY-LA" and f"{tag}+low" in row
    ]

    bounds = {name: row[f"{tag}+{name}"] for name in ("low", "best", "high")}
    assert bounds == {"low": "7", "best": "7", "high": "7"}


def test_families_present_are_tagged_as_families_and_as_a_stock(tmp_path: Path) -> None:
    present = fig("f", 40, "LB-AK", measure="sheltering", unit="family", basis="stock")

    found = rows(sheet(answer_of("displacement", report("a", 8, present)), tmp_path))

    (row,) = [row for row in found if row.get("#adm1+code") == "LB-AK"]
    assert row["#affected+sheltering+families+stock+best"] == "40"


def test_areas_stand_at_their_level_with_what_is_around_them(tmp_path: Path) -> None:
    answer = answer_of(
        "tolls",
        report("a", 8, fig("d", 3, "SY0602")),
        report("b", 8, fig("u", 9, ["SY-TA", "SY-HM"])),
    )

    found = {
        (row["#country+code"], row.get("#adm1+code"), row.get("#adm2+code"))
        for row in rows(sheet(answer, tmp_path))
    }

    assert ("SY", "SY-LA", "SY0602") in found
    assert ("SY", "SY-HM+SY-TA", None) in found
    assert ("SY", None, None) in found


def test_a_step_has_its_basis_its_days_and_who_counted(tmp_path: Path) -> None:
    story = (
        report("a", 8, fig("f", 10, "SY-LA")),
        act("correction", "fix", 9, "a#f", quantity={"qualifier": "exactly", "value": 12}),
    )

    first, second = rows(sheet(answer_of("revisions", *story), tmp_path))

    assert first["#affected+killed+cumulative+best"] == "10"
    assert (first["#date"], first["#date+reported"]) == ("2025-03-08", "2025-03-08")
    assert first["#meta+source"] == "sohr"
    assert (second["#meta+kind"], second["#meta+reason"]) == ("correction", "said so")
    assert second["#meta+previous+best"] == "10"
    assert first["#meta+id"] != second["#meta+id"]


def test_our_own_importer_reads_the_tags_as_they_were_meant(tmp_path: Path) -> None:
    present = fig(
        "f", 40, "LB-AK", measure="displaced", unit="household", basis="stock", segment=WOMEN
    )
    source = sheet(answer_of("revisions", report("a", 8, present)), tmp_path)

    tags = [column.display_tag for column in source.columns]
    counts = [count_of(Tag.of(tag)) for tag in tags if tag.startswith("#affected")]

    assert counts == [
        Count("displaced", "household", (("sex", "female"),), "stock", bound)
        for bound in ("low", "best", "high")
    ]


def test_without_the_tags_it_is_the_csv_of_any_program(tmp_path: Path) -> None:
    content = written(answer_of("tolls"), "hxl", tmp_path)

    header, tags, *_ = content.decode().splitlines()
    assert len(header.split(",")) == len(tags.split(","))
    assert csv_rows(content)[0]["country code"] == "#country+code"
