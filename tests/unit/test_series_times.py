"""Values of one series at one time, and parts that their whole takes out again."""

from figures_builder import ask, fig, recorded, report
from view_kit import WORLD, rows_of

from tollbook_projections.figures import FigureFold
from tollbook_schemas.policy import default_policy


def test_attributed_values_of_one_time_add_across_the_reports_of_an_originator() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", attribution={"group": "militia"})),
        report("b", 8, fig("x", 50, "SY-LA", attribution={"group": "army"})),
    )

    assert answer.of("SY-LA") == (150, 150, 150)
    assert "ambiguous_series" not in answer.flags("SY-LA")


def test_a_whole_that_comes_after_its_earlier_part_takes_it_out_of_a_live_fold() -> None:
    # given: a part of an earlier day, folded and read before its whole is there
    ledger = recorded(
        [
            report("a", 5, fig("part", 100, "SY-LA", part_of="https://desk.example/b#whole")),
            report("b", 8, fig("whole", 80, "SY-LA")),
        ]
    )
    fold = FigureFold(WORLD, default_policy())
    rows: dict[str, bytes | None] = {}

    # when
    for one in ledger:
        fold.apply(one)
        rows |= {change.key: change.value for change in fold.drain()}

    # then: no fall from 100 to 80, as when both came at once
    assert {key: row for key, row in rows.items() if row is not None} == rows_of(ledger)
    assert not any(b"unexplained_fall" in (row or b"") for row in rows.values())
