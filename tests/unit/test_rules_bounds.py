"""R1 and R2: which figures count, and what a printed quantity means as low / best / high."""

from typing import Any

import pytest
from figures_builder import (
    CIVILIAN,
    COMBATANT,
    Bounds,
    about,
    act,
    ask,
    at_least,
    between,
    day,
    fig,
    more_than,
    quantity,
    report,
)

BOUNDS: list[tuple[Any, Bounds]] = [
    (658, (658, 658, 658)),
    (about(745), (745, 745, 745)),
    (at_least(1225), (1225, 1225, None)),
    (more_than(1000), (1000, 1000, None)),
    ({"qualifier": "up_to", "value": 10}, (0, None, 10)),
    ({"qualifier": "less_than", "value": 10}, (0, None, 9)),
    (between(20, 40), (20, None, 40)),
    (between(20, 40, 30), (20, 30, 40)),
    ("several", (3, None, 9)),
    ("tens", (10, None, 99)),
    ("dozens", (12, None, 99)),
    ("scores", (20, None, 199)),
    ("hundreds", (100, None, 999)),
    ("thousands", (1000, None, 9999)),
    ("unquantified", (0, None, None)),
    ("none_reported", (0, 0, 0)),
]


@pytest.mark.parametrize(("printed", "meant"), BOUNDS)
def test_a_printed_quantity_means_these_bounds(printed: Any, meant: Bounds) -> None:
    answer = ask(report("a", 8, fig("x", printed, "SY-LA")))

    assert answer.of("SY-LA") == meant
    assert ("open_high" in answer.flags("SY-LA")) == (meant[2] is None)


def test_none_reported_is_a_real_zero_and_no_report_is_not() -> None:
    answer = ask(report("a", 8, fig("x", "none_reported", "SY-LA")))

    assert answer.of("SY-LA") == (0, 0, 0)
    assert not answer.has("SY-TA")


def test_unquantified_is_flagged() -> None:
    assert "unquantified" in ask(report("a", 8, fig("x", "unquantified", "SY-LA"))).flags("SY-LA")


def test_unknown_is_history_only() -> None:
    known = report("a", 8, fig("x", 100, "SY-LA"))
    unknown = report("b", 9, fig("x", "unknown", "SY-LA"))

    assert not ask(unknown).told.cells
    assert ask(known, unknown).of("SY-LA") == (100, 100, 100)


def test_a_best_outside_its_range_is_kept_and_flagged() -> None:
    answer = ask(report("a", 8, fig("x", between(100, 200, 90), "SY-LA")))

    assert answer.own("sohr", "SY-LA") == (100, 90, 200)
    assert "bounds_disordered" in answer.flags("SY-LA")


def test_a_triple_whose_high_is_below_its_low_is_added_as_printed() -> None:
    answer = ask(report("a", 8, fig("x", between(2, 1, 2), "SY-LA"), fig("y", 3, "SY-TA")))

    assert answer.own("sohr", "SY-LA") == (2, 2, 1)
    assert answer.own("sohr", "SY") == (5, 5, 4)
    assert "bounds_disordered" in answer.flags("SY")


@pytest.mark.parametrize("role", ["check_total", "triangulation", "restates", "held"])
def test_only_counted_figures_add(role: str) -> None:
    fields = {"restates": ["x"]} if role == "restates" else {}
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), fig("y", 500, "SY-LA", role=role, **fields))
    )

    assert answer.of("SY-LA") == (100, 100, 100)


def test_a_figure_of_another_role_alone_makes_no_cell() -> None:
    assert not ask(report("a", 8, fig("y", 500, "SY-LA", role="held"))).told.cells


@pytest.mark.parametrize(
    "later",
    [
        act("retracted", "z", 9, "a#y"),
        act("marked_duplicate", "z", 9, "a#y", of="a#x"),
        act("reviewed", "z", 9, "a#y", role="held"),
    ],
)
def test_a_retracted_duplicate_or_held_figure_counts_no_more(later: dict[str, Any]) -> None:
    events = [report("a", 8, fig("x", 100, "SY-LA"), fig("y", 30, "SY-TA"))]

    assert ask(*events).of("SY") == (130, 130, 130)
    assert ask(*events, later).of("SY") == (100, 100, 100)


def test_figures_recorded_later_than_known_as_of_are_not_admitted() -> None:
    events = [
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("x", 150, "SY-LA")),
        act("retracted", "c", 9, "b#x"),
    ]

    assert ask(*events, known_as_of=1).of("SY-LA") == (100, 100, 100)
    assert ask(*events, known_as_of=2).of("SY-LA") == (150, 150, 150)
    assert ask(*events, known_as_of=3).of("SY-LA") == (100, 100, 100)


def test_a_backfilled_history_can_be_asked_as_the_public_saw_it() -> None:
    # given: a figure about the 7th which was published on the 9th only
    events = [
        report("b", 9, fig("x", 150, "SY-LA", as_of="2025-03-07")),
        report("a", 8, fig("x", 100, "SY-LA", as_of="2025-03-06")),
    ]

    assert ask(*events, published_as_of=8).of("SY-LA") == (100, 100, 100)
    assert ask(*events, as_of=7).of("SY-LA") == (150, 150, 150)


def test_an_act_after_the_publication_asked_for_has_not_happened() -> None:
    events = [report("a", 8, fig("x", 100, "SY-LA")), act("retracted", "c", 10, "a#x")]

    assert ask(*events, published_as_of=9).of("SY-LA") == (100, 100, 100)
    assert not ask(*events, published_as_of=10).told.cells


def test_a_status_alone_takes_nothing_out() -> None:
    # given: an alleged figure that a reviewer calls disputed
    events = [
        report("a", 8, fig("x", 100, "SY-LA", segment=CIVILIAN, status="alleged")),
        act("reviewed", "c", 9, "a#x", status="disputed"),
    ]

    assert ask(*events).of("SY-LA", "civilian") == (100, 100, 100)


def test_lows_of_words_and_numbers_add_only_bounds_not_points() -> None:
    answer = ask(report("a", 8, fig("x", "dozens", "SY-LA"), fig("y", quantity(30), "SY-TA")))

    assert answer.of("SY") == (42, None, 129)


def test_incidents_before_a_total_began_to_count_do_not_contradict_it() -> None:
    # given: a total from the 5th on, and an incident of the 2nd in it
    window = {"start": day(5), "end": day(8)}
    incident = {"basis": "incident", "window": {"start": day(2), "end": day(2)}, "as_of": day(2)}
    answer = ask(
        report("a", 8, fig("all", 3, "SY-LA", window=window, as_of=day(8))),
        report("b", 8, fig("attack", 14, "SY-LA", segment=COMBATANT, **incident)),
    )

    # then
    assert "conflict" not in answer.flags("SY-LA")
    assert answer.of("SY-LA")[0] == 14


def test_a_part_that_may_have_begun_before_its_total_does_not_contradict_it() -> None:
    # given: nobody on the 8th, and one civilian up to then, since nobody says when
    answer = ask(
        report("a", 8, fig("all", 0, "SY-LA", window={"start": day(8), "end": day(8)})),
        report("b", 8, fig("civ", 1, "SY-LA", segment=CIVILIAN, window=None, as_of=day(8))),
    )

    # then
    assert "conflict" not in answer.flags("SY-LA")
    assert answer.of("SY-LA") == (1, None, 1)


def test_a_part_that_began_with_its_total_or_later_contradicts_it() -> None:
    whole = fig("all", 3, "SY-LA", window={"start": day(5)}, as_of=day(8))
    for first in (5, 6):
        part = fig("civ", 14, "SY-LA", segment=CIVILIAN, window={"start": day(first)}, as_of=day(8))
        answer = ask(report("a", 8, whole), report("b", 8, part))

        assert "conflict" in answer.flags("SY-LA")
        assert answer.of("SY-LA") == (3, 3, 14)
