"""R10: segments and their totals, what no segment explains, and dimensions that overlap."""

import pytest
from figures_builder import (
    CIVILIAN,
    COMBATANT,
    PRO_REGIME,
    SECURITY,
    about,
    ask,
    at_least,
    fig,
    increment,
    more_than,
    report,
)

COAST = ["SY-LA", "SY-TA"]
ARTICLE = report(
    "a",
    8,
    fig("civ", about(745), COAST, segment=CIVILIAN),
    fig("sec", about(125), COAST, segment=SECURITY),
    fig("pro", 148, COAST, segment=PRO_REGIME),
    fig("tot", more_than(1000), COAST, role="check_total", components=["civ", "sec", "pro"]),
)


def test_745_and_125_and_148_are_1018_and_the_total_adds_nobody() -> None:
    answer = ask(ARTICLE)

    assert answer.of("SY") == (1018, 1018, 1018)
    assert answer.of("SY", "civilian") == (745, 745, 745)
    assert answer.of("SY", "combatant") == (273, 273, 273)
    assert answer.check("bound", "a#tot").holds


def test_a_status_is_derived_from_its_groups() -> None:
    answer = ask(report("a", 8, fig("s", 125, "SY-LA", segment=SECURITY)))

    assert answer.of("SY-LA", "combatant") == (125, 125, 125)


def test_a_sum_of_some_segments_says_that_others_are_missing() -> None:
    some = ask(report("a", 8, fig("c", 60, "SY-LA", segment=CIVILIAN)))
    both = ask(
        report(
            "a", 8, fig("c", 60, "SY-LA", segment=CIVILIAN), fig("d", 5, "SY-LA", segment=COMBATANT)
        )
    )

    assert some.of("SY-LA")[0] == 60
    assert "segments_missing" in some.flags("SY-LA")
    assert "segments_missing" not in some.flags("SY-LA", "civilian")
    assert "segments_missing" not in both.flags("SY-LA")


def test_a_remainder_no_segment_explains_is_unspecified() -> None:
    answer = ask(report("a", 8, fig("x", 100, "SY-LA"), fig("c", 60, "SY-LA", segment=CIVILIAN)))

    assert answer.of("SY-LA") == (100, 100, 100)
    assert answer.unspecified("SY-LA") == (40, 40, 40)
    assert answer.of("SY-LA", "civilian") == (60, 60, 100)


def test_segments_that_explain_a_total_leave_nothing_unspecified() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("x", 100, "SY-LA"),
            fig("c", 60, "SY-LA", segment=CIVILIAN),
            fig("d", 40, "SY-LA", segment=COMBATANT),
        )
    )

    assert answer.unspecified("SY-LA") == (0, 0, 0)
    assert answer.of("SY-LA") == (100, 100, 100)


def test_a_total_below_its_segments_is_a_conflict() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("x", 100, "SY-LA"),
            fig("c", 80, "SY-LA", segment=CIVILIAN),
            fig("d", 40, "SY-LA", segment=COMBATANT),
        )
    )

    assert answer.of("SY-LA") == (100, 100, 120)
    assert "conflict" in answer.flags("SY-LA")


def test_a_female_ten_and_a_child_five_are_ten_to_fifteen() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("f", 10, "SY-LA", segment={"sex": "female"}),
            fig("c", 5, "SY-LA", segment={"age_band": "child"}),
        )
    )

    assert answer.of("SY-LA") == (10, None, 15)
    assert answer.of("SY") == (10, None, 15)


def test_values_of_one_dimension_are_disjoint_and_add() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("f", 10, "SY-LA", segment={"sex": "female"}),
            fig("m", 5, "SY-LA", segment={"sex": "male"}),
        )
    )

    assert answer.of("SY-LA") == (15, 15, 15)


def test_ages_that_overlap_do_not_add() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("c", 10, "SY-LA", segment={"age_band": "child"}),
            fig("y", 8, "SY-LA", segment={"age_band": "15-24"}),
        )
    )

    assert answer.of("SY-LA") == (10, None, 18)


def test_a_dimension_across_others_adds_no_low() -> None:
    # given: 40 civilians, 50 of state security, 5 children who may be any of them
    answer = ask(
        report(
            "a",
            8,
            fig("c", 40, "SY-LA", segment=CIVILIAN),
            fig("s", 50, "SY-LA", segment=SECURITY),
            fig("k", 5, "SY-LA", segment={"age_band": "child"}),
        )
    )

    assert answer.of("SY-LA") == (90, None, 95)


def test_a_subset_named_by_more_constraints_is_inside() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("c", 40, "SY-LA", segment=CIVILIAN),
            fig("f", 15, "SY-LA", segment={"status": "civilian", "sex": "female"}),
        )
    )

    assert answer.of("SY-LA", "civilian") == (40, 40, 40)
    assert answer.of("SY-LA", "civilian/female")[:2] == (15, 15)
    assert answer.of("SY-LA")[:2] == (40, 40)


def test_status_any_is_everybody() -> None:
    answer = ask(
        report("a", 8, fig("x", 40, "SY-LA", segment={"status": "any"})),
        report("b", 9, fig("x", 50, "SY-LA")),
    )

    assert answer.of("SY-LA") == (50, 50, 50)


@pytest.mark.parametrize("first", [CIVILIAN, COMBATANT])
def test_segments_of_different_provinces_add_up_to_the_country(first: dict[str, str]) -> None:
    second = COMBATANT if first is CIVILIAN else CIVILIAN
    answer = ask(
        report("a", 8, fig("x", 40, "SY-LA", segment=first), fig("y", 9, "SY-TA", segment=second))
    )

    assert answer.of("SY") == (49, 49, 49)
    assert "segments_missing" in answer.flags("SY-LA")


def test_two_segments_of_two_areas_do_not_add_where_they_may_be_the_same_people() -> None:
    # given: females on the coast and children in Latakia
    answer = ask(
        report(
            "a",
            8,
            fig("f", 10, COAST, segment={"sex": "female"}),
            fig("c", 7, "SY-LA", segment={"age_band": "child"}),
        )
    )

    assert answer.of("SY") == (10, None, 17)


def test_disjoint_segments_of_overlapping_scopes_add() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("c", 60, COAST, segment=CIVILIAN),
            fig("d", 40, ["SY-TA", "SY-HM"], segment=COMBATANT),
        )
    )

    assert answer.of("SY") == (100, 100, 100)


def test_increments_of_disjoint_segments_add_to_the_total() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report(
            "b",
            9,
            increment("c", 6, "SY-LA", 9, 9, segment=CIVILIAN),
            increment("d", 4, "SY-LA", 9, 9, segment=COMBATANT),
        ),
    )

    assert answer.of("SY-LA") == (110, 110, 110)


def test_a_total_is_not_below_what_a_later_figure_leaves_open_of_a_segment() -> None:
    # given: a total, and a segment that a later and wider figure says may have grown since
    answer = ask(
        report("a", 8, fig("all", 10, "SY-LA")),
        report("b", 9, fig("civ", at_least(5), ["SY-LA", "SY-TA"], segment=CIVILIAN)),
    )

    # then
    assert answer.of("SY-LA", "civilian") == (0, None, None)
    assert answer.of("SY-LA") == (10, 10, None)
    assert "open_high" in answer.flags("SY-LA")
