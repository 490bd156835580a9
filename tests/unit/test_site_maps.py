"""Maps: short lines say the same, fit a page for every country, and classes have bounds."""

import re
from functools import cache
from itertools import pairwise

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.site import mapping
from tollbook_services.site.mapping import POINT_BYTES, POINTS_MAX, class_of, classes_of, drawing

TENTHS = st.integers(-9_999, 9_999).map(lambda value: value / 10)
RINGS = st.lists(st.tuples(TENTHS, TENTHS), min_size=3, max_size=30, unique=True)


def points(path):
    """The points of the first ring of a path, as SVG reads it."""
    numbers = [float(one) for one in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", path)]
    at, found = (numbers[0], numbers[1]), [(numbers[0], numbers[1])]
    for x, y in zip(numbers[2::2], numbers[3::2], strict=True):
        at = (at[0] + x, at[1] + y)
        found.append(at)
    return [(round(x, 1), round(y, 1)) for x, y in found]


@given(RINGS)
def test_a_short_path_goes_through_the_same_points(ring):
    path = mapping._path(ring)

    assert re.fullmatch(r"M[-\d. ]+l[-\d. ]+z", path)
    assert points(path) == [(round(x, 1), round(y, 1)) for x, y in ring]


@cache
def children(code):
    return tuple(default_gazetteer().children(code))


@pytest.mark.parametrize("code", sorted(one.alpha_2 for one in pycountry.countries))
def test_the_map_of_every_country_fits_a_page(code):
    drawn = drawing(children(code), POINTS_MAX)
    if drawn is None:
        return
    assert sum(len(one.path) for one in drawn.shapes) < POINTS_MAX * POINT_BYTES * 1.1
    assert 0 < drawn.height <= 721  # 720, rounded up
    assert all(path.endswith("z") for one in drawn.shapes if (path := one.path))


def widest(code, codes):
    """The share of a map's width that the shape of an area takes."""
    (shape,) = (one for one in drawing(codes).shapes if one.code == code)
    return (
        max(
            max(x for x, _ in ring) - min(x for x, _ in ring)
            for ring in (points(f"M{one}") for one in shape.path.split("M")[1:])
        )
        / mapping.WIDTH
    )


def test_countries_that_lie_on_both_sides_of_greenwich_are_not_torn_apart():
    world = tuple(one.alpha_2 for one in pycountry.countries)

    for code in ("DZ", "ES", "FR", "GB", "ML", "GH"):
        assert widest(code, world) < 0.12, code
    assert widest("FR-IDF", children("FR")) < 0.2


def test_what_lies_on_both_sides_of_the_date_line_is_drawn_side_by_side():
    assert widest("US-AK", children("US")) > 0.15
    assert widest("RU-SA", children("RU")) > 0.15
    assert widest("RU-CHU", children("RU")) > 0.05


def test_the_map_of_the_world_is_coarser_where_there_is_less_room():
    codes = tuple(one.alpha_2 for one in pycountry.countries)
    fine, coarse = (
        sum(len(one.path) for one in drawing(codes, room).shapes) for room in (3_000, 1_000)
    )
    assert coarse < fine / 2


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60))
def test_each_value_lies_in_one_class_and_larger_ones_are_never_lighter(values):
    classes = classes_of(values)
    positive = [one for one in classes if one.high]

    assert len(positive) <= 5
    assert all(a.high + 1 == b.low for a, b in pairwise(positive))
    for value in values:
        assert sum(one.low <= value <= one.high for one in classes) == 1
    shades = [class_of(value, classes) for value in sorted(values)]
    assert shades == sorted(shades)
    assert (0 in shades) == (0 in values)
