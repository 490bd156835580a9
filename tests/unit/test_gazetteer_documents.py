"""What is published from a table: canonical codes, whole trees, days and parts."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tollbook_schemas.gazetteer import default_gazetteer, versions_from
from tollbook_schemas.reference import GazetteerPublished
from tollbook_services import gazetteer_documents
from tollbook_services.gazetteer_documents import Choice, Made, documents_from
from tollbook_services.gazetteer_files import AreaRow, Place, read_areas

WORLD = default_gazetteer()
OCHA = Path(__file__).parents[3] / "shared" / "data" / "geo" / "ocha_global_pcodes_adm1_adm2.csv.gz"
DAY = date(2016, 8, 22)


def rows(
    *areas: tuple[str, str], country: str = "LBN", day: date = DAY, file: str = "table.csv"
) -> list[AreaRow]:
    levels = {country: 0}
    made = []
    for line, (code, parent) in enumerate(areas, 2):
        levels[code] = levels.get(parent, 0) + 1
        place = Place(file, line)
        made.append(AreaRow(place, country, levels[code], code, f"name of {code}", parent, day))
    return made


def only(made: Made) -> dict[str, Any]:
    assert [str(fault) for fault in made.faults] == []
    (document,) = made.documents
    return document


def fault_of(made: Made) -> str:
    (fault,) = made.faults
    return str(fault)


def test_areas_that_iso_has_get_its_codes_and_districts_keep_theirs() -> None:
    document = only(documents_from(rows(("LB7", "LBN"), ("LB52", "LB7")), WORLD, Choice()))

    assert document == {
        "gazetteer": "cod-ab-lbn/2016-08-22",
        "country": "LB",
        "valid_from": "2016-08-22",
        "areas": [
            {
                "code": "LB-AK",
                "name": "name of LB7",
                "level": 1,
                "parent": None,
                "same": ["LB7"],
            },
            {"code": "LB52", "name": "name of LB52", "level": 2, "parent": "LB-AK"},
        ],
    }


def test_a_district_that_is_its_governorate_becomes_another_code_of_it() -> None:
    document = only(documents_from(rows(("LB7", "LBN"), ("LB51", "LB7")), WORLD, Choice()))

    (area,) = document["areas"]
    assert (area["code"], area["same"]) == ("LB-AK", ["LB7", "LB51"])
    assert area["also"] == ["name of LB51"]


def test_in_an_older_table_the_same_district_lies_in_the_governorate_of_then() -> None:
    document = only(documents_from(rows(("LB5", "LBN"), ("LB51", "LB5")), WORLD, Choice()))

    assert [(area["code"], area["parent"]) for area in document["areas"]] == [
        ("LB-AS", None),
        ("LB-AK", "LB-AS"),
    ]


def test_rows_may_come_in_any_order_and_repeat_what_they_lie_in() -> None:
    table = rows(("LB5", "LBN"), ("LB52", "LB5"), ("LB5", "LBN"), ("LB53", "LB5"))

    forward = only(documents_from(table, WORLD, Choice()))
    backward = only(documents_from(table[::-1], WORLD, Choice()))

    assert {area["code"] for area in forward["areas"]} == {"LB-AS", "LB52", "LB53"}
    assert {area["code"] for area in backward["areas"]} == {"LB-AS", "LB52", "LB53"}


def test_a_code_under_two_days_is_in_two_tables() -> None:
    old = rows(("LB2", "LBN"), ("LB21", "LB2"), day=date(1983, 1, 1))
    new = rows(("LB8", "LBN"), ("LB21", "LB8"))

    made = documents_from([*new, *old], WORLD, Choice())

    assert [str(fault) for fault in made.faults] == []
    assert [
        (one["valid_from"], [area["code"] for area in one["areas"]]) for one in made.documents
    ] == [("1983-01-01", ["LB-BI", "LB21"]), ("2016-08-22", ["LB-BH", "LB21"])]


def test_files_with_days_of_their_own_are_tables_of_their_own() -> None:
    old = rows(("AF01", "AFG"), country="AFG", day=date(1990, 1, 1), file="old.csv")
    new = rows(("AF02", "AFG"), country="AFG", file="new.csv")
    more = rows(("AF03", "AFG"), country="AFG", file="more.csv")

    made = documents_from([*new, *old, *more], WORLD, Choice())

    assert [
        (one["valid_from"], [area["code"] for area in one["areas"]]) for one in made.documents
    ] == [("1990-01-01", ["AF01"]), ("2016-08-22", ["AF02", "AF03"])]


def test_levels_with_days_of_their_own_are_one_table_from_the_latest_day_on() -> None:
    upper = rows(("TD01", "TCD"), country="TCD", day=date(2016, 5, 9))
    (_, lower) = rows(("TD01", "TCD"), ("TD0101", "TD01"), country="TCD", day=date(2017, 6, 15))

    document = only(documents_from([*upper, lower], WORLD, Choice()))

    assert document["valid_from"] == "2017-06-15"
    assert len(document["areas"]) == 2


def test_the_day_the_countries_the_depth_and_the_name_can_be_chosen() -> None:
    table = [*rows(("LB2", "LBN"), ("LB23", "LB2")), *rows(("SY06", "SYR"), country="SYR")]
    choice = Choice(frozenset({"LB"}), 1, "own", date(2003, 7, 16))

    document = only(documents_from(table, WORLD, choice))

    assert document["gazetteer"] == "own-lbn/2003-07-16"
    assert [area["code"] for area in document["areas"]] == ["LB-BI"]


def test_an_area_with_the_name_of_an_iso_area_is_that_area_only_where_it_is_asked_for() -> None:
    kabul, other = rows(("AF01", "AFG"), ("AF02", "AFG"), country="AFG")
    (_, district) = rows(("AF01", "AFG"), ("AF0101", "AF01"), country="AFG")
    table = [replace(kabul, name="Kābul"), other, district]

    plain = documents_from(table, WORLD, Choice())
    asked = documents_from(table, WORLD, Choice(same_names=True))

    assert plain.twins == asked.twins == {"cod-ab-afg/2016-08-22": {"AF01": "AF-KAB"}}
    assert [area["code"] for area in only(plain)["areas"]] == ["AF01", "AF0101", "AF02"]
    areas = only(asked)["areas"]
    assert [area["code"] for area in areas] == ["AF-KAB", "AF0101", "AF02"]
    assert areas[0]["same"] == ["AF01"]
    assert areas[1]["parent"] == "AF-KAB"


def test_names_that_two_areas_share_make_none_of_them_the_iso_area() -> None:
    table = [
        replace(row, name="Kabul") for row in rows(("AF01", "AFG"), ("AF02", "AFG"), country="AFG")
    ]

    assert documents_from(table, WORLD, Choice(same_names=True)).twins == {
        "cod-ab-afg/2016-08-22": {}
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows(("LB52", "LB5")), "line 2: LB52 lies in LB5, which the table does not have"),
        (
            rows(("LB5", "LBN"), ("LB2", "LBN"), ("LB52", "LB5"), ("LB52", "LB2")),
            "line 5: LB52 lies in LB2 at level 2 here, and in LB5 at level 2 in line 4: keep one",
        ),
        (rows(("SY06", "LBN")), "line 2: SY06 is Latakia (SY-LA), not a part of LBN"),
        (rows(("LB", "LBN")), "line 2: LB is Lebanon (LB), not a part of LBN"),
        (rows(("ZZ1", "ZZZ"), country="ZZZ"), "line 2: no country 'ZZZ': use an ISO 3166-1 code"),
    ],
)
def test_a_country_with_a_fault_gives_no_document(table: list[AreaRow], message: str) -> None:
    other = rows(("SY06", "SYR"), country="SYR")

    made = documents_from([*table, *other], WORLD, Choice())

    assert message in fault_of(made)
    assert [document["country"] for document in made.documents] == ["SY"]


def test_a_table_too_large_for_one_event_is_published_in_parts_of_whole_areas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gazetteer_documents, "GAZETTEER_AREAS_MAX", 3)
    table = rows(
        ("AF01", "AFG"), ("AF0101", "AF01"), ("AF02", "AFG"), ("AF0201", "AF02"), country="AFG"
    )

    made = documents_from(table, WORLD, Choice())

    assert [one["gazetteer"] for one in made.documents] == [
        "cod-ab-afg/2016-08-22/1-of-2",
        "cod-ab-afg/2016-08-22/2-of-2",
    ]
    gazetteer = WORLD.with_versions(versions_from(made.documents))
    assert gazetteer.children("AF01") == ("AF0101",)
    assert gazetteer.children("AF02") == ("AF0201",)


def test_a_single_area_too_large_for_an_event_says_which_levels_to_leave_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gazetteer_documents, "GAZETTEER_AREAS_MAX", 1)
    table = rows(("AF01", "AFG"), ("AF0101", "AF01"), country="AFG")

    made = documents_from(table, WORLD, Choice())

    assert "AF01 alone has 2 areas" in fault_of(made)
    assert "--deepest" in fault_of(made)
    assert only(documents_from(table, WORLD, Choice(deepest=1)))["areas"][0]["code"] == "AF01"


@pytest.mark.skipif(not OCHA.exists(), reason=f"{OCHA.name} is not beside the checkout")
def test_the_global_table_becomes_one_valid_gazetteer_for_each_country() -> None:
    file = read_areas(OCHA)

    made = documents_from(file.rows, WORLD, Choice())

    assert (len(file.rows), file.faults, made.faults) == (32_767, (), [])
    assert len({document["country"] for document in made.documents}) == len(made.documents) == 156
    for document in made.documents:
        GazetteerPublished.model_validate({**document, "reason": "a new table"})
    gazetteer = WORLD.with_versions(versions_from(made.documents))
    codes = {row.code for row in file.rows}
    assert [code for code in codes if gazetteer.resolve(code) is None] == []
    for row in file.rows:
        inner, outer = gazetteer.canonical(row.code), gazetteer.canonical(row.parent)
        assert gazetteer.contains(outer, inner)
        area = gazetteer.resolve(inner)
        assert area is not None
        assert len(gazetteer.ancestors(inner)) == area.level
    assert gazetteer.children("LB") == WORLD.children("LB")
    assert gazetteer.ancestors("MMR014D001") == ("MMR014", "MM-17", "MM")
