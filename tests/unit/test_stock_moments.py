"""R14: a stock speaks of its own moment, and of no other."""

from figures_builder import ask, fig, report
from view_kit import explained

SHELTER = {"basis": "stock", "measure": "sheltering"}


def test_an_older_stock_of_a_shared_part_does_not_say_how_many_were_in_the_others() -> None:
    answer = ask(
        report("a", 6, fig("la", 30, "SY-LA", **SHELTER)),
        report("b", 8, fig("one", 100, ["SY-LA", "SY-TA"], **SHELTER)),
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
