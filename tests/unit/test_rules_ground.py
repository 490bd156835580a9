"""The ground rules of section 5: dates, order, series keys, nodes, and which cells exist."""

from itertools import permutations

import pytest
from figures_builder import (
    CIVILIAN,
    SECURITY,
    about,
    act,
    ask,
    at_least,
    bounds,
    day,
    fig,
    gid,
    increment,
    report,
)

from tollbook_schemas.times import end_of

COAST = ["SY-LA", "SY-TA"]


def test_a_date_stands_for_its_end_in_as_of() -> None:
    # given: a count at eight in the evening, and one of the same day without an hour
    evening = report("a", 8, fig("x", 100, "SY-LA", as_of="2025-03-08T20:00:00Z"))
    whole_day = report("b", 8, fig("x", 110, "SY-LA", as_of=day(8)))

    assert ask(whole_day, evening).of("SY-LA") == (110, 110, 110)


def test_a_date_stands_for_its_start_in_a_window() -> None:
    # given: a base up to the end of the 8th, an increment from the 9th
    base = report("a", 8, fig("x", 100, "SY-LA"))
    later = report("b", 9, increment("i", 10, "SY-LA", 9, 9))

    assert ask(base, later).of("SY-LA") == (110, 110, 110)


def test_a_question_about_a_day_holds_the_whole_day() -> None:
    late = report("a", 8, fig("x", 100, "SY-LA", as_of="2025-03-08T23:30:00Z"))

    assert ask(late, as_of=8).of("SY-LA") == (100, 100, 100)
    assert not ask(late, as_of=7).has("SY-LA")


def test_as_of_defaults_to_the_end_of_the_window_and_is_flagged() -> None:
    # given: a report of the 10th about a window that ended on the 7th, and a count of the 8th
    window = {"start": day(6), "end": day(7)}
    old = report("a", 10, fig("x", 90, "SY-LA", window=window, as_of=None))
    newer = report("b", 8, fig("x", 100, "SY-LA"))

    assert ask(old).flags("SY-LA") >= {"as_of_assumed"}
    assert ask(old, newer).of("SY-LA") == (100, 100, 100)


def test_as_of_defaults_to_the_publication_without_a_window() -> None:
    answer = ask(report("a", 10, fig("x", 90, "SY-LA", as_of=None)))

    assert answer.cell("SY-LA").merged.as_of == end_of(day(10))
    assert "as_of_assumed" in answer.flags("SY-LA")


def test_of_equal_cut_offs_the_later_publication_is_current() -> None:
    first = report("a", 8, fig("x", 100, "SY-LA", as_of=day(7)))
    second = report("b", 9, fig("x", 120, "SY-LA", as_of=day(7)))

    assert ask(second, first).of("SY-LA") == (120, 120, 120)


def test_arrival_order_plays_no_part_for_reports_and_acts() -> None:
    events = [
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("x", 150, "SY-LA")),
        act("correction", "c", 10, "b#x", quantity={"qualifier": "exactly", "value": 140}),
        act("retracted", "d", 11, "a#x"),
    ]

    answers = {ask(*order).of("SY-LA") for order in permutations(events)}

    assert answers == {(140, 140, 140)}


@pytest.mark.parametrize(
    "other",
    [
        {"measure": "injured"},
        {"unit": "body"},
        {"basis": "stock"},
        {"destination": ["LB"]},
        {"origin": ["SY-HM"]},
    ],
)
def test_a_figure_of_something_else_is_another_cell_and_revises_nothing(
    other: dict[str, str],
) -> None:
    # given: two figures that differ only in what they count or where the people went
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")), report("b", 9, fig("x", 7, "SY-LA", **other))
    )

    values = [
        bounds(c.merged.interval) for c in answer.told.cells if c.key.region.areas == ("SY-LA",)
    ]

    assert sorted(value[:2] for value in values) == [(7, 7), (100, 100)]
    assert not answer.told.marks


def test_attribution_is_not_in_the_key() -> None:
    # given: the same originator blames another group a day later
    first = report("a", 8, fig("x", 100, "SY-LA", attribution={"group": "militia"}))
    second = report("b", 9, fig("x", 120, "SY-LA", attribution={"group": "army"}))

    assert ask(first, second).of("SY-LA") == (120, 120, 120)


def test_values_of_one_report_that_differ_only_in_attribution_add() -> None:
    # given: SNHR on 7 March: 15 civilians by one side, about 125 by the other
    snhr = report(
        "a",
        7,
        fig("a", 15, "SY-LA", attribution={"group": "pro_former_regime"}),
        fig("b", about(125), "SY-LA", attribution={"group": "state_security"}),
    )

    assert ask(snhr).of("SY-LA") == (140, 140, 140)


def test_two_values_of_one_attribution_are_ambiguous_and_the_others_still_add() -> None:
    answer = ask(
        report(
            "a",
            7,
            fig("a", 15, "SY-LA", attribution={"group": "militia"}),
            fig("b", 20, "SY-LA", attribution={"group": "militia"}),
            fig("c", 125, "SY-LA", attribution={"group": "army"}),
        )
    )

    assert answer.of("SY-LA") == (140, None, 145)
    assert "ambiguous_series" in answer.flags("SY-LA")


def test_two_values_of_one_time_are_their_hull() -> None:
    # given: one report says 125 and 131 of the same people
    answer = ask(report("a", 8, fig("x", 125, "SY-LA"), fig("y", 131, "SY-LA")))

    assert answer.of("SY-LA") == (125, None, 131)
    assert "ambiguous_series" in answer.flags("SY-LA")


def test_two_reports_of_one_time_are_their_hull_whichever_came_first() -> None:
    one, two = report("a", 8, fig("x", 125, "SY-LA")), report("b", 8, fig("y", 131, "SY-LA"))

    assert ask(one, two).of("SY-LA") == ask(two, one).of("SY-LA") == (125, None, 131)


def test_equal_values_of_one_time_are_not_ambiguous() -> None:
    answer = ask(report("a", 8, fig("x", 125, "SY-LA")), report("b", 8, fig("y", 125, "SY-LA")))

    assert answer.of("SY-LA") == (125, 125, 125)
    assert "ambiguous_series" not in answer.flags("SY-LA")


def test_a_part_with_the_same_key_is_no_revision() -> None:
    # given: 340 on the coast, of whom 31, in the same report and with the same key
    answer = ask(report("a", 8, fig("x", 340, COAST), fig("y", 31, COAST, part_of="x")))

    assert answer.of("SY") == (340, 340, 340)
    assert not answer.marks("a#y")


def test_a_place_makes_another_series() -> None:
    answer = ask(
        report("a", 8, fig("x", 340, COAST)),
        report("b", 9, fig("y", 31, COAST, place="Al-Tuwaimah")),
    )

    assert answer.of("SY") == (340, 340, 340)
    assert not answer.marks("b#y")


def test_equal_numbers_are_not_duplicates() -> None:
    # given: 745 was the total at noon and the count of civilians at night
    answer = ask(
        report("a", 8, fig("x", 745, "SY-LA", as_of="2025-03-08T12:00:00Z")),
        report(
            "b",
            8,
            fig("civ", 745, "SY-LA", segment=CIVILIAN, as_of="2025-03-08T22:00:00Z"),
            fig("sec", 125, "SY-LA", segment=SECURITY, as_of="2025-03-08T22:00:00Z"),
        ),
    )

    assert answer.of("SY-LA", "civilian") == (745, 745, 745)
    assert answer.of("SY-LA")[0] == 870


def test_households_and_persons_are_two_cells_and_pair_is_only_a_label() -> None:
    moved = {"measure": "displaced", "pair": "p"}
    answer = ask(
        report(
            "a",
            8,
            fig("people", 100, "SY-LA", unit="person", **moved),
            fig("homes", 20, "SY-LA", unit="household", **moved),
        )
    )

    assert answer.of("SY-LA", unit="person") == (100, 100, 100)
    assert answer.of("SY-LA", unit="household") == (20, 20, 20)


def test_a_country_figure_creates_no_province_cells() -> None:
    assert ask(report("a", 8, fig("x", 40, "SY"))).areas() == {"SY"}


def test_a_figure_creates_the_cells_of_its_areas_and_of_those_that_hold_them() -> None:
    assert ask(report("a", 8, fig("x", 40, ["SY0602", "SY-TA"]))).areas() == {
        "SY0602",
        "SY-LA",
        "SY-TA",
        "SY",
    }


def test_an_area_with_no_figure_shows_no_report() -> None:
    assert not ask(report("a", 8, fig("x", 40, "SY-LA"))).has("SY-HM")


def test_an_alias_names_the_same_cell() -> None:
    answer = ask(report("a", 8, fig("x", 40, "SY06")), report("b", 9, fig("x", 50, "SY-LA")))

    assert answer.of("SY-LA") == (50, 50, 50)
    assert not answer.has("SY06")


def test_mode_each_holds_for_each_area() -> None:
    answer = ask(report("a", 8, fig("x", at_least(40), COAST, mode="each")))

    assert answer.of("SY-LA") == answer.of("SY-TA") == (40, 40, None)
    assert answer.of("SY") == (80, 80, None)
    assert not answer.has("SY-LA+SY-TA", kind="unallocated")


def test_a_global_part_of_is_understood() -> None:
    answer = ask(
        report("a", 8, fig("x", 340, COAST)),
        report("b", 8, fig("y", 31, COAST, part_of=gid("a#x"))),
    )

    assert answer.of("SY") == (340, 340, 340)
