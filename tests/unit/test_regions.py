"""Regions: inside, disjoint or overlapping, by area, segment and flow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_projections.consolidation.region import (
    ANYWHERE,
    Flow,
    Lattice,
    Pairs,
    Region,
    areas_key,
    segment_disjoint,
    segment_inside,
    slug_of,
)
from tollbook_schemas.gazetteer import default_gazetteer

LATTICE = Lattice(default_gazetteer())
AREAS = st.lists(
    st.sampled_from(["SY", "SY-LA", "SY-TA", "SY0600", "SY0602", "LB", "LB-AK"]),
    min_size=1,
    max_size=3,
).map(areas_key)
VALUES = {
    "status": ["civilian", "combatant"],
    "group": ["state_security", "militia"],
    "sex": ["female", "male"],
    "age_band": ["child", "infant", "adult", "elderly", "15-24", "25-59", "60+"],
}
SEGMENTS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
).map(lambda held: tuple((name, held[name]) for name in VALUES if name in held))
FLOWS = st.builds(Flow, st.none() | AREAS, st.none() | AREAS)
REGIONS = st.builds(Region, AREAS, SEGMENTS, FLOWS)


@given(REGIONS)
def test_a_region_is_inside_itself_and_never_disjoint_from_itself(region: Region) -> None:
    assert LATTICE.inside(region, region)
    assert not LATTICE.disjoint(region, region)


@given(REGIONS, REGIONS, REGIONS)
def test_inside_is_transitive(one: Region, two: Region, three: Region) -> None:
    if LATTICE.inside(one, two) and LATTICE.inside(two, three):
        assert LATTICE.inside(one, three)


@given(REGIONS, REGIONS)
def test_disjoint_is_symmetric_and_excludes_inside(one: Region, two: Region) -> None:
    assert LATTICE.disjoint(one, two) == LATTICE.disjoint(two, one)
    assert not (LATTICE.disjoint(one, two) and LATTICE.inside(one, two))


@given(REGIONS, REGIONS, REGIONS)
def test_what_is_inside_a_region_is_disjoint_from_all_that_region_is(
    inner: Region, outer: Region, other: Region
) -> None:
    if LATTICE.inside(inner, outer) and LATTICE.disjoint(outer, other):
        assert LATTICE.disjoint(inner, other)


@pytest.mark.parametrize(
    ("inner", "outer", "holds"),
    [
        (("SY-LA",), ("SY",), True),
        (("SY0602",), ("SY-LA",), True),
        (("SY-LA",), ("SY-LA", "SY-TA"), True),
        (("SY-LA", "SY-TA"), ("SY",), True),
        (("SY-LA", "SY-TA"), ("SY-LA",), False),
        (("SY",), ("SY-LA",), False),
        (("SY-LA", "LB-AK"), ("SY",), False),
    ],
)
def test_areas_lie_inside_areas(
    inner: tuple[str, ...], outer: tuple[str, ...], *, holds: bool
) -> None:
    assert LATTICE.areas_inside(inner, outer) is holds


def test_areas_overlap_without_being_inside() -> None:
    left, right = ("SY-LA", "SY-TA"), ("SY-HM", "SY-TA")

    assert not LATTICE.areas_inside(left, right)
    assert not LATTICE.areas_disjoint(left, right)


@pytest.mark.parametrize(
    ("inner", "outer", "holds"),
    [
        ((("status", "civilian"),), (), True),
        ((), (("status", "civilian"),), False),
        ((("status", "civilian"), ("sex", "female")), (("status", "civilian"),), True),
        ((("status", "civilian"),), (("sex", "female"),), False),
        ((("age_band", "infant"),), (("age_band", "child"),), True),
        ((("age_band", "child"),), (("age_band", "infant"),), False),
        ((("age_band", "25-59"),), (("age_band", "adult"),), True),
    ],
)
def test_a_segment_is_inside_another_when_it_only_adds_constraints(
    inner: Pairs, outer: Pairs, *, holds: bool
) -> None:
    assert segment_inside(inner, outer) is holds


@pytest.mark.parametrize(
    ("left", "right", "holds"),
    [
        ((("status", "civilian"),), (("status", "combatant"),), True),
        ((("sex", "female"),), (("age_band", "child"),), False),
        ((("age_band", "child"),), (("age_band", "adult"),), True),
        ((("age_band", "child"),), (("age_band", "15-24"),), False),
        ((("age_band", "youth"),), (("age_band", "child"),), False),
        ((("status", "civilian"), ("sex", "male")), (("sex", "female"),), True),
        ((), (("sex", "female"),), False),
    ],
)
def test_segments_are_disjoint_only_where_nobody_can_be_both(
    left: Pairs, right: Pairs, *, holds: bool
) -> None:
    assert segment_disjoint(left, right) is holds


def test_a_movement_to_anywhere_holds_one_to_somewhere() -> None:
    lebanon, akkar, turkey = (Flow(None, (code,)) for code in ("LB", "LB-AK", "TR"))

    assert LATTICE.flow_inside(lebanon, ANYWHERE)
    assert LATTICE.flow_inside(akkar, lebanon)
    assert not LATTICE.flow_inside(ANYWHERE, lebanon)
    assert LATTICE.flow_disjoint(akkar, turkey)
    assert not LATTICE.flow_disjoint(akkar, ANYWHERE)


def test_a_slug_joins_the_values_and_nothing_is_all() -> None:
    assert (
        slug_of((("status", "combatant"), ("group", "state_security")))
        == "combatant/state_security"
    )
    assert slug_of(()) == "all"
