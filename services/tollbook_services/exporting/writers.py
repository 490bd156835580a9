"""Tables written row by row: CSV, and what its companion file says of the columns."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Final, Protocol

import orjson

from tollbook_services.exporting.columns import Column
from tollbook_services.exporting.metadata import NOT_STATED, Metadata
from tollbook_services.render.data import csv_field

Row = Mapping[str, Any]

_DATATYPES: Final = {"whole": "integer", "truth": "boolean", "objects": "json"}
_TEXT: Final = "string"
"""Of instants too: one is a date or a date-time as its originator wrote it, which no type says."""


class RowWriter(Protocol):
    """Writes a table; rows may come in any number of pieces."""

    def write(self, rows: Iterable[Row]) -> None:
        """Write some rows."""

    def close(self) -> None:
        """Write what stands at the end."""


class CsvWriter:
    """CSV (RFC 4180 with LF, UTF-8 without a mark): a header line, then a line for each row."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column], metadata: Metadata) -> None:
        """Write the header.

        Args:
            file: where to.
            columns: of the table, with those of the metadata.
            metadata: stands on every row.
        """
        self._file = file
        self._names = [column.name for column in columns]
        self._constant = metadata.columns()
        self._write([self._names])

    def write(self, rows: Iterable[Row]) -> None:
        """Write some rows; an empty field is a value that nobody gave."""
        self._write(
            [csv_field({**row, **self._constant}.get(name)) for name in self._names] for row in rows
        )

    def close(self) -> None:
        """Nothing stands at the end of CSV."""

    def _write(self, rows: Iterable[Iterable[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode())


def csv_description(name: str, columns: Sequence[Column], metadata: Metadata) -> bytes:
    """The companion of a CSV file as CSV on the Web (W3C, 2015) lays it down."""
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        **_terms(metadata),
        "dialect": {"lineTerminators": ["\n"]},
        "tableSchema": {"columns": [_described(column) for column in columns]},
        "notes": [metadata.document()],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def lines_description(name: str, metadata: Metadata) -> bytes:
    """The companion of a file of JSON Lines, whose lines are events and nothing else."""
    document = {"url": name, **metadata.document()}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def _terms(metadata: Metadata) -> dict[str, str]:
    """Dublin Core terms; the licence as an address where it is one."""
    terms = {"dc:title": f"{metadata.subject} of {metadata.crisis or 'all crises'}"}
    if metadata.licence == NOT_STATED:
        return terms
    address = metadata.licence.startswith(("http://", "https://"))
    return terms | {"dc:license" if address else "dc:rights": metadata.licence}


def _described(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column.name,
        "titles": column.name,
        "dc:description": column.says,
        "datatype": _DATATYPES.get(column.kind, _TEXT),
    }
    if column.kind == "texts":
        described["separator"] = " "
    return described
