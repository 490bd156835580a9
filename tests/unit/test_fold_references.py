"""Policies and gazetteers that are published: which is in force, and what a fold makes of them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from figures_builder import act, day, fig, report
from hypothesis import given, settings
from hypothesis import strategies as st

from tollbook_projections.figures import FigureFold
from tollbook_projections.filing import Document
from tollbook_projections.projection import Recorded
from tollbook_projections.query import Position, Query
from tollbook_projections.references import read_with
from tollbook_projections.selection import NOW, Moment
from tollbook_projections.views import toll_document
from tollbook_schemas.errors import UsageError
from tollbook_schemas.event import Event
from tollbook_schemas.filed import filed_of
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy

GAZETTEER, POLICY = default_gazetteer(), default_policy()
LEDGER = "tollbook-ledger-0"
START = datetime(2025, 4, 1, tzinfo=UTC)
Stored = dict[str, dict[str, bytes]]

WORDS = report("w", 8, fig("x", "dozens", "SY-LA"))
RANKED = (
    report("a", 8, fig("x", 40, "SY-LA"), by="sohr"),
    report("b", 9, fig("x", 50, "SY-LA"), by="snhr"),
)


def policy(name: str, number: int, on: str = "coast", **data: Any) -> Document:
    """A policy for a crisis, or for the whole ledger."""
    return published("policy", name, number, on, {"policy": f"{name}/v1"} | data)


def gazetteer(name: str, number: int, on: str = "coast", **data: Any) -> Document:
    """A table of areas, of Syria from 2020 on unless said otherwise."""
    known = {"gazetteer": f"{name}/v1", "country": "SY", "valid_from": "2020-01-01"}
    return published("gazetteer", name, number, on, known | data)


def published(kind: str, name: str, number: int, on: str, data: Document) -> Document:
    return {
        "specversion": "1.0",
        "type": f"org.tollbook.{kind}.published.v1",
        "source": "https://desk.example",
        "id": name,
        "subject": on,
        "time": f"{day(number)}T12:00:00Z",
        "data": data | {"reason": "said so"},
    }


def ledger(events: Iterable[Mapping[str, Any]]) -> list[Recorded]:
    return [
        Recorded(0, number, START + timedelta(minutes=number), filed_of(Event.model_validate(one)))
        for number, one in enumerate(events, 1)
    ]


def drained(fold: FigureFold, stored: Stored) -> None:
    for change in fold.drain():
        rows = stored.setdefault(change.crisis, {})
        if change.key.startswith("cell/"):
            assert change.before == rows.get(change.key)
        if change.value is None:
            del rows[change.key]
        else:
            rows[change.key] = change.value


def folded(events: list[Recorded], page: int = 100) -> Stored:
    fold, stored = FigureFold(GAZETTEER, POLICY), Stored()
    for number, event in enumerate(events, 1):
        fold.apply(event)
        if number % page == 0:
            drained(fold, stored)
    drained(fold, stored)
    return stored


def toll(
    *events: Mapping[str, Any],
    crisis: str = "coast",
    moment: Moment = NOW,
    policy_id: str | None = None,
) -> Document:
    """The cell of Latakia, by the policy in force, worked out anew."""
    stored = folded(ledger(events))
    rows, shared = stored[crisis], stored.get(LEDGER, {})
    used = read_with(rows, shared, moment, GAZETTEER, POLICY, policy_id)
    query = Query(known_as_of=moment.known_as_of or len(events))
    document = toll_document(crisis, rows, query, Position(len(events), None), *used)
    (cell,) = [cell for cell in document["cells"] if cell["area"] == "SY-LA"]
    return {"policy": document["policy"], **cell}


def bounds(cell: Document) -> tuple[int, int | None, int | None]:
    return cell["low"], cell["best"], cell["high"]


def test_a_policy_changes_numbers_without_a_new_report() -> None:
    wider = policy("desk", 10, lexical={"dozens": {"from": 24, "to": 60}})

    assert bounds(toll(WORDS)) == (12, None, 99)
    assert bounds(toll(WORDS, wider)) == (24, None, 60)
    assert toll(WORDS, wider)["policy"] == "desk/v1"


def test_what_a_policy_leaves_out_is_as_built_in() -> None:
    made = policy("desk", 10, lexical={"dozens": {"from": 24, "to": 60}})
    rows = folded(ledger([made]))["coast"]

    _, used = read_with(rows, {}, NOW, GAZETTEER, POLICY)

    assert used.lexical["several"] == (3, 9)
    assert used.lexical["dozens"] == (24, 60)
    assert used.approximately_tolerance == 5
    assert used.household_rule == "generic-5"


def test_household_sizes_are_named_by_their_rule() -> None:
    sizes = {"generic": 6, "by_area": {"SY-LA": 4}}
    rows = folded(ledger([policy("desk", 10, household_sizes=sizes)]))["coast"]

    _, used = read_with(rows, {}, NOW, GAZETTEER, POLICY)

    assert (used.household_size, used.household_rule) == (6, "generic-6")
    assert used.household_size_by_area == {"SY-LA": 4}


def test_a_policy_ranks_sources_for_every_crisis_of_its_partition() -> None:
    ranked = policy("desk", 10, on=LEDGER, source_rank=["sohr", "snhr"])

    assert toll(*RANKED)["supplied_by"] == "snhr"
    assert toll(*RANKED, ranked)["supplied_by"] == "sohr"


def test_the_later_policy_by_its_time_holds_whichever_came_first() -> None:
    own = policy("own", 11, source_rank=["snhr"])
    shared = policy("all", 10, on=LEDGER, source_rank=["sohr"])

    assert toll(*RANKED, own, shared)["policy"] == "own/v1"
    assert toll(*RANKED, shared, own)["policy"] == "own/v1"


def test_of_two_policies_of_one_time_the_greater_event_id_holds() -> None:
    first, second = policy("a1", 10), policy("a2", 10)

    assert toll(*RANKED, first, second)["policy"] == "a2/v1"
    assert toll(*RANKED, second, first)["policy"] == "a2/v1"


def test_an_earlier_policy_can_still_be_asked_for() -> None:
    one = policy("one", 10, source_rank=["sohr"])
    two = policy("two", 11, source_rank=["snhr"])

    assert toll(*RANKED, one, two, policy_id="one/v1")["supplied_by"] == "sohr"
    assert toll(*RANKED, one, two, policy_id="default/v1")["policy"] == "default/v1"
    assert toll(*RANKED, one, two, moment=Moment(known_as_of=3))["policy"] == "one/v1"
    assert toll(*RANKED, one, two, moment=Moment(known_as_of=2))["policy"] == "default/v1"


def test_a_policy_nobody_published_by_then_is_refused_with_those_known() -> None:
    one = policy("one", 10)

    with pytest.raises(UsageError, match="known are default/v1, one/v1"):
        toll(*RANKED, one, policy_id="two/v1")
    with pytest.raises(UsageError, match=r"known are default/v1$"):
        toll(*RANKED, one, policy_id="one/v1", moment=Moment(known_as_of=2))


def test_a_policy_of_another_crisis_changes_nothing() -> None:
    elsewhere = policy("desk", 10, on="elsewhere", source_rank=["sohr"])

    assert toll(*RANKED, elsewhere)["policy"] == "default/v1"


def test_a_published_table_names_areas_and_the_view_says_which_it_used() -> None:
    area = {"code": "SY-LA", "name": "Lattakia", "level": 1, "parent": None}
    table = gazetteer("cod", 10, areas=[area])
    rows = folded(ledger([WORDS, table]))["coast"]

    used, _ = read_with(rows, {}, NOW, GAZETTEER, POLICY)

    assert "cod/v1" in used.version
    assert used is read_with(rows, {}, NOW, GAZETTEER, POLICY)[0]
    assert read_with(rows, {}, Moment(known_as_of=1), GAZETTEER, POLICY)[0] is GAZETTEER


@st.composite
def stories(draw: st.DrawFn) -> list[Document]:
    """Reports of two crises, with policies of each and of the ledger, in any order."""
    events = [
        report(f"r{number}", 1 + number, fig("x", value, "SY-LA"), by=originator)
        | {"subject": draw(st.sampled_from(("coast", "elsewhere")))}
        for number in range(draw(st.integers(1, 6)))
        for value in (draw(st.sampled_from((30, 40, 50, "dozens"))),)
        for originator in (draw(st.sampled_from(("sohr", "snhr"))),)
    ]
    for number in range(draw(st.integers(0, 3))):
        on = draw(st.sampled_from(("coast", "elsewhere", LEDGER)))
        rank = draw(st.permutations(("sohr", "snhr")))
        words = {"dozens": {"from": 24, "to": draw(st.integers(40, 60))}}
        made = policy(
            f"p{number}", draw(st.integers(1, 9)), on, source_rank=list(rank), lexical=words
        )
        events.insert(draw(st.integers(0, len(events))), made)
    return events


@settings(deadline=None)
@given(stories(), st.integers(1, 4), st.integers(0, 9))
def test_live_cells_are_what_the_references_in_force_make(
    story: list[Document], page: int, stop: int
) -> None:
    events = ledger(story)
    stored = folded(events, page)

    # then: the cells of every crisis are those worked out anew
    shared = stored.get(LEDGER, {})
    for crisis in stored.keys() - {LEDGER}:
        rows = stored[crisis]
        used = read_with(rows, shared, NOW, GAZETTEER, POLICY)
        position = Position(len(events), None)
        live = toll_document(crisis, rows, Query(), position, *used)
        anew = toll_document(crisis, rows, Query(known_as_of=len(events)), position, *used)
        assert by_id(live) == by_id(anew)

    # and: a restart from the rows of some moment comes to the same
    assert restarted(events, stop) == stored


def by_id(document: Document) -> dict[str, Document]:
    return {cell["id"]: cell for cell in document["cells"]}


def restarted(events: list[Recorded], stop: int) -> Stored:
    """The rows after a restart: a crisis is restored when an event needs it, and no sooner."""
    stored = folded(events[:stop])
    fold = FigureFold(GAZETTEER, POLICY)
    if LEDGER in stored:
        fold.restore(LEDGER, stored[LEDGER])
    waiting = set(stored) - {LEDGER}
    for event in events[stop:]:
        needed = waiting if fold.concerns_all(event) else waiting & {event.event.crisis}
        for crisis in sorted(needed):
            fold.restore(crisis, stored[crisis])
        waiting -= needed
        fold.apply(event)
        drained(fold, stored)
    return stored


def test_a_figure_retracted_in_the_page_of_a_policy_leaves_no_cell_behind() -> None:
    """All figures are read again then, and what is no longer read is in no book any more."""
    fold, stored = FigureFold(GAZETTEER, POLICY), Stored()
    first, *rest = ledger(
        [report("a", 8, fig("x", 40, "SY-LA")), act("retracted", "t", 9, "a#x"), policy("p", 9)]
    )
    fold.apply(first)
    drained(fold, stored)
    assert any(key.startswith("cell/") for key in stored["coast"])

    for recorded in rest:
        fold.apply(recorded)
    drained(fold, stored)

    assert not any(key.startswith("cell/") for key in stored["coast"])
