"""R4, R5 and R7: bases, increments and how older figures of parts and wholes stand."""

import pytest
from figures_builder import CIVILIAN, act, ask, day, fig, increment, report

COAST = ["SY-LA", "SY-TA"]
THREE = ["SY-LA", "SY-TA", "SY-HM"]
STOCK = {"basis": "stock", "measure": "sheltering"}


def test_the_latest_cumulative_is_the_base_whatever_came_last() -> None:
    answer = ask(report("b", 9, fig("x", 150, "SY-LA")), report("a", 8, fig("x", 100, "SY-LA")))

    assert answer.of("SY-LA") == (150, 150, 150)


def test_an_older_scope_of_several_areas_inside_a_newer_one_is_history() -> None:
    # given: 100 on the coast on the 8th, 50 in three provinces on the 10th
    answer = ask(report("a", 8, fig("x", 100, COAST)), report("b", 10, fig("y", 50, THREE)))

    # then: no floor, no bucket, no conflict
    assert answer.of("SY") == (50, 50, 50)
    assert not answer.has("SY-LA+SY-TA", kind="unallocated")
    assert answer.of("SY-LA") == (0, None, 50)


def test_its_increments_are_history_too() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, COAST)),
        report("b", 9, increment("i", 70, COAST, 9, 9)),
        report("c", 10, fig("y", 150, THREE)),
    )

    assert answer.of("SY") == (150, 150, 150)


def test_an_older_single_area_keeps_its_floor() -> None:
    answer = ask(report("a", 8, fig("x", 100, "SY-LA")), report("b", 10, fig("y", 150, THREE)))

    assert answer.of("SY-LA") == (100, None, 150)
    assert answer.of("SY-HM") == (0, None, 50)
    assert answer.of("SY") == (150, 150, 150)


def test_across_segments_nothing_is_superseded() -> None:
    # given: civilians on the coast on the 8th, everybody in three provinces on the 10th
    answer = ask(
        report("a", 8, fig("x", 60, COAST, segment=CIVILIAN)),
        report("b", 10, fig("y", 100, THREE)),
    )

    assert answer.has("SY-LA+SY-TA", "civilian", "unallocated")
    assert answer.of("SY", "civilian") == (60, None, 100)


def test_a_later_increment_adds_and_an_earlier_one_is_a_check() -> None:
    base = report("a", 8, fig("x", 100, "SY-LA"))
    more = report("b", 9, increment("i", 10, "SY-LA", 9, 9))
    next_base = report("c", 9, fig("y", 112, "SY-LA"))

    assert ask(base, more).of("SY-LA") == (110, 110, 110)
    assert ask(base, more, next_base).of("SY-LA") == (112, 112, 112)
    assert [check.holds for check in ask(base, more, next_base).checks("increment")] == [False]


def test_an_increment_counts_against_the_base_of_each_containing_scope() -> None:
    # given: Latakia on the 8th and more on the 10th; the country on the 9th
    events = [
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 10, increment("i", 10, "SY-LA", 10, 10)),
        report("c", 9, fig("y", 300, "SY")),
    ]

    assert ask(*events).of("SY") == (310, 310, 310)
    assert ask(*events, report("d", 10, fig("y", 305, "SY"))).of("SY") == (305, 305, 305)


def test_a_window_that_straddles_the_base_only_widens_high() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")), report("b", 9, increment("i", 10, "SY-LA", 8, 9))
    )

    assert answer.of("SY-LA") == (100, None, 110)
    assert "window_straddles" in answer.flags("SY-LA")


def test_windows_that_overlap_without_nesting_are_not_added() -> None:
    answer = ask(
        report("a", 9, increment("i", 10, "SY-LA", 8, 9)),
        report("b", 10, increment("j", 5, "SY-LA", 9, 10)),
    )

    assert answer.of("SY-LA") == (10, None, 15)
    assert "window_straddles" in answer.flags("SY-LA")


def test_a_nested_window_is_contained_in_the_wider() -> None:
    answer = ask(
        report("a", 10, increment("i", 10, "SY-LA", 8, 10)),
        report("b", 9, increment("j", 5, "SY-LA", 9, 9)),
    )

    assert answer.of("SY-LA") == (10, 10, 10)


def test_a_window_wholly_before_the_base_began_adds() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", window={"start": day(6)})),
        report("b", 5, increment("i", 10, "SY-LA", 4, 5)),
    )

    assert answer.of("SY-LA") == (110, 110, 110)


def test_a_window_that_reaches_into_the_base_adds_nothing_before_it() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", window={"start": day(6)})),
        report("b", 6, increment("i", 10, "SY-LA", 5, 6)),
    )

    assert answer.of("SY-LA")[0] == 100


def test_without_a_base_disjoint_increments_are_the_value() -> None:
    answer = ask(
        report("a", 9, increment("i", 10, "SY-LA", 9, 9)),
        report("b", 12, increment("j", 5, "SY-LA", 11, 12)),
    )

    assert answer.of("SY-LA") == (15, 15, 15)
    assert "mixed_as_of" in answer.flags("SY-LA")


def test_inside_a_containing_base_an_increment_is_a_floor() -> None:
    answer = ask(
        report("a", 8, increment("i", 10, "SY-LA", 8, 8)), report("b", 9, fig("y", 300, "SY"))
    )

    assert answer.of("SY-LA") == (10, None, 300)


def test_an_increment_contains_those_of_its_parts_in_its_window() -> None:
    answer = ask(
        report("a", 9, increment("i", 10, "SY", 8, 9)),
        report("b", 9, increment("j", 4, "SY-LA", 9, 9)),
    )

    assert answer.of("SY") == (10, 10, 10)
    assert answer.of("SY-LA")[0] == 4


def test_a_revised_increment_replaces_itself_only() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, increment("i", 10, "SY-LA", 9, 9)),
        report("c", 10, increment("i", 12, "SY-LA", 9, 9), increment("j", 3, "SY-LA", 10, 10)),
    )

    assert answer.of("SY-LA") == (115, 115, 115)


def test_a_later_containing_figure_leaves_a_part_its_floor() -> None:
    answer = ask(report("a", 8, fig("x", 100, "SY-LA")), report("b", 9, fig("y", 150, COAST)))

    assert answer.of("SY-LA") == (100, None, 150)


def test_the_floor_holds_the_increments_too() -> None:
    answer = ask(
        report("a", 6, fig("x", 100, "SY-LA")),
        report("b", 7, increment("i", 10, "SY-LA", 7, 7)),
        report("c", 9, fig("y", 150, COAST)),
    )

    assert answer.of("SY-LA") == (110, None, 150)


def test_equal_as_of_is_not_later() -> None:
    answer = ask(report("a", 9, fig("x", 100, "SY-LA")), report("b", 9, fig("y", 150, COAST)))

    assert answer.of("SY-LA")[:2] == (100, 100)


def test_a_later_containing_segment_acts_likewise() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", segment=CIVILIAN)),
        report("b", 9, fig("y", 150, "SY-LA")),
    )

    assert answer.of("SY-LA", "civilian") == (100, None, 150)


def test_a_floor_goes_when_its_figure_is_corrected() -> None:
    # given: a part whose later figure is lower
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("y", 150, COAST)),
        report("c", 10, fig("x", 80, "SY-LA")),
    )

    assert answer.of("SY-LA")[:2] == (80, 80)


def test_an_old_stock_keeps_its_best_and_says_it_is_stale() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", **STOCK)),
        report("b", 9, fig("y", 150, "SY", **STOCK)),
    )

    assert answer.of("SY-LA")[:2] == (100, 100)
    assert "stale_stock" in answer.flags("SY-LA")


def test_of_two_places_in_one_area_the_larger_counts() -> None:
    answer = ask(
        report(
            "a", 8, fig("x", 10, "SY-LA", place="Jableh"), fig("y", 7, "SY-LA", place="Al-Haffa")
        )
    )

    assert answer.of("SY-LA") == (10, None, None)


def test_a_place_is_a_floor_of_its_area_and_never_its_figure() -> None:
    alone = report("a", 8, fig("x", 60, "SY-TA", place="Baniyas"))
    base = report("b", 8, fig("y", 100, "SY-TA"))

    assert ask(alone).of("SY-TA") == (60, None, None)
    assert ask(alone, base).of("SY-TA") == (100, 100, 100)


@pytest.mark.parametrize("places", [("SY-LA", "SY-TA"), ("SY-TA", "SY-LA")])
def test_places_in_different_areas_add(places: tuple[str, str]) -> None:
    one, two = places
    answer = ask(report("a", 8, fig("x", 30, one, place="A"), fig("y", 40, two, place="A")))

    assert answer.of("SY") == (70, None, None)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("correction", {}), ("definition_change", {"as_of": "2025-03-13"})],
)
def test_what_an_editor_states_of_a_relayed_figure_is_no_relay(
    kind: str, fields: dict[str, str]
) -> None:
    # given: two relayed values, and a lower one that an editor states instead of the second
    answer = ask(
        report("a", 11, fig("f", 658, "SY-LA"), relayed_by="paper"),
        report("b", 12, fig("f", 683, "SY-LA"), relayed_by="paper"),
        act(kind, "c", 14, "b#f", quantity={"qualifier": "exactly", "value": 600}, **fields),
    )

    # then
    assert answer.of("SY-LA") == (600, 600, 600)
    assert "unexplained_fall" not in answer.flags("SY-LA")


def test_a_clarification_that_states_nothing_leaves_a_relay_what_it_is() -> None:
    answer = ask(
        report("a", 11, fig("f", 658, "SY-LA")),
        report("b", 12, fig("f", 600, "SY-LA"), relayed_by="paper"),
        act("clarification", "c", 14, "b#f"),
    )

    assert answer.of("SY-LA") == (658, 658, 658)
