"""Soundness: no bound may contradict a hidden world that all figures are true of (section 5)."""

from hidden_world import DAYS, World, date, true_figures, worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tollbook_projections.consolidation.books import Cell
from tollbook_projections.consolidation.consolidate import consolidate
from tollbook_projections.consolidation.region import Region
from tollbook_projections.filing import Document
from tollbook_projections.selection import NOW, admit
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy

GAZETTEER = default_gazetteer()
POLICY = default_policy()


@settings(
    max_examples=2_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_bounds_hold_the_truth_of_any_hidden_world(data: st.DataObject) -> None:
    # given: a world nobody sees, and true figures about it in any shape and order
    world = data.draw(worlds())
    figures = data.draw(true_figures(world, originators=2))

    # when
    answer = consolidate(admit(figures, [], NOW).dossiers, GAZETTEER, POLICY)

    # then
    for cell in answer.cells:
        assert_ordered(cell)
        if cell.key.kind == "area":
            assert_true(cell, world, figures)


def assert_true(cell: Cell, world: World, figures: list[Document]) -> None:
    region = cell.key.region
    truth = world.truth(region.areas, dict(region.segment))
    assert cell.merged.interval.low <= truth
    for name, value in cell.originators.items():
        assert value.interval.low <= truth
        covered = any(covers(figure, region) for figure in figures if figure["originator"] == name)
        if covered and value.interval.high is not None:
            assert truth <= value.interval.high


def assert_ordered(cell: Cell) -> None:
    for interval in (
        cell.merged.interval,
        *(value.interval for value in cell.originators.values()),
    ):
        if interval.best is not None:
            assert interval.low <= interval.best
        if interval.high is not None:
            assert interval.point <= interval.high


def covers(figure: Document, region: Region) -> bool:
    """Whether a complete figure holds all of a region up to the last day.

    By the gazetteer: three provinces are not their country, even where nobody else died.
    """
    body = figure["figure"]
    segment = dict(region.segment)
    return (
        body["basis"] in {"cumulative", "increment"}
        and body["as_of"] == date(DAYS)
        and body.get("coverage") != "partial"
        and "place" not in body
        and body["quantity"]["qualifier"] != "unknown"
        and body.get("window", {}).get("start", date(1)) == date(1)
        and all(
            any(GAZETTEER.contains(outer, area) for outer in body["areas"]) for area in region.areas
        )
        and all(segment.get(name) == value for name, value in body["segment"].items())
    )
