"""Published tables: what becomes known, and what a code meant when a report used it."""

from datetime import UTC, date, datetime
from itertools import pairwise

import orjson
import pytest
from gazetteer_kit import six_governorates
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.gazetteer import (
    Area,
    Gazetteer,
    GazetteerVersion,
    PublishedArea,
    default_gazetteer,
    versions_from,
)
from tollbook_schemas.parse import ParsedEvent, parse_event

WORLD = default_gazetteer()
LEBANON = WORLD.with_versions([six_governorates()])


def at(year: int) -> datetime:
    return datetime(year, 7, 12, 23, 59, 59, tzinfo=UTC)


def version(
    day: str, areas: dict[str, str | None], *, country: str = "AF", name: str = "t"
) -> GazetteerVersion:
    rows = tuple(PublishedArea(code, f"name of {code}", parent) for code, parent in areas.items())
    return GazetteerVersion(f"{name}/{day}", country, date.fromisoformat(day), rows)


@pytest.mark.parametrize(
    ("code", "year", "meant"),
    [
        ("LB2", 2006, ("LB-BH", "LB-BI")),
        ("LB-BI", 2006, ("LB-BH", "LB-BI")),
        ("LB2", 2024, ("LB-BI",)),
        ("LB-BI", 2024, ("LB-BI",)),
        ("LB5", 2006, ("LB-AK", "LB-AS")),
        ("LB5", 2024, ("LB-AS",)),
        ("LB51", 2006, ("LB-AK",)),
        ("LB21", 2006, ("LB21",)),
        ("LB1", 2006, ("LB-BA",)),
        ("LB6", 2006, ("LB-JA",)),
        ("LB", 2006, ("LB",)),
        ("LBN", 2006, ("LB",)),
        ("SY06", 2006, ("SY-LA",)),
        ("XX9", 2006, ("XX9",)),
    ],
)
def test_a_code_means_what_it_meant_when_the_report_used_it(
    code: str, year: int, meant: tuple[str, ...]
) -> None:
    assert LEBANON.areas_at((code,), at(year)) == meant


def test_the_day_a_table_holds_from_is_its_first_day() -> None:
    before = datetime(2016, 8, 21, 23, 59, 59, tzinfo=UTC)
    after = datetime(2016, 8, 22, tzinfo=UTC)

    assert LEBANON.areas_at(("LB2",), before) == ("LB-BH", "LB-BI")
    assert LEBANON.areas_at(("LB2",), after) == ("LB-BI",)


def test_the_earliest_table_also_holds_before_its_day() -> None:
    assert LEBANON.areas_at(("LB2",), at(1958)) == ("LB-BH", "LB-BI")


def test_a_code_that_came_later_means_itself_in_an_early_report() -> None:
    assert LEBANON.areas_at(("LB8",), at(2006)) == ("LB-BH",)
    assert LEBANON.areas_at(("LB-AK",), at(2006)) == ("LB-AK",)


def test_several_codes_are_read_each_in_its_country_and_named_once() -> None:
    assert LEBANON.areas_at(("LB2", "LB8", "SY06"), at(2006)) == ("LB-BH", "LB-BI", "SY-LA")
    assert LEBANON.areas_at(("SY06", "SY-LA"), at(2006)) == ("SY-LA",)


def test_an_early_table_moves_nothing_of_today() -> None:
    assert LEBANON.children("LB") == WORLD.children("LB")
    assert LEBANON.ancestors("LB21") == ("LB-BH", "LB")
    assert not LEBANON.contains("LB-BI", "LB21")


def test_a_table_without_what_lies_inside_cannot_say_what_its_areas_were() -> None:
    gazetteer = WORLD.with_versions([six_governorates(districts=False)])

    assert gazetteer.areas_at(("LB2",), at(2006)) == ("LB-BI",)


def test_a_gazetteer_without_versions_makes_codes_canonical() -> None:
    assert WORLD.areas_at(("LB2", "SY06"), at(2006)) == ("LB-BI", "SY-LA")
    assert WORLD.with_versions([]).version == WORLD.version


def test_published_areas_can_be_named_and_lie_in_their_iso_country() -> None:
    gazetteer = WORLD.with_versions([version("2021-11-17", {"AF01": None, "AF0101": "AF01"})])

    assert gazetteer.resolve("AF0101") == Area("AF0101", "name of AF0101", 2, "AF01")
    assert gazetteer.ancestors("AF0101") == ("AF01", "AF")
    assert gazetteer.contains("AFG", "AF0101")
    assert gazetteer.children("AF01") == ("AF0101",)
    assert gazetteer.suggest("Name of AF0101")[0].code == "AF0101"
    assert WORLD.resolve("AF0101") is None


def test_an_area_that_iso_has_too_keeps_its_iso_code_and_its_name() -> None:
    rows = (PublishedArea("SY06", "Lattakia", "SYR"), PublishedArea("SY0699", "New", "SY06"))
    gazetteer = WORLD.with_versions([GazetteerVersion("t", "SYR", date(2025, 1, 1), rows)])

    assert gazetteer.name("SY06") == "Latakia"
    assert "Lattakia" in gazetteer.names("SY-LA")
    assert gazetteer.ancestors("SY0699") == ("SY-LA", "SY")


def test_an_area_between_which_only_iso_knows_stays_between() -> None:
    gazetteer = WORLD.with_versions(
        [version("2024-02-15", {"MMR014": None, "MMR014D001": "MMR014"}, country="MMR")]
    )

    assert gazetteer.ancestors("MMR014D001") == ("MMR014", "MM-17", "MM")


def test_no_table_moves_an_area_of_another_country() -> None:
    gazetteer = WORLD.with_versions([version("2025-01-01", {"SY-LA": None, "SY06": None})])

    assert gazetteer.ancestors("SY-LA") == ("SY",)
    assert "SY-LA" not in gazetteer.children("AF")


def test_areas_that_lie_in_each_other_lie_in_the_country() -> None:
    circle: dict[str, str | None] = {"AF01": "AF02", "AF02": "AF01", "AF03": "AF03"}
    gazetteer = WORLD.with_versions([version("2025-01-01", circle)])

    assert {gazetteer.ancestors(code)[-1] for code in circle} == {"AF"}


def test_an_area_that_was_divided_means_its_parts() -> None:
    old = version("2000-01-01", {"AF01": None, "AF02": None, "AF0101": "AF01", "AF0102": "AF01"})
    new = version("2020-01-01", {"AF03": None, "AF04": None, "AF0101": "AF03", "AF0102": "AF04"})
    gazetteer = WORLD.with_versions([old, new])

    assert gazetteer.areas_at(("AF01",), at(2010)) == ("AF03", "AF04")
    assert gazetteer.areas_at(("AF01",), at(2024)) == ("AF03", "AF04")
    assert gazetteer.is_former("AF01")
    assert "AF01" not in gazetteer.children("AF")
    assert gazetteer.contains("AF", "AF01")


def test_where_no_larger_area_fits_the_lowest_ones_are_named() -> None:
    old = version("2000-01-01", {"AF01": None, "AF0101": "AF01", "AF0102": "AF01"})
    new = version(
        "2020-01-01", {"AF03": None, "AF0101": "AF03", "AF0102": "AF03", "AF0103": "AF03"}
    )

    gazetteer = WORLD.with_versions([old, new])

    assert gazetteer.areas_at(("AF01",), at(2010)) == ("AF0101", "AF0102")


def test_an_area_whose_ground_today_is_unknown_stays_what_it_is() -> None:
    old = version("2000-01-01", {"AF01": None, "AF0101": "AF01", "AF0199": "AF01"})
    new = version("2020-01-01", {"AF03": None, "AF0101": "AF03"})
    gazetteer = WORLD.with_versions([old, new])

    assert gazetteer.areas_at(("AF01",), at(2010)) == ("AF01",)
    assert gazetteer.ancestors("AF01") == ("AF",)


def test_a_table_in_between_tells_where_ground_went() -> None:
    first = version("1990-01-01", {"AF01": None, "AF0101": "AF01"})
    second = version("2000-01-01", {"AF02": None, "AF0101": "AF02", "AF010101": "AF0101"})
    third = version("2020-01-01", {"AF03": None, "AF010101": "AF03"})

    gazetteer = WORLD.with_versions([third, first, second])

    assert gazetteer.areas_at(("AF01",), at(1995)) == ("AF03",)


def test_a_later_table_that_is_less_deep_keeps_what_lay_deeper() -> None:
    deep = version("2000-01-01", {"AF01": None, "AF0101": "AF01"})
    flat = version("2020-01-01", {"AF01": None})

    gazetteer = WORLD.with_versions([deep, flat])

    assert gazetteer.ancestors("AF0101") == ("AF01", "AF")
    assert not gazetteer.is_former("AF0101")


def test_what_lay_deeper_is_only_in_the_country_if_the_level_around_it_changed() -> None:
    deep = version("2000-01-01", {"AF01": None, "AF0101": "AF01"})
    flat = version("2020-01-01", {"AF01": None, "AF02": None})

    gazetteer = WORLD.with_versions([deep, flat])

    assert gazetteer.ancestors("AF0101") == ("AF",)


def test_parts_of_one_day_are_one_table_and_a_part_published_again_replaces_itself() -> None:
    one = version("2020-01-01", {"AF01": None}, name="one")
    two = version("2020-01-01", {"AF02": None}, name="two")
    corrected = version("2020-01-01", {"AF03": None}, name="two")

    gazetteer = WORLD.with_versions([one, two]).with_versions([corrected])

    assert gazetteer.resolve("AF01") is not None
    assert gazetteer.resolve("AF02") is None
    assert gazetteer.resolve("AF03") is not None


def test_the_version_names_what_was_published_or_how_many_there_are() -> None:
    few = WORLD.with_versions([version("2020-01-01", {"AF01": None})])
    many = WORLD.with_versions([version(f"20{n}-01-01", {"AF01": None}) for n in range(10, 20)])

    assert few.version == f"{WORLD.version}+t/2020-01-01"
    assert many.version.startswith(f"{WORLD.version}+10-published-")


def test_documents_of_the_ledger_become_versions_and_the_later_of_an_id_holds() -> None:
    first = {
        "gazetteer": "cod-ab-afg/2021",
        "country": "AF",
        "valid_from": "2021-11-17",
        "areas": [{"code": "AF01", "name": "Kabul", "level": 1}],
        "reason": "first",
    }
    area = {
        "code": "AF01",
        "name": "Kabul",
        "level": 1,
        "parent": None,
        "same": ["X1"],
        "also": ["K"],
    }

    found = versions_from([first, {**first, "areas": [area]}])

    assert found == (
        GazetteerVersion(
            "cod-ab-afg/2021",
            "AF",
            date(2021, 11, 17),
            (PublishedArea("AF01", "Kabul", None, ("X1",), ("K",)),),
        ),
    )


def _published_event(country: str, *codes: str) -> bytes:
    areas = [{"code": code, "name": code, "level": 1, "parent": None} for code in codes]
    event = {
        "specversion": "1.0",
        "type": "org.tollbook.gazetteer.published.v1",
        "source": "https://desk.example.org",
        "id": "g",
        "subject": "a-crisis",
        "time": "2025-03-08T20:00:00Z",
        "data": {
            "gazetteer": "own/1",
            "country": country,
            "valid_from": "2025-01-01",
            "areas": areas,
            "reason": "a table",
        },
    }
    return orjson.dumps(event)


def test_a_table_may_name_areas_of_its_country_and_new_ones() -> None:
    parsed = parse_event(_published_event("LBN", "LB7", "LB-BH", "LB99"), WORLD)

    assert isinstance(parsed, ParsedEvent), parsed


def test_a_table_with_an_area_of_another_country_is_refused_at_that_area() -> None:
    faults = parse_event(_published_event("LBN", "LB7", "SY06", "LB"), WORLD)

    assert isinstance(faults, tuple)
    assert [fault.pointer for fault in faults] == ["/data/areas/1/code", "/data/areas/2/code"]
    assert "SY06 is Latakia (SY-LA), which does not lie in LBN" in faults[0].message


@given(
    old=st.lists(st.integers(0, 3), min_size=8, max_size=8),
    new=st.lists(st.integers(0, 3), min_size=8, max_size=8),
)
def test_what_an_area_meant_is_the_same_ground_in_the_fewest_areas(
    old: list[int], new: list[int]
) -> None:
    def table(day: str, prefix: str, groups: list[int]) -> GazetteerVersion:
        areas: dict[str, str | None] = {f"{prefix}{group}": None for group in groups}
        areas |= {f"D{district}": f"{prefix}{group}" for district, group in enumerate(groups)}
        return version(day, areas)

    plain = Gazetteer("own", [Area("AF", "Country", 0, None)], {}, {})
    gazetteer = plain.with_versions(
        [table("2000-01-01", "old", old), table("2020-01-01", "new", new)]
    )

    for group in set(old):
        ground = {f"D{district}" for district, one in enumerate(old) if one == group}
        meant = gazetteer.areas_at((f"old{group}",), at(2010))
        inside = [set(gazetteer.children(code)) or {code} for code in meant]
        assert set().union(*inside) == ground
        assert sum(map(len, inside)) == len(ground)
        whole = {f"new{one}" for one in set(new) if _ground(new, one) <= ground}
        assert whole <= set(meant)
    assert all(a < b for a, b in pairwise(meant))


def _ground(groups: list[int], group: int) -> set[str]:
    return {f"D{district}" for district, one in enumerate(groups) if one == group}
