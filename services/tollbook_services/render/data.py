"""Answers for programs: one JSON document, JSON Lines, or CSV on stdout."""

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a text as a formula."""


def write_json(document: object) -> None:
    """The document, indented, with keys in the order of the contract."""
    _write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def write_json_line(document: object) -> None:
    """The document on one line, written out at once."""
    _write(orjson.dumps(document) + b"\n")
    sys.stdout.flush()


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """`csv_bytes` on standard output."""
    _write(csv_bytes(columns, rows))


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A header line and one line for each row; an empty field is a value nobody gave."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([csv_field(row.get(column)) for column in columns])
    return text.getvalue().encode()


def csv_field(value: object) -> object:
    """A field of a CSV line: lists are joined, and no stranger's text becomes a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case list() | tuple():
            return _safe(" ".join(map(str, value)))
        case dict():
            return orjson.dumps(value).decode()
        case _:
            return _safe(str(value))


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write(data: bytes) -> None:
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # stdout was replaced by a text stream, as test runners do
        sys.stdout.write(data.decode())
    else:
        buffer.write(data)
        buffer.flush()
