"""R14: a stock speaks of its own moment, and of no other."""

from figures_builder import ask, fig, report
from view_kit import explained

SHELTER = {"basis": "stock", "measure": "sheltering"}
BOTH = ["SY-LA", "SY-TA"]


def test_an_older_stock_of_a_shared_part_does_not_say_how_many_were_in_the_others() -> None:
    answer = ask(
        report("a", 6, fig("la", 30, "SY-LA", **SHELTER)),
        report("b", 8, fig("one", 100, BOTH, **SHELTER)),
        report("c", 8, fig("two", 50, ["SY-HM", "SY-LA"], **SHELTER)),
    )

    # had Latakia's 30 of the 6th been those of the 8th, 70 in Tartus and 50 would be 120
    assert answer.of("SY", nature="stock")[0] == 100


def test_parts_above_a_closed_stock_of_their_day_give_way_to_later_ones_as_the_steps_tell() -> None:
    document = explained(
        "SY",
        report("a", 8, fig("sy", 50, "SY", **SHELTER), fig("la", 60, "SY-LA", **SHELTER)),
        report("b", 9, fig("ta", 70, "SY-TA", **SHELTER)),
    )

    assert document["agrees"]
    assert document["value"]["low"]["value"] == 70


def test_a_stock_below_an_older_one_of_its_part_is_no_conflict() -> None:
    """Given 4,531 in camps of a part a week before, then 41 in it and another are believed."""
    answer = ask(
        report("a", 6, fig("la", 4531, "SY-LA", **SHELTER)),
        report("b", 8, fig("both", 41, BOTH, **SHELTER)),
    )

    assert "conflict" not in answer.flags("SY")
    assert answer.bucket("SY-LA+SY-TA") == (0, 41, 41)


def test_parts_of_its_own_moment_above_a_stock_are_a_conflict() -> None:
    answer = ask(
        report("a", 8, fig("la", 60, "SY-LA", **SHELTER)),
        report("b", 8, fig("both", 41, BOTH, **SHELTER)),
    )

    assert "conflict" in answer.flags("SY")
    assert answer.bucket("SY-LA+SY-TA") == (0, 0, 0)


def test_what_a_stock_leaves_unassigned_is_told_by_figures_of_its_moment() -> None:
    """Given a part's stocks of the day before and of the day, then the remainder takes that."""
    answer = ask(
        report("a", 6, fig("la", 30, "SY-LA", **SHELTER)),
        report("b", 8, fig("la", 10, "SY-LA", **SHELTER), fig("both", 41, BOTH, **SHELTER)),
    )

    assert answer.bucket("SY-LA+SY-TA") == (31, 31, 31)
