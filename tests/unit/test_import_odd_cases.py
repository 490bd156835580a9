"""What people's files have in them, given to every importer: it is understood, or refused."""

import gzip
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_kit import events_of, imported, refusals_of
from import_samples import NUMBER, SAMPLES, Sample, as_csv
from openpyxl import Workbook

from tollbook_schemas.errors import UsageError

EVERY = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.format)

DAY = datetime(2025, 3, 11)  # noqa: DTZ001 - as spreadsheets have it

NUMBERS_OF_QUANTITIES = ("value", "from", "to")


def read(sample: Sample, content: str | bytes | None = None, name: str = "rows.csv") -> list[Any]:
    """What becomes of a file; by default of the sample as CSV."""
    text = sample.text() if content is None else content
    return imported(sample.format, text, name=name, mapping=dict(sample.mapping) or None)


def told(sample: Sample, content: str | bytes, name: str = "rows.csv") -> str:
    """Why a file was refused, or its rows: a text that is empty where all of them are events."""
    try:
        found = read(sample, content, name)
    except UsageError as error:
        return str(error)
    return "; ".join(f"{line}, {column}: {why}" for line, column, why in refusals_of(found))


def counts(found: list[Any]) -> set[int]:
    """The numbers of all figures."""
    return {
        quantity[name]
        for event in events_of(found)
        for figure in event["data"].get("figures", [])
        for quantity in [figure["quantity"]]
        for name in NUMBERS_OF_QUANTITIES
        if name in quantity
    }


@EVERY
def test_a_good_row_becomes_events_that_count_it(sample: Sample) -> None:
    found = read(sample)

    assert refusals_of(found) == []
    assert NUMBER in counts(found)


def workbook(table: list[list[Any]]) -> bytes:
    """Rows of cells as the first sheet of a workbook."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in table:
        sheet.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


SPELLINGS: dict[str, Callable[[Sample], bytes]] = {
    "byte order mark": lambda sample: b"\xef\xbb\xbf" + sample.text().encode(),
    "CRLF": lambda sample: sample.text(newline="\r\n").encode(),
    "UTF-16": lambda sample: sample.text().encode("utf-16"),
    "semicolons": lambda sample: sample.text(delimiter=";").encode(),
    "tabs": lambda sample: sample.text(delimiter="\t").encode(),
    "gzip": lambda sample: gzip.compress(sample.text().encode()),
    "blank lines": lambda sample: (sample.text() + "\n\n").encode(),
    "no newline at the end": lambda sample: sample.text().rstrip("\n").encode(),
}


@EVERY
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_table_is_the_same_however_it_is_spelled(sample: Sample, spelling: str) -> None:
    """Given the sample in another spelling of CSV, when imported, then its events are the same."""
    found = read(sample, SPELLINGS[spelling](sample))

    assert events_of(found) == events_of(read(sample))
    assert refusals_of(found) == []


@EVERY
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_text_in_an_older_encoding_is_kept_as_it_was_meant(sample: Sample, encoding: str) -> None:
    text = sample.put(**{sample.remark: "Café à l'angle"}).text()

    found = read(sample, text.encode(encoding))

    assert refusals_of(found) == []
    assert "Café à l'angle" in {
        event["data"]["ext"]["columns"][sample.remark] for event in events_of(found)
    }


@EVERY
@pytest.mark.parametrize(
    "text",
    ["1,225", "1 225", "1\u00a0225", "1'225", "1225.0", " 1225 ", "١٢٢٥", "۱۲۲۵", "١٬٢٢٥"],  # noqa: RUF001
)
def test_a_number_is_read_in_the_spellings_of_people(sample: Sample, text: str) -> None:
    found = read(sample.counting(text))

    assert refusals_of(found) == []
    assert counts(found) == counts(read(sample))


@EVERY
@pytest.mark.parametrize("text", ["many", "-5", "12.5", "1.225", "1,22", "1225?", "=1+1", "1e3"])
def test_what_is_no_certain_number_is_refused_at_its_column(sample: Sample, text: str) -> None:
    found = read(sample.counting(text))

    assert counts(found) == set()
    places = {(line, column) for line, column, _ in refusals_of(found)}
    assert places <= {(2, column) for column in sample.numbers}
    assert places or (sample.signed and text.startswith("-"))


@EVERY
@pytest.mark.parametrize("text", ["", "-", "–", "N/A", "n/a", "   "])  # noqa: RUF001
def test_an_empty_number_is_never_a_zero(sample: Sample, text: str) -> None:
    """Given cells with nothing in them, when imported, then no figure says a number."""
    found = read(sample.counting(text))

    assert counts(found) <= {0} & counts(read(sample)) or NUMBER not in counts(found)
    assert not any(
        figure["quantity"]["qualifier"] == "none_reported"
        for event in events_of(found)
        for figure in event["data"].get("figures", [])
        if figure["id"] in _ids_that_count(sample)
    )


def _ids_that_count(sample: Sample) -> set[str]:
    return {
        figure["id"]
        for event in events_of(read(sample))
        for figure in event["data"].get("figures", [])
        if NUMBER in figure["quantity"].values()
    }


@EVERY
def test_the_day_number_of_a_spreadsheet_is_the_day(sample: Sample) -> None:
    found = read(sample.put(**{sample.day: "45727"}))

    assert refusals_of(found) == []
    assert [_times(event) for event in events_of(found)] == [
        _times(event) for event in events_of(read(sample))
    ]


@EVERY
def test_a_workbook_may_have_real_numbers_and_dates(sample: Sample) -> None:
    """Given cells of a spreadsheet's own kinds, when imported, then they mean the same."""
    header, row = sample.table()
    typed: dict[str, Any] = dict.fromkeys(sample.numbers, NUMBER) | {sample.day: DAY}
    cells = [typed.get(name, text) for name, text in zip(header, row, strict=True)]

    found = read(sample, workbook([header, cells]), "rows.xlsx")

    assert refusals_of(found) == []
    assert counts(found) == counts(read(sample))
    assert [_times(event) for event in events_of(found)] == [
        _times(event) for event in events_of(read(sample))
    ]


def _times(event: dict[str, Any]) -> list[Any]:
    data = event["data"]
    figures = data.get("figures", [])
    whens = [(figure.get("window"), figure.get("as_of")) for figure in figures]
    return [event["time"], data.get("published_at"), whens]


@EVERY
@pytest.mark.parametrize("text", ["03/04/2025", "2025-02-30", "yesterday", "2025", "11.3."])
def test_what_is_no_certain_day_is_refused_at_its_column(sample: Sample, text: str) -> None:
    found = read(sample.put(**{sample.day: text}))

    assert events_of(found) == []
    assert {(line, column) for line, column, _ in refusals_of(found)} == {(2, sample.day)}


@EVERY
def test_a_row_that_is_cut_off_is_refused_with_its_line(sample: Sample) -> None:
    header, row = sample.table()

    found = read(sample, as_csv([header, row[: len(row) // 2], row]))

    assert {line for line, _, _ in refusals_of(found)} == {2}
    assert events_of(found) == events_of(read(sample))


@EVERY
def test_a_row_with_more_cells_than_columns_is_refused_with_its_line(sample: Sample) -> None:
    header, row = sample.table()

    found = read(sample, as_csv([header, [*row, "what", "is this?"], row]))

    assert {line for line, _, _ in refusals_of(found)} == {2}
    assert events_of(found) == events_of(read(sample))


@EVERY
def test_a_header_that_comes_again_is_refused_with_its_line(sample: Sample) -> None:
    """Given two files that were put behind each other, when imported, then no row is lost."""
    header, row = sample.table()

    found = read(sample, as_csv([header, row, header, row]))

    assert {line for line, _, _ in refusals_of(found)} == {3}
    assert len(events_of(found)) == 2 * len(events_of(read(sample)))


@EVERY
def test_a_column_that_nobody_knows_is_kept(sample: Sample) -> None:
    name = "#meta+surprise" if sample.format == "hxl" else "surprise"

    found = read(sample.put(**{name: "yes"}))

    assert refusals_of(found) == []
    assert all(event["data"]["ext"]["columns"][name] == "yes" for event in events_of(found))


@EVERY
def test_a_column_with_a_name_in_another_script_is_kept(sample: Sample) -> None:
    """Given a header in Arabic, when imported, then its cell is in the event."""
    header, row = sample.table()
    name = "" if sample.format == "hxl" else "ملاحظات"

    found = read(sample, as_csv([[*header, name], [*row, "نعم"]]))

    assert refusals_of(found) == []
    assert all("نعم" in str(event["data"]["ext"]) for event in events_of(found))


@EVERY
def test_a_file_without_its_column_of_numbers_is_refused_by_its_name(sample: Sample) -> None:
    for column in sample.numbers:
        sample = sample.without(column)

    assert told(sample, sample.text())


@EVERY
def test_a_file_without_its_day_is_refused_by_its_name(sample: Sample) -> None:
    without = sample.without(sample.day)

    assert sample.day.split("+")[0] in told(without, without.text())


@EVERY
def test_two_columns_of_one_name_are_refused(sample: Sample) -> None:
    header, row = sample.table()
    name = sample.numbers[0]

    assert name in told(sample, as_csv([[*header, name], [*row, "7"]]))


@EVERY
def test_a_header_without_rows_is_no_event(sample: Sample) -> None:
    assert read(sample, as_csv(sample.table()[:1])) == []


@EVERY
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused_by_its_name(sample: Sample, content: bytes) -> None:
    assert "rows.csv" in told(sample, content)


RUBBISH = random.Random(4).randbytes(4096)


@EVERY
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", RUBBISH),
        ("rows.csv", RUBBISH.replace(b"\x00", b"")),
        ("rows.csv.gz", b"\x1f\x8b" + RUBBISH),
        ("rows.csv.gz", gzip.compress(b"a,b\n" * 9999, mtime=0)[:40]),
        ("rows.xlsx", b"PK\x03\x04" + RUBBISH),
        ("rows.json", b"[{" + RUBBISH),
        ("rows.json", b'[{"a": 1}, {'),
        ("rows.json", b'{"a": [1, {"b": 2}]}\n[]\n7\n'),
        ("rows.csv", b'a,b\n"never closed,1\n'),
        ("rows.csv", b"\xff\xfe\xff"),
    ],
)
def test_what_is_no_table_is_refused(sample: Sample, name: str, content: bytes) -> None:
    assert told(sample, content, name)


@EVERY
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_change_of_a_file_breaks_an_importer(sample: Sample, data: st.DataObject) -> None:
    """Given the sample with some of its bytes changed, when imported, then it never fails."""
    content = bytearray(sample.text().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        length = data.draw(st.sampled_from([0, 1, 2, 20]))
        content[place : place + length] = data.draw(
            st.sampled_from(
                [b"", b",", b'"', b"\n", b"\x00", b"\xff", b"-", b"9" * 30, "٣".encode()]
            )
        )

    told(sample, bytes(content))


ENDLESS_BYTES = 200 * 2**20
MEMORY_BYTES_MAX = 150 * 2**20
"""What a Python with the importers in it takes, and half as much again: less than the cell."""

READ_IN_A_CHILD = """
import sys
from pathlib import Path
from tollbook_schemas.errors import UsageError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.importing.formats import importer_of
from tollbook_services.importing.rows import Context
from tollbook_services.importing.tables import whole
importer, file, broken = importer_of(sys.argv[1]), Path(sys.argv[2]), []
try:
    rows = whole(importer.rows(file), broken)
    print(list(importer.read(rows, Context("c", default_gazetteer()))))
    print("refused:", broken[0].file)
except UsageError as error:
    print("refused:", error)
status = Path("/proc/self/status").read_text()  # getrusage knows the parent's memory too
print(status.split("VmHWM:")[1].split()[0])
"""


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "gzip"])
@pytest.mark.parametrize(
    ("kind", "beginning"),
    [
        ("ucdp-ged", b"id,low,best,high\n1,1,1,"),
        ("hxl", b"#date,#affected+killed\n2025-03-11,"),
        ("ucdp-ged", b""),
        ("iom-mmp", b'[{"id": "'),
        ("iom-mmp", b'{"id": "'),
    ],
)
def test_a_cell_without_end_is_refused_in_bounded_memory(
    tmp_path: Path, kind: str, beginning: bytes, *, packed: bool
) -> None:
    """Given a file of which one cell is 200 MiB, also packed small, then memory does not grow."""
    file = tmp_path / "rows.csv"
    chunk = b"a" * 2**20
    with gzip.open(file, "wb", 1) if packed else file.open("wb") as out:
        out.write(beginning)
        for _ in range(ENDLESS_BYTES // len(chunk)):
            out.write(chunk)

    child = subprocess.run(
        [sys.executable, "-c", READ_IN_A_CHILD, kind, str(file)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    *_, outcome, peak = child.stdout.splitlines()
    assert outcome.startswith("refused:")
    assert "rows.csv" in outcome
    assert int(peak) * 1024 < MEMORY_BYTES_MAX
