"""Tables of areas as files: both layouts, what is left aside, and what each fault says."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from tollbook_schemas.errors import UsageError
from tollbook_services.gazetteer_files import AreaFile, AreaRow, read_areas

GLOBAL = "Location,Admin Level,P-Code,Name,Parent P-Code,Valid from date"
COD = (
    "ADM2_PCODE,ADM2_EN,ADM2_AR,ADM1_PCODE,ADM1_EN,ADM1_FR,ADM0_PCODE,ADM0_EN,"
    "date,validOn,Shape_Area"
)


def table(folder: Path, *lines: str) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def codes(found: AreaFile) -> list[tuple[str, int, str]]:
    return [(row.code, row.level, row.parent) for row in found.rows]


def only_fault(found: AreaFile) -> str:
    (fault,) = found.faults
    return str(fault)


def test_the_global_table_gives_levels_and_parents_as_it_says_them(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        GLOBAL,
        "SYR,1,SY10,Tartous,SYR,2020-12-17",
        "LBN,1,LB7,Akkar,LBN,2016-08-22",
        "SYR,2,SY1002,Banyas,SY10,2020-12-17",
    )

    found = read_areas(path)

    assert codes(found) == [("SY10", 1, "SYR"), ("LB7", 1, "LBN"), ("SY1002", 2, "SY10")]
    assert found.rows[2].name == "Banyas"
    assert found.rows[2].valid_from == date(2020, 12, 17)
    assert found.faults == ()


def test_a_compressed_table_with_a_byte_order_mark_and_hxl_tags_is_read(tmp_path: Path) -> None:
    lines = [
        GLOBAL,
        "#country+code,#geo+admin_level,#adm+code,#adm+name,#adm+code+parent,#date+start",
        "LBN,1,LB7,عكار,LBN,2016-08-22",
        ",,,,,",
    ]
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress("\r\n".join(lines).encode("utf-8-sig")))

    found = read_areas(path)

    assert [(row.code, row.name, row.place.line) for row in found.rows] == [("LB7", "عكار", 3)]
    assert found.faults == ()


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    header = "Name,P-code,location,note,admin level,valid from date,parent p-code"
    found = read_areas(table(tmp_path, header, "Akkar,LB7,LBN,x,1,2016-08-22,LBN"))

    assert codes(found) == [("LB7", 1, "LBN")]
    assert found.unused == ("note",)


def test_a_country_table_gives_each_level_of_a_row_with_all_its_names(tmp_path: Path) -> None:
    row = "LB51,Akkar,عكار,LB7,Akkar,Aakkar,LB,Lebanon,2010-01-01,2016-08-22,0.1"

    found = read_areas(table(tmp_path, COD, row))

    assert codes(found) == [("LB7", 1, "LB"), ("LB51", 2, "LB7")]
    assert [(row.name, row.also) for row in found.rows] == [
        ("Akkar", ("Aakkar",)),
        ("Akkar", ("عكار",)),
    ]
    assert {row.valid_from for row in found.rows} == {date(2016, 8, 22)}
    assert found.unused == ("date", "Shape_Area")


@pytest.mark.parametrize(
    "header",
    [
        "admin1Name_en,admin1Pcode,admin0Name_en,admin0Pcode,date,validOn,validTo",
        "adm1_name,adm1_pcode,adm0_name,adm0_pcode,area_sqkm,valid_on,version",
        "admin1RefName,admin1Pcode,admin1AltName1_en,admin0Pcode,validTo,date,x",
    ],
)
def test_the_columns_of_every_generation_of_country_tables_are_known(
    tmp_path: Path, header: str
) -> None:
    names = header.split(",")
    cells = {names[0]: "Akkar", names[1]: "LB7", "date": "2016-08-22"}
    cells |= {"validOn": "2016-08-22", "valid_on": "2016-08-22"}
    cells |= {"admin0Pcode": "LB", "adm0_pcode": "LB"}

    found = read_areas(table(tmp_path, header, ",".join(cells.get(name, "") for name in names)))

    assert found.faults == ()
    assert [(row.code, row.name, row.parent) for row in found.rows] == [("LB7", "Akkar", "LB")]


def test_a_row_may_stop_before_the_deepest_level(tmp_path: Path) -> None:
    row = ",,,LB7,Akkar,,LB,Lebanon,2010-01-01,2016-08-22,0.1"

    assert codes(read_areas(table(tmp_path, COD, row))) == [("LB7", 1, "LB")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",1,LB7,Akkar,LBN,2016-08-22", "column \"Location\": '' is no code of a country"),
        ("LBN,one,LB7,Akkar,LBN,2016-08-22", "column \"Admin Level\": 'one' is no level from 1"),
        ("LBN,9,LB7,Akkar,LBN,2016-08-22", "column \"Admin Level\": '9' is no level from 1 to 6"),
        ("LBN,1,LB 7,Akkar,LBN,2016-08-22", "column \"P-Code\": 'LB 7' is no area code"),
        ("LBN,1,LB7,Akkar,,2016-08-22", "column \"Parent P-Code\": '' is no code of the area"),
        ("LBN,1,LB7,Akkar,LBN,2016-02-30", "column \"Valid from date\": '2016-02-30' is no date"),
        ("LBN,1,LB7", "column \"Parent P-Code\": '' is no code of the area"),
    ],
)
def test_a_fault_names_line_and_column_and_spoils_only_its_row(
    tmp_path: Path, row: str, message: str
) -> None:
    found = read_areas(table(tmp_path, GLOBAL, "LBN,1,LB1,Beirut,LBN,2016-08-22", row))

    assert [row.code for row in found.rows] == ["LB1"]
    assert only_fault(found).startswith(f"table.csv line 3, {message}")


def test_a_gap_between_the_levels_of_a_row_is_a_fault(tmp_path: Path) -> None:
    row = "LB51,Akkar,,,,,LB,Lebanon,2010-01-01,2016-08-22,0.1"

    found = read_areas(table(tmp_path, COD, row))

    assert only_fault(found).startswith(
        "table.csv line 2, column \"ADM1_PCODE\": '' is no area code"
    )
    assert found.faults[0].country == "LB"


def test_an_area_without_a_name_is_called_by_its_code(tmp_path: Path) -> None:
    (row,) = read_areas(table(tmp_path, GLOBAL, "JAM,2,JM10001,,JM10,2017-09-09")).rows

    assert isinstance(row, AreaRow)
    assert row.name == "JM10001"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,b", "1,2"], 'line 1: no columns of P-codes by level; its columns are "a", "b"'),
        ([GLOBAL.replace("Name", "Nom")], 'line 1: no column "name"'),
        (["admin0Pcode,admin2Pcode,date"], "line 1: no columns of P-codes by level"),
        (["admin0Pcode,admin1Pcode,admin3Pcode,date"], "line 1: no P-codes of level 2"),
        (["admin0Pcode,admin1Pcode"], "line 1: no column validOn or date"),
        ([""], "line 1: no columns of P-codes by level"),
    ],
)
def test_a_table_of_another_kind_is_refused_with_what_is_missing(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read_areas(table(tmp_path, *lines))

    assert message in str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", GLOBAL.encode() + b'\n"' + b"x" * 200_000])
def test_a_file_that_is_no_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(UsageError, match="is no CSV table in UTF-8"):
        read_areas(path)


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(GLOBAL.encode() * 99)[:40])

    with pytest.raises(UsageError, match="cannot read"):
        read_areas(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="is no CSV table"):
        read_areas(tmp_path / "broken.csv.gz")
