"""The view `revisions`: every series with its values in order, and how each came about."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from tollbook_projections.consolidation.books import Books
from tollbook_projections.consolidation.claim import Claim, SeriesKey
from tollbook_projections.consolidation.region import slug_of
from tollbook_projections.documents import area_text, as_of_text, segment_text
from tollbook_projections.dossiers import admitted_of
from tollbook_projections.filing import Document
from tollbook_projections.query import Query
from tollbook_projections.reading import Reading
from tollbook_projections.redactions import withheld_flag
from tollbook_projections.selection import Dossier, Version, cut_off
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy

BREAKS = frozenset({"definition_change", "scope_change", "rebase"})

_COUNTS_AFTER = {"retraction": False, "duplicate": False, "reinstatement": True}
"""Acts that decide whether a figure counts, with what they decide."""

_ABOUT_ALL = frozenset({*_COUNTS_AFTER, "review"})
"""Acts that are about everything a figure says, of whatever moment."""

_Order = tuple[datetime, datetime, bool, str, int, int]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One step before it is numbered.

    Attributes:
        order: that of the series itself, then the acts on a value behind it, in their order.
        claim: the value that was filed, or that an act made or was about.
        replaced: what the figure said before the act; None where it did not count then.
    """

    order: tuple[_Order, int]
    kind: str
    dossier: Dossier
    claim: Claim
    quantity: Mapping[str, Any] | None
    replaced: Mapping[str, Any] | None
    as_of: str
    act: Document | None


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
        for entry in _entries(dossier, reading):
            if query.as_of is None or entry.claim.as_of <= query.as_of:
                series.setdefault(entry.claim.series, []).append(entry)
    marks = books.marks()
    counting = {claim for one in books.all_series() for claim in one.counting()}
    documents = [
        _series_document(key, entries, marks, counting)
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


def _entries(dossier: Dossier, reading: Reading) -> Iterator[_Entry]:
    """What a figure said, and every act on it: each as the figure stood at the time of the act."""
    versions = dossier.versions
    made = {one.act["event"]: one for one in versions if one.act is not None}
    latest, counted = versions[0], True
    yield from _value_entries(dossier, latest, None, reading)
    for place, act in enumerate(dossier.acts, 1):
        kind, version = act["act"], made.get(act["event"])
        counts = _COUNTS_AFTER.get(kind, counted)
        if version is not None:
            before = latest.body["quantity"] if counted or kind != "reinstatement" else None
            yield from _value_entries(dossier, version, before, reading)
            latest = version
        if kind in _ABOUT_ALL:
            for one in versions:
                if one is not version and one.live_at(latest.number):
                    yield from _act_entries(dossier, one, (place, act), (counted, counts), reading)
        counted = counts


def _value_entries(
    dossier: Dossier, version: Version, before: Mapping[str, Any] | None, reading: Reading
) -> Iterator[_Entry]:
    """What was filed, or an act that changed what a figure says."""
    for claim in reading.version_claims(dossier, version):
        yield _Entry(
            order=(claim.order, 0),
            kind="filed" if version.act is None else version.act["act"],
            dossier=dossier,
            claim=claim,
            quantity=version.body["quantity"],
            replaced=before,
            as_of=cut_off(dossier, version)[1],
            act=version.act,
        )


def _act_entries(
    dossier: Dossier,
    version: Version,
    done: tuple[int, Document],
    counted: tuple[bool, bool],
    reading: Reading,
) -> Iterator[_Entry]:
    """An act on whether a figure counts, as one of its values shows it.

    Args:
        dossier: the figure.
        version: the value.
        done: the act, and its place among those on the figure.
        counted: whether the figure was neither retracted nor a duplicate, before and after it.
        reading: what the version claims.
    """
    (place, act), (before, after) = done, counted
    quantity = version.body["quantity"]
    for claim in reading.version_claims(dossier, version):
        yield _Entry(
            order=(claim.order, place),
            kind=act["act"],
            dossier=dossier,
            claim=claim,
            quantity=quantity if after else None,
            replaced=quantity if before else None,
            as_of=cut_off(dossier, version)[1],
            act=act,
        )


def _series_document(
    key: SeriesKey,
    entries: list[_Entry],
    marks: Mapping[Claim, tuple[str, ...]],
    counting: Container[Claim],
) -> Document:
    ordered = sorted(entries, key=lambda entry: entry.order)
    earliest = _earliest_after(ordered)
    revisions = []
    current: Mapping[str, Any] | None = None
    for number, entry in enumerate(ordered, 1):
        value = entry.order[1] == 0
        own = marks.get(entry.claim, ()) if value else ()
        counts = value and entry.claim in counting
        previous = entry.replaced if entry.act is not None else current
        late = earliest[number] < _sequence(entry)
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
    withheld = withheld_flag(entry.dossier.filed)
    if withheld is not None:
        flags.add(withheld)
    return sorted(flags)


def _earliest_after(ordered: list[_Entry]) -> list[float]:
    """The sequence of the first recorded entry from each place on; beyond the last one, none."""
    found: list[float] = [inf]
    for entry in reversed(ordered):
        found.append(min(found[-1], _sequence(entry)))
    return found[::-1]


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
