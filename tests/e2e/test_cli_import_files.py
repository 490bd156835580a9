"""Files as they come: through pipes, with second sheets, behind a broken one."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook
from tests.e2e.cli_kit import clean_environment, tollbook

MAPPING = """
source = "https://desk.example.org"
id = "{row}"
originator = "desk"
published_at = { column = "day" }

[areas]
country = "SY"
adm1 = { column = "area" }

[[figures]]
measure = "killed"
unit = "person"
basis = "incident"
quantity.value = { column = "killed" }
"""
HEADER = ("row", "day", "area", "killed")
ROWS = [("r1", "2025-03-01", "SY-LA", "5"), ("r2", "2025-03-02", "SY-TA", "6")]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a mapping file, beside a store."""
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    with clean_environment(TOLLBOOK_DATA=str(tmp_path / "store")):
        yield tmp_path


def csv_text(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(",".join(row) for row in (HEADER, *rows)) + "\n"


def imported(folder: Path, *files: Path) -> tuple[int, str, str]:
    done = tollbook("import", "csv", *files, "--crisis", "c", "--map", folder / "map.toml")
    return done.code, done.out, done.err


def test_a_pipe_is_read_like_a_file(folder: Path):
    pipe = folder / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(csv_text(ROWS), "utf-8"))
    writer.start()

    code, _, err = imported(folder, pipe)

    writer.join(timeout=10)
    assert code == 0, err
    assert not writer.is_alive()


def test_sheets_that_are_not_read_are_named(folder: Path):
    book = Workbook()
    for name, rows in (("March", ROWS), ("April", ROWS)):
        sheet = book.create_sheet(name)
        for row in (HEADER, *rows):
            sheet.append(row)
    del book["Sheet"]
    book.save(folder / "two.xlsx")

    code, _, err = imported(folder, folder / "two.xlsx")

    assert code == 0, err
    assert "only its first sheet, 'March', is read: save 'April' as files of their own" in err


def test_the_files_behind_a_broken_one_are_named(folder: Path):
    good, other = folder / "good.csv", folder / "other.csv"
    for file in (good, other):
        file.write_text(csv_text(ROWS), encoding="utf-8")

    code, out, err = imported(folder, good, folder / "missing.csv", other)

    assert code == 2
    assert "good.csv" in out
    assert "missing.csv: No such file" in err
    assert f"not read because of that: {other}" in err
