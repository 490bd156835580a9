"""Small reports and acts in a few words, and readable answers from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tollbook_projections.consolidation.books import Cell
from tollbook_projections.consolidation.check import Check
from tollbook_projections.consolidation.consolidate import Consolidation, consolidate
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.region import slug_of
from tollbook_projections.documents import cell_document
from tollbook_projections.filing import (
    Document,
    acts,
    encode,
    filed_figures,
    incident_acts,
)
from tollbook_projections.households import with_persons
from tollbook_projections.projection import Recorded
from tollbook_projections.query import Query
from tollbook_projections.selection import Moment, admit
from tollbook_projections.series_view import series_documents
from tollbook_schemas.event import Event
from tollbook_schemas.filed import filed_of
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import Policy, default_policy
from tollbook_schemas.times import end_of

SOURCE = "https://desk.example"
CIVILIAN = {"status": "civilian"}
COMBATANT = {"status": "combatant"}
SECURITY = {"status": "combatant", "group": "state_security"}
PRO_REGIME = {"status": "combatant", "group": "pro_former_regime"}
FOUR = ["SY-LA", "SY-TA", "SY-HM", "SY-HI"]

Bounds = tuple[int, int | None, int | None]


def day(number: int) -> str:
    """A date in March 2025."""
    return f"2025-03-{number:02d}"


def quantity(value: int | str | Mapping[str, Any]) -> dict[str, Any]:
    """A number is exact, a word is lexical (or a qualifier without a value), or as given."""
    if isinstance(value, int):
        return {"qualifier": "exactly", "value": value}
    if isinstance(value, str):
        bare = {"unquantified", "unknown", "none_reported"}
        return {"qualifier": value} if value in bare else {"qualifier": "lexical", "word": value}
    return dict(value)


def at_least(value: int) -> dict[str, Any]:
    return {"qualifier": "at_least", "value": value}


def about(value: int) -> dict[str, Any]:
    return {"qualifier": "approximately", "value": value}


def more_than(value: int) -> dict[str, Any]:
    return {"qualifier": "more_than", "value": value}


def between(low: int, high: int, value: int | None = None) -> dict[str, Any]:
    found = {"qualifier": "between", "from": low, "to": high}
    return found if value is None else found | {"value": value}


def fig(
    name: str, value: int | str | Mapping[str, Any], areas: str | list[str], **fields: Any
) -> dict[str, Any]:
    """A figure of killed persons, cumulative unless said otherwise."""
    return {
        "id": name,
        "measure": "killed",
        "unit": "person",
        "basis": "cumulative",
        "areas": [areas] if isinstance(areas, str) else areas,
        "quantity": quantity(value),
    } | fields


def increment(
    name: str,
    value: int | str | Mapping[str, Any],
    areas: str | list[str],
    first: int,
    last: int,
    **fields: Any,
) -> dict[str, Any]:
    """A figure of one window of days."""
    window = {"start": day(first), "end": day(last)}
    return fig(name, value, areas, basis="increment", window=window, as_of=day(last), **fields)


def report(
    name: str,
    number: int,
    *figures: Mapping[str, Any],
    by: str = "sohr",
    relayed_by: str | None = None,
) -> Document:
    """A report published on a day; its figures have that day as their as_of unless they say."""
    data: Document = {
        "originator": by,
        "published_at": day(number),
        "figures": [
            dict(one) if "as_of" in one else {**one, "as_of": day(number)} for one in figures
        ],
    }
    if relayed_by is not None:
        data["relayed_by"] = relayed_by
    return _event("org.tollbook.report.filed.v1", name, number, data)


def act(kind: str, name: str, number: int, figure: str, **fields: Any) -> Document:
    """An act on `report#figure`: a kind of revision, or retracted, marked_duplicate, reviewed."""
    data = {"figure": gid(figure), "reason": "said so"} | fields
    if kind == "marked_duplicate":
        data["of"] = gid(data["of"])
    if kind == "reviewed":
        data.setdefault("reviewer", "desk")
    if kind not in {"retracted", "marked_duplicate", "reviewed"}:
        kind, data["kind"] = "revised", kind
    return _event(f"org.tollbook.figure.{kind}.v1", name, number, data)


def incident_opened(
    name: str, number: int, incident: str, figures: Iterable[str] = (), **fields: Any
) -> Document:
    """An incident given a name, and figures to it by their global ids."""
    listed = {"figures": list(figures)} if figures else {}
    data = {"incident": incident, "title": incident, "reason": "said so", **listed} | fields
    return _event("org.tollbook.incident.opened.v1", name, number, data)


def incidents_merged(name: str, number: int, incidents: Iterable[str], into: str) -> Document:
    """Several incidents, by slug or by a figure's global id, found to be one."""
    data = {"incidents": list(incidents), "into": into, "reason": "said so"}
    return _event("org.tollbook.incidents.merged.v1", name, number, data)


def incident_split(
    name: str, number: int, incident: str, into: Mapping[str, list[str]]
) -> Document:
    """One incident found to be several, each with its figures."""
    parts = [{"incident": part, "figures": figures} for part, figures in into.items()]
    data = {"incident": incident, "into": parts, "reason": "said so"}
    return _event("org.tollbook.incident.split.v1", name, number, data)


def gid(figure: str) -> str:
    """The global id of `report#figure`."""
    return f"{SOURCE}/{figure}"


@dataclass(frozen=True)
class Answer:
    """A consolidation that can be asked by area and segment."""

    told: Consolidation

    def cell(self, area: str, segment: str = "all", kind: str = "area", **wanted: str) -> Cell:
        """The one cell of an area (joined with +), by segment slug; measure, unit, nature."""
        found = [
            cell
            for cell in self.told.cells
            if cell.key.kind == kind
            and "+".join(cell.key.region.areas) == area
            and slug_of(cell.key.region.segment) == segment
            and all(getattr(cell.key.counted, name) == value for name, value in wanted.items())
        ]
        assert len(found) == 1, f"{len(found)} cells for {kind} {area} {segment}"
        return found[0]

    def has(self, area: str, segment: str = "all", kind: str = "area") -> bool:
        """Whether such a cell exists."""
        return any(
            (cell.key.kind, "+".join(cell.key.region.areas), slug_of(cell.key.region.segment))
            == (kind, area, segment)
            for cell in self.told.cells
        )

    def areas(self) -> set[str]:
        """Every area that has a cell of its own."""
        return {cell.key.region.areas[0] for cell in self.told.cells if cell.key.kind == "area"}

    def of(self, area: str, segment: str = "all", **wanted: str) -> Bounds:
        """low / best / high of an area."""
        return bounds(self.cell(area, segment, **wanted).merged.interval)

    def bucket(self, scope: str, segment: str = "all") -> Bounds:
        """low / best / high of the unallocated part of a scope."""
        return bounds(self.cell(scope, segment, "unallocated").merged.interval)

    def unspecified(self, area: str, segment: str = "all") -> Bounds:
        """low / best / high of what no segment of a total explains."""
        return bounds(self.cell(area, segment, "unspecified").merged.interval)

    def flags(self, area: str, segment: str = "all", **wanted: str) -> frozenset[str]:
        """The flags of an area's cell."""
        return self.cell(area, segment, **wanted).merged.flags

    def own(self, originator: str, area: str, segment: str = "all") -> Bounds:
        """What one originator says of an area."""
        return bounds(self.cell(area, segment).originators[originator].interval)

    def marks(self, figure: str) -> set[str]:
        """What the order of values says of a figure."""
        return {
            mark
            for claim, marks in self.told.marks.items()
            if claim.figure == gid(figure)
            for mark in marks
        }

    def checks(self, kind: str | None = None, figure: str | None = None) -> list[Check]:
        """The checks of a kind, of a figure."""
        return [
            check
            for check in self.told.checks
            if kind in {None, check.kind} and (figure is None or check.figure == gid(figure))
        ]

    def check(self, kind: str, figure: str) -> Check:
        """The one check of a kind on a figure."""
        (found,) = self.checks(kind, figure)
        return found


def bounds(interval: Interval | None) -> Bounds:
    assert interval is not None
    return interval.low, interval.best, interval.high


def recorded(events: Iterable[Mapping[str, Any]]) -> list[Recorded]:
    """The events in a ledger of one partition, one a minute."""
    start = datetime(2025, 4, 1, tzinfo=UTC)
    return [
        Recorded(0, number, start + timedelta(minutes=number), filed_of(Event.model_validate(one)))
        for number, one in enumerate(events, 1)
    ]


def ask(
    *events: Mapping[str, Any],
    policy: Policy | None = None,
    as_of: int | None = None,
    published_as_of: int | None = None,
    known_as_of: int | None = None,
    originator: str | None = None,
) -> Answer:
    """What these events say, now or at a day (or sequence)."""
    figures, done = documents(recorded(events))
    moment = Moment(_end(as_of), _end(published_as_of), known_as_of)
    dossiers = admit(figures, done, moment, on_incidents(recorded(events))).dossiers
    told = consolidate(
        dossiers,
        default_gazetteer(),
        policy or default_policy(),
        as_of=_end(as_of),
        originator=originator,
    )
    return Answer(told)


def on_cells(*events: Mapping[str, Any], policy: Policy | None = None) -> list[Document]:
    """The cells these events make now, households said in persons too, in order."""
    used = policy or default_policy()
    figures, done = documents(recorded(events))
    dossiers = admit(figures, done, Moment()).dossiers
    told = consolidate(dossiers, default_gazetteer(), used)
    cells = [cell_document(cell, default_gazetteer()) for cell in told.cells]
    return with_persons(cells, dossiers, default_gazetteer(), used)


def documents(events: Iterable[Recorded]) -> tuple[list[Document], list[Document]]:
    """The figures and the acts of some recorded events."""
    ledger = list(events)
    return (
        [document for event in ledger for document in filed_figures(event)],
        [document for event in ledger for document in acts(event)],
    )


def on_incidents(events: Iterable[Recorded]) -> list[Document]:
    """The acts on incidents of some recorded events."""
    return [document for event in events for document in incident_acts(event)]


def history(*events: Mapping[str, Any], query: Query | None = None) -> list[Document]:
    """The series these events make, as the view `revisions` shows them."""
    figures, done = documents(recorded(events))
    rows = {f"figure/{one['id']}": encode(one) for one in figures}
    rows |= {f"act/{one['sequence']:012d}/{one['figure']}": encode(one) for one in done}
    on = on_incidents(recorded(events))
    rows |= {f"incident/{one['sequence']:012d}": encode(one) for one in on}
    return series_documents(rows, query or Query(), default_gazetteer(), default_policy())


def _end(number: int | None) -> datetime | None:
    return None if number is None else end_of(day(number))


def _event(kind: str, name: str, number: int, data: Document) -> Document:
    return {
        "specversion": "1.0",
        "type": kind,
        "source": SOURCE,
        "id": name,
        "subject": "coast",
        "time": f"{day(number)}T12:00:00Z",
        "data": data,
    }
