"""Reads tables row by row: CSV in its many spellings, JSON, JSON Lines, workbooks; also gz."""

import codecs
import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, cast

import orjson

from tollbook_schemas.errors import UsageError
from tollbook_services.documents import Document, split_documents
from tollbook_services.importing.rows import CELL_CHARS_MAX, WHOLE_ROW, Cell, CellFault, Row
from tollbook_services.importing.workbooks import other_sheets, sheet_rows

SURPLUS: Final = "(surplus)"
"""The column under which a row keeps the cells that stand behind its last column."""

LINE_CHARS_MAX: Final = 4 * CELL_CHARS_MAX
"""Characters of one line: a row that is longer makes no event, and memory stays bounded."""

ARRAY_BYTES_MAX: Final = 64 * 2**20
"""Bytes of a JSON array, which is held as a whole; JSON Lines may be of any length."""

BROKEN_MAX: Final = 100
"""Broken rows one after another: more are no slips of a pen, but another kind of file."""

DELIMITERS: Final = ",;\t|"

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_HEAD_BYTES: Final = 64 * 2**10
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

RawTable = Iterator[tuple[int, list[Cell]]]


def read_rows(file: Path, inside: str | None = None) -> Iterator[Row]:
    """The rows of a table by the names in its first line, or the objects of a JSON file.

    CSV is told by its content: `,`, `;`, tab or `|` between cells; UTF-8 with or without BOM,
    UTF-16 with BOM, else Windows-1252. Of a workbook the first sheet is read.

    Args:
        file: the file.
        inside: the member that has the rows where a JSON file is one object around them, as
            answers of an API are.

    Raises:
        UsageError: the file is no table; the message names file and line.
    """
    with _opened(file) as stream:
        if _peek(stream)[:1] in (b"[", b"{"):
            yield from _json_rows(file, stream, inside)
            return
    lines = ((line, cells) for line, cells in raw_table(file) if not _blank(cells))
    line, header = next(lines, (1, []))
    names = _names(file, line, header)
    for number, cells in lines:
        yield _row(file, number, names, cells)


def raw_table(file: Path) -> RawTable:
    """The lines of a table as they stand, with the line (of a sheet: the row) they begin on.

    Raises:
        UsageError: the file cannot be read as a table; the message names file and line.
    """
    with _opened(file) as stream:
        head = _peek(stream)
        if head.startswith(_ZIP):
            yield from sheet_rows(file, stream)
        elif head.startswith(_OLD_WORKBOOK):
            raise UsageError(
                f"{file} is an XLS file or has a password: save it as XLSX without one, or as CSV"
            )
        elif b"\x00" in head and not head.startswith(_UTF16):
            raise UsageError(f"{file} is no table: it holds bytes that no text has")
        else:
            encoding = _encoding(file)
            text = TextIOWrapper(stream, encoding=encoding, newline="")
            yield from _csv_lines(file, text)


def encoding_note(file: Path) -> str | None:
    """What to say of a text that is not in UTF-8, as its letters may be others than were meant."""
    with _opened(file) as stream:
        head = _peek(stream)
    if head.startswith(_ZIP) or head[:1] in (b"[", b"{") or _encoding(file) != "cp1252":
        return None
    return "not in UTF-8, read as Windows-1252: look at names with accents, or save it as UTF-8"


def sheets_note(file: Path) -> str | None:
    """What to say of a workbook with more than one sheet; it was read, so it can be."""
    with _opened(file) as stream:
        if not _peek(stream).startswith(_ZIP):
            return None
        first, others = other_sheets(stream)
    if not others:
        return None
    names = ", ".join(map(repr, others))
    return f"only its first sheet, {first!r}, is read: save {names} as files of their own"


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    with stream:
        packed = stream.peek(len(_GZIP)).startswith(_GZIP)
        try:
            yield cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream
        except (gzip.BadGzipFile, EOFError) as error:
            raise UsageError(f"{file} is cut short or broken: {error}") from error


def _peek(stream: BinaryIO) -> bytes:
    """The beginning without white space and the byte order mark of UTF-8."""
    head: bytes = stream.peek(_HEAD_BYTES)  # type: ignore[attr-defined]
    return head.removeprefix(codecs.BOM_UTF8).lstrip()


def _encoding(file: Path) -> str:
    """Decided by all of the file: text in UTF-8 does not turn into something else half way."""
    with _opened(file) as stream:
        first = stream.read(_HEAD_BYTES)
        if first.startswith(_UTF16):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while first:
                decoder.decode(first)
                first = stream.read(_HEAD_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _csv_lines(file: Path, text: TextIOWrapper) -> RawTable:
    csv.field_size_limit(CELL_CHARS_MAX)
    begins = 1
    try:
        sample = text.read(_HEAD_BYTES)
        lines = _again(sample, text)
        reader = csv.reader(lines, delimiter=_delimiter(sample), strict=True)
        for cells in reader:
            yield begins, cast("list[Cell]", cells)
            begins = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{file}, line {begins}: no row of a table ({error})") from error


def _again(sample: str, rest: TextIOWrapper) -> Iterator[str]:
    """The lines of a text of which the beginning was read; `LINE_CHARS_MAX` bounds each."""
    if sample.endswith("\r"):
        sample += rest.read(1)
    lines = list(StringIO(sample, newline=""))
    cut = lines.pop() if lines and not lines[-1].endswith(("\n", "\r")) else ""
    yield from lines
    if cut:
        yield _bounded(cut + rest.readline(LINE_CHARS_MAX))
    while line := rest.readline(LINE_CHARS_MAX):
        yield _bounded(line)


def _bounded(line: str) -> str:
    if len(line) >= LINE_CHARS_MAX:
        raise csv.Error(f"a line of more than {LINE_CHARS_MAX:,} characters")
    return line


def _delimiter(sample: str) -> str:
    """The one that the first line has most of, outside of quotes."""
    bare = "".join(sample.split('"')[::2])
    first = bare.splitlines()[0] if bare.splitlines() else ""
    return max(DELIMITERS, key=lambda one: (first.count(one), -DELIMITERS.index(one)))


def _json_rows(file: Path, stream: BinaryIO, inside: str | None) -> Iterator[Row]:
    """JSON Lines are read a line at a time, an array as a whole."""
    around = inside is not None and _around(_peek(stream), inside)
    if around or _peek(stream).startswith(b"["):
        array = stream.read(ARRAY_BYTES_MAX + 1)
        if len(array) > ARRAY_BYTES_MAX:
            raise UsageError(
                f"{file} is JSON of more than {ARRAY_BYTES_MAX // 2**20} MiB in one: write each "
                "of its rows on a line of its own, as `jq -c '.[]'` does"
            )
        stream = BytesIO(_taken_out(file, array, inside) if around else array)
    for document in split_documents(stream):
        yield _json_row(file, document)


def _around(head: bytes, inside: str) -> bool:
    """Whether a JSON file begins as one object that has the rows in a member."""
    found = re.search(rb'"%b"\s*:\s*\[' % inside.encode(), head)
    return head.startswith(b"{") and found is not None and b"\n{" not in head[: found.start()]


def _taken_out(file: Path, raw: bytes, inside: str | None) -> bytes:
    try:
        return orjson.dumps(orjson.loads(raw)[inside])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is no JSON object with its rows in {inside!r}: {error}") from None


def _json_row(file: Path, document: Document) -> Row:
    try:
        cells = orjson.loads(document.raw)
    except orjson.JSONDecodeError as error:
        return _unread(file, document, CellFault(WHOLE_ROW, f"no JSON: {error}"))
    if not isinstance(cells, dict):
        message = "a row is a JSON object with a member for each column"
        return Row(str(file), document.line, {"": cells}, CellFault(WHOLE_ROW, message))
    if twice := _named_twice(document.raw, cells):
        return _unread(file, document, CellFault(twice, "is there twice: leave one of them out"))
    return Row(str(file), document.line, cells)


def _unread(file: Path, document: Document, fault: CellFault) -> Row:
    """A row that is kept as its text."""
    text = document.raw.decode("utf-8", errors="backslashreplace")
    return Row(str(file), document.line, {"": text}, fault)


def _named_twice(raw: bytes, cells: dict[str, Cell]) -> str | None:
    """A name that an object of the row has twice, of which only the last value was read."""
    if raw.count(b'"') == orjson.dumps(cells).count(b'"'):
        return None
    twice: list[str] = []

    def look(pairs: list[tuple[str, Cell]]) -> None:
        names = Counter(name for name, _ in pairs)
        twice.extend(name for name, count in names.items() if count > 1)

    json.loads(raw, object_pairs_hook=look)
    return twice[0] if twice else None


def _names(file: Path, line: int, header: Sequence[Cell]) -> list[str]:
    names = ["" if cell is None else str(cell).strip() for cell in header]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise UsageError(f"{file} is empty: its first line has to name the columns")
    for place, name in enumerate(names, 1):
        if not name:
            raise UsageError(f"{file}, line {line}: column {place} has no name")
        if name in names[: place - 1]:
            raise UsageError(f"{file}, line {line}: two columns are called {name!r}: rename one")
    return names


def _blank(cells: Sequence[Cell]) -> bool:
    return all(cell in (None, "") for cell in cells)


def _row(file: Path, line: int, names: Sequence[str], cells: Sequence[Cell]) -> Row:
    found: dict[str, Cell] = dict(zip(names, cells, strict=False))
    extra = [cell for cell in cells[len(names) :] if cell not in (None, "")]
    fault = None
    if extra:
        found[SURPLUS] = extra
        text = f"{len(cells)} cells for {len(names)} columns: is one not quoted?"
        fault = CellFault(SURPLUS, text)
    elif len(cells) < len(names):
        text = f"only {len(cells)} cells for {len(names)} columns: is the line cut off?"
        fault = CellFault(names[len(cells)], text)
    return Row(str(file), line, found, fault)


def whole(rows: Iterable[Row], broken: list[Row]) -> Iterator[Row]:
    """The rows that could be cut into their cells; the others are put into `broken`.

    Raises:
        UsageError: `BROKEN_MAX` rows lie in `broken`, as nobody took any out.
    """
    for row in rows:
        if row.fault is None:
            yield row
        elif len(broken) < BROKEN_MAX:
            broken.append(row)
        else:
            raise UsageError(
                f"{row.file}, line {row.line}: {row.fault.message}; likewise the {BROKEN_MAX} rows "
                "before it: is its first line that of the columns?"
            )
