"""Names as people write them: what one area means, what may mean several, what means none."""

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from gazetteer_kit import six_governorates
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.area_fold import NAME_CHARS_MAX, core, folded, loose
from tollbook_schemas.area_index import Likeness, SpokenNames, Standing
from tollbook_schemas.gazetteer import Area, Gazetteer, default_gazetteer

WORLD = default_gazetteer()
DATA = Path(__file__).parents[3] / "shared" / "data" / "events"
UCDP = DATA / "ucdp_ged191_bgd_mmr.csv.gz"
IOM = DATA / "iom_missing_migrants_2014_2025.jsonl.gz"
DOCS = Path(__file__).parents[2] / "docs" / "areas.md"
needs_data = pytest.mark.skipif(not UCDP.exists(), reason="the data are not beside the checkout")


def code_of(text: str, inside: str | None = None, *levels: int) -> str | None:
    area = WORLD.find(text, inside=inside, levels=levels or None).area
    return area.code if area else None


def candidates_of(text: str, inside: str | None = None, *levels: int) -> list[str]:
    found = WORLD.find(text, inside=inside, levels=levels or None)
    assert found.area is None
    return [area.code for area in found.candidates]


@pytest.mark.parametrize(
    ("text", "inside", "code"),
    [
        ("SY-LA", None, "SY-LA"),
        ("SY06", None, "SY-LA"),
        ("sy06", None, "SY-LA"),
        ("MMR005", "MM", "MM-01"),
        ("Kachin State", "MM", "MM-11"),
        ("Karen State", "MM", "MM-13"),
        ("Bago  region", "MM", "MM-02"),
        ("Magwe Division", "MM", "MM-03"),
        ("Barisāl Division", "BD", "BD-A"),
        ("Chattogram", "BD", "BD-B"),
        ("Chittagong", "BD", "BD-B"),
        ("Nay Pyi Taw", "MM", "MM-18"),
        ("Naypyitaw", "MM", "MM-18"),
        ("Dar`a", "SY", "SY-DR"),
        ("DEIR EZ ZOR", "SY", "SY-DY"),
        ("Deir-ez-Zor Governorate", "SY", "SY-DY"),
        ("Governorate of Latakia", "SY", "SY-LA"),
        ("Al Suwayda", "SY", "SY-SU"),
        ("Wilaya of Algiers", "DZ", "DZ-16"),
        ("Fars", "IR", "IR-07"),
        ("Paktika", "AF", "AF-PKA"),
        ("Central Darfur", "SD", "SD-DC"),
        ("East Darfur", "SD", "SD-DE"),
    ],
)
def test_a_first_level_area_is_found_by_code_alias_and_name(
    text: str, inside: str | None, code: str
) -> None:
    assert code_of(text, inside, 1) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Iran (Islamic Republic of)", "IR"),
        ("Republic of Korea", "KR"),
        ("Côte d&#039;Ivoire", "CI"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("TURKIYE", "TR"),
        ("Myanmar (Burma)", "MM"),
        ("DR Congo (Zaire)", "CD"),
        ("Democratic Republic of the Congo", "CD"),
        ("Yemen (North Yemen)", "YE"),
        ("State of Palestine", "PS"),
        ("Mixed/Unknown", None),
        ("سوريا", "SY"),
        ("lbn", "LB"),
    ],
)
def test_a_country_is_found_as_the_united_nations_and_the_producers_write_it(
    text: str, code: str | None
) -> None:
    assert code_of(text, None, 0) == code


@pytest.mark.parametrize(
    ("text", "inside", "code"),
    [
        ("محافظة اللاذقية", "SY", "SY-LA"),
        ("اللاذقيه", "SY", "SY-LA"),
        ("ريف دمشق", "SY", "SY-RD"),
        ("إدلب", "SY", "SY-ID"),
        ("ادلب", "SY", "SY-ID"),
        ("حلـــب", "SY", "SY-HL"),
        ("بعلبك - الهرمل", "LB", "LB-BH"),
        ("محافظة عكار", "LB", "LB-AK"),
        ("الشمال", "LB", "LB-AS"),
        ("خان يونس", "PS", "PS-KYS"),
        ("شمال غزة", "PS", "PS-NGZ"),
        ("نينوى", "IQ", "IQ-NI"),
        ("نينوي", "IQ", "IQ-NI"),
        ("صنعاء", "YE", "YE-SN"),
        ("أمانة العاصمة", "YE", "YE-SA"),
        ("ولاية شمال دارفور", "SD", "SD-DN"),
        ("غرب كردفان", "SD", "SD-GK"),
    ],
)
def test_an_arabic_name_is_found_with_and_without_hamza_marks_and_the_word_for_its_kind(
    text: str, inside: str, code: str
) -> None:
    assert code_of(text, inside, 1) == code


@pytest.mark.parametrize("country", ["SY", "LB", "PS", "IQ", "YE", "SD"])
def test_every_first_level_area_of_these_countries_has_an_arabic_name_of_its_own(
    country: str,
) -> None:
    spoken = WORLD.spoken()
    for code in WORLD.children(country):
        names = (*spoken.usual.get(code, ()), *spoken.other.get(code, ()))
        arabic = [name for name in names if any("\u0621" <= char <= "\u064a" for char in name)]

        assert arabic, code
        assert {code_of(name, country, 1) for name in arabic} == {code}


@pytest.mark.parametrize(
    ("text", "inside", "levels", "several"),
    [
        ("Georgia", None, (), ["GE", "US-GA"]),
        ("Homs", None, (), ["SY-HI", "SY0401"]),
        ("Hasakeh governorate", "SY", (), ["SY-HA", "SY0800"]),
        ("Niger", None, (), ["NE", "NG-NI"]),
        ("Dhaka", "BD", (), ["BD-C", "BD-13"]),
        ("Punjab", None, (1,), ["IN-PB", "PK-PB"]),
    ],
)
def test_a_name_of_several_areas_is_none_of_them_until_it_is_narrowed(
    text: str, inside: str | None, levels: tuple[int, ...], several: list[str]
) -> None:
    found = WORLD.find(text, inside=inside, levels=levels or None)

    assert found.area is None
    assert found.ambiguous
    assert [area.code for area in found.candidates] == several
    for area in found.candidates:
        around = area.parent or area.code
        assert code_of(text, around, area.level) == area.code


def test_a_word_for_the_kind_of_area_tells_a_division_from_its_district() -> None:
    assert code_of("Dhaka Division", "BD") == "BD-C"
    assert code_of("Barisal Division", "BD") == "BD-A"


def test_a_country_is_not_named_by_a_state_of_its_name() -> None:
    assert code_of("State of Mexico") == "MX-MEX"
    assert code_of("State of Mexico", None, 0) is None
    assert code_of("Syria Governorate", None, 0) is None


def test_a_name_that_is_only_like_one_is_suggested_and_never_taken() -> None:
    found = WORLD.find("Kachine", inside="MM", levels=(1,))

    assert (found.area, found.ambiguous) == (None, False)
    assert found.candidates[0].code == "MM-11"


def test_what_is_suggested_lies_where_it_was_asked_for() -> None:
    assert candidates_of("Gaza Strip", "PS") == ["PS-GZA"]


def test_a_name_that_is_known_only_elsewhere_is_said_to_be_there() -> None:
    assert candidates_of("Kachin", "LB", 1) == ["MM-11"]
    assert candidates_of("Lebanon", "LB", 1) == ["LB"]
    assert candidates_of("SY06", "LB", 1) == ["SY-LA"]


@pytest.mark.parametrize("text", ["", "  ", "?", "محافظة", "Syria" + " " * NAME_CHARS_MAX])
def test_what_is_no_name_is_nothing(text: str) -> None:
    assert candidates_of(text) == []


def test_inside_takes_any_code_of_the_area_around() -> None:
    assert code_of("Bago", "MMR", 1) == "MM-02"
    assert code_of("Jablah", "SY06") == "SY0602"


def test_an_area_says_why_it_has_a_name() -> None:
    first, *_ = WORLD.matches("Karen State", inside="MM")

    assert (first.area.code, first.name) == ("MM-13", "Karen")
    assert (first.standing, first.likeness) == (Standing.OTHER, Likeness.KIND)


def test_an_area_of_a_published_table_is_found_and_its_former_names_are_the_weakest() -> None:
    lebanon = WORLD.with_versions([six_governorates()])

    assert lebanon.find("El Nabatieh", inside="LB", levels=(1,)).area == lebanon.resolve("LB-NA")
    assert lebanon.find("Akkar", inside="LB", levels=(1,)).area == lebanon.resolve("LB-AK")


def test_an_own_name_counts_more_than_another_areas_other_name() -> None:
    areas = [Area("XX", "Land", 0, None), Area("XX-A", "East", 1, "XX")]
    areas.append(Area("XX-B", "West", 1, "XX"))
    spoken = SpokenNames({}, {"XX-A": ("West", "Old"), "XX-B": ("Old",)})
    small = Gazetteer("small", areas, {}, {}, spoken=lambda: spoken)

    assert small.find("West").area == areas[2]
    assert small.find("Old").candidates == tuple(areas[1:])


def test_every_own_name_means_its_area_or_is_ambiguous_with_it() -> None:
    for area in WORLD.areas():
        found = WORLD.find(area.name, inside=area.parent or area.code, levels=(area.level,))

        assert found.area == area or (found.ambiguous and area in found.candidates), area


@given(st.text(max_size=40))
def test_folding_again_changes_nothing(text: str) -> None:
    key = folded(text)

    assert folded(key) == key
    assert core(core(key)) == core(key)
    assert " " not in loose(key)


@given(st.sampled_from(WORLD.children("SY")), st.sampled_from([str.upper, str.lower, str.title]))
def test_case_and_space_around_a_name_do_not_matter(code: str, case: object) -> None:
    assert callable(case)
    written = f"  {case(WORLD.name(code))} "

    assert code_of(written, "SY", 1) == code


def test_a_word_for_a_kind_of_area_alone_is_no_name() -> None:
    assert code_of("State") is None
    assert not WORLD.find("Division", inside="BD").ambiguous


@needs_data
def test_every_country_and_first_level_name_of_the_ucdp_file_is_found_as_the_docs_say() -> None:
    with gzip.open(UCDP, "rt", encoding="utf-8") as file:
        rows = Counter((row["country"], row["adm_1"]) for row in csv.DictReader(file))
    countries = {country: code_of(country, None, 0) for country, _ in rows}
    named = {pair: count for pair, count in rows.items() if pair[1]}
    codes = {pair: code_of(pair[1], countries[pair[0]], 1) for pair in named}

    assert countries == {"Bangladesh": "BD", "Myanmar (Burma)": "MM"}
    assert None not in codes.values()
    assert codes["Myanmar (Burma)", "Karen State"] == codes["Myanmar (Burma)", "Kayin State"]
    facts = f"{len(named)} spellings in {sum(named.values()):,} rows"
    assert facts in DOCS.read_text(encoding="utf-8")


@needs_data
def test_every_country_of_the_iom_file_is_found_but_the_one_that_is_none() -> None:
    with gzip.open(IOM, "rt", encoding="utf-8") as file:
        names = {json.loads(line)["country_of_incident"] for line in file}

    assert {name for name in names if code_of(name, None, 0) is None} == {"Mixed/Unknown"}
    assert f"{len(names) - 1} spellings of countries" in DOCS.read_text(encoding="utf-8")
