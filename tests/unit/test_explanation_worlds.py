"""Explanations of hidden worlds: every step follows from figures and earlier steps."""

from typing import Any

from hidden_world import true_figures, worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tollbook_projections.consolidation.books import Books, Cell
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.explanation.naming import Naming
from tollbook_projections.explanation.told_cells import ToldCell, kept_steps, tell_cell
from tollbook_projections.explanation.trail import Told, worked_out
from tollbook_projections.filing import Document
from tollbook_projections.reading import Reading
from tollbook_projections.selection import NOW, admit
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import Policy, default_policy

WORLD = default_gazetteer()


def books_of(figures: list[Document], policy: Policy) -> tuple[Books, Naming]:
    dossiers = admit(figures, [], NOW).dossiers
    books, reading = Books(WORLD, policy), Reading(WORLD, policy)
    for figure in sorted(dossiers):
        books.replace(figure, reading.claims(dossiers[figure]))
    return books, Naming(
        WORLD, {name: (one.versions[-1].body["quantity"],) for name, one in dossiers.items()}
    )


def values(told: Told | None) -> tuple[int | None, ...]:
    assert told is not None
    return tuple(term.value for term in told)


def bounds(interval: Interval) -> tuple[int | None, ...]:
    return interval.low, interval.best, interval.high


def assert_told(told: ToldCell, cell: Cell) -> None:
    """Every step is right by its terms, every term by its step, and the last is the cell's."""
    for name, value in cell.originators.items():
        assert values(told.own[name]) == bounds(value.interval)
    assert values(told.value) == bounds(cell.merged.interval)
    results: dict[int, int | None] = {}
    for step in kept_steps(told):
        for term in step.terms:
            if term.step is not None:
                assert results[term.step] == term.value
        assert step.value == worked_out(step.operation, [term.value for term in step.terms])
        results[step.number] = step.value


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_steps_of_any_cell_lead_to_its_value(data: Any) -> None:
    figures = data.draw(true_figures(data.draw(worlds()), originators=3))
    if data.draw(st.booleans()):
        for figure in figures:
            if figure["figure"]["basis"] == "cumulative":
                figure["figure"] |= {"basis": "stock", "measure": "sheltering"}
    ranked = data.draw(st.sampled_from([(), ("monitor-2", "monitor-1")]))
    books, naming = books_of(figures, Policy(source_rank=ranked))

    for kind in books.kinds():
        for cell in books.cells(kind):
            assert_told(tell_cell(books, cell, naming), cell)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_false_and_unusual_figures_are_explained_as_well(data: Any) -> None:
    """Conflicts, disordered bounds, phases, datings and movements have rules of their own."""
    figures = data.draw(true_figures(data.draw(worlds()), originators=2))
    for figure in figures:
        twist(data, figure)
    books, naming = books_of(figures, default_policy())

    for kind in books.kinds():
        for cell in books.cells(kind):
            assert_told(tell_cell(books, cell, naming), cell)


def twist(data: Any, figure: Document) -> None:
    """Makes a figure false, and counted in another way than others."""
    body = figure["figure"]
    quantity = body["quantity"]
    if "value" in quantity:
        quantity["value"] = max(1, quantity["value"] + data.draw(st.integers(-30, 30)))
    if "from" in quantity:
        quantity["from"] += data.draw(st.integers(0, 20))
    body |= data.draw(
        st.sampled_from(
            [
                {},
                {"phase": 1},
                {"dated_by": "publication"},
                {"dated_by": "occurrence", "phase": 1},
                {"measure": "displaced", "destination": ["LB"]},
                {"measure": "displaced", "destination": ["LB-AK"]},
                {"measure": "displaced", "origin": ["SY-LA"]},
                {"measure": "displaced"},
            ]
        )
    )
    figure["relayed_by"] = data.draw(st.sampled_from([None, None, "Old News"]))
