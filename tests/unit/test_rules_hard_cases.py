"""Examples that a first version got wrong, most serious first."""

from typing import Any

import pytest
from figures_builder import (
    CIVILIAN,
    act,
    ask,
    at_least,
    between,
    bounds,
    day,
    fig,
    gid,
    history,
    increment,
    quantity,
    report,
)

COAST = ["SY-LA", "SY-TA"]
THREE = ["SY-LA", "SY-TA", "SY-HM"]
TARTOUS_HOMS = ["SY-TA", "SY-HM"]
STOCK = {"basis": "stock", "measure": "sheltering"}


def incident(
    name: str, value: int, areas: str | list[str], number: int, **fields: Any
) -> dict[str, Any]:
    """A figure of one incident on one day."""
    window = {"start": day(number), "end": day(number)}
    return fig(name, value, areas, basis="incident", window=window, **fields)


def test_a_phase_that_knows_only_the_country_still_bounds_a_province() -> None:
    # R17, R8, soundness: nobody knows how many of the 4,047 died in Latakia
    answer = ask(
        report("a", 3, fig("x", 4047, "SY", phase=1)),
        report("b", 9, fig("y", 123, "SY-LA", phase=2)),
    )

    assert answer.of("SY") == (4170, 4170, 4170)
    assert answer.of("SY-LA") == (123, None, 4170)


def test_a_known_shared_part_gives_the_country_its_best() -> None:
    # R9 has this example: buckets 70 and 20, country 120
    answer = ask(
        report("a", 8, fig("x", 100, COAST), fig("y", 50, TARTOUS_HOMS), fig("t", 30, "SY-TA"))
    )

    assert answer.of("SY") == (120, 120, 120)


@pytest.mark.parametrize("number", [7, 9])
def test_an_incident_of_another_originator_never_reduces_a_base(number: int) -> None:
    # R11: one massacre told by somebody else is no toll of the province
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 9, incident("i", 30, "SY-LA", number), by="b"),
    )

    assert answer.of("SY-LA") == (100, 100, 100)


def test_a_part_of_another_report_is_no_revision_either() -> None:
    # ground rules: "part_of a figure with the same key is a part, never a revision"
    answer = ask(
        report("a", 8, fig("x", 340, "SY-LA")),
        report("b", 9, fig("y", 31, "SY-LA", part_of=gid("a#x"))),
    )

    assert answer.of("SY-LA") == (340, 340, 340)
    assert answer.marks("b#y") == set()


def test_a_part_with_the_same_key_is_no_step_of_the_history() -> None:
    # ground rules, as above: the history says "update 340 -> 31"
    (series,) = history(report("a", 8, fig("x", 340, COAST), fig("y", 31, COAST, part_of="x")))

    assert [one["kind"] for one in series["revisions"] if one["counts"]] == ["initial"]


def test_a_correction_with_a_reason_explains_a_fall() -> None:
    # section 4: a cumulative that falls *without* an explicit event with a reason is flagged
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("x", 150, "SY-LA")),
        act("correction", "c", 10, "b#x", quantity=quantity(90)),
    )

    assert answer.of("SY-LA") == (90, 90, 90)
    assert answer.marks("b#x") == set()
    assert "unexplained_fall" not in answer.flags("SY-LA")


def test_a_rise_that_was_later_corrected_is_not_shown_as_a_fall() -> None:
    # section 4: the mark belongs to a step, and 100 -> 150 is no fall
    (series,) = history(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("x", 150, "SY-LA")),
        act("correction", "c", 10, "b#x", quantity=quantity(90)),
    )

    assert "unexplained_fall" not in series["revisions"][1]["flags"]


def test_a_verified_minimum_somewhere_raises_low_by_no_more_than_itself() -> None:
    # R12: low = max(partial floors, min of the comparables' lows); a's 50 in Latakia is neither
    figures = [fig("x", 50, "SY-LA"), fig("y", 5, "SY-TA", coverage="partial")]
    b = report("b", 9, fig("x", 20, "SY"), by="b")

    assert ask(report("a", 8, figures[0], by="a"), b).of("SY") == (20, 20, 20)
    assert ask(report("a", 8, *figures, by="a"), b).of("SY") == (20, 20, 20)


def test_a_country_has_no_fewer_than_its_province_without_saying_so() -> None:
    # R9: low(parent) is the heaviest set of disjoint nodes; or R6: flagged
    answer = ask(
        report("a", 8, fig("x", 100, "SY", **STOCK)),
        report("b", 9, fig("y", 130, "SY-LA", **STOCK)),
    )

    flagged = {"conflict", "part_newer_than_total", "stale_stock"} & answer.flags("SY")
    assert flagged or answer.of("SY")[0] >= 130


def test_a_triple_out_of_order_is_kept_as_printed() -> None:
    # R2 wants such a triple kept, flagged and added as printed
    answer = ask(report("a", 8, fig("x", between(100, 200, 250), "SY-LA"), fig("y", 10, "SY-TA")))

    assert answer.of("SY-LA") == (100, 250, 200)
    assert answer.of("SY") == (110, 260, 210)
    assert "bounds_disordered" in answer.flags("SY")


def test_other_ways_of_dating_are_checks() -> None:
    # R17: a cell uses one way of dating, and the others are checks
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), fig("y", 90, "SY-LA", dated_by="documentation"))
    )

    (check,) = answer.checks("triangulation")
    assert check.figure == gid("a#y")
    assert (bounds(check.stated)[1], bounds(check.computed)[1]) == (90, 100)


def test_a_cell_capped_by_a_figure_names_it() -> None:
    # R18: every cell returns its figure ids; 745 of the coast's civilians may be in Latakia
    answer = ask(report("a", 8, fig("x", 745, COAST, segment=CIVILIAN)))

    assert answer.of("SY-LA") == (0, None, 745)
    assert answer.cell("SY-LA").merged.figures == {gid("a#x")}


def test_a_verified_minimum_of_a_window_is_flagged() -> None:
    # R13: partial-coverage figures only raise low (verified_floor)
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, increment("i", 50, "SY-LA", 9, 9, coverage="partial")),
    )

    assert answer.of("SY-LA")[0] == 150
    assert "verified_floor" in answer.flags("SY-LA")


def test_a_narrower_figure_makes_the_cell_of_a_wider_segment() -> None:
    # ground rules: "it exists if a counted figure of that segment or a narrower one names it"
    answer = ask(
        report(
            "a",
            8,
            fig("f", 40, "SY-LA", segment={"sex": "female"}),
            fig("c", 5, "SY-TA", segment={"sex": "female", "age_band": "child"}),
        )
    )

    assert answer.has("SY-LA", "female")
    assert answer.has("SY-TA", "female")


def test_an_open_bucket_of_one_originator_says_so() -> None:
    # the contract: a high of null comes with the flag open_high
    answer = ask(
        report("a", 1, fig("x", 0, "SY0600"), fig("y", at_least(0), THREE, segment=CIVILIAN))
    )

    for cell in answer.told.cells:
        for value in cell.originators.values():
            assert ("open_high" in value.flags) == (value.interval.high is None)


def test_overlapping_scopes_of_one_incident_are_a_lattice_too() -> None:
    # R11 "form their own lattice", R9: {L,T} 30 and {T,H} 20 are 30 / - / 50
    answer = ask(
        report(
            "a",
            8,
            incident("i", 30, COAST, 7, incident="m"),
            incident("j", 20, TARTOUS_HOMS, 7, incident="m"),
        )
    )

    assert answer.of("SY") == (30, None, 50)


def test_a_scope_that_reaches_over_the_border_leaves_the_country_without_a_best() -> None:
    # R9: nobody knows how many of the 50 on both sides of the border died in Syria
    answer = ask(
        report("a", 8, fig("x", 50, ["SY-LA", "LB-AK"]), fig("t", 10, "SY-TA")),
    )

    assert answer.of("SY") == (10, None, None)
    assert answer.bucket("LB-AK+SY-LA") == (50, 50, 50)
