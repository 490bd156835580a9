"""Section 4: the kinds of revision, and how a series shows its history."""

from itertools import permutations
from typing import Any

import pytest
from figures_builder import CIVILIAN, act, ask, day, fig, gid, history, quantity, report

from tollbook_projections.filing import Document
from tollbook_projections.query import Query

FIRST = report("a", 8, fig("x", 100, "SY-LA"))
SECOND = report("b", 9, fig("x", 150, "SY-LA"))


def one_series(*events: Document, query: Query | None = None) -> list[dict[str, Any]]:
    """The revisions of the only series these events make."""
    (series,) = history(*events, query=query)
    revisions: list[dict[str, Any]] = series["revisions"]
    return revisions


def steps(*events: Document) -> list[tuple[str, int | None, int | None]]:
    """Kind, old and new value of each revision of the only series."""
    return [
        (one["kind"], (one["previous"] or {}).get("value"), (one["quantity"] or {}).get("value"))
        for one in one_series(*events)
    ]


def test_a_report_that_restates_a_series_is_initial_then_update() -> None:
    assert steps(FIRST, SECOND) == [("initial", None, 100), ("update", 100, 150)]


def test_the_history_is_in_order_of_as_of_whatever_came_first() -> None:
    assert steps(SECOND, FIRST) == steps(FIRST, SECOND)


def test_an_older_figure_goes_into_the_history_and_changes_no_current_value() -> None:
    assert ask(SECOND, FIRST).of("SY-LA") == (150, 150, 150)
    assert "late" in one_series(SECOND, FIRST)[0]["flags"]


def test_a_revision_names_its_report_its_event_and_when_it_was_recorded() -> None:
    revision = one_series(FIRST, SECOND)[1]

    assert revision["figure"] == gid("b#x")
    assert revision["event"] == gid("b")
    assert (revision["as_of"], revision["published_at"], revision["sequence"]) == (
        day(9),
        day(9),
        2,
    )
    assert revision["reason"] is None


@pytest.mark.parametrize("kind", ["correction", "clarification", "reclassification"])
def test_a_change_in_place_keeps_the_old_value_with_its_reason(kind: str) -> None:
    change = act(kind, "c", 10, "a#x", quantity=quantity(70), reason="A list was counted twice")

    assert ask(FIRST, change).of("SY-LA") == (70, 70, 70)
    assert steps(FIRST, change) == [("initial", None, 100), (kind, 100, 70)]
    assert one_series(FIRST, change)[1]["reason"] == "A list was counted twice"


def test_acts_apply_in_order_of_their_time_whatever_came_first() -> None:
    tenth = act("correction", "c", 10, "a#x", quantity=quantity(70))
    twelfth = act("correction", "d", 12, "a#x", quantity=quantity(80))

    for order in permutations([FIRST, tenth, twelfth]):
        assert ask(*order).of("SY-LA") == (80, 80, 80)
        assert steps(*order) == [
            ("initial", None, 100),
            ("correction", 100, 70),
            ("correction", 70, 80),
        ]


def test_acts_of_one_time_apply_by_source_and_id() -> None:
    acts = [
        act("correction", name, 10, "a#x", quantity=quantity(70 + place))
        for place, name in enumerate("cd")
    ]

    assert ask(FIRST, *acts).of("SY-LA") == ask(FIRST, *reversed(acts)).of("SY-LA") == (71, 71, 71)


def test_an_act_that_precedes_its_figure_waits_for_it() -> None:
    early = act("correction", "c", 7, "a#x", quantity=quantity(70))

    assert not ask(early).told.cells
    assert ask(early, FIRST).of("SY-LA") == (70, 70, 70)


def test_an_act_on_an_unknown_figure_changes_nothing() -> None:
    assert ask(FIRST, act("retracted", "c", 9, "elsewhere#x")).of("SY-LA") == (100, 100, 100)


def test_a_correction_of_the_areas_moves_the_figure() -> None:
    answer = ask(FIRST, act("correction", "c", 9, "a#x", areas=["SY-TA"]))

    assert answer.of("SY-TA") == (100, 100, 100)
    assert not answer.has("SY-LA")


def test_a_reclassification_moves_the_figure_to_another_segment() -> None:
    answer = ask(FIRST, act("reclassification", "c", 9, "a#x", segment=CIVILIAN))

    assert answer.of("SY-LA", "civilian") == (100, 100, 100)


def test_a_correction_of_the_as_of_moves_the_figure_in_time() -> None:
    # given: what was filed as of the 9th was of the 7th
    answer = ask(FIRST, SECOND, act("correction", "c", 10, "b#x", as_of=day(7)))

    assert answer.of("SY-LA") == (100, 100, 100)


def test_a_retraction_restores_the_value_before() -> None:
    retraction = act("retracted", "c", 10, "b#x")

    assert ask(FIRST, SECOND, retraction).of("SY-LA") == (100, 100, 100)
    assert steps(FIRST, SECOND, retraction)[-1] == ("retraction", 150, None)
    assert "retracted" in one_series(FIRST, SECOND, retraction)[1]["flags"]


def test_a_reinstatement_undoes_a_retraction() -> None:
    events = [FIRST, SECOND, act("retracted", "c", 10, "b#x"), act("reinstatement", "d", 11, "b#x")]

    assert ask(*events).of("SY-LA") == (150, 150, 150)
    assert [kind for kind, _, _ in steps(*events)] == [
        "initial",
        "update",
        "retraction",
        "reinstatement",
    ]


def test_a_retraction_after_a_reinstatement_retracts_again() -> None:
    events = [
        FIRST,
        act("retracted", "c", 10, "a#x"),
        act("reinstatement", "d", 11, "a#x"),
        act("retracted", "e", 12, "a#x"),
    ]

    assert not ask(*events).told.cells


def test_a_duplicate_counts_no_more_and_stays_in_the_history() -> None:
    events = [FIRST, SECOND, act("marked_duplicate", "c", 10, "b#x", of="a#x")]

    assert ask(*events).of("SY-LA") == (100, 100, 100)
    assert [kind for kind, _, _ in steps(*events)] == ["initial", "update", "duplicate"]


def test_a_cumulative_that_falls_is_kept_flagged_and_shown() -> None:
    fall = report("b", 9, fig("x", 90, "SY-LA"))

    assert ask(FIRST, fall).of("SY-LA") == (90, 90, 90)
    assert ask(FIRST, fall).marks("b#x") == {"unexplained_fall"}
    assert one_series(FIRST, fall)[1]["flags"] == ["unexplained_fall"]


@pytest.mark.parametrize("kind", ["definition_change", "rebase"])
def test_a_break_of_the_series_explains_the_fall(kind: str) -> None:
    events = [FIRST, report("b", 9, fig("x", 90, "SY-LA")), act(kind, "c", 10, "b#x")]

    assert ask(*events).of("SY-LA") == (90, 90, 90)
    assert ask(*events).marks("b#x") == set()
    assert "unexplained_fall" not in ask(*events).flags("SY-LA")
    assert "series_break" in one_series(*events)[-1]["flags"]


def test_a_scope_change_explains_the_fall() -> None:
    # given: the later figure speaks of fewer areas, and says so
    events = [
        report("a", 8, fig("x", 100, ["SY-LA", "SY-TA"])),
        report("b", 9, fig("x", 90, ["SY-LA", "SY-TA"])),
        act("scope_change", "c", 10, "b#x"),
    ]

    assert ask(*events).marks("b#x") == set()


def test_a_break_with_a_later_as_of_is_a_new_value_and_keeps_the_old() -> None:
    rebase = act("rebase", "c", 10, "a#x", quantity=quantity(40), as_of=day(10))

    assert ask(FIRST, rebase).of("SY-LA") == (40, 40, 40)
    assert ask(FIRST, rebase, as_of=8).of("SY-LA") == (100, 100, 100)
    assert steps(FIRST, rebase) == [("initial", None, 100), ("rebase", 100, 40)]


def test_a_rebase_into_a_new_phase_adds() -> None:
    events = [FIRST, report("b", 9, fig("x", 40, "SY-LA")), act("rebase", "c", 10, "b#x", phase=2)]

    assert ask(*events).of("SY-LA") == (140, 140, 140)
    assert ask(*events).marks("b#x") == set()


def test_a_held_figure_is_shown_and_counts_only_once_reviewed() -> None:
    held = report("b", 9, fig("x", 500, "SY-LA", role="held"))
    review = act("reviewed", "c", 10, "b#x", role="counted")

    assert ask(FIRST, held).of("SY-LA") == (100, 100, 100)
    assert one_series(FIRST, held)[1]["flags"] == ["held"]
    assert ask(FIRST, held, review).of("SY-LA") == (500, 500, 500)
    assert one_series(FIRST, held, review)[2]["kind"] == "review"


def test_an_unknown_value_is_in_the_history_only() -> None:
    unknown = report("b", 9, fig("x", "unknown", "SY-LA"))

    assert len(one_series(FIRST, unknown)) == 2
    assert ask(FIRST, unknown).of("SY-LA") == (100, 100, 100)


def test_the_history_known_at_an_earlier_sequence_has_no_later_steps() -> None:
    events = [FIRST, act("correction", "c", 9, "a#x", quantity=quantity(70))]

    assert len(one_series(*events, query=Query(known_as_of=1))) == 1
    assert len(one_series(*events, query=Query(known_as_of=2))) == 2


def test_relays_and_own_figures_stand_in_one_series() -> None:
    relay = report("b", 9, fig("x", 150, "SY-LA"), relayed_by="Agency")

    assert [one["relayed_by"] for one in one_series(FIRST, relay)] == [None, "Agency"]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"segment": CIVILIAN}, "civilian"),
        ({"place": "Jableh"}, "place=Jableh"),
        ({"coverage": "partial"}, "coverage=partial"),
        ({"dated_by": "occurrence"}, "dated_by=occurrence"),
        ({"phase": 2}, "phase=2"),
        ({"incident": "m1"}, "incident=m1"),
        ({"destination": ["LB"]}, "destination=LB"),
        ({"origin": ["SY-HM"]}, "origin=SY-HM"),
    ],
)
def test_each_part_of_the_key_makes_a_series_of_its_own(other: dict[str, Any], named: str) -> None:
    found = history(FIRST, report("b", 9, fig("x", 50, "SY-LA", **other)))

    assert len({series["id"] for series in found}) == 2
    assert any(named in series["id"] for series in found)


def test_attribution_status_and_words_make_no_series() -> None:
    other = fig(
        "x", 120, "SY-LA", attribution={"group": "army"}, status="verified", described_as="Alawite"
    )

    assert len(history(FIRST, report("b", 9, other))) == 1


def test_windows_of_increments_are_series_of_their_own_and_of_cumulatives_are_not() -> None:
    def windowed(name: str, number: int, basis: str) -> Document:
        window = {"start": day(number), "end": day(number)}
        return report(name, number, fig("x", 10, "SY-LA", basis=basis, window=window))

    assert len(history(windowed("a", 8, "increment"), windowed("b", 9, "increment"))) == 2
    assert len(history(windowed("a", 8, "cumulative"), windowed("b", 9, "cumulative"))) == 1
