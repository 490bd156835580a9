"""Codes, names and containment of areas."""

import subprocess
import sys

import pytest

from tollbook_schemas.gazetteer import Area, Gazetteer, default_gazetteer

WORLD = default_gazetteer()


@pytest.mark.parametrize(
    ("code", "canonical", "name"),
    [
        ("SY", "SY", "Syria"),
        ("SYR", "SY", "Syria"),
        ("LBN", "LB", "Lebanon"),
        ("SY06", "SY-LA", "Latakia"),
        ("SY-LA", "SY-LA", "Latakia"),
        ("SY10", "SY-TA", "Tartous"),
        ("SY05", "SY-HM", "Hama"),
        ("SY04", "SY-HI", "Homs"),
        ("LB7", "LB-AK", "Akkar"),
        ("LB5", "LB-AS", "North Lebanon"),
        ("SY0602", "SY0602", "Jablah"),
        ("SY1002", "SY1002", "Banyas"),
        ("SY0100", "SY-DI", "Damascus"),
        ("GB-ENG", "GB-ENG", "England"),
        ("MMR013", "MM-06", "Yangon"),
    ],
)
def test_a_code_leads_to_its_canonical_code_and_name(code: str, canonical: str, name: str) -> None:
    area = WORLD.resolve(code)

    assert area is not None
    assert (area.code, area.name) == (canonical, name)
    assert (WORLD.canonical(code), WORLD.name(code)) == (canonical, name)


def test_all_provinces_of_syria_and_lebanon_have_their_p_codes() -> None:
    syria = {WORLD.canonical(f"SY{number:02}") for number in range(1, 15)}
    lebanon = {WORLD.canonical(f"LB{number}") for number in range(1, 9)}

    assert syria == set(WORLD.children("SY"))
    assert lebanon == set(WORLD.children("LBN"))


def test_districts_lie_in_the_province_the_table_says_not_the_one_their_code_suggests() -> None:
    assert WORLD.ancestors("SY0602") == ("SY-LA", "SY")
    assert WORLD.ancestors("LB21") == ("LB-BH", "LB")
    assert WORLD.contains("LB-BH", "LB22")
    assert not WORLD.contains("LB-BI", "LB22")
    assert "SY0602" in WORLD.children("SY06")


def test_a_p_code_inside_an_iso_area_is_no_alias_of_it() -> None:
    assert WORLD.canonical("MMR014") == "MMR014"
    assert WORLD.contains("MM-17", "MMR014")
    assert not WORLD.contains("MMR014", "MM-17")


def test_containment_is_reflexive_and_reads_aliases() -> None:
    assert WORLD.contains("SY06", "SY-LA")
    assert WORLD.contains("SYR", "SY1002")
    assert not WORLD.contains("SY-LA", "SY")
    assert not WORLD.contains("LB", "SY-LA")


def test_an_unknown_code_stays_itself_and_lies_in_nothing() -> None:
    assert WORLD.resolve("SY99") is None
    assert WORLD.canonical("SY99") == WORLD.name("SY99") == "SY99"
    assert WORLD.ancestors("SY99") == WORLD.children("SY99") == ()
    assert WORLD.contains("SY99", "SY99")
    assert not WORLD.contains("SY", "SY99")


def test_every_area_of_the_world_leads_up_to_a_country_level_by_level() -> None:
    waiting = list({WORLD.canonical(area) for area in ("SY", "LB", "GB", "FR", "MM")})
    seen = 0
    while waiting:
        code = waiting.pop()
        waiting.extend(WORLD.children(code))
        area = WORLD.resolve(code)
        assert area is not None
        assert len(WORLD.ancestors(code)) == area.level
        seen += 1
    assert seen > 400


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Latakia", "SY-LA"),
        ("Lattakya", "SY-LA"),
        ("Al Lādhiqīyah", "SY-LA"),
        ("sy-la", "SY-LA"),
        ("SY 06", "SY-LA"),
        ("SY-LATAKIA", "SY-LA"),
        ("SYRIA", "SY"),
        ("Syrian Arab Republic", "SY"),
        ("Jableh", "SY0602"),
        ("Deir Ez Zor", "SY-DY"),
        ("SYX", "SY"),
    ],
)
def test_a_wrong_code_or_a_name_suggests_what_was_meant(wrong: str, meant: str) -> None:
    assert WORLD.suggest(wrong)[0].code == meant


@pytest.mark.parametrize("wrong", ["", "  ", "zzzzzz", "!!!", "x" * 10_000])
def test_nothing_is_suggested_for_what_resembles_nothing(wrong: str) -> None:
    assert WORLD.suggest(wrong) == ()


def test_an_area_tells_its_other_codes_and_names_and_is_found_by_any_name() -> None:
    assert WORLD.codes("SY-DI") == ("SY01", "SY0100")
    assert "Beqaa" in WORLD.names("LB2")
    assert [area.code for area in WORLD.named("beqaa")] == ["LB-BI"]
    assert WORLD.named("no such place") == ()
    assert not WORLD.is_former("LB-BI")
    assert WORLD.tables("LB-BI") == ()


def test_a_table_of_ones_own_needs_no_world() -> None:
    areas = [Area("A1", "Part", 1, "A"), Area("A", "Whole", 0, None)]
    gazetteer = Gazetteer("own-1", areas, {"AAA": "A"}, {"A": ["All of it"]})

    assert gazetteer.version == "own-1"
    assert gazetteer.contains("AAA", "A1")
    assert gazetteer.suggest("all of it") == (areas[1],)


def test_the_world_is_not_read_before_it_is_needed() -> None:
    code = (
        "import sys, tollbook_schemas.parse, tollbook_schemas.gazetteer\n"
        "assert 'pycountry' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
