"""Areas that two tables have under two codes, and names with letters exchanged: never guessed."""

from datetime import date

import pytest
from import_kit import refusals_of

from tollbook_schemas.gazetteer import Gazetteer, GazetteerVersion, PublishedArea, default_gazetteer
from tollbook_services.importing.formats import importer_of
from tollbook_services.importing.rows import Context, Row

WORLD = default_gazetteer()


def published(country: str, *areas: PublishedArea) -> Gazetteer:
    """The world with a table of one country that nobody has compared with the built-in one."""
    version = GazetteerVersion("own/2020", country, date(2020, 1, 1), areas)
    return WORLD.with_versions([version])


UKRAINE = published("UKR", PublishedArea("UA63", "Kharkivska", None))
YEMEN = published(
    "YEM", PublishedArea("YE11", "Ibb", None), PublishedArea("YE23", "Sana'a", None, also=("Sana",))
)


@pytest.mark.parametrize(
    ("known", "text", "codes"),
    [
        (YEMEN, "Ibb", ["YE-IB", "YE11"]),
        (YEMEN, "Sana'a", ["YE-SN", "YE23"]),
        (UKRAINE, "Kharkivska", ["UA-63", "UA63"]),
        (UKRAINE, "Kharkivska oblast", ["UA-63", "UA63"]),
    ],
    ids=["the same name", "a usual name", "without a word", "with a word"],
)
def test_a_name_of_an_area_in_two_tables_means_neither_until_somebody_says_that_it_is_one(
    known: Gazetteer, text: str, codes: list[str]
) -> None:
    """Given a table beside the built-in one, when both have a name, then both are candidates."""
    found = known.find(text, levels=(1,))

    assert found.ambiguous
    assert [area.code for area in found.candidates] == codes


@pytest.mark.parametrize(("text", "code"), [("Kharkiv", "UA-63"), ("UA63", "UA63")])
def test_a_name_of_one_table_and_a_code_mean_what_they_meant(text: str, code: str) -> None:
    area = UKRAINE.find(text, levels=(1,)).area

    assert area is not None
    assert area.code == code


def test_where_the_table_says_that_they_are_one_the_name_means_it() -> None:
    known = published("UKR", PublishedArea("UA-63", "Kharkivska", None, same=("UA63",)))

    area = known.find("Kharkivska", levels=(1,)).area

    assert area is not None
    assert area.code == "UA-63"


def test_an_area_of_the_past_alone_is_no_twin() -> None:
    """Given an area that only a replaced table has, then today's area of its name is meant."""
    tables = (
        GazetteerVersion(
            "own/1990", "YEM", date(1990, 1, 1), (PublishedArea("YE11", "Ibb", None),)
        ),
        GazetteerVersion("own/2020", "YEM", date(2020, 1, 1), (PublishedArea("YE1", "All", None),)),
    )

    area = WORLD.with_versions(tables).find("Ibb", levels=(1,)).area

    assert area is not None
    assert area.code == "YE-IB"


def test_a_row_that_names_such_an_area_is_refused_with_both_codes() -> None:
    cells = {
        "#date": "2025-03-11",
        "#country+code": "UA",
        "#adm1+name": "Kharkivska",
        "#meta+source": "Somebody",
        "#affected+killed+todate": "5",
    }
    rows = [Row("t.csv", 2, cells), Row("t.csv", 3, {**cells, "#adm1+name": "UA63"})]

    found = list(importer_of("hxl").read(rows, Context("c", UKRAINE)))

    ((line, column, message),) = refusals_of(found)
    assert (line, column) == (2, "#adm1+name")
    assert "UA-63 (Kharkivska oblast in Ukraine) or UA63 (Kharkivska in Ukraine)" in message
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "code"), [("Lybia", "LY"), ("Tunsia", "TN"), ("Mynamar", "MM"), ("Jodran", "JO")]
)
def test_a_name_with_two_letters_exchanged_is_the_first_that_is_suggested(
    text: str, code: str
) -> None:
    found = WORLD.find(text, levels=(0,))

    assert found.area is None
    assert found.candidates[0].code == code


@pytest.mark.parametrize(
    ("text", "inside", "codes"),
    [
        ("Kyiv Oblast", "UA", ["UA-30", "UA-32"]),
        ("Kyiv region", "UA", ["UA-30", "UA-32"]),
        ("Veszprém Province", "HU", ["HU-VE", "HU-VM"]),
        ("Kiev", "UA", ["UA-30", "UA-32"]),
        ("Almaty region", "KZ", ["KZ-19", "KZ-75"]),
    ],
)
def test_a_word_of_kind_does_not_choose_between_areas_that_are_called_the_same(
    text: str, inside: str, codes: list[str]
) -> None:
    found = WORLD.find(text, inside=inside, levels=(1,))
    assert (found.area, found.ambiguous) == (None, True)
    assert [area.code for area in found.candidates] == codes


@pytest.mark.parametrize(
    ("text", "inside", "code"),
    [
        ("Kyiv", "UA", "UA-30"),
        ("Kyivska oblast", "UA", "UA-32"),
        ("Kiev Oblast", "UA", "UA-32"),
        ("Latakia Governorate", "SY", "SY-LA"),
        ("Shan State", "MM", "MM-17"),
        ("Dhaka Division", "BD", "BD-C"),
    ],
)
def test_a_name_that_one_area_alone_has_is_understood(text: str, inside: str, code: str) -> None:
    area = WORLD.find(text, inside=inside, levels=(1,)).area
    assert area is not None
    assert area.code == code
