"""Parquet with typed columns, through pyarrow, which the extra `parquet` installs."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, BinaryIO, Final

from tollbook_schemas.errors import UsageError
from tollbook_schemas.times import end_of, start_of
from tollbook_services.exporting.columns import Column
from tollbook_services.exporting.metadata import Metadata

_PREFIX: Final = "tollbook."
"""What the keys of our metadata begin with; other programs add keys of their own."""

_OWN: Final = ("low", "best", "high")


class ParquetWriter:
    """A Parquet file: a row group for each piece, metadata in the schema and on its columns."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column], metadata: Metadata) -> None:
        """Begin the file.

        Raises:
            UsageError: pyarrow is not installed.
        """
        self._arrow = arrow()
        self._columns = columns
        self._schema = _schema(self._arrow, columns, metadata)
        parquet = import_module("pyarrow.parquet")
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write some rows as a row group."""
        made = [{one.name: _value(one, row.get(one.name)) for one in self._columns} for row in rows]
        if made:
            self._writer.write_table(self._arrow.Table.from_pylist(made, schema=self._schema))

    def close(self) -> None:
        """Write the footer, without which the file cannot be read."""
        self._writer.close()


def arrow() -> Any:
    """The module pyarrow.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return import_module("pyarrow")
    except ImportError as error:
        raise UsageError(
            "--format parquet needs pyarrow, which is not installed: "
            "`pip install 'tollbook[parquet]'`, or take --format csv"
        ) from error


def _schema(arrow: Any, columns: Sequence[Column], metadata: Metadata) -> Any:
    fields = [
        arrow.field(one.name, _type(arrow, one), metadata={"description": one.says})
        for one in columns
    ]
    said = {f"{_PREFIX}{name}": value for name, value in metadata.texts().items()}
    return arrow.schema(fields, metadata=said)


def _type(arrow: Any, column: Column) -> Any:
    match column.kind:
        case "whole":
            return arrow.int64()
        case "truth":
            return arrow.bool_()
        case "instant" | "beginning":
            return arrow.timestamp("us", tz="UTC")
        case "texts":
            return arrow.list_(arrow.string())
        case "objects":
            return arrow.list_(_originator(arrow))
        case _:
            return arrow.string()


def _originator(arrow: Any) -> Any:
    return arrow.struct(
        [
            ("originator", arrow.string()),
            *((name, arrow.int64()) for name in _OWN),
            ("as_of", arrow.timestamp("us", tz="UTC")),
            ("flags", arrow.list_(arrow.string())),
            ("obs_status", arrow.list_(arrow.string())),
        ]
    )


def _value(column: Column, value: Any) -> Any:
    """A value for its column; a date is the end of its day, at a window's start its beginning."""
    if value is None:
        return None
    match column.kind:
        case "instant":
            return end_of(value)
        case "beginning":
            return start_of(value)
        case "objects":
            return [{**one, "as_of": one["as_of"] and end_of(one["as_of"])} for one in value]
        case _:
            return value
