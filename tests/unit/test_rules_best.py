"""Whose value is the best of a cell where some originators know a part only (R9, R10, R12)."""

import pytest
from figures_builder import (
    CIVILIAN,
    COMBATANT,
    PRO_REGIME,
    SECURITY,
    Answer,
    ask,
    day,
    fig,
    report,
)

from tollbook_projections.consolidation.draft import Draft, put_in_order

COAST = ["SY-LA", "SY-TA"]


def test_who_counts_one_armed_group_does_not_set_the_toll_of_all_combatants() -> None:
    answer = ask(
        report(
            "a",
            9,
            fig("s", 231, "SY", segment=SECURITY),
            fig("r", 250, "SY", segment=PRO_REGIME),
            by="sohr",
        ),
        report("b", 10, fig("s", 200, "SY", segment=SECURITY), by="ministry"),
    )

    assert answer.of("SY", "combatant/state_security") == (200, 200, 231)
    assert answer.of("SY", "combatant") == (481, 481, 481)
    assert answer.of("SY") == (481, 481, 481)
    assert answer.cell("SY", "combatant").merged.supplier == "sohr"


def test_who_counts_one_province_does_not_set_the_toll_of_the_country() -> None:
    answer = ask(
        report("a", 9, fig("l", 300, "SY-LA"), fig("t", 100, "SY-TA"), by="a"),
        report("b", 10, fig("l", 290, "SY-LA"), by="b"),
    )

    assert answer.of("SY-LA") == (290, 290, 300)
    assert answer.of("SY")[:2] == (400, 400)
    assert answer.cell("SY").merged.supplier == "a"


def test_who_counts_one_province_is_no_answer_to_a_stated_total_of_the_country() -> None:
    answer = ask(
        report("a", 9, fig("c", 450, "SY"), by="un"),
        report("b", 10, fig("l", 40, "SY-LA"), by="local"),
    )

    assert answer.of("SY") == (450, 450, 450)
    assert answer.of("SY-LA") == (40, 40, 40)


def test_who_counts_a_group_in_one_province_does_not_set_the_toll_of_it_in_the_country() -> None:
    answer = ask(
        report(
            "a",
            9,
            fig("s", 231, "SY", segment=SECURITY),
            fig("r", 250, "SY", segment=PRO_REGIME),
            by="sohr",
        ),
        report("b", 10, fig("s", 40, "SY-LA", segment=SECURITY), by="local"),
    )

    assert answer.of("SY", "combatant/state_security")[:2] == (231, 231)
    assert answer.of("SY", "combatant") == (481, 481, 481)
    assert answer.of("SY", "all") == (481, 481, 481)


def test_of_two_that_each_know_another_group_the_whole_has_the_larger() -> None:
    # given: the smaller of the two is the later one
    answer = ask(
        report("a", 9, fig("s", 231, "SY", segment=SECURITY), by="a"),
        report("b", 8, fig("r", 250, "SY", segment=PRO_REGIME), by="b"),
    )

    # then: no part is above its whole
    assert answer.of("SY", "combatant") == (250, 250, 250)


def test_a_sum_of_fewer_parts_that_comes_to_more_is_ranked_like_any_other() -> None:
    # given: the later count of one group alone exceeds the earlier count of both
    answer = ask(
        report(
            "a",
            9,
            fig("s", 231, "SY", segment=SECURITY),
            fig("r", 250, "SY", segment=PRO_REGIME),
            by="sohr",
        ),
        report("b", 10, fig("s", 600, "SY", segment=SECURITY), by="ministry"),
    )

    # then: no part is above its whole
    assert answer.of("SY", "combatant/state_security")[1] == 600
    assert answer.of("SY", "combatant")[1] == 600


def test_a_later_sum_over_the_same_parts_may_come_to_less() -> None:
    def both(name: str, number: int, army: int, rebels: int) -> Answer:
        return ask(
            report(
                "a",
                9,
                fig("s", 231, "SY", segment=SECURITY),
                fig("r", 250, "SY", segment=PRO_REGIME),
                by="sohr",
            ),
            report(
                name,
                number,
                fig("s", army, "SY", segment=SECURITY),
                fig("r", rebels, "SY", segment=PRO_REGIME),
                by="ministry",
            ),
        )

    assert both("b", 10, 200, 220).of("SY", "combatant")[1] == 420
    assert both("b", 8, 200, 220).of("SY", "combatant")[1] == 481


def test_civilians_and_combatants_are_everybody_and_may_come_to_less_than_a_stated_total() -> None:
    answer = ask(
        report("a", 9, fig("c", 160, "SY"), by="a"),
        report(
            "b",
            10,
            fig("c", 100, "SY", segment=CIVILIAN),
            fig("m", 50, "SY", segment=COMBATANT),
            by="b",
        ),
    )

    assert answer.of("SY") == (150, 150, 160)
    assert answer.cell("SY").merged.supplier == "b"


def test_civilians_and_one_armed_group_are_not_everybody() -> None:
    answer = ask(
        report("a", 9, fig("c", 160, "SY"), by="a"),
        report(
            "b",
            10,
            fig("c", 100, "SY", segment=CIVILIAN),
            fig("m", 50, "SY", segment=SECURITY),
            by="b",
        ),
    )

    assert answer.of("SY") == (160, 160, 160)


def test_a_floor_of_another_originator_is_no_answer_that_a_sum_comes_behind() -> None:
    # given: a sum over one province, and elsewhere a place with more
    answer = ask(
        report("a", 9, fig("l", 40, "SY-LA"), by="a"),
        report("b", 10, fig("p", 60, "SY-TA", place="Baniyas", as_of=day(10)), by="b"),
    )

    assert answer.of("SY")[1] == 40


def test_two_territories_that_two_originators_count_are_said_to_lack_each_other() -> None:
    """Given a count of one province each, then the larger is best, and flagged as a part."""
    answer = ask(
        report("a", 9, fig("g", 73_419, COAST), by="ministry"),
        report("b", 10, fig("w", 1_108, "SY-HM"), by="un"),
    )

    assert answer.of("SY")[:2] == (73_419, 73_419)
    assert answer.cell("SY").merged.supplier == "ministry"
    assert "parts_missing" in answer.flags("SY")
    assert "parts_missing" not in answer.flags("SY-HM")


def test_a_stated_total_of_the_whole_lacks_nothing() -> None:
    answer = ask(
        report("a", 9, fig("c", 450, "SY"), by="un"),
        report("b", 10, fig("l", 40, "SY-LA"), by="local"),
    )

    assert "parts_missing" not in answer.flags("SY")


def test_a_sum_of_other_parts_below_a_count_without_a_point_value_is_no_best() -> None:
    """Given children of one territory whose point value has aged, and few of another."""
    child = {"age_band": "child"}
    answer = ask(
        report("a", 8, fig("c", 20_179, COAST, segment=child), by="ministry"),
        report("b", 9, fig("all", 73_419, COAST), by="ministry"),
        report("d", 10, fig("w", 234, "SY-HM", segment=child), by="un"),
    )

    assert answer.own("ministry", "SY", "child")[:2] == (20_179, None)
    assert answer.of("SY", "child")[:2] == (20_179, None)
    assert {"below_ranked_floor", "parts_missing"} <= answer.flags("SY", "child")


def test_provinces_that_only_one_of_two_originators_knows_are_not_missing_in_its_own_sum() -> None:
    answer = ask(
        report("a", 9, fig("l", 300, "SY-LA"), fig("t", 100, "SY-TA"), by="a"),
        report("b", 10, fig("l", 290, "SY-LA"), by="b"),
    )

    assert "parts_missing" not in answer.flags("SY")


@pytest.mark.parametrize(
    ("best", "high", "low", "wanted"),
    [
        (10, 8, 5, (10, 10)),  # a high below the best is raised to it
        (10, 20, 5, (10, 20)),
        (10, 20, 15, (None, 20)),  # a best below the minimum is none
        (None, 8, 15, (None, 15)),
    ],
)
def test_best_is_not_below_low_and_high_below_neither(
    best: int | None, high: int, low: int, wanted: tuple[int | None, int]
) -> None:
    draft = Draft(best, high)

    put_in_order(draft, low)

    assert (draft.best, draft.high) == wanted
