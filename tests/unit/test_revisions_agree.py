"""What `revisions` says counts is what the tolls are made of, whatever editors did."""

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from figures_builder import Answer, act, ask, day, fig, gid, history, quantity, recorded, report
from hypothesis import given, settings
from hypothesis import strategies as st
from view_kit import WORLD, rows_of

from tollbook_projections.consolidation.interval import interval_of
from tollbook_projections.consolidation.series import Step
from tollbook_projections.filing import Document
from tollbook_projections.query import Query
from tollbook_projections.series_view import series_documents, series_id
from tollbook_projections.solved import Solved, solved
from tollbook_schemas.policy import default_policy
from tollbook_schemas.times import end_of

DAYS = 8
AREAS = ("SY-LA", "SY-TA")
VALUES = st.sampled_from([100, 396, 683, 779])
KINDS = ("correction", "definition_change", "scope_change", "rebase", "reinstatement")
STANDING = ("retracted", "marked_duplicate", "reviewed")


def current(series: Mapping[str, Any]) -> Document | None:
    """The last revision of a series that became its value."""
    counting = [one for one in series["revisions"] if one["counts"]]
    return counting[-1] if counting else None


@st.composite
def acts(draw: st.DrawFn, figures: list[str]) -> list[Document]:
    """What editors did to some figures, in some order: ids and times do not go together."""
    found = []
    for number in range(draw(st.integers(0, 5))):
        figure, kind = draw(st.sampled_from(figures)), draw(st.sampled_from(KINDS + STANDING))
        fields: dict[str, Any] = {}
        if kind in KINDS:
            optional = {
                "as_of": st.integers(1, DAYS + 4).map(day),
                "areas": st.sampled_from(AREAS).map(lambda area: [area]),
            }
            fixed = {} if kind == "reinstatement" else {"quantity": VALUES.map(quantity)}
            fields = draw(st.fixed_dictionaries(fixed, optional=optional))
        elif kind == "reviewed":
            fields = draw(st.sampled_from([{"role": "counted"}, {"role": "held"}, {}]))
        elif kind == "marked_duplicate":
            fields = {"of": "z#x"}
        done = act(kind, f"e{9 - number}", 12 + draw(st.integers(0, 4)), "", **fields)
        found.append({**done, "data": done["data"] | {"figure": figure}})
    return found


@st.composite
def histories(draw: st.DrawFn) -> list[Document]:
    """A report a day about one of two areas, some of them relayed, and acts on them."""
    events = []
    for number in sorted(draw(st.sets(st.integers(1, DAYS), min_size=1))):
        said = draw(st.one_of(VALUES, VALUES, VALUES, st.just("unknown")))
        figure = fig("x", said, draw(st.sampled_from(AREAS)))
        relayed_by = draw(st.sampled_from([None, "paper"]))
        events.append(report(f"r{number}", number, figure, relayed_by=relayed_by))
    return draw(st.permutations([*events, *draw(acts([gid(f"{one['id']}#x") for one in events]))]))


@settings(max_examples=300, deadline=None)
@given(histories())
def test_the_last_revision_that_counts_is_the_value_of_its_cell(events: list[Document]) -> None:
    for moment in [None, *range(1, DAYS + 5)]:
        # when: revisions and tolls are asked the same question
        query = Query(as_of=None if moment is None else end_of(day(moment)))
        series = {one["areas"][0]: one for one in history(*events, query=query)}
        answer = ask(*events, as_of=moment)

        # then
        for area in AREAS:
            assert own(answer, area) == said(series.get(area))


def own(answer: Answer, area: str) -> int | None:
    """The best of an originator for an area, where there is one."""
    return answer.own("sohr", area)[1] if answer.has(area) else None


def said(series: Mapping[str, Any] | None) -> int | None:
    entry = current(series) if series is not None else None
    return None if entry is None else entry["quantity"]["value"]


COAST: list[Document] = [
    json.loads(line)
    for line in files("tollbook_services")
    .joinpath("data/coast-2025.jsonl")
    .read_text()
    .splitlines()
]
COAST_FIGURES = [
    f"{event['source']}/{event['id']}#{figure['id']}"
    for event in COAST
    for figure in event["data"]["figures"]
    if figure["measure"] == "killed" and figure["basis"] == "cumulative"
]


@settings(max_examples=40, deadline=None)
@given(acts(COAST_FIGURES), st.sampled_from([None, 8, 9, 10, 11, 12, 14]))
def test_the_coast_agrees_with_its_revisions_after_any_acts(
    done: list[Document], moment: int | None
) -> None:
    # given: the crisis of the worked example, and acts on its tolls
    on_coast = [{**one, "subject": COAST[0]["subject"]} for one in done]
    rows = rows_of(recorded([*COAST, *on_coast]))
    query = Query(as_of=None if moment is None else end_of(day(moment)))

    # when
    documents = series_documents(rows, query, WORLD, default_policy())
    bases = dict(bases_of(solved(rows, query, WORLD, default_policy())))

    # then: what the cells of an area are derived from is what its series says counts
    entries = {one["id"]: entry for one in documents if plain(one) and (entry := current(one))}
    assert entries.keys() == bases.keys()
    for name, base in bases.items():
        assert entries[name]["figure"] in base.figures
        if len(base.figures) == 1:
            stated, _ = interval_of(entries[name]["quantity"], default_policy())
            assert base.interval == stated


def plain(series: Mapping[str, Any]) -> bool:
    """Whether a series is of complete figures of its areas, not of a window, place or incident."""
    apart = series["place"] or series["incident"] or "coverage=" in series["id"]
    return series["basis"] in {"cumulative", "stock"} and not apart


def bases_of(found: Solved) -> Iterable[tuple[str, Step]]:
    """The current value of each region of the books, by the id of its series."""
    for book in found.books.books.values():
        for sheet in book.sheets.values():
            for node in sheet.nodes.values():
                step = node.base.last()
                if step is not None:
                    yield series_id(node.base.claims[-1].series), step
