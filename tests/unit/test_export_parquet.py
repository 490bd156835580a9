"""Exported Parquet, read back with pyarrow: typed columns, nulls, lists, and its metadata."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from export_kit import METADATA, answer_of, written
from figures_builder import at_least, fig, report
from pyarrow import parquet

from tollbook_schemas.errors import UsageError
from tollbook_services.exporting import columns
from tollbook_services.exporting.metadata import Metadata
from tollbook_services.exporting.parquet import ParquetWriter


def table_of(subject: str, folder: Path, *events: Any) -> Any:
    return parquet.read_table(io.BytesIO(written(answer_of(subject, *events), "parquet", folder)))


def test_columns_have_types_that_need_no_guessing(tmp_path: Path) -> None:
    schema = table_of("tolls", tmp_path).schema

    assert schema.field("low").type == pa.int64()
    assert schema.field("as_of").type == pa.timestamp("us", tz="UTC")
    assert schema.field("flags").type == pa.list_(pa.string())
    assert schema.field("figures").type == pa.list_(pa.string())
    assert schema.field("area").type == pa.string()
    own = schema.field("originators").type.value_type
    assert own.field("low").type == pa.int64()
    assert own.field("as_of").type == pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_each_cell_is_a_row_with_all_its_values(subject: str, tmp_path: Path) -> None:
    answer = answer_of(subject)

    content = io.BytesIO(written(answer, "parquet", tmp_path))

    rows = parquet.read_table(content).to_pylist()
    for row, cell in zip(rows, answer.document["cells"], strict=True):
        for name in set(cell) - {"originators", "as_of", "oldest_as_of", "areas"}:
            assert row[name] == cell[name]
        own = [(one["originator"], one["low"], one["best"]) for one in row["originators"]]
        assert own == [(one["originator"], one["low"], one["best"]) for one in cell["originators"]]


def test_a_date_is_the_end_of_its_day_and_an_open_bound_is_null(tmp_path: Path) -> None:
    rows = table_of("tolls", tmp_path, report("a", 8, fig("f", at_least(5), "SY-LA"))).to_pylist()

    (row,) = [row for row in rows if row["area"] == "SY-LA"]
    assert row["as_of"] == datetime(2025, 3, 8, 23, 59, 59, tzinfo=UTC)
    assert (row["low"], row["best"], row["high"]) == (5, 5, None)
    assert row["flags"] == ["open_high"]


def test_the_schema_says_what_the_export_is_of_and_what_columns_mean(tmp_path: Path) -> None:
    schema = table_of("revisions", tmp_path).schema

    said = {name.decode(): text.decode() for name, text in schema.metadata.items()}
    assert {f"tollbook.{name}": text for name, text in METADATA.items()}.items() <= said.items()
    assert (said["tollbook.subject"], said["tollbook.crisis"]) == ("revisions", "coast")
    for column in columns.REVISION:
        described = schema.field(column.name).metadata[b"description"]
        assert described.decode() == column.says


def test_a_table_without_rows_is_still_a_table(tmp_path: Path) -> None:
    table = table_of("displacement", tmp_path, report("a", 8, fig("f", 5, "SY-LA")))

    assert table.num_rows == 0
    assert "low" in table.column_names


def test_without_pyarrow_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = answer_of("tolls")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(UsageError, match=r"pip install 'tollbook\[parquet\]'"):
        written(answer, "parquet", tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_rows_may_come_in_pieces() -> None:
    file, metadata = io.BytesIO(), answer_of("revisions").metadata
    assert isinstance(metadata, Metadata)
    writer = ParquetWriter(file, columns.EVENT, metadata)

    for number in range(3):
        writer.write([{"partition": 0, "sequence": number, "type": "t"}])
    writer.close()

    found = parquet.ParquetFile(io.BytesIO(file.getvalue()))
    assert found.num_row_groups == 3
    assert found.read().column("sequence").to_pylist() == [0, 1, 2]


def test_a_window_starts_with_the_beginning_of_its_day_and_ends_with_its_end(
    tmp_path: Path,
) -> None:
    window = {"start": "2025-03-06", "end": "2025-03-06"}
    table = table_of("revisions", tmp_path, report("r", 7, fig("f", 3, "SY-LA", window=window)))

    (row,) = table.to_pylist()
    assert row["window_start"] == datetime(2025, 3, 6, tzinfo=UTC)
    assert row["window_end"] == datetime(2025, 3, 6, 23, 59, 59, tzinfo=UTC)
