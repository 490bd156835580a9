"""`tollbook import`, as its user runs it: what it prints, what it keeps, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

DONE, USAGE, REFUSED = 0, 2, 3

MAP = """
source = "https://desk.example.org/table"
id = "{id}"
originator = "sohr"
published_at = { column = "day" }
areas = { country = "SY", adm1 = { column = "province" } }
where = [{ column = "id", not_in = ["total"] }]

[[figures]]
measure = "killed"
unit = "person"
basis = "increment"
quantity.value = { column = "deaths" }
"""
HEADER = "id,day,province,deaths\n"
GOOD = 'a,2025-03-10,Latakia,5\nb,2025-03-11,Tartous,"1,225"\n'
ODD = "c,2025-03-11,Atlantis,1\na,2025-03-10,Latakia,6\ntotal,,,1230\n"


def tollbook(
    folder: Path, *arguments: str, sent: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    clean = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("TOLLBOOK_", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", *arguments, "--data", "data"],
        env=clean,
        cwd=folder,
        input=sent,
        capture_output=True,
        timeout=120,
        check=False,
    )


def imported(folder: Path, table: str, *more: str) -> subprocess.CompletedProcess[bytes]:
    """The command on a table with the mapping file."""
    (folder / "map.toml").write_text(MAP)
    (folder / "rows.csv").write_text(HEADER + table)
    arguments = ("import", "csv", "rows.csv", "--crisis", "coast", "--map", "map.toml")
    return tollbook(folder, *arguments, *more)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[Any]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_import_shows_its_numbers_and_where_the_rest_is_and_can_be_repeated(
    tmp_path: Path,
) -> None:
    """Given good and odd rows, when imported twice, then all are told, and nothing comes twice."""
    first = imported(tmp_path, GOOD + ODD)
    again = imported(tmp_path, GOOD + ODD, "--format", "csv")
    tolls = tollbook(tmp_path, "tolls", "coast", "--format", "json")
    kept = tollbook(tmp_path, "rejected", "--format", "json")
    aside = tollbook(tmp_path, "quarantine", "list", "--format", "json")

    assert first.returncode == again.returncode == REFUSED, first.stderr.decode()
    head, row = (line.split() for line in first.stdout.decode().splitlines())
    assert dict(zip(head, row, strict=True)) == {
        "file": "rows.csv",
        "rows": "5",
        "appended": "2",
        "duplicate": "0",
        "quarantined": "1",
        "rejected": "1",
        "skipped": "1",
    }
    told = first.stderr.decode()
    assert "rows.csv:4:province: 'Atlantis' is the name or code of no first-level area" in told
    assert "rows.csv:5: id 'a' has other content before" in told
    assert "`tollbook rejected`" in told
    assert "`tollbook quarantine list`" in told
    assert again.stdout.decode().splitlines()[1] == "rows.csv,5,0,2,1,1,1"
    cells = {cell["area"]: cell["best"] for cell in json.loads(tolls.stdout)["cells"]}
    assert (cells["SY-LA"], cells["SY-TA"], cells["SY"]) == (5, 1225, 1230)
    assert len(kept.stdout.splitlines()) == len(aside.stdout.splitlines()) == 1
    assert b"rows.csv, line 4, column province" in kept.stdout


def test_receipts_come_as_json_lines_with_file_and_line(tmp_path: Path) -> None:
    done = imported(tmp_path, GOOD + ODD, "--format", "json", "--no-wait")

    receipts = lines(done)
    assert [(one["file"], one["line"], one["status"]) for one in receipts] == [
        ("rows.csv", 2, "appended"),
        ("rows.csv", 3, "appended"),
        ("rows.csv", 4, "rejected"),
        ("rows.csv", 5, "quarantined"),
    ]
    assert (receipts[0]["id"], receipts[0]["crisis"], receipts[0]["sequence"]) == ("a", "coast", 1)
    assert receipts[0]["position"]
    assert "column province" in receipts[2]["errors"][0]["message"]


def test_a_dry_run_says_what_would_be_and_needs_no_ledger(tmp_path: Path) -> None:
    done = imported(tmp_path, GOOD, "--dry-run")

    assert done.returncode == DONE
    head, row, _, title, *event = done.stdout.decode().splitlines()
    assert dict(zip(head.split(), row.split(), strict=True))["appended"] == "2"
    assert title == "the first event:"
    assert json.loads("\n".join(event))["data"]["figures"][0]["areas"] == ["SY-LA"]
    assert "dry run: nothing was written" in done.stderr.decode()
    assert not (tmp_path / "data").exists()


def test_standard_input_is_read_and_called_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    arguments = ("import", "csv", "-", "--crisis", "coast", "--map", "map.toml", "--dry-run")
    table = (HEADER + "a,2025-03-10,Latakia,many\n").encode()

    refused = tollbook(tmp_path, *arguments, sent=table)
    broken = tollbook(tmp_path, *arguments, sent=b"\x00\x01")

    assert refused.returncode == REFUSED
    assert b"standard input:2:deaths: 'many' is no whole number" in refused.stderr
    assert broken.returncode == USAGE
    assert broken.stderr.startswith(b"tollbook: standard input is no table")


def test_several_files_are_told_apart_and_old_encodings_are_noted(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes((HEADER + "d,2025-03-10,Latakia,é\n").encode("cp1252"))

    done = imported(tmp_path, GOOD, "old.csv", "--dry-run", "--format", "csv")

    assert done.returncode == REFUSED
    assert done.stdout.decode().splitlines() == [
        "file,rows,appended,duplicate,quarantined,rejected,skipped",
        "rows.csv,2,2,0,0,0,0",
        "old.csv,1,0,0,0,1,0",
    ]
    assert "old.csv: not in UTF-8, read as Windows-1252" in done.stderr.decode()
    assert "rows.csv: not in UTF-8" not in done.stderr.decode()


def test_what_cannot_be_imported_at_all_is_told_in_a_line(tmp_path: Path) -> None:
    crisis = ("--crisis", "coast", "--dry-run")

    no_format = tollbook(tmp_path, "import", "excel", "rows.csv", *crisis)
    no_file = tollbook(tmp_path, "import", "ucdp-ged", "none.csv", *crisis)
    no_map = tollbook(tmp_path, "import", "csv", "none.csv", *crisis, "--map", "none.toml")
    (tmp_path / "bad.toml").write_text("source = ")
    bad_map = tollbook(tmp_path, "import", "csv", "none.csv", *crisis, "--map", "bad.toml")
    no_crisis = tollbook(tmp_path, "import", "ucdp-ged", "none.csv")
    no_slug = tollbook(tmp_path, "import", "ucdp-ged", "none.csv", "--crisis", "Coast X")
    no_option = tollbook(tmp_path, "import", "ucdp-ged", "--crsis", "x", "none.csv", *crisis)

    for done, told in (
        (no_format, b"excel"),
        (no_file, b"cannot read none.csv: No such file"),
        (no_map, b"cannot read none.toml: No such file"),
        (bad_map, b"bad.toml is no TOML"),
        (no_crisis, b"--crisis"),
        (no_option, b"no option --crsis"),
        (no_slug, b"'Coast X' is not a crisis slug"),
    ):
        assert done.returncode == USAGE, done.stderr
        assert told in done.stderr
        assert done.stderr.count(b"\n") == 1


def test_what_stands_before_a_broken_end_is_imported_and_told(tmp_path: Path) -> None:
    """Given a file that was cut off, when imported and imported whole, then nothing is missing."""
    cut = imported(tmp_path, GOOD + 'c,2025-03-11,"Lata', "--format", "csv", "--no-wait")
    whole = imported(tmp_path, GOOD + "c,2025-03-11,Latakia,7\n", "--format", "csv", "--no-wait")

    assert cut.returncode == USAGE
    assert cut.stdout.decode().splitlines()[1] == "rows.csv,2,2,0,0,0,0"
    assert b"rows.csv, line 4: no row of a table" in cut.stderr
    assert whole.returncode == DONE
    assert whole.stdout.decode().splitlines()[1] == "rows.csv,3,1,2,0,0,0"


def test_a_sheet_that_leaves_things_open_gets_the_lines_to_write(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("Province,Killed\n#adm1+name,#affected+killed\nLatakia,20\n")
    done = tollbook(tmp_path, "import", "hxl", str(sheet), "--crisis", "coast", "--dry-run")
    assert done.returncode == 2
    said = done.stderr.decode()
    assert f"{sheet}: its tags leave open what the rows say" in said
    assert 'basis = ""' in said
    assert 'originator = ""' in said
