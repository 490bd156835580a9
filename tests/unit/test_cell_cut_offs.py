"""The as_of of an originator in a cell: until when what it rests on there had counted (R18)."""

from typing import Any

import pytest
from figures_builder import at_least, day, fig, increment, on_cells, report

from tollbook_projections.filing import Document


def as_ofs(*events: Document, area: str, segment: str = "all") -> dict[str, str | None]:
    """The as_of of each originator in the cell of an area."""
    (cell,) = [
        one
        for one in on_cells(*events)
        if (one["kind"], one["area"], one["segment"]) == ("area", area, segment)
    ]
    return {own["originator"]: own["as_of"] for own in cell["originators"]}


def test_a_part_has_the_cut_off_of_the_total_that_bounds_it() -> None:
    both = report("a", 9, fig("x", 745, ["SY-LA", "SY-TA"], as_of=day(8)))

    assert as_ofs(both, area="SY-LA") == {"sohr": day(8)}


@pytest.mark.parametrize("segment", [{}, {"status": "civilian"}])
def test_a_part_has_the_cut_off_of_the_window_that_bounds_it(segment: dict[str, Any]) -> None:
    # given: nobody says how many of those who fled came from which of two areas
    fled = increment("x", 99, ["SY-LA", "SY-TA"], 6, 8, measure="displaced", segment=segment)

    assert as_ofs(report("a", 10, fled), area="SY-LA") == {"sohr": day(8)}


def test_minimums_have_the_cut_off_of_the_latest_of_them() -> None:
    events = [
        report("a", 9, fig("x", 20, "SY-LA", coverage="partial", as_of=day(7))),
        report("b", 9, fig("x", 30, "SY-LA", place="Jableh", as_of=day(8))),
    ]

    assert as_ofs(*events, area="SY-LA") == as_ofs(*events, area="SY") == {"sohr": day(8)}


def test_minimums_of_two_phases_have_the_latest_cut_off() -> None:
    events = [
        report("a", 9, fig("x", 20, "SY-LA", place="Jableh", as_of=day(8))),
        report("b", 9, fig("x", 30, "SY-LA", place="Jableh", as_of=day(7), phase=1)),
    ]

    assert as_ofs(*events, area="SY-LA") == {"sohr": day(8)}


def test_what_was_counted_comes_before_a_later_minimum() -> None:
    events = [
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("x", 30, "SY-LA", place="Jableh")),
    ]

    assert as_ofs(*events, area="SY-LA") == {"sohr": day(8)}


def test_there_is_no_cut_off_where_nothing_an_originator_said_bounds_an_area() -> None:
    # given: a minimum of two areas together, which may all have been in the other one
    verified = fig("x", at_least(111), ["SY-LA", "SY-TA"], coverage="partial")

    assert as_ofs(report("a", 9, verified), area="SY-LA") == {"sohr": None}
