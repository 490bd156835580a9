"""The view `conflicts`: what does not fit together, both sides, and what would resolve it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tollbook_projections.conflict_words import CELL_FLAGS, CHECK, MARKS, QUARANTINED, WAITS
from tollbook_projections.consolidation.books import Cell
from tollbook_projections.consolidation.checks import checks_of
from tollbook_projections.consolidation.claim import BookKey, Claim
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.series import Series, Step
from tollbook_projections.consolidation.solver import Solver
from tollbook_projections.documents import as_of_text, bounds_document, cell_document
from tollbook_projections.filing import Document
from tollbook_projections.query import Position, Query, clocks
from tollbook_projections.selection import Dossier
from tollbook_projections.series_view import series_id
from tollbook_projections.solved import Solved, solved
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy


def conflicts_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    position: Position,
    gazetteer: Gazetteer,
    policy: Policy,
    quarantined: Sequence[Document],
) -> Document:
    """The view `conflicts`: checks, figures, cells, acts that wait, and quarantined keys.

    Args:
        crisis: its slug, printed.
        rows: rows of the projection `figures`; tables figure, act and incident.
        query: what is asked.
        position: where these rows were read.
        gazetteer: names of areas, and what lies inside them.
        policy: the policy to consolidate with.
        quarantined: events of the crisis whose key was recorded with other content: `source`,
            `id`, `recorded_at`, `reason` and, where known, `sequence` of the recorded one.
    """
    found = solved(rows, query, gazetteer, policy)
    entries = [
        *_failed_checks(found, query),
        *_marked(found, query),
        *_flagged(found, query),
        *_waiting(found),
        *(_in_quarantine(document) for document in quarantined),
    ]
    return {
        "crisis": crisis,
        **clocks(query, position),
        "policy": policy.id,
        "gazetteer": gazetteer.version,
        "conflicts": entries,
    }


def _entry(kind: str, what: str, resolve: str, **given: Any) -> Document:
    """One conflict; every entry has every field, null or empty where it says nothing."""
    blank: Document = {
        "kind": kind,
        "what": what,
        "sides": [],
        "figures": [],
        "cells": [],
        "series": None,
        "measure": None,
        "unit": None,
        "area": None,
        "originator": None,
        "event": None,
        "time": None,
        "resolve": resolve,
    }
    return blank | given


def _side(says: str, interval: Interval | None, figures: Iterable[str]) -> Document:
    bounds = bounds_document(interval) if interval else None
    return {"says": says, "value": bounds, "figures": list(figures)}


def _failed_checks(found: Solved, query: Query) -> Iterator[Document]:
    """Every check that does not hold, with what is stated and what the others come to."""
    dossiers = found.admitted.dossiers
    checks = checks_of(found.books, dossiers, found.books.kinds(), found.policy)
    for check in checks:
        dossier = dossiers[check.figure]
        if check.holds or not found.asked(query, dossier):
            continue
        by = check.stated_by or (check.figure,)
        yield _entry(
            f"{check.kind}_check",
            f"the {check.kind} check of a figure fails: the two sides cannot both be right",
            CHECK,
            sides=[
                _side("stated", check.stated, by),
                _side("computed", check.computed, check.against),
            ],
            figures=list(dict.fromkeys((check.figure, *by, *check.against))),
            measure=check.counted.measure,
            unit=check.counted.unit,
            originator=dossier.filed["originator"],
            event=dossier.filed["event"],
            time=dossier.filed["time"],
        )


def _marked(found: Solved, query: Query) -> Iterator[Document]:
    """Figures whose place in their series, or whose own quantity, is in question."""
    for series in found.books.all_series():
        for claim in series.claims:
            dossier = found.admitted.dossiers[claim.figure]
            marks = set(series.marks.get(claim, ()))
            marks |= {"bounds_disordered"} & set(claim.flags)
            if found.asked(query, dossier):
                for mark in sorted(marks):
                    yield _mark(dossier, series, claim, mark)


def _mark(dossier: Dossier, series: Series, claim: Claim, mark: str) -> Document:
    figure = claim.figure
    own = _side(f"this figure, as of {as_of_text(claim.as_of)}", claim.interval, [figure])
    other = _other_side(series, claim, mark)
    sides = [*([other] if other is not None else []), own]
    what, resolve = MARKS[mark]
    return _entry(
        mark,
        what,
        resolve.replace("FIGURE", figure),
        sides=sides,
        figures=list(dict.fromkeys(name for side in sides for name in side["figures"])),
        series=series_id(claim.series),
        measure=claim.series.book.measure,
        unit=claim.series.book.unit,
        area="+".join(claim.region.areas),
        originator=claim.series.book.originator,
        event=dossier.filed["event"],
        time=dossier.filed["time"],
    )


def _other_side(series: Series, claim: Claim, mark: str) -> Document | None:
    """What a marked figure stands against: the value before it, or the others of its time."""
    if mark == "bounds_disordered":
        return None
    if mark == "ambiguous_series":
        others = [
            other
            for other in series.claims
            if other.order[:2] == claim.order[:2] and other.figure != claim.figure
        ]
        hull = next((other.interval for other in others if other.interval), None)
        names = [other.figure for other in others]
        return _side("another one of the same time", hull, names)
    before = _step_before(series, claim)
    if before is None:
        return None
    says = f"the value before, as of {as_of_text(before.as_of)}"
    return _side(says, before.interval, before.figures)


def _step_before(series: Series, claim: Claim) -> Step | None:
    earlier = [
        step
        for step in series.steps
        if (step.as_of, step.published) <= claim.order[:2] and not step.holds(claim)
    ]
    return earlier[-1] if earlier else None


def _flagged(found: Solved, query: Query) -> Iterator[Document]:
    """Cells whose value does not fit; a sum above such a cell is left out, as it only says so."""
    lattice = found.books.lattice
    for kind in found.books.kinds():
        cells = [cell for cell in found.books.cells(kind) if cell.key.kind == "area"]
        if query.measure not in {None, kind.measure}:
            continue
        for flag, (what, resolve) in CELL_FLAGS.items():
            flagged = [cell for cell in cells if flag in cell.merged.flags]
            for cell in flagged:
                inner = any(
                    other is not cell and lattice.inside(other.key.region, cell.key.region)
                    for other in flagged
                )
                if not inner and found.holds(query, cell.key.region.areas):
                    yield _cell_entry(found, cell, flag, what, resolve)


def _cell_entry(found: Solved, cell: Cell, flag: str, what: str, resolve: str) -> Document:
    document = cell_document(cell, found.gazetteer)
    sides = [
        _side(name, value.interval, sorted(value.figures))
        for name, value in sorted(cell.originators.items())
        if value.interval.low or value.interval.best is not None
    ]
    if len(cell.originators) == 1 or flag in {"conflict", "floor_above_figure"}:
        sides = [
            side
            for name, value in sorted(cell.originators.items())
            if len(cell.originators) == 1 or flag in value.flags
            for side in _own_sides(found, cell, name)
        ] or sides
    return _entry(
        flag,
        f"{document['name']}, {document['segment']}: {what}",
        resolve,
        sides=sides,
        figures=document["figures"],
        cells=[document["id"]],
        measure=document["measure"],
        unit=document["unit"],
        area=document["area"],
        originator=next(iter(cell.originators)) if len(cell.originators) == 1 else None,
    )


def _own_sides(found: Solved, cell: Cell, name: str) -> list[Document]:
    """One originator's figure of a cell, and the least that its parts and minimums come to."""
    counted, region = cell.key.counted, cell.key.region
    book = found.books.books[BookKey(name, counted.measure, counted.unit, counted.nature)]
    for sheet in book.sheets.values():
        solver = Solver(sheet, found.books.lattice, stock=counted.nature == "stock")
        facts = solver.facts.get(region)
        if facts is None or facts.base is None:
            continue
        base = facts.base
        others = sorted(set(cell.originators[name].figures) - set(base.figures))
        low = max(solver.floors.low(region), *(span.interval.low for span in facts.floors), 0)
        return [
            _side(f"{name}: its figure", base.interval, base.figures),
            _side(f"{name}: its parts and minimums", Interval(low, None, None), others),
        ]
    return []


def _waiting(found: Solved) -> Iterator[Document]:
    """Acts on figures that never came."""
    acts = [(act, (act["figure"],)) for act in found.admitted.waiting]
    for act, figures in (*acts, *found.admitted.waiting_incidents):
        yield _entry(
            "waiting_act",
            f"the {act['act'].replace('_', ' ')} of {', '.join(figures)} waits: no such figure",
            WAITS,
            sides=[_side(f"{act['act']}: {act['data']['reason']}", None, figures)],
            figures=list(figures),
            event=act["event"],
            time=act["time"],
        )


def _in_quarantine(document: Document) -> Document:
    event = f"{document['source']}/{document['id']}"
    first = document.get("sequence")
    recorded = "recorded first" if first is None else f"recorded first, at sequence {first}"
    return _entry(
        "quarantined",
        f"{event} came again with other content: {document['reason']}",
        QUARANTINED.replace("EVENT", event),
        sides=[_side(recorded, None, []), _side("in quarantine", None, [])],
        event=event,
        time=document["recorded_at"],
    )
