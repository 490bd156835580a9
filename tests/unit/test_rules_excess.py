"""R6 over several levels: who explains a part first known after its totals, and as of when."""

from figures_builder import CIVILIAN, COMBATANT, ask, day, fig, report

from tollbook_schemas.times import end_of

COAST = ["SY-LA", "SY-TA"]
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


def test_what_segments_left_unassigned_is_not_dated_by_later_figures_of_areas() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("civilians", 100, COAST, segment=CIVILIAN),
            fig("combatants", 50, COAST, segment=COMBATANT),
        ),
        report("b", 10, fig("la", 200, "SY-LA"), fig("ta", 20, "SY-TA")),
    )
    left = answer.cell("SY-LA+SY-TA", kind="unallocated").merged

    assert answer.bucket("SY-LA+SY-TA") == (150, 150, 150)
    assert left.as_of == left.oldest == end_of(day(8))
