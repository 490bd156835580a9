"""The history of figures that say several things, and of acts in the order they were done."""

import json

from figures_builder import act, ask, day, fig, gid, history, quantity, report
from view_kit import explained, view

from tollbook_projections.filing import Document
from tollbook_projections.query import Query
from tollbook_schemas.times import end_of

OWN = report("a", 11, fig("x", 700, "SY-LA"))
RELAY = report("b", 12, fig("x", 683, "SY-LA"), relayed_by="paper")
LATER = act("definition_change", "c", 14, "b#x", quantity=quantity(900), as_of=day(14))
WIDER = act(
    "scope_change",
    "c",
    14,
    "b#x",
    areas=["SY-LA", "SY-TA"],
    quantity=quantity(900),
    as_of=day(14),
)


def revisions(*events: Document, query: Query | None = None) -> dict[str, list[Document]]:
    """The revisions of each series, by its areas."""
    found = history(*events, query=query)
    return {"+".join(series["areas"]): series["revisions"] for series in found}


def told(entries: list[Document]) -> list[tuple[str, int | None, int | None, str]]:
    """Kind, value before, value after and as_of of each revision."""
    return [
        (
            one["kind"],
            (one["previous"] or {}).get("value"),
            (one["quantity"] or {}).get("value"),
            one["as_of"],
        )
        for one in entries
    ]


def test_a_value_an_editor_adds_counts_and_the_relay_it_is_about_stays_held() -> None:
    # given: a relay below its originator's own value, of which an editor says what it came to
    (entries,) = revisions(OWN, RELAY, LATER).values()

    assert [(one["counts"], "held_relay" in one["flags"]) for one in entries] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    assert ask(OWN, RELAY, LATER).of("SY-LA") == (900, 900, 900)
    assert ask(OWN, RELAY, LATER, as_of=12).of("SY-LA") == (700, 700, 700)


def test_a_scope_that_an_editor_widens_leaves_the_held_value_of_the_narrow_one_held() -> None:
    found = revisions(OWN, RELAY, WIDER)

    (wide,) = found["SY-LA+SY-TA"]
    assert (wide["counts"], wide["flags"]) == (True, ["series_break"])
    assert [one["counts"] for one in found["SY-LA"]] == [True, False]


def test_a_figure_for_each_of_its_areas_is_held_only_where_it_is_below_the_value() -> None:
    each = fig("x", 50, ["SY-LA", "SY-TA"], mode="each")
    found = revisions(OWN, report("b", 12, each, relayed_by="paper"))

    assert found["SY-LA"][-1]["flags"] == ["held_relay"]
    assert (found["SY-TA"][0]["counts"], found["SY-TA"][0]["flags"]) == (True, [])


def test_an_unknown_value_never_counts() -> None:
    (entries,) = revisions(OWN, report("b", 12, fig("x", "unknown", "SY-LA"))).values()

    assert [one["counts"] for one in entries] == [True, False]


def test_a_correction_stands_where_the_figure_stood_also_when_a_later_report_came_between() -> None:
    # given: two reports of one cut-off; the earlier published one is corrected last
    second = report("b", 12, fig("x", 710, "SY-LA", as_of=day(11)))
    correction = act("correction", "c", 20, "a#x", quantity=quantity(690))
    (entries,) = revisions(OWN, second, correction).values()

    assert ask(OWN, second, correction).of("SY-LA") == (710, 710, 710)
    assert told(entries) == [
        ("initial", None, 700, day(11)),
        ("correction", 700, 690, day(11)),
        ("update", 690, 710, day(11)),
    ]


RETRACTED = act("retracted", "c", 13, "a#x")
REINSTATED = act("reinstatement", "d", 14, "a#x")
REDEFINED = act("definition_change", "e", 15, "a#x", quantity=quantity(400), as_of=day(12))


def test_acts_stand_in_the_history_as_the_figure_was_when_they_were_done() -> None:
    # given: taken back, put back, and only then given another value of a later day
    (entries,) = revisions(OWN, RETRACTED, REINSTATED, REDEFINED).values()

    assert told(entries) == [
        ("initial", None, 700, day(11)),
        ("retraction", 700, None, day(11)),
        ("reinstatement", None, 700, day(11)),
        ("definition_change", 700, 400, day(12)),
    ]
    assert [one["counts"] for one in entries] == [False, False, True, True]


def test_a_retraction_takes_back_everything_a_figure_says() -> None:
    found = revisions(OWN, RELAY, WIDER, act("retracted", "d", 15, "b#x"))

    assert told(found["SY-LA"])[-1] == ("retraction", 683, None, day(12))
    assert told(found["SY-LA+SY-TA"])[-1] == ("retraction", 900, None, day(14))


def test_a_reinstatement_puts_back_everything_a_figure_says() -> None:
    wider = {**WIDER, "data": WIDER["data"] | {"figure": gid("a#x")}}
    acts = [act("retracted", "d", 15, "a#x"), act("reinstatement", "e", 16, "a#x")]
    found = revisions(OWN, wider, *acts)

    assert told(found["SY-LA"])[-1] == ("reinstatement", None, 700, day(11))
    assert told(found["SY-LA+SY-TA"])[-1] == ("reinstatement", None, 900, day(14))
    assert ask(OWN, wider, *acts).of("SY") == (900, 900, 900)


def test_an_act_on_a_figure_that_was_taken_back_changes_nothing_that_counted() -> None:
    (entries,) = revisions(OWN, RETRACTED, act("retracted", "d", 14, "a#x")).values()

    assert told(entries)[-1] == ("retraction", None, None, day(11))


def test_a_break_at_a_moment_the_figure_spoke_of_replaces_what_it_said_of_it() -> None:
    again = act("rebase", "f", 16, "a#x", quantity=quantity(300), as_of=day(12))
    same = act("definition_change", "g", 17, "a#x", quantity=quantity(650), as_of=day(11))
    answer = ask(OWN, REDEFINED, again, same)

    assert answer.of("SY-LA") == (300, 300, 300)
    assert "ambiguous_series" not in answer.flags("SY-LA")
    assert ask(OWN, REDEFINED, again, same, as_of=11).of("SY-LA") == (650, 650, 650)


def test_a_correction_that_moves_a_value_to_another_ones_moment_replaces_that_one() -> None:
    moved = act("correction", "f", 16, "a#x", as_of=day(11))

    assert ask(OWN, REDEFINED, moved).of("SY-LA") == (400, 400, 400)


def test_an_explanation_shows_each_thing_a_figure_says_with_what_became_of_it() -> None:
    cell = "killed|person|count|area|SY-LA|all||"
    now, before = (
        explained(cell, OWN, REDEFINED, query=query)
        for query in (None, Query(as_of=end_of(day(11))))
    )

    def considered(document: Document) -> list[tuple[int, str]]:
        entries = document["originators"][0]["considered"]
        return [(one["quantity"]["value"], one["standing"]) for one in entries]

    assert considered(now) == [(700, "superseded"), (400, "current")]
    assert considered(before) == [(700, "current")]
    assert "a#x (exactly 700, then exactly 400)" in json.dumps(now["steps"])
    assert "a#x (exactly 700)" in json.dumps(before["steps"])


def test_a_conflict_shows_the_value_that_is_in_question_and_no_other_one_of_its_figure() -> None:
    (entry,) = [
        one
        for one in view("conflicts", OWN, RELAY, LATER, more=([],))["conflicts"]
        if one["kind"] == "held_relay"
    ]

    assert [side["value"]["low"] for side in entry["sides"]] == [700, 683]


def test_a_figure_belongs_to_all_the_areas_it_still_speaks_of() -> None:
    moved = act("scope_change", "c", 14, "a#x", areas=["SY-TA"], as_of=day(14))
    (source,) = view("sources", OWN, moved)["sources"]
    at = Query(as_of=end_of(day(12)), area="SY-LA")

    assert source["areas"] == ["SY-LA", "SY-TA"]
    assert [one["figures"] for one in view("sources", OWN, moved, query=at)["sources"]] == [1]
