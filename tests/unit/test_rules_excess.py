"""R6 over several levels: who explains a part that is first known after its totals."""

from figures_builder import ask, day, fig, report

DISTRICT = "SY0602"


def test_what_a_complete_total_did_not_hold_is_growth_for_wider_totals_as_well() -> None:
    answer = ask(
        report("a", 8, fig("sy", 300, "SY"), fig("la", 100, "SY-LA")),
        report("b", 9, fig("district", 150, DISTRICT)),
    )

    # Latakia's 100 of the same day are all there were: the 50 above them are new
    assert answer.of("SY-LA")[1] == 150
    assert answer.of("SY")[1] == 350


def test_what_an_older_total_did_not_hold_a_wider_one_may_have_held() -> None:
    answer = ask(
        report("a", 5, fig("la", 100, "SY-LA")),
        report("b", 8, fig("sy", 300, "SY", as_of=day(8))),
        report("c", 9, fig("district", 150, DISTRICT)),
    )

    # the 50 that Latakia did not know on the 5th may be among Syria's 200 elsewhere on the 8th
    assert answer.of("SY")[1] == 300
