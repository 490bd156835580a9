"""Checks: what figures say of each other, with both sides, and never an error."""

import pytest
from figures_builder import (
    CIVILIAN,
    COMBATANT,
    about,
    act,
    ask,
    at_least,
    bounds,
    day,
    fig,
    gid,
    increment,
    more_than,
    quantity,
    report,
)

from tollbook_projections.filing import Document

COAST = ["SY-LA", "SY-TA"]
FAMILIES = {"measure": "displaced_across_border", "unit": "family"}


def total_of(value: object) -> Document:
    """400 civilians and 500 combatants, and a printed total of them."""
    return report(
        "a",
        8,
        fig("c", 400, "SY-LA", segment=CIVILIAN),
        fig("d", 500, "SY-LA", segment=COMBATANT),
        fig("t", value, "SY-LA", role="check_total", components=["c", "d"]),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("printed", "kind", "holds"),
    [
        (900, "sum", True),
        (899, "sum", False),
        (901, "sum", False),
        (about(940), "sum", True),
        (about(960), "sum", False),
        (about(860), "sum", True),
        (at_least(900), "bound", True),
        (at_least(901), "bound", False),
        (more_than(899), "bound", True),
        (more_than(900), "bound", False),
        ({"qualifier": "less_than", "value": 901}, "bound", True),
        ({"qualifier": "less_than", "value": 900}, "bound", False),
        ({"qualifier": "up_to", "value": 900}, "bound", True),
    ],
)
def test_a_total_is_held_against_its_components(printed: object, kind: str, *, holds: bool) -> None:
    check = ask(total_of(printed)).check(kind, "a#t")

    assert check.holds is holds
    assert bounds(check.computed) == (900, 900, 900)
    assert check.against == (gid("a#c"), gid("a#d"))


def test_the_sum_that_was_printed_wrong_is_shown_with_both_sides() -> None:
    # given: 40 Lebanese and 1,184 Syrian families, printed as 1,476
    survey = report(
        "a",
        9,
        fig("t", 1476, COAST, components=["lb", "sy"], **FAMILIES),
        fig("lb", 40, COAST, segment={"community": "lebanese"}, part_of="t", **FAMILIES),
        fig("sy", 1184, COAST, segment={"community": "syrian"}, part_of="t", **FAMILIES),
    )
    answer = ask(survey)
    check = answer.check("sum", "a#t")

    assert not check.holds
    assert bounds(check.stated) == (1476, 1476, 1476)
    assert bounds(check.computed) == (1224, 1224, 1224)
    assert answer.of("SY") == (1476, 1476, 1476)


def test_components_may_stand_in_other_reports() -> None:
    answer = ask(
        report("a", 8, fig("c", 400, "SY-LA", segment=CIVILIAN)),
        report("b", 9, fig("d", 500, "SY-LA", segment=COMBATANT)),
        report(
            "c", 9, fig("t", 900, "SY-LA", role="check_total", components=[gid("a#c"), gid("b#d")])
        ),
    )

    assert answer.check("sum", "c#t").holds


def test_a_component_that_is_not_there_leaves_the_other_side_unknown() -> None:
    check = ask(total_of(900), act("retracted", "b", 9, "a#d")).check("sum", "a#t")

    assert check.computed is None
    assert not check.holds


def test_a_corrected_component_is_taken_as_corrected() -> None:
    correction = act("correction", "b", 9, "a#d", quantity=quantity(600))

    assert bounds(ask(total_of(900), correction).check("sum", "a#t").computed) == (1000, 1000, 1000)


def test_parts_that_tile_the_areas_must_match() -> None:
    def tiled(value: int) -> Document:
        return report(
            "a",
            8,
            fig("t", 100, COAST),
            fig("l", 40, "SY-LA", part_of="t"),
            fig("r", value, "SY-TA", part_of="t"),
        )

    assert ask(tiled(60)).check("sum", "a#t").holds
    assert not ask(tiled(50)).check("sum", "a#t").holds


def test_other_parts_must_only_not_exceed() -> None:
    def with_part(value: int) -> Document:
        return report("a", 8, fig("t", 100, COAST), fig("l", value, "SY-LA", part_of="t"))

    held = [one.holds for one in ask(with_part(40)).checks(figure="a#t")]
    broken = [one.holds for one in ask(with_part(140)).checks(figure="a#t")]

    assert held == [True]
    assert broken == [False]


def test_parts_that_may_overlap_are_not_added_against_the_whole() -> None:
    # given: 60 women and 50 children among 100
    answer = ask(
        report(
            "a",
            8,
            fig("t", 100, "SY-LA"),
            fig("w", 60, "SY-LA", segment={"sex": "female"}, part_of="t"),
            fig("k", 50, "SY-LA", segment={"age_band": "child"}, part_of="t"),
        )
    )

    assert all(check.holds for check in answer.checks(figure="a#t"))


def test_the_base_before_and_the_increment_make_the_base_at_its_end() -> None:
    def events(after: int) -> list[Document]:
        return [
            report("a", 11, fig("x", 658, "SY-LA")),
            report("b", 12, fig("x", after, "SY-LA"), increment("i", 25, "SY-LA", 12, 12)),
        ]

    held, broken = ask(*events(683)), ask(*events(690))

    assert held.check("increment", "b#i").holds
    assert bounds(held.check("increment", "b#i").computed) == (683, 683, 683)
    assert not broken.check("increment", "b#i").holds
    assert broken.check("increment", "b#i").stated_by == (gid("b#x"),)
    assert broken.check("increment", "b#i").against == (gid("a#x"), gid("b#i"))
    assert broken.of("SY-LA") == (690, 690, 690)


def test_an_increment_without_a_base_before_it_is_not_checked() -> None:
    answer = ask(report("b", 12, fig("x", 683, "SY-LA"), increment("i", 25, "SY-LA", 12, 12)))

    assert not answer.checks("increment")


def test_a_looser_repetition_is_checked_by_its_low_bound_only() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("x", 7450, "SY-LA"),
            fig("y", "hundreds", "SY-LA", role="restates", restates=["x"]),
        ),
        report(
            "b",
            8,
            fig("x", 745, "SY-TA"),
            fig("y", "thousands", "SY-TA", role="restates", restates=["x"]),
        ),
    )

    assert answer.check("restates", "a#y").holds
    assert not answer.check("restates", "b#y").holds
    assert answer.of("SY-LA") == (7450, 7450, 7450)


def by_day(name: str, value: int, number: int) -> Document:
    """One day of another cut of the same people, as of the 8th."""
    cut = {"role": "triangulation", "dated_by": "occurrence"}
    return increment(name, value, "SY-LA", number, number, **cut) | {"as_of": day(8)}


def test_another_cut_is_held_against_the_toll_then_and_adds_nobody() -> None:
    events = [report("a", 8, fig("x", 100, "SY-LA")), report("z", 10, fig("x", 150, "SY-LA"))]
    held = ask(*events, report("b", 8, by_day("i", 60, 6), by_day("j", 40, 7)))
    broken = ask(*events, report("b", 8, by_day("i", 80, 6), by_day("j", 40, 7)))

    (good,), (bad,) = held.checks("triangulation"), broken.checks("triangulation")

    assert (bounds(good.stated), good.computed and bounds(good.computed)) == (
        (100, 100, 100),
        (100, 100, 100),
    )
    assert good.holds
    assert not bad.holds
    assert broken.of("SY-LA") == (150, 150, 150)


def test_a_failed_check_changes_no_cell() -> None:
    assert ask(total_of(5000)).of("SY-LA") == ask(total_of(900)).of("SY-LA") == (900, 900, 900)


def test_checks_of_one_originator_leave_out_the_figures_of_others() -> None:
    other = report("b", 8, fig("t", 5, "SY-LA", components=[gid("a#c")]), by="other")

    assert {check.figure for check in ask(total_of(900), other, originator="sohr").told.checks} == {
        gid("a#t")
    }
