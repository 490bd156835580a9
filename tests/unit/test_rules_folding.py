"""Folding events into rows: pages, restarts and live answers make no difference."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from figures_builder import SOURCE
from hidden_world import DAYS, date, true_figures, worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tollbook_projections.catalogue import folds
from tollbook_projections.figures import FigureFold
from tollbook_projections.filing import Document
from tollbook_projections.projection import Fold, Recorded
from tollbook_projections.query import Position, Query
from tollbook_projections.views import toll_document
from tollbook_schemas.event import Event
from tollbook_schemas.filed import filed_of
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_schemas.times import instant_of

GAZETTEER = default_gazetteer()
POLICY = default_policy()
CRISIS = "hidden"
AT = instant_of(f"{date(DAYS)}T12:00:00Z")
Rows = dict[str, bytes]
INCIDENT_ACTS: dict[str, Callable[[str], Document]] = {
    "incident.opened": lambda figure: {
        "incident": "incident-0",
        "title": "A strike",
        "figures": [figure],
    },
    "incidents.merged": lambda figure: {"incidents": ["incident-1", figure], "into": "incident-0"},
    "incident.split": lambda figure: {
        "incident": "incident-0",
        "into": [{"incident": "incident-9", "figures": [figure]}],
    },
}
WORLDLY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def event_lists(draw: st.DrawFn) -> list[Recorded]:
    """Reports of a hidden world and acts on them, as recorded in one partition."""
    figures = draw(true_figures(draw(worlds()), originators=2))
    events = [filed(one) for one in figures]
    for place in range(draw(st.integers(0, 3))):
        figure = draw(st.sampled_from(figures))["id"]
        events.insert(draw(st.integers(0, len(events))), draw(acts(figure, place)))
    return [
        Recorded(0, sequence, AT, filed_of(Event.model_validate(one)))
        for sequence, one in enumerate(events, 1)
    ]


def filed(figure: Document) -> Document:
    source, _, name = figure["event"].rpartition("/")
    data = {
        "originator": figure["originator"],
        "published_at": figure["published_at"],
        "figures": [figure["figure"]],
    }
    return envelope("report.filed", source, name, figure["time"], data)


@st.composite
def acts(draw: st.DrawFn, figure: str, place: int) -> Document:
    data: dict[str, Any] = {"figure": figure, "reason": "said so"}
    kinds = ("figure.retracted", "figure.reviewed", "figure.revised", *INCIDENT_ACTS)
    kind = draw(st.sampled_from(kinds))
    if kind in INCIDENT_ACTS:
        data = {"reason": "said so"} | INCIDENT_ACTS[kind](figure)
        return envelope(kind, SOURCE, f"act-{place}", f"{date(DAYS)}T1{place}:00:00Z", data)
    if kind == "figure.reviewed":
        data |= {"role": "held", "reviewer": "desk"}
    if kind == "figure.revised":
        data |= {"kind": "correction", "quantity": {"qualifier": "exactly", "value": 7}}
    return envelope(kind, SOURCE, f"act-{place}", f"{date(DAYS)}T1{place}:00:00Z", data)


def envelope(kind: str, source: str, name: str, time: str, data: Document) -> Document:
    return {
        "specversion": "1.0",
        "type": f"org.tollbook.{kind}.v1",
        "source": source,
        "id": name,
        "subject": CRISIS,
        "time": time,
        "data": data,
    }


def drained(fold: Fold, rows: Rows) -> None:
    """Writes what changed into the rows."""
    for change in fold.drain():
        assert change.crisis == CRISIS
        if change.value is None:
            rows.pop(change.key, None)
        else:
            rows[change.key] = change.value


def folded(fold: Fold, events: list[Recorded], page: int) -> Rows:
    """The rows after all events, drained after each page."""
    rows: Rows = {}
    for number, event in enumerate(events, 1):
        fold.apply(event)
        if number % page == 0:
            drained(fold, rows)
    drained(fold, rows)
    return rows


def cells_of(document: Document) -> list[str]:
    """The cells in any order, each as its JSON."""
    return sorted(json.dumps(cell, sort_keys=True) for cell in document["cells"])


def factories() -> Iterator[Any]:
    yield from folds(GAZETTEER, POLICY)


@WORLDLY
@given(event_lists())
def test_rows_do_not_depend_on_how_events_were_cut_into_pages(events: list[Recorded]) -> None:
    for make in factories():
        whole = folded(make(), events, len(events))

        assert folded(make(), events, 1) == whole
        assert folded(make(), events, 3) == whole


@WORLDLY
@given(event_lists(), st.integers(0, 12))
def test_a_restart_from_the_rows_changes_nothing(events: list[Recorded], stop: int) -> None:
    for make in factories():
        # given: rows up to some event, taken up by a new fold
        rows = folded(make(), events[:stop], 3)
        fresh = make()
        fresh.restore(CRISIS, dict(rows))

        # when
        for event in events[stop:]:
            fresh.apply(event)
            drained(fresh, rows)

        # then
        assert rows == folded(make(), events, 3)


@WORLDLY
@given(event_lists())
def test_live_cells_are_the_consolidated_ones(events: list[Recorded]) -> None:
    rows = folded(FigureFold(GAZETTEER, POLICY), events, 3)
    position = Position(len(events), None)
    live = toll_document(CRISIS, rows, Query(), position, GAZETTEER, POLICY)
    query = Query(known_as_of=len(events))
    asked = toll_document(CRISIS, rows, query, position, GAZETTEER, POLICY)

    assert live["cells"] == asked["cells"]
    assert live["checks"] == asked["checks"]


@WORLDLY
@given(event_lists(), st.integers(1, 12))
def test_the_answer_known_then_is_the_live_answer_of_then(
    events: list[Recorded], known: int
) -> None:
    now = folded(FigureFold(GAZETTEER, POLICY), events, 3)
    then = folded(FigureFold(GAZETTEER, POLICY), events[:known], 1)
    position = Position(len(events), None)

    asked = toll_document(CRISIS, now, Query(known_as_of=known), position, GAZETTEER, POLICY)
    live = toll_document(CRISIS, then, Query(), position, GAZETTEER, POLICY)

    assert cells_of(asked) == cells_of(live)
