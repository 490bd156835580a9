"""Incidents opened, merged and split: which figures add, which revise each other (R11)."""

from typing import Any

import pytest
from figures_builder import (
    Answer,
    ask,
    fig,
    gid,
    history,
    incident_opened,
    incident_split,
    incidents_merged,
    recorded,
    report,
)
from hypothesis import given
from hypothesis import strategies as st

from tollbook_projections.assignments import Assignments
from tollbook_projections.filing import Document, incident_acts


def strike(name: str, value: int, incident: str | None = None, **fields: Any) -> Document:
    """A figure of an incident in Latakia."""
    named = {} if incident is None else {"incident": incident}
    return fig(name, value, "SY-LA", basis="incident", **named, **fields)


TWO = (
    report("a", 8, strike("x", 40, "market")),
    report("b", 9, strike("x", 42, "bazaar")),
)
UNNAMED = (report("a", 8, strike("x", 40)), report("b", 9, strike("x", 42)))


def total(*events: Document, **asked: Any) -> int | None:
    """The best value of Latakia."""
    return ask(*events, **asked).cell("SY-LA").merged.interval.best


def test_different_incidents_add() -> None:
    assert total(*TWO) == 82
    assert total(*UNNAMED) == 82


def test_merged_incidents_are_one_whose_later_figure_revises_the_earlier() -> None:
    merged = incidents_merged("m", 10, ["bazaar"], "market")

    assert total(*TWO, merged) == 42
    (series,) = history(*TWO, merged)
    assert [one["kind"] for one in series["revisions"]] == ["initial", "update"]


def test_an_incident_without_a_name_is_merged_by_its_figure() -> None:
    merged = incidents_merged("m", 10, [gid("a#x"), gid("b#x")], "market")

    assert total(*UNNAMED, merged) == 42


def test_an_opened_incident_takes_the_figures_it_lists() -> None:
    opened = incident_opened("o", 10, "market", figures=[gid("a#x"), gid("b#x")])

    assert total(*UNNAMED, opened) == 42


def test_an_opened_incident_without_figures_changes_no_number() -> None:
    assert total(*TWO, incident_opened("o", 10, "elsewhere")) == 82


def test_a_split_incident_adds_what_was_taken_for_one() -> None:
    events = (report("a", 8, strike("x", 40, "market")), report("b", 9, strike("x", 42, "market")))
    split = incident_split("s", 10, "market", {"north": [gid("a#x")], "south": [gid("b#x")]})

    assert total(*events) == 42
    assert total(*events, split) == 82


def test_a_merge_then_a_split_restores_what_was_before() -> None:
    merged = incidents_merged("m", 10, ["market", "bazaar"], "strike")
    split = incident_split("s", 11, "strike", {"market": [gid("a#x")], "bazaar": [gid("b#x")]})

    before, after = ask(*TWO), ask(*TWO, merged, split)

    assert total(*TWO, merged) == 42
    assert cells(after) == cells(before)


def test_a_figure_filed_after_a_merge_joins_the_incident_that_is_left() -> None:
    merged = incidents_merged("m", 1, ["bazaar"], "market")

    assert total(merged, *TWO) == 42


def test_an_act_on_incidents_applies_in_order_of_its_time_not_of_its_arrival() -> None:
    opened = incident_opened("o", 10, "bazaar", figures=[gid("c#x")])
    merged = incidents_merged("m", 11, ["bazaar"], "market")
    late = report("c", 7, strike("x", 30))

    in_order = total(*TWO, late, opened, merged)

    assert in_order == 42
    assert total(merged, opened, late, *TWO) == in_order


def test_a_figure_moved_after_a_merge_stays_where_it_was_moved() -> None:
    merged = incidents_merged("m", 10, ["bazaar"], "market")
    opened = incident_opened("o", 11, "bazaar", figures=[gid("b#x")])

    assert total(*TWO, merged, opened) == 82


def test_what_was_known_and_published_then_counts_then() -> None:
    merged = incidents_merged("m", 12, ["bazaar"], "market")

    assert total(*TWO, merged, known_as_of=2) == 82
    assert total(*TWO, merged, known_as_of=3) == 42
    assert total(*TWO, merged, published_as_of=11) == 82
    assert total(*TWO, merged, published_as_of=12) == 42


def test_a_base_holds_the_incidents_in_its_window_whatever_they_are_called() -> None:
    base = report("t", 12, fig("t", 100, "SY-LA"))
    merged = incidents_merged("m", 13, ["bazaar"], "market")

    assert total(*TWO, base) == 100
    assert total(*TWO, base, merged) == 100


def test_another_originators_figures_of_one_incident_are_not_added() -> None:
    other = report("c", 9, strike("x", 50, "market"), by="snhr")

    answer = ask(*TWO, other, incidents_merged("m", 10, ["bazaar"], "market"))

    assert answer.own("sohr", "SY-LA")[1] == 42
    assert answer.own("snhr", "SY-LA")[1] == 50


def test_an_act_that_names_a_figure_not_filed_yet_waits_for_it() -> None:
    opened = incident_opened("o", 10, "market", figures=[gid("a#x"), gid("c#x")])
    (act,) = [one for event in recorded([opened]) for one in incident_acts(event)]

    assert Assignments.of([act]).waiting({gid("a#x")}) == ((act, (gid("c#x"),)),)
    assert Assignments.of([act]).waiting({gid("a#x"), gid("c#x")}) == ()


def test_a_cumulative_figure_given_to_an_incident_leaves_its_series() -> None:
    early, base = report("a", 8, fig("x", 40, "SY-LA")), report("t", 12, fig("t", 100, "SY-LA"))
    opened = incident_opened("o", 13, "market", figures=[gid("a#x")])

    assert [len(one["revisions"]) for one in history(early, base)] == [2]
    assert [len(one["revisions"]) for one in history(early, base, opened)] == [1, 1]
    assert total(early, base, opened) == 100


NAMES = ("market", "bazaar", "strike")


@st.composite
def incident_stories(draw: st.DrawFn) -> list[Document]:
    """Reports about incidents with and without names, and acts on them."""
    count = draw(st.integers(1, 5))
    events = [
        report(f"r{number}", draw(st.integers(1, 9)), strike("x", draw(st.integers(0, 9)), name))
        for number in range(count)
        for name in (draw(st.sampled_from((None, *NAMES))),)
    ]
    figures = st.sampled_from([gid(f"r{number}#x") for number in range(count + 1)])
    for number in range(draw(st.integers(1, 4))):
        when = draw(st.integers(1, 12))
        match draw(st.sampled_from(("open", "merge", "split"))):
            case "open":
                listed = draw(st.lists(figures, max_size=3, unique=True))
                events.append(
                    incident_opened(f"e{number}", when, draw(st.sampled_from(NAMES)), listed)
                )
            case "merge":
                into = draw(st.sampled_from(NAMES))
                others = st.sampled_from([name for name in NAMES if name != into])
                merged = draw(st.lists(others | figures, min_size=1, max_size=3, unique=True))
                events.append(incidents_merged(f"e{number}", when, merged, into))
            case _:
                figure = draw(figures)
                events.append(incident_split(f"e{number}", when, "pier", {"quay": [figure]}))
    return events


@given(incident_stories(), st.randoms())
def test_any_order_of_arrival_gives_the_same_answer(events: list[Document], random: Any) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)

    assert cells(ask(*shuffled)) == cells(ask(*events))
    assert [strip(one) for one in history(*shuffled)] == [strip(one) for one in history(*events)]


def cells(answer: Answer) -> Any:
    return answer.told.cells


def strip(series: Document) -> Document:
    """A series without what tells when its events arrived."""
    arrival = {"sequence", "recorded_at", "flags"}
    revisions = [
        {name: value for name, value in one.items() if name not in arrival}
        for one in series["revisions"]
    ]
    return series | {"revisions": revisions}


@pytest.mark.parametrize("as_of", [8, 9])
def test_a_merge_counts_for_every_cut_off_once_it_is_known(as_of: int) -> None:
    merged = incidents_merged("m", 12, ["bazaar"], "market")

    assert total(*TWO, merged, as_of=as_of) == {8: 40, 9: 42}[as_of]
