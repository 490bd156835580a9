"""The view `sources`: who counted, since when, and how their numbers changed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tollbook_projections.consolidation.books import Cell
from tollbook_projections.consolidation.series import Series
from tollbook_projections.filing import Document
from tollbook_projections.query import Position, Query, clocks
from tollbook_projections.selection import Dossier, published_at
from tollbook_projections.solved import Solved, solved
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy


@dataclass(slots=True)
class _Record:
    """What one originator's series come to."""

    series: int = 0
    up: int = 0
    down: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    cells: int = 0
    best: int = 0


def sources_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    position: Position,
    gazetteer: Gazetteer,
    policy: Policy,
) -> Document:
    """The view `sources`: one entry for each originator, in order of name.

    Args:
        crisis: its slug, printed.
        rows: rows of the projection `figures`; tables figure, act and incident.
        query: what is asked; only figures of the measure, originator and area count here.
        position: where these rows were read.
        gazetteer: names of areas, and what lies inside them.
        policy: gives each originator's rank.
    """
    found = solved(rows, query, gazetteer, policy)
    figures: dict[str, list[Dossier]] = {}
    for figure in sorted(found.admitted.dossiers):
        dossier = found.admitted.dossiers[figure]
        if found.asked(query, dossier) and found.dated(query, dossier):
            figures.setdefault(dossier.filed["originator"], []).append(dossier)
    records = _records(found, {one.id for ones in figures.values() for one in ones}, query)
    rank = {name: place for place, name in enumerate(policy.source_rank, 1)}
    return {
        "crisis": crisis,
        **clocks(query, position),
        "policy": policy.id,
        "gazetteer": gazetteer.version,
        "sources": [
            _source(name, figures[name], records.get(name, _Record()), found)
            | {"rank": rank.get(name)}
            for name in sorted(figures)
        ],
    }


def _records(found: Solved, wanted: set[str], query: Query) -> dict[str, _Record]:
    """What the series of the wanted figures, and the cells asked for, say of each originator."""
    records: dict[str, _Record] = defaultdict(_Record)
    for key, book in found.books.books.items():
        for series in book.all_series():
            if any(claim.figure in wanted for claim in series.claims):
                _take(records[key.originator], series)
    for kind in found.books.kinds():
        if query.measure in {None, kind.measure}:
            for cell in found.books.cells(kind):
                if found.holds(query, cell.key.region.areas):
                    _supply(records, cell)
    return records


def _supply(records: dict[str, _Record], cell: Cell) -> None:
    """Counts a cell for everybody who has a value there, and for who gave its best."""
    for name in cell.originators:
        records[name].cells += 1
    if cell.merged.supplier is not None:
        records[cell.merged.supplier].best += 1


def _take(record: _Record, series: Series) -> None:
    """Counts the steps of a series: each value that replaced another one."""
    record.series += 1
    for before, after in zip(series.steps, series.steps[1:], strict=False):
        record.up += after.interval.point > before.interval.point
        record.down += after.interval.point < before.interval.point
    record.marks.update(mark for marks in series.marks.values() for mark in marks)


def _source(name: str, figures: list[Dossier], record: _Record, found: Solved) -> Document:
    dated = sorted(figures, key=lambda one: (published_at(one.filed), one.filed["event"]))
    reports = {one.filed["event"] for one in figures}
    claims = [claim for one in figures for claim in found.said(one)]
    return {
        "originator": name,
        "first_published": dated[0].filed["published_at"],
        "last_published": dated[-1].filed["published_at"],
        "reports": len(reports),
        "figures": len(figures),
        "series": record.series,
        "revisions_up": record.up,
        "revisions_down": record.down,
        "unexplained_falls": record.marks["unexplained_fall"],
        "stale_relays": record.marks["stale_relay"],
        "held_relays": record.marks["held_relay"],
        "corrections": list(_acts(figures, exclude=_STANDING)),
        "retractions": list(_acts(figures, only="retraction")),
        "duplicates": list(_acts(figures, only="duplicate")),
        "relayed_by": _relays(figures),
        "measures": sorted({one.filed["figure"]["measure"] for one in figures}),
        "areas": sorted({code for claim in claims for code in claim.region.areas}),
        "cells": record.cells,
        "supplies_best": record.best,
    }


_STANDING = frozenset({"retraction", "duplicate", "review"})
"""Acts that change whether a figure counts; all others correct or explain what it says."""


def _acts(
    figures: list[Dossier], *, only: str | None = None, exclude: frozenset[str] = frozenset()
) -> Iterable[Document]:
    for one in figures:
        for act in one.acts:
            if act["act"] not in exclude and only in {None, act["act"]}:
                yield {
                    "figure": one.id,
                    "kind": act["act"],
                    "reason": act["data"]["reason"],
                    "event": act["event"],
                    "time": act["time"],
                    "sequence": act["sequence"],
                }


def _relays(figures: list[Dossier]) -> list[Document]:
    """Who printed this originator's figures, with the number of reports, the busiest first."""
    reports = {
        (one.filed["relayed_by"], one.filed["event"]) for one in figures if one.filed["relayed_by"]
    }
    counted = Counter(name for name, _ in reports)
    return [
        {"name": name, "reports": count}
        for name, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
