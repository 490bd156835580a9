"""R13, R16 and R17: minimums of one phase, and directions that lie in each other."""

from figures_builder import ask, at_least, between, fig, on_cells, report


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
