"""The view `revisions`: every series with its values in order, and how each came about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tollbook_projections.consolidation.books import Books
from tollbook_projections.consolidation.claim import Claim, SeriesKey
from tollbook_projections.consolidation.region import slug_of
from tollbook_projections.documents import area_text, as_of_text, segment_text
from tollbook_projections.dossiers import admitted_of
from tollbook_projections.filing import Document
from tollbook_projections.query import Query
from tollbook_projections.reading import Reading
from tollbook_projections.selection import (
    Dossier,
    Version,
    cut_off,
)
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import instant_of

BREAKS = frozenset({"definition_change", "scope_change", "rebase"})


_STANDING = frozenset({"retraction", "duplicate", "review"})
"""Acts that change whether a figure counts, not what it says."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One step before it is numbered."""

    order: tuple[datetime, datetime, int, str, str, int]
    kind: str
    dossier: Dossier
    quantity: Mapping[str, Any] | None
    replaced: Mapping[str, Any] | None
    as_of: str
    act: Document | None
    counts: bool
    live: bool
    part_of: str | None


def series_documents(
    rows: Mapping[str, bytes], query: Query, gazetteer: Gazetteer, policy: Policy
) -> list[Document]:
    """Every series a query asks for, each with its revisions in order of as_of."""
    admitted = admitted_of(rows, query.moment)
    books, reading = Books(gazetteer, policy), Reading(gazetteer, policy)
    series: dict[SeriesKey, list[_Entry]] = {}
    for figure in sorted(admitted.dossiers):
        dossier = admitted.dossiers[figure]
        books.replace(figure, reading.claims(dossier, query.as_of))
        for key, entry in _entries(dossier, query, reading):
            series.setdefault(key, []).append(entry)
    marks = books.marks()
    documents = [
        _series_document(key, entries, marks)
        for key, entries in series.items()
        if _asked(key, query, books, gazetteer)
    ]
    return sorted(documents, key=lambda document: document["id"])


def series_id(key: SeriesKey) -> str:
    """A readable id of a series, unique in its crisis."""
    book, region = key.book, key.region
    parts = [
        book.originator,
        book.measure,
        book.unit,
        segment_text(region.segment),
        "+".join(region.areas),
        key.basis,
    ]
    for name, value in (
        ("place", key.place),
        ("incident", key.incident),
        ("origin", area_text(region.flow.origin)),
        ("destination", area_text(region.flow.destination)),
        ("dated_by", key.dated_by),
        ("coverage", "partial" if key.partial else None),
        ("phase", str(key.phase) if key.phase else None),
        ("window", _window_text(key)),
    ):
        if value is not None:
            parts.append(f"{name}={value}")
    return "|".join(parts)


def _window_text(key: SeriesKey) -> str | None:
    if key.window is None:
        return None
    start, end = key.window
    began = "" if start is None else as_of_text(start) or ""
    return f"{began.removesuffix('T00:00:00Z')}..{as_of_text(end)}"


def _entries(dossier: Dossier, query: Query, reading: Reading) -> list[tuple[SeriesKey, _Entry]]:
    """The versions of a figure, then the acts that changed its standing."""
    found: list[tuple[SeriesKey, _Entry]] = []
    before: Mapping[str, Any] | None = None
    for version in dossier.versions:
        for claim in reading.version_claims(dossier, version):
            if _by(claim, query):
                found += [(claim.series, _version_entry(dossier, version, claim, before))]
        before = version.body["quantity"]
    last = dossier.versions[-1]
    for claim in reading.version_claims(dossier, last):
        if _by(claim, query):
            found += [
                (claim.series, _act_entry(dossier, last, claim, act))
                for act in dossier.acts
                if act["act"] in _STANDING
            ]
    return found


def _by(claim: Claim, query: Query) -> bool:
    return query.as_of is None or claim.as_of <= query.as_of


def _version_entry(
    dossier: Dossier, version: Version, claim: Claim, before: Mapping[str, Any] | None
) -> _Entry:
    _, as_of, _ = cut_off(dossier, version)
    live = dossier.excluded is None and dossier.role == "counted" and not version.replaced
    return _Entry(
        order=_order(claim, version.act),
        kind="filed" if version.act is None else version.act["act"],
        dossier=dossier,
        quantity=version.body["quantity"],
        replaced=before if version.act is not None else None,
        as_of=as_of,
        act=version.act,
        counts=live,
        live=not version.replaced,
        part_of=claim.part_of,
    )


def _act_entry(dossier: Dossier, version: Version, claim: Claim, act: Document) -> _Entry:
    _, as_of, _ = cut_off(dossier, version)
    quantity = version.body["quantity"]
    return _Entry(
        order=_order(claim, act),
        kind=act["act"],
        dossier=dossier,
        quantity=quantity if act["act"] == "review" else None,
        replaced=quantity,
        as_of=as_of,
        act=act,
        counts=False,
        live=False,
        part_of=claim.part_of,
    )


def _order(claim: Claim, act: Document | None) -> tuple[datetime, datetime, int, str, str, int]:
    """By as_of and publication like the series itself, an act after the figure it is about."""
    as_of, published, relay, filed, event, index = claim.order
    if act is None:
        return as_of, published, int(relay), filed, event, index
    return as_of, max(published, instant_of(act["time"])), 2, filed, act["event"], index


def _series_document(
    key: SeriesKey, entries: list[_Entry], marks: Mapping[str, tuple[str, ...]]
) -> Document:
    ordered = sorted(entries, key=lambda entry: entry.order)
    figures = {entry.dossier.id for entry in ordered}
    revisions = []
    current: Mapping[str, Any] | None = None
    for number, entry in enumerate(ordered, 1):
        own = marks.get(entry.dossier.id, ()) if entry.live else ()
        held = {"stale_relay", "held_relay"} & set(own)
        counts = entry.counts and not held and entry.part_of not in figures
        previous = entry.replaced if entry.act is not None else current
        late = any(_sequence(other) < _sequence(entry) for other in ordered[number:])
        revisions.append(_revision(number, entry, previous, counts=counts, own=own, late=late))
        if counts:
            current = entry.quantity
    return {
        "id": series_id(key),
        "originator": key.book.originator,
        "measure": key.book.measure,
        "unit": key.book.unit,
        "segment": slug_of(key.region.segment),
        "areas": list(key.region.areas),
        "basis": key.basis,
        "place": key.place,
        "incident": key.incident,
        "origin": area_text(key.region.flow.origin),
        "destination": area_text(key.region.flow.destination),
        "revisions": revisions,
    }


def _revision(
    number: int,
    entry: _Entry,
    previous: Mapping[str, Any] | None,
    *,
    counts: bool,
    own: tuple[str, ...],
    late: bool,
) -> Document:
    filed, act = entry.dossier.filed, entry.act
    kind = entry.kind
    if kind == "filed":
        kind = "initial" if previous is None else "update"
    return {
        "n": number,
        "kind": kind,
        "previous": previous,
        "quantity": entry.quantity,
        "as_of": entry.as_of,
        "published_at": filed["published_at"] if act is None else act["time"],
        "recorded_at": filed["recorded_at"] if act is None else act["recorded_at"],
        "sequence": _sequence(entry),
        "reason": None if act is None else act["data"]["reason"],
        "figure": entry.dossier.id,
        "event": filed["event"] if act is None else act["event"],
        "url": filed["url"],
        "relayed_by": filed["relayed_by"],
        "counts": counts,
        "flags": _flags(entry, own, late=late),
    }


def _flags(entry: _Entry, own: tuple[str, ...], *, late: bool) -> list[str]:
    flags = set(own)
    if late:
        flags.add("late")
    if entry.kind in BREAKS:
        flags.add("series_break")
    if entry.dossier.role != "counted":
        flags.add(entry.dossier.role)
    if entry.dossier.excluded is not None:
        flags.add(entry.dossier.excluded)
    return sorted(flags)


def _sequence(entry: _Entry) -> int:
    source = entry.dossier.filed if entry.act is None else entry.act
    return int(source["sequence"])


def _asked(key: SeriesKey, query: Query, books: Books, gazetteer: Gazetteer) -> bool:
    if query.measure is not None and key.book.measure != query.measure:
        return False
    if query.originator is not None and key.book.originator != query.originator:
        return False
    if query.area is None:
        return True
    area = gazetteer.canonical(query.area)
    return any(books.lattice.contains(area, code) for code in key.region.areas)
