"""The ground of areas: which have a polygon, whether it is one, and where it lies."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.exporting.polygons import covered, polygon_of

WORLD = default_gazetteer()
PALESTINE = set(WORLD.children("PS"))
Point = list[float]


def polygons(geometry: dict[str, Any]) -> list[list[list[Point]]]:
    match geometry:
        case {"type": "Polygon", "coordinates": one}:
            return [one]
        case {"type": "MultiPolygon", "coordinates": several}:
            return list(several)
        case _:
            raise AssertionError(geometry["type"])


def every_polygon() -> Iterator[tuple[str, dict[str, Any]]]:
    for area in WORLD.areas():
        geometry = polygon_of(area.code)
        if geometry is not None:
            yield area.code, geometry


def turns_left(ring: list[Point]) -> bool:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0


def inside_ring(ring: list[Point], x: float, y: float) -> bool:
    """Whether a ray to the east crosses the ring an odd number of times."""
    crossed = False
    for (ax, ay), (bx, by) in pairwise(ring):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            crossed = not crossed
    return crossed


def lies_in(code: str, latitude: float, longitude: float) -> bool:
    geometry = polygon_of(code)
    assert geometry is not None
    return any(
        inside_ring(outer, longitude, latitude)
        and not any(inside_ring(hole, longitude, latitude) for hole in holes)
        for outer, *holes in polygons(geometry)
    )


@pytest.mark.parametrize(
    ("country", "missing"),
    [
        ("SY", set()),
        ("LB", {"LB-AK", "LB-BH"}),
        ("MM", {"MM-18"}),
        ("BD", {"BD-H"}),
        ("PS", PALESTINE),
        ("IQ", set()),
        ("YE", {"YE-SU"}),
        ("SD", {"SD-GK"}),
        ("UA", set()),
    ],
)
def test_every_first_level_area_has_a_polygon_but_those_that_the_docs_name(
    country: str, missing: set[str]
) -> None:
    assert polygon_of(country) is not None
    assert {code for code in WORLD.children(country) if polygon_of(code) is None} == missing


def test_an_area_without_a_polygon_is_said_to_be_in_another_one() -> None:
    assert covered("LB-AS") == ("LB-AK",)
    assert covered("LB-BI") == ("LB-BH",)
    assert covered("MM-04") == ("MM-18",)
    assert covered("BD-C") == ("BD-H",)
    assert covered("SY-LA") == ()


@pytest.mark.parametrize(
    ("code", "place", "latitude", "longitude"),
    [
        ("SY-LA", "Latakia", 35.53, 35.79),
        ("SY-DY", "Deir ez-Zor", 35.34, 40.14),
        ("LB-BA", "Beirut", 33.887, 35.505),
        ("LB-NA", "Nabatieh", 33.38, 35.48),
        ("MM-13", "Hpa-An", 16.89, 97.63),
        ("MM-11", "Myitkyina", 25.38, 97.40),
        ("MM-16", "Sittwe", 20.15, 92.90),
        ("BD-B", "Rangamati", 22.64, 92.20),
        ("BD-G", "Sylhet", 24.90, 91.87),
        ("SD-DC", "Zalingei", 12.91, 23.47),
        ("SD-DE", "Ed Daein", 11.46, 26.13),
        ("SD-DW", "El Geneina", 13.45, 22.45),
        ("AF-PKA", "Sharana", 33.17, 68.73),
        ("AF-PIA", "Gardez", 33.60, 69.23),
        ("AF-DAY", "Nili", 33.72, 66.13),
        ("IR-07", "Shiraz", 29.61, 52.53),
        ("IR-03", "Tabriz", 38.07, 46.30),
        ("IQ-NI", "Mosul", 36.34, 43.13),
        ("PK-KP", "Miranshah", 33.00, 70.07),
        ("UA-32", "Bila Tserkva", 49.80, 30.11),
        ("UA-43", "Simferopol", 44.95, 34.10),
        ("UA", "Simferopol", 44.95, 34.10),
        ("RU-MOW", "the Kremlin", 55.752, 37.617),
        ("RU-MOS", "Kolomna", 55.08, 38.78),
        ("GY-DE", "Georgetown", 6.80, -58.14),
        ("GY-UD", "Linden", 6.00, -58.30),
        ("GY-UT", "Lethem", 3.38, -59.80),
        ("GY-CU", "Bartica", 6.39, -58.63),
        ("ER-MA", "Asmara", 15.33, 38.93),
        ("ER-AN", "Keren", 15.78, 38.45),
        ("ER-DU", "Mendefera", 14.89, 38.82),
        ("ER-SK", "Massawa", 15.61, 39.43),
        ("EC-T", "Ambato", -1.25, -78.62),
        ("EC-N", "Tena", -0.99, -77.81),
        ("SO", "Hargeisa", 9.56, 44.06),
        ("CY", "Kyrenia", 35.30, 33.25),
        ("PS", "Gaza", 31.50, 34.46),
        ("PS", "Nablus", 32.22, 35.26),
    ],
)
def test_a_known_place_lies_in_its_area_and_in_no_neighbour(
    code: str, place: str, latitude: float, longitude: float
) -> None:
    area = WORLD.resolve(code)
    assert area is not None
    assert lies_in(code, latitude, longitude), place
    beside = (one for one in WORLD.children(area.parent or "") if one != code)
    neighbours = [one for one in beside if polygon_of(one) is not None]
    assert not [one for one in neighbours if lies_in(one, latitude, longitude)]


def test_every_ring_is_closed_turns_as_rfc_7946_says_and_lies_on_earth() -> None:
    seen = 0
    for code, geometry in every_polygon():
        for rings in polygons(geometry):
            for number, ring in enumerate(rings):
                assert ring[0] == ring[-1], code
                assert len(ring) >= 4, code
                assert turns_left(ring) == (number == 0), code
                assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring), code
        seen += 1

    assert seen > 3_000


def test_only_countries_and_first_level_areas_have_polygons() -> None:
    levels = {code: WORLD.resolve(code) for code, _ in every_polygon()}

    assert {area.level for area in levels.values() if area is not None} == {0, 1}
    assert polygon_of("SY0602") is None
    assert polygon_of("no such area") is None
