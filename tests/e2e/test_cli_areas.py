"""`tollbook areas`: which areas a name means, through the command, with and without a ledger."""

import json
import os
import subprocess
import sys
from pathlib import Path

DONE, USAGE, REFUSED = 0, 2, 3
TABLE = """Location,Admin Level,P-Code,Name,Parent P-Code,Valid from date
LBN,1,LB1,Beirut,LBN,2030-01-01
LBN,2,LB11,Beirut,LB1,2030-01-01
LBN,2,LB12,Newtown,LB1,2030-01-01
"""


def _tollbook(data: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    clean = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("TOLLBOOK_", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", *arguments, "--data", str(data)],
        env=clean,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_a_name_is_looked_up_before_there_is_a_ledger_and_says_why_it_was_found(
    tmp_path: Path,
) -> None:
    done = _tollbook(tmp_path / "none", "areas", "Karen State", "--format", "json")

    assert done.returncode == DONE, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert (answer["code"], answer["ambiguous"]) == ("MM-13", False)
    assert answer["areas"][0]["inside"] == [{"code": "MM", "name": "Myanmar"}]
    assert answer["areas"][0]["same"] == ["MMR003"]
    assert answer["areas"][0]["why"] == "other name Karen, but for words of kind"
    assert not (tmp_path / "none").exists()


def test_an_ambiguous_name_shows_all_areas_and_how_to_narrow_it(tmp_path: Path) -> None:
    several = _tollbook(tmp_path / "none", "areas", "homs", "--inside", "Syria")
    one = _tollbook(tmp_path / "none", "areas", "homs", "--inside", "SY", "--level", "1")

    table = several.stdout.decode()
    assert "SY-HI" in table
    assert "SY0401" in table
    assert "Ambiguous: give the code, or narrow it with --inside and --level." in table
    assert "An import takes SY-HI." in one.stdout.decode()


def test_nothing_found_leaves_with_three_and_shows_what_is_near(tmp_path: Path) -> None:
    done = _tollbook(tmp_path / "none", "areas", "Kachine", "--inside", "MM", "--level", "1")
    wrong = _tollbook(tmp_path / "none", "areas", "x", "--inside", "Georgia")

    assert done.returncode == REFUSED
    assert b"No area is called 'Kachine'; near it:" in done.stdout
    assert b"MM-11" in done.stdout
    assert wrong.returncode == USAGE
    assert b"--inside 'Georgia' is the name of several areas: use one of GE" in wrong.stderr


def test_a_published_area_is_found_in_the_ledger_that_knows_it(tmp_path: Path) -> None:
    table, data = tmp_path / "table.csv", tmp_path / "data"
    table.write_text(TABLE, encoding="utf-8")
    published = _tollbook(data, "gazetteer", "publish", str(table), "--reason", "r")
    assert published.returncode == DONE, published.stderr.decode()

    done = _tollbook(data, "areas", "newtown", "--inside", "LB", "--format", "csv")

    assert done.stdout.decode().splitlines() == [
        "code,name,level,inside,same,why",
        'LB12,Newtown,2,"LB-BA Beirut, LB Lebanon",,own name Newtown',
    ]
