"""Soundness: no bound may contradict a hidden world that all figures are true of (section 5)."""

import itertools
import os
from collections.abc import Iterable

from hidden_world import World, date, misnamed, restarted_worlds, true_figures, worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tollbook_projections.consolidation.books import Cell
from tollbook_projections.consolidation.consolidate import consolidate
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.region import Region, segment_inside
from tollbook_projections.filing import Document
from tollbook_projections.selection import NOW, admit
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy

GAZETTEER = default_gazetteer()
POLICY = default_policy()


EXAMPLES = int(os.environ.get("TOLLBOOK_SOUNDNESS_EXAMPLES", "0"))
"""As many examples of each test by hand; in the suite fewer."""


def soundness(examples: int) -> settings:
    return settings(
        max_examples=EXAMPLES or examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@soundness(2_000)
@given(st.data())
def test_bounds_hold_the_truth_of_any_hidden_world(data: st.DataObject) -> None:
    # given: a world nobody sees, and true figures about it in any shape and order
    world = data.draw(worlds())
    figures = data.draw(true_figures(world, originators=2))

    # then
    assert_sound(world, figures, [])


@soundness(1_000)
@given(st.data())
def test_bounds_hold_where_counters_restart_and_incidents_are_put_right(
    data: st.DataObject,
) -> None:
    # given: counters that restart at nought, and incidents named wrongly until an act says so
    world = data.draw(st.one_of(worlds(), restarted_worlds()))
    figures, acts = data.draw(misnamed(data.draw(true_figures(world, originators=2))))

    # then
    assert_sound(world, figures, acts)


def assert_sound(world: World, figures: list[Document], acts: list[Document]) -> None:
    answer = consolidate(admit(figures, [], NOW, acts).dossiers, GAZETTEER, POLICY)
    for cell in answer.cells:
        assert_ordered(cell)
        if cell.key.kind == "area":
            assert_true(cell, world, figures)
    assert_segments_inside(answer.cells)


def assert_true(cell: Cell, world: World, figures: list[Document]) -> None:
    region = cell.key.region
    truth = world.truth(region.areas, dict(region.segment))
    assert cell.merged.interval.low <= truth
    for name, value in cell.originators.items():
        assert value.interval.low <= truth
        own = [figure for figure in figures if figure["originator"] == name]
        covered = all(
            any(covers(figure, region, world, end) for figure in own) for end in world.ends()
        )
        if covered and value.interval.high is not None:
            assert truth <= value.interval.high


def assert_segments_inside(cells: Iterable[Cell]) -> None:
    """What an originator says of a segment lies within what it says of a wider one.

    Sums hold for each originator, not across them (R12): who has a complete total need not be
    who has a complete figure of a segment.
    """
    areas = [cell for cell in cells if cell.key.kind == "area"]
    for outer, inner in itertools.permutations(areas, 2):
        wide, narrow = outer.key.region, inner.key.region
        if wide.areas == narrow.areas and segment_inside(narrow.segment, wide.segment):
            both = inner.originators.keys() & outer.originators.keys()
            for name in both:
                assert_inside(inner.originators[name].interval, outer.originators[name].interval)
            if len(inner.originators) == len(outer.originators) == len(both) == 1:
                assert_inside(inner.merged.interval, outer.merged.interval)


def assert_inside(narrow: Interval, wide: Interval) -> None:
    assert narrow.low <= wide.low
    if wide.high is not None:
        assert narrow.high is not None
        assert narrow.high <= wide.high


def assert_ordered(cell: Cell) -> None:
    for interval in (
        cell.merged.interval,
        *(value.interval for value in cell.originators.values()),
    ):
        if interval.best is not None:
            assert interval.low <= interval.best
        if interval.high is not None:
            assert interval.point <= interval.high


def covers(figure: Document, region: Region, world: World, end: int) -> bool:
    """Whether a complete figure holds all of a region in a phase, up to the last day of that.

    By the gazetteer: three provinces are not their country, even where nobody else died.
    """
    body = figure["figure"]
    segment = dict(region.segment)
    begins = date(world.begins(end))
    return (
        body["basis"] in {"cumulative", "increment"}
        and body.get("phase", 0) == world.phase(end)
        and body["as_of"] == date(end)
        and body.get("coverage") != "partial"
        and "place" not in body
        and body["quantity"]["qualifier"] != "unknown"
        and body.get("window", {}).get("start", begins) == begins
        and all(
            any(GAZETTEER.contains(outer, area) for outer in body["areas"]) for area in region.areas
        )
        and all(segment.get(name) == value for name, value in body["segment"].items())
    )
