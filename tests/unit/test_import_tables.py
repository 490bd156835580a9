"""Tables as people save them: every spelling of CSV, JSON, JSON Lines, workbooks, also packed."""

import gzip
import json
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import Row
from tollbook_services.importing.tables import (
    ARRAY_BYTES_MAX,
    BROKEN_MAX,
    LINE_CHARS_MAX,
    SURPLUS,
    encoding_note,
    raw_table,
    read_rows,
    whole,
)

LATAKIA = {"place": "Latakia", "deaths": "1,225"}


def rows(folder: Path, content: bytes, name: str = "rows.csv") -> list[Row]:
    file = folder / name
    file.write_bytes(content)
    return list(read_rows(file))


def cells(folder: Path, content: bytes) -> list[dict[str, object]]:
    return [dict(row.cells) for row in rows(folder, content)]


@pytest.mark.parametrize(
    "content",
    [
        b'place,deaths\nLatakia,"1,225"\n',
        b'\xef\xbb\xbfplace,deaths\nLatakia,"1,225"\n',
        b'place,deaths\r\nLatakia,"1,225"\r\n',
        b'place,deaths\rLatakia,"1,225"\r',
        b'place,deaths\nLatakia,"1,225"',
        b"place;deaths\nLatakia;1,225\n",
        b"place\tdeaths\nLatakia\t1,225\n",
        b"place|deaths\nLatakia|1,225\n",
        b'"place";"deaths"\n"Latakia";"1,225"\n',
        b'\n\n place ,deaths\n\nLatakia,"1,225"\n,\n\n',
        b'place,deaths,,\nLatakia,"1,225",,\n',
        'place,deaths\nLatakia,"1,225"\n'.encode("utf-16"),
        b'[{"place": "Latakia", "deaths": "1,225"}]',
        b'{"place": "Latakia", "deaths": "1,225"}\n',
    ],
)
def test_a_table_is_the_same_in_every_spelling(tmp_path: Path, content: bytes) -> None:
    assert cells(tmp_path, content) == [LATAKIA]
    assert cells(tmp_path, gzip.compress(content)) == [LATAKIA]


def test_a_row_says_its_file_and_the_line_that_it_begins_on(tmp_path: Path) -> None:
    """Given cells of several lines, and blank lines, then the lines are those of an editor."""
    found = rows(tmp_path, b'a,b\n1,"x\ny"\n\n2,z\n')

    assert [(row.line, row.cells["a"]) for row in found] == [(2, "1"), (5, "2")]
    assert {row.file for row in found} == {str(tmp_path / "rows.csv")}


def test_text_that_is_not_utf_8_is_read_as_windows_1252_with_a_note(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes("place\nAlépo – Ħ\n".replace("Ħ", "€").encode("cp1252"))  # noqa: RUF001

    assert [row.cells["place"] for row in read_rows(file)] == ["Alépo – €"]  # noqa: RUF001
    assert "Windows-1252" in (encoding_note(file) or "")


@pytest.mark.parametrize(
    "content", ["place\nAlépo\n".encode(), "place\nAlépo\n".encode("utf-16"), b'[{"a": "\xe9"}]']
)
def test_no_note_where_the_encoding_is_sure(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(content)

    assert encoding_note(file) is None


def test_the_encoding_is_decided_by_the_last_letter_too(tmp_path: Path) -> None:
    content = b"place\n" + b"Latakia\n" * 20_000 + "Alépo\n".encode("cp1252")

    assert rows(tmp_path, content)[-1].cells["place"] == "Alépo"


def test_a_row_with_too_few_cells_is_broken_at_the_first_column_that_it_lacks(
    tmp_path: Path,
) -> None:
    (row,) = rows(tmp_path, b"a,b,c\n1\n")

    assert row.fault is not None
    assert (row.fault.column, row.cells) == ("b", {"a": "1"})


def test_a_row_with_too_many_cells_keeps_them(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, b"a,b\n1,2,3,4\n")

    assert row.fault is not None
    assert "4 cells for 2 columns" in row.fault.message
    assert row.cells == {"a": "1", "b": "2", SURPLUS: ["3", "4"]}


def test_broken_rows_are_kept_apart_from_whole_ones(tmp_path: Path) -> None:
    broken: list[Row] = []

    good = list(whole(rows(tmp_path, b"a,b\n1,2\n3\n4,5\n"), broken))

    assert [row.line for row in good] == [2, 4]
    assert [row.line for row in broken] == [3]


def test_a_table_of_broken_rows_only_is_refused_as_a_whole(tmp_path: Path) -> None:
    """Given a title where the header should be, then not every row is kept as a broken one."""
    content = b"A title\nplace,deaths\n" + b"Latakia,5\n" * BROKEN_MAX

    with pytest.raises(UsageError, match=rf"line {BROKEN_MAX + 2}: .* likewise the {BROKEN_MAX}"):
        list(whole(rows(tmp_path, content), []))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,,c\n1,2,3\n", "line 1: column 2 has no name"),
        (b"a,b, a\n1,2,3\n", "line 1: two columns are called 'a'"),
        (b'a,b\n1,"2\n', "line 2"),
        (b"a,b\n1,2\n1,\x00\n", "bytes that no text has"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "cut short"),
        (b"PK\x03\x04 and no workbook", "no workbook"),
        (b"a\n" + b"x" * (LINE_CHARS_MAX + 1), "line 2"),
        (b"[" + b" " * (ARRAY_BYTES_MAX + 1) + b"]", "jq -c"),
    ],
    ids=range(10),
)
def test_what_is_no_table_is_refused_with_its_file_and_line(
    tmp_path: Path, content: bytes, told: str
) -> None:
    with pytest.raises(UsageError) as error:
        rows(tmp_path, content)

    assert told in str(error.value)
    assert "rows.csv" in str(error.value)


def test_a_file_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: No such file"):
        list(read_rows(tmp_path / "none.csv"))


def test_json_keeps_its_types_and_its_nesting(tmp_path: Path) -> None:
    row = {"deaths": {"best": 3, "share": 0.5}, "who": ["a", None], "sure": True}

    assert cells(tmp_path, json.dumps(row).encode()) == [row]


@pytest.mark.parametrize(
    ("line", "column", "told"),
    [
        (b'{"a": 1', "", "no JSON"),
        (b"[1, 2]", "", "a row is a JSON object"),
        (b"7", "", "a row is a JSON object"),
        (b'{"a": 1, "b": 2, "a": 3}', "a", "twice"),
        (b'{"b": {"c": 1, "c": "\\u0022"}}', "c", "twice"),
    ],
)
def test_a_line_that_is_no_row_is_broken_alone_and_kept(
    tmp_path: Path, line: bytes, column: str, told: str
) -> None:
    first, second, third = rows(tmp_path, b'{"a": "x"}\n' + line + b'\n{"a": "y"}\n')

    assert (first.fault, third.fault) == (None, None)
    assert second.fault is not None
    assert (second.line, second.fault.column) == (2, column)
    assert told in second.fault.message
    assert second.cells[""] in (line.decode(), [1, 2], 7)


def test_escaped_quotes_are_no_name_that_is_there_twice(tmp_path: Path) -> None:
    assert cells(tmp_path, b'{"a": "\\u0022 \\" \\/"}') == [{"a": '" " /'}]


def workbook(*lines: list[object]) -> bytes:
    book = Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_workbook_gives_cells_as_csv_has_them_and_days_as_iso(tmp_path: Path) -> None:
    when = datetime(2025, 3, 11, 20, 30)  # noqa: DTZ001 - a cell has no zone
    content = workbook(
        ["day", "time", "deaths", "share", "note", "lasted", "sure"],
        [date(2025, 3, 11), when, 1225, 0.5, None, timedelta(hours=1), True],
    )

    (row,) = rows(tmp_path, content, "rows.xlsx")

    assert row.line == 2
    assert row.cells == {
        "day": "2025-03-11",
        "time": "2025-03-11T20:30:00",
        "deaths": "1225",
        "share": 0.5,
        "note": "",
        "lasted": "1:00:00",
        "sure": "TRUE",
    }


def test_rows_of_a_workbook_are_numbered_as_the_sheet_numbers_them(tmp_path: Path) -> None:
    content = workbook(["a"], [1], [None], [2])

    assert [row.line for row in rows(tmp_path, content, "rows.xlsx")] == [2, 4]


def test_a_raw_table_has_every_line_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(b"A title\n\n#date,#adm1\n 1 , 2\n")

    assert list(raw_table(file)) == [
        (1, ["A title"]),
        (2, []),
        (3, ["#date", "#adm1"]),
        (4, [" 1 ", " 2"]),
    ]


def test_rows_come_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    """Given a file whose end is broken, when its first row is asked for, then it is there."""
    file = tmp_path / "rows.csv"
    file.write_bytes(b"a\n" + b"1\n" * 200_000 + b'"')

    found = read_rows(file)

    assert next(found).cells == {"a": "1"}
    with pytest.raises(UsageError, match="line 200002"):
        list(found)
