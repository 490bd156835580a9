"""Workbooks as people have them, and as nobody should: read as CSV is, in bounded memory."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from import_kit import events_of, imported
from import_samples import SAMPLES, Sample
from openpyxl import Workbook

from tollbook_schemas.errors import UsageError
from tollbook_services.importing import workbooks
from tollbook_services.importing.rows import CELL_CHARS_MAX
from tollbook_services.importing.tables import raw_table
from tollbook_services.importing.workbooks import (
    HELD_MAX,
    PARTS_BYTES_MAX,
    SHEET_ROWS_MAX,
    STRINGS_BYTES_MAX,
    sheet_rows,
)

MEMORY_BYTES_MAX = 150 * 2**20

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"

READ_IN_A_CHILD = """
import sys
from pathlib import Path
from tollbook_schemas.errors import UsageError
from tollbook_services.importing import workbooks
from tollbook_services.importing.tables import raw_table
try:
    print(sum(1 for _ in raw_table(Path(sys.argv[1]))), "rows")
except UsageError as error:
    print("refused:", error)
status = Path("/proc/self/status").read_text()  # getrusage knows the parent's memory too
print(status.split("VmHWM:")[1].split()[0])
"""


def workbook(*lines: list[Any]) -> bytes:
    """Rows of cells as the first sheet of a workbook."""
    book = Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def changed(content: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """A workbook of which the text of one part is another; a part that is not there is empty."""
    made = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        parts = {part: ""} | {name: old.read(name).decode() for name in old.namelist()}
        for name, text in parts.items():
            new.writestr(name, change(text) if name == part else text)
    return made.getvalue()


def read(content: bytes) -> list[tuple[int, list[Any]]]:
    """The rows of a workbook."""
    return list(sheet_rows(Path("rows.xlsx"), io.BytesIO(content)))


def numbered(text: str) -> str | int:
    """A number as a spreadsheet keeps what somebody typed."""
    return int(text) if re.fullmatch(r"[1-9]\d*", text) else text


@pytest.mark.parametrize("typed", [str, numbered], ids=["texts", "numbers"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.format)
def test_a_table_makes_the_same_events_saved_as_csv_and_as_xlsx(
    sample: Sample, typed: Callable[[str], Any]
) -> None:
    """Given one table in both formats, also with typed numbers, then its events are equal."""
    sample = sample.put(**{sample.remark: ""})
    header, row = sample.table()
    mapping = dict(sample.mapping) or None
    content = workbook(header, [typed(text) or None for text in row])

    from_xlsx = imported(sample.format, content, name="rows.xlsx", mapping=mapping)
    from_csv = imported(sample.format, sample.text(), mapping=mapping)

    assert events_of(from_xlsx) == events_of(from_csv)
    assert events_of(from_csv)


@pytest.mark.parametrize("claim", ["A1", "A1:B2", "A1:XFD1048576", "C3:D4", ""])
def test_all_rows_are_read_whatever_size_the_sheet_claims(claim: str) -> None:
    """Given a sheet with a wrong dimension, as many programs write it, then nothing is cut off."""
    content = workbook(["a", "b", "c"], [1, 2, 3], [4, None, 6])
    said = f'<dimension ref="{claim}"/>' if claim else ""

    found = read(changed(content, SHEET, lambda text: re.sub("<dimension[^>]*>", said, text)))

    assert found == [(1, ["a", "b", "c"]), (2, ["1", "2", "3"]), (3, ["4", "", "6"])]


def test_a_row_that_ends_early_is_not_cut_off() -> None:
    """Given a sheet of which the last cells are blank, then each row has all columns."""
    assert read(workbook(["a", "b"], [1], ["x", "y", "z"], [2])) == [
        (1, ["a", "b"]),
        (2, ["1", ""]),
        (3, ["x", "y", "z"]),
        (4, ["2", "", ""]),
    ]


def test_a_row_with_a_number_beyond_any_sheet_is_refused() -> None:
    content = workbook(["a"], [1])
    far = changed(content, SHEET, lambda text: text.replace('r="2"', 'r="2000000000"'))

    with pytest.raises(UsageError, match=rf"row above number {SHEET_ROWS_MAX:,}"):
        read(far)


def test_a_cell_longer_than_an_event_is_refused_with_its_row() -> None:
    content = workbook(["a"], ["long"])
    long = changed(content, SHEET, lambda text: text.replace("long", "x" * (CELL_CHARS_MAX + 1)))

    with pytest.raises(UsageError, match=r"rows\.xlsx, row 2: a cell of more than"):
        read(long)


def test_a_day_that_is_none_is_no_reason_to_stop() -> None:
    """Given a day number that no calendar has, when read, then it is the error a sheet shows."""
    book = Workbook()
    cell = book.worksheets[0].cell(1, 1, 10**9)
    cell.number_format = "yyyy-mm-dd"
    content = io.BytesIO()
    book.save(content)

    assert read(content.getvalue()) == [(1, ["#VALUE!"])]


def test_an_old_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "rows.xls"
    file.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))

    with pytest.raises(UsageError, match="save it as XLSX without one, or as CSV"):
        list(raw_table(file))


@pytest.mark.parametrize("part", [SHEET, STRINGS, "xl/media/photo.xml"])
def test_a_workbook_with_a_part_without_end_is_refused_before_it_is_unpacked(
    tmp_path: Path, part: str
) -> None:
    """Given a few hundred kilobytes that claim 200 MiB, when read, then memory does not grow."""
    file = tmp_path / "rows.xlsx"
    with (
        ZipFile(io.BytesIO(workbook(["a"], ["b"]))) as old,
        ZipFile(file, "w", ZIP_DEFLATED) as new,
    ):
        for name in {*old.namelist(), part}:
            with new.open(name, "w") as out:
                out.write(old.read(name) if name in old.namelist() else b"")
                for _ in range(200 if name == part else 0):
                    out.write(b" " * 2**20)

    outcome, peak = in_a_child(file)

    assert re.search(r"rows\.xlsx: it has 200 MiB unpacked.*save the sheet as CSV", outcome)
    assert file.stat().st_size < 2**20
    assert peak < MEMORY_BYTES_MAX


def test_texts_that_would_be_held_as_a_whole_have_a_bound_of_their_own(tmp_path: Path) -> None:
    more = " " * (STRINGS_BYTES_MAX + 2**20)
    content = changed(workbook(["a"], ["b"]), STRINGS, lambda text: text + more)

    with pytest.raises(
        UsageError, match=r"its table of texts has 33 MiB unpacked, more than the 32"
    ):
        read(content)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (
            SHEET,
            "<worksheet{}><sheetData><row>" + "<c/>" * HELD_MAX + "</row></sheetData></worksheet>",
        ),
        (SHEET, "<worksheet{}><sheetData>" + "<row/>" * HELD_MAX + "</sheetData></worksheet>"),
        (SHEET, "<worksheet{}><a><throw>" + "<c/>" * HELD_MAX + "</throw></a></worksheet>"),
        (STRINGS, "<sst{}>" + "<si/>" * HELD_MAX + "</sst>"),
    ],
    ids=["cells of a row", "rows", "something else", "texts"],
)
def test_small_parts_that_would_be_large_in_memory_are_refused(
    tmp_path: Path, part: str, text: str
) -> None:
    """Given 5 MiB of XML that would be half a gigabyte of elements, then memory does not grow."""
    space = ' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    file = tmp_path / "rows.xlsx"
    file.write_bytes(changed(workbook(["a"]), part, lambda _: text.format(space)))

    outcome, peak = in_a_child(file)

    assert f"{part} has more than {HELD_MAX:,} elements" in outcome
    assert peak < MEMORY_BYTES_MAX


def test_the_elements_of_a_row_are_counted_until_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a bound that any row keeps, and all of them together do not, then all are read."""
    monkeypatch.setattr(workbooks, "HELD_MAX", 1_000)

    assert len(read(workbook(*[list(range(200))] * 30))) == 30


def test_a_part_that_is_longer_than_it_claims_is_not_unpacked(tmp_path: Path) -> None:
    """Given a bomb that claims 1,000 bytes, when read, then it is broken, and memory is bounded."""
    file = tmp_path / "rows.xlsx"
    bomb = changed(workbook(["a"], ["b"]), SHEET, lambda text: text + " " * 2 * PARTS_BYTES_MAX)
    with ZipFile(io.BytesIO(bomb)) as book:
        size = book.getinfo(SHEET).file_size
    file.write_bytes(bomb.replace(size.to_bytes(4, "little"), (1_000).to_bytes(4, "little")))

    outcome, peak = in_a_child(file)

    assert outcome.startswith("refused:")
    assert peak < MEMORY_BYTES_MAX


def in_a_child(file: Path) -> tuple[str, int]:
    """What a process of its own says of a workbook, and the most memory it had, in bytes."""
    child = subprocess.run(
        [sys.executable, "-c", READ_IN_A_CHILD, str(file)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    *_, outcome, peak = child.stdout.splitlines()
    return outcome, int(peak) * 1024
