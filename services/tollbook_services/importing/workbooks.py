"""Reads the first sheet of a workbook, within bounds that no small packed file can lift."""

import warnings
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, time
from pathlib import Path
from typing import BinaryIO, Final
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import BadZipFile, ZipFile

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import CELL_CHARS_MAX, Cell

PARTS_BYTES_MAX: Final = 128 * 2**20
"""Bytes of all parts of a workbook when unpacked: some 150,000 rows of 25 columns. A file of a few
kilobytes can claim gigabytes."""

STRINGS_BYTES_MAX: Final = 32 * 2**20
"""Bytes of its table of texts when unpacked, which is held as a whole."""

HELD_MAX: Final = 2**20
"""XML elements of a part that are held at once, some 350 bytes each: all of them, but for those in
rows, which are let go with their row. A row of 16,384 columns has 65,536."""

SHEET_ROWS_MAX: Final = 2**20
"""Rows of a sheet, as in Excel; a row may claim any number, and those before it would be blank."""

_STRINGS: Final = "sharedstrings.xml"
_ROW: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main row"
_CHUNK_BYTES: Final = 2**20
_INSTEAD: Final = "save the sheet as CSV, which may be of any length"

_NOT_READ: Final = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    SyntaxError,
    RuntimeError,
    EOFError,
    BadZipFile,
    zlib.error,
)
"""What openpyxl and what it stands on raise for a file that is broken somewhere."""


def sheet_rows(file: Path, stream: BinaryIO) -> Iterator[tuple[int, list[Cell]]]:
    """The rows of the first sheet with their numbers, from 1; formulas as last calculated.

    A cell with nothing in it is an empty text, as in CSV, and no row is shorter than one before it.

    Args:
        file: as messages name it.
        stream: the workbook.

    Raises:
        UsageError: it cannot be read, or is larger than a bound; the message says what to do.
    """
    try:
        with ZipFile(stream) as book:
            _check_sizes(file, book)
            for part in book.namelist():
                _check_elements(file, book, part)
        width = 0
        for number, values in enumerate(_values(stream), 1):
            if number > SHEET_ROWS_MAX:
                raise UsageError(f"{file} has a row above number {SHEET_ROWS_MAX:,}: save it anew")
            cells = [_cell(file, number, value) for value in values]
            width = max(width, len(cells))
            yield number, cells + [""] * (width - len(cells))
    except _NOT_READ as error:
        raise UsageError(f"{file} is no workbook that can be read: {error}") from error


def other_sheets(stream: BinaryIO) -> tuple[str, list[str]]:
    """The name of the sheet that is read, and those of the sheets that are not."""
    from openpyxl import load_workbook  # noqa: PLC0415 - as below

    first, *others = load_workbook(stream, read_only=True).sheetnames
    return first, others


def _check_sizes(file: Path, book: ZipFile) -> None:
    """Look at the sizes that the parts claim; more than it claims is never unpacked of a part."""
    parts = book.infolist()
    strings = sum(part.file_size for part in parts if part.filename.lower().endswith(_STRINGS))
    for what, size, most in (
        ("it", sum(part.file_size for part in parts), PARTS_BYTES_MAX),
        ("its table of texts", strings, STRINGS_BYTES_MAX),
    ):
        if size > most:
            raise UsageError(
                f"{file}: {what} has {size // 2**20:,} MiB unpacked, more than the "
                f"{most // 2**20} MiB of a workbook that is read here: {_INSTEAD}"
            )


def _check_elements(file: Path, book: ZipFile, part: str) -> None:
    """Count what a part would take in memory; what is no XML is not read as such later either."""
    parser, count = ParserCreate(namespace_separator=" "), _Held()
    parser.StartElementHandler, parser.EndElementHandler = count.start, count.end
    with book.open(part) as stream, suppress(ExpatError):
        while chunk := stream.read(_CHUNK_BYTES):
            parser.Parse(chunk)
            if count.most > HELD_MAX:
                raise UsageError(
                    f"{file}: {part} has more than {HELD_MAX:,} elements that are in no row, or in "
                    f"one: {_INSTEAD}"
                )


class _Held:
    """Counts the elements that a reader of a part holds at once.

    Attributes:
        most: how many these were at most.
    """

    def __init__(self) -> None:
        """Begin before the first element."""
        self.most = self._held = self._before = 0
        self._in_row = False

    def start(self, name: str, _: object) -> None:
        """An element begins."""
        self._held += 1
        if not self._in_row and name == _ROW:
            self._in_row, self._before = True, self._held

    def end(self, name: str) -> None:
        """An element ends, and with a row all that is in it."""
        if self._in_row and name == _ROW:
            self.most = max(self.most, self._held)
            self._in_row, self._held = False, self._before
        elif self._held > self.most:
            self.most = self._held


def _values(stream: BinaryIO) -> Iterator[tuple[object, ...]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - 100 ms that only workbooks pay

    warnings.filterwarnings("ignore", module=r"openpyxl\.")  # of colours; of days that are none
    sheet = load_workbook(stream, read_only=True, data_only=True).worksheets[0]
    sheet.reset_dimensions()  # they are a claim, by which rows and columns would be cut off
    yield from sheet.iter_rows(values_only=True)


def _cell(file: Path, number: int, value: object) -> Cell:
    """A cell as a CSV file of the same table has it; days and times as ISO 8601 writes them.

    A fraction stays a number, so that nobody takes its point for one between thousands.
    """
    match value:
        case None:
            return ""
        case str() if len(value) > CELL_CHARS_MAX:
            raise UsageError(
                f"{file}, row {number}: a cell of more than {CELL_CHARS_MAX:,} characters"
            )
        case float() if not value.is_integer():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value))
        case datetime():
            return (value.date() if value.time() == time() else value).isoformat()
        case _:
            return str(value)
