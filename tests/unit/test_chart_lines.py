"""Lines out of documents: which values are in the line, and what is marked beside it."""

from typing import Any

from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.series_lines import Standing
from tollbook_schemas.policy import default_policy
from tollbook_schemas.times import end_of
from tollbook_services.site.chart.lines import line_by_cut_off, line_by_record, seconds

POLICY = default_policy()


def exactly(number: int) -> dict[str, Any]:
    return {"qualifier": "exactly", "value": number}


def step(n: int, day: int, number: int | None, **more: Any) -> dict[str, Any]:
    made = {
        "n": n,
        "kind": "update",
        "previous": None,
        "quantity": None if number is None else exactly(number),
        "as_of": f"2025-03-{day:02}",
        "recorded_at": f"2025-04-01T00:00:{n:02}Z",
        "sequence": n,
        "reason": None,
        "figure": f"s/e{day}#f",
        "counts": True,
        "flags": [],
    }
    return {**made, **more}


def standing(day: int, number: int, *flags: str) -> Standing:
    figures = (f"s/e{day}#f",)
    return Standing(end_of(f"2025-03-{day:02}"), Interval(number, number, number), figures, flags)


def line(steps: list[dict[str, Any]], *standings: Standing) -> Any:
    return line_by_cut_off({"revisions": steps}, "who", standings, POLICY)


def kinds(made: Any) -> list[tuple[str, int]]:
    return [(mark.kind, mark.n) for mark in made.marks]


def test_a_line_leads_through_what_the_series_stood_at_with_the_numbers_of_its_steps():
    made = line([step(1, 1, 10), step(2, 2, 40)], standing(1, 10), standing(2, 40))

    assert [(point.n, point.value.best) for point in made.points] == [(1, 10), (2, 40)]
    assert made.points[0].at == seconds("2025-03-01T23:59:59Z")
    assert made.marks == ()


def test_a_fall_is_marked_and_one_without_a_reason_otherwise():
    steps = [step(1, 1, 40), step(2, 2, 30), step(3, 3, 20, flags=["unexplained_fall"])]

    made = line(steps, standing(1, 40), standing(2, 30), standing(3, 20))

    assert kinds(made) == [("fall", 2), ("unexplained_fall", 3)]


def test_a_break_of_the_series_is_no_fall():
    steps = [step(1, 1, 40), step(2, 2, 30, flags=["series_break"])]

    made = line(steps, standing(1, 40), standing(2, 30))

    assert made.points[1].broken
    assert kinds(made) == [("break", 2)]


def test_a_value_that_was_corrected_is_beside_the_line():
    wrong = step(1, 1, 300, counts=False)
    right = step(2, 1, 30, kind="correction", reason="a digit", previous=exactly(300))

    made = line([wrong, right], standing(1, 30))

    assert kinds(made) == [("corrected", 1)]
    assert made.points[0].n == 2


def test_a_value_that_was_taken_back_is_beside_the_line():
    back = {"counts": False, "flags": ["retracted"]}
    steps = [
        step(1, 1, 10),
        step(2, 2, 60, **back),
        step(3, 2, None, kind="retraction", reason="twice", previous=exactly(60), **back),
    ]

    assert kinds(line(steps, standing(1, 10))) == [("retracted", 2), ("retracted", 3)]


def test_relays_checks_and_reviews_are_beside_the_line():
    steps = [
        step(1, 1, 10),
        step(2, 2, 5, counts=False, flags=["stale_relay"]),
        step(3, 3, 50, counts=False, flags=["check_total"]),
        step(4, 1, 10, kind="review", reason="seen", previous=exactly(10), counts=False),
    ]

    made = line(steps, standing(1, 10))

    assert kinds(made) == [("uncounted", 2), ("uncounted", 3), ("review", 4)]


def test_what_is_never_counted_has_the_line_of_its_printed_values():
    checks = {"counts": False, "flags": ["check_total"]}
    steps = [
        step(1, 1, 745, **checks),
        step(2, 2, 1_018, **checks),
        step(3, 2, 1_020, kind="correction", reason="r", previous=exactly(1_018), **checks),
        step(4, 3, 9, counts=False, flags=["check_total", "retracted"]),
    ]

    made = line(steps)

    assert [point.n for point in made.points] == [1, 3]


def test_by_recorded_time_there_is_a_gap_where_nothing_was_in_force():
    taken = step(2, 1, None, kind="retraction", reason="r", previous=exactly(10), counts=False)
    series = {"revisions": [step(1, 1, 10), taken, step(3, 2, 5)]}

    made = line_by_record(
        series, "who", [(1, standing(1, 10)), (2, None), (3, standing(2, 5))], POLICY
    )

    assert [None if one.value is None else one.value.best for one in made.points] == [10, None, 5]
    assert kinds(made) == [("retracted", 2)]
    assert made.points[0].at == seconds("2025-04-01T00:00:01Z")
