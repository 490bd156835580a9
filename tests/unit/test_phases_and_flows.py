"""R13, R16 and R17: minimums of one phase, and directions that lie in each other."""

import pytest
from figures_builder import CIVILIAN, SECURITY, act, ask, at_least, between, fig, on_cells, report

COAST = ["SY-LA", "SY-TA"]


def test_a_verified_minimum_of_one_phase_raises_low_by_itself() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("counted", 10, "SY-LA", phase=1),
            fig("verified", 111, "SY-LA", phase=2, coverage="partial"),
            by="a",
        ),
        report("b", 8, fig("all", between(90, 200), "SY-LA"), by="b"),
    )

    assert answer.of("SY-LA")[0] == 111


def test_those_who_went_to_a_part_of_a_country_are_among_those_who_went_there() -> None:
    cells = on_cells(
        report(
            "a",
            8,
            fig("moved", at_least(10), "SY-LA", measure="displaced"),
            fig("lebanon", 100, "SY-LA", measure="displaced", destination=["LB"]),
            fig("akkar", 40, "SY-LA", measure="displaced", destination=["LB-AK"]),
        )
    )
    to = {cell["destination"]: cell for cell in cells if cell["area"] == "SY"}

    assert (to[None]["low"], to[None]["best"]) == (100, 100)
    assert (to["LB-AK"]["low"], to["LB-AK"]["high"]) == (40, 100)


def test_phases_added_keep_the_rules_of_each() -> None:
    answer = ask(
        report("a", 8, fig("one", 10, "SY-LA", phase=1), fig("two", 5, "SY-LA", phase=2)),
    )

    assert answer.of("SY-LA") == (15, 15, 15)
    assert {"R4", "R17"} <= answer.cell("SY-LA").merged.rules


@pytest.mark.parametrize(
    ("rebased", "civilian", "everybody"), [("b#civ", 892, 1017), ("a#civ", 1577, 1702)]
)
def test_a_phase_that_bounds_only_a_segment_of_a_place_is_added_to_its_total(
    rebased: str, civilian: int, everybody: int
) -> None:
    # given: civilians and state security of the coast, and Banyas inside it
    answer = ask(
        report(
            "a",
            8,
            fig("civ", 745, COAST, segment=CIVILIAN),
            fig("sec", 125, COAST, segment=SECURITY),
        ),
        report(
            "b",
            9,
            fig("civ", 832, COAST, segment=CIVILIAN),
            fig("ban", 60, "SY1002", segment=CIVILIAN, part_of="civ"),
        ),
        # when: the counter of the civilians starts again
        act("rebase", "r", 10, rebased, phase=1),
    )

    # then: both phases may have been in Banyas, and the security forces too
    assert answer.of("SY1002", "civilian") == (60, None, civilian)
    assert answer.of("SY1002") == (60, None, everybody)
    assert {"phases_added", "segments_missing"} <= answer.flags("SY1002")


def test_a_phase_that_speaks_of_one_narrower_cell_leaves_the_wider_one_open() -> None:
    # given: women of a later phase, and nobody who says how many of them were civilians
    answer = ask(
        report(
            "a",
            8,
            fig("civ", 100, "SY-LA", segment=CIVILIAN),
            fig("civ-women", 20, "SY-LA", segment=CIVILIAN | {"sex": "female"}),
            fig("women", 50, "SY-LA", segment={"sex": "female"}, phase=1),
        )
    )

    assert answer.of("SY-LA", "civilian/female") == (20, None, 150)
    assert answer.of("SY-LA", "civilian") == (100, None, None)


def test_a_phase_that_says_nothing_of_a_place_adds_nothing_to_it() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("coast", 10, "SY-LA", segment=CIVILIAN),
            fig("elsewhere", 50, "SY-HM", phase=1),
        )
    )

    assert answer.of("SY-LA") == (10, 10, 10)
    assert "phases_added" not in answer.flags("SY-LA")
