"""The view `explain`: how one number came about, step by step."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from tollbook_projections.cell_choice import cell_asked_for
from tollbook_projections.consolidation.books import Books, Cell
from tollbook_projections.consolidation.claim import BookKey, Claim
from tollbook_projections.consolidation.series import HELD, Series
from tollbook_projections.documents import (
    as_of_text,
    bounds_document,
    cell_document,
)
from tollbook_projections.explanation.naming import Naming
from tollbook_projections.explanation.told_cells import (
    ToldCell,
    kept_steps,
    tell_cell,
)
from tollbook_projections.explanation.trail import Term, Told
from tollbook_projections.filing import CELL_ROW, Document, decode
from tollbook_projections.query import Position, Query, clocks
from tollbook_projections.redactions import withheld_note
from tollbook_projections.selection import Dossier
from tollbook_projections.solved import Solved, solved
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy

CONSIDERED_MAX: Final = 500
"""Figures of one originator in one explanation, the latest: a sum of thousands of incidents
would not fit a page; `considered_total` counts all, and the views list them."""

_NOT_NEEDED: Final = "R4 to R9: newer or wider figures already hold these people, or say more"


def explain_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    cell: str,
    position: Position,
    gazetteer: Gazetteer,
    policy: Policy,
) -> Document:
    """The derivation of one cell: figures considered, rules applied in order, the value.

    Args:
        crisis: its slug, printed.
        rows: rows of the projection `figures`; tables figure, act, incident and cell.
        query: the clocks; a measure narrows the choice of cells, an originator leaves others out.
        cell: the id of a cell as the views print it; the same with `*` for any value of a field;
            or areas, by code, joined by `+`.
        position: where these rows were read.
        gazetteer: names of areas, and what lies inside them.
        policy: the policy to consolidate with.

    Raises:
        UsageError: no cell fits, or several do; the message names candidates.
    """
    found = solved(rows, query, gazetteer, policy)
    chosen = cell_asked_for(found, cell, query)
    told = tell_cell(found.books, chosen, _naming(found))
    document = cell_document(chosen, gazetteer)
    steps, terms = _steps(told)
    used = {name for step in steps for term in step["terms"] for name in term["figures"]}
    return {
        "crisis": crisis,
        **clocks(query, position),
        "policy": policy.id,
        "gazetteer": gazetteer.version,
        "cell": document,
        "originators": [
            {
                "originator": name,
                **_considered(found, chosen, name, used),
                "value": _result(told.own[name], terms),
            }
            for name in sorted(told.own)
        ],
        "steps": steps,
        "value": _result(told.value, terms) if told.value else None,
        "agrees": _agrees(told, document, rows, query),
    }


def _naming(found: Solved) -> Naming:
    quantities = {
        name: tuple(_quantity(dossier, claim) for claim in _moments(found.said(dossier)))
        for name, dossier in found.admitted.dossiers.items()
    }
    return Naming(found.gazetteer, quantities)


def _moments(claims: Iterable[Claim]) -> Iterable[Claim]:
    """One claim of each version, where several are of one area each."""
    return {claim.version: claim for claim in claims}.values()


def _quantity(dossier: Dossier, claim: Claim) -> Mapping[str, Any]:
    quantity: Mapping[str, Any] = dossier.versions[claim.version].body["quantity"]
    return quantity


def _steps(told: ToldCell) -> tuple[list[Document], dict[int, int]]:
    """The steps as documents, numbered from 1, and the new number of each old one."""
    kept = kept_steps(told)
    numbers = {step.number: place for place, step in enumerate(kept, 1)}
    documents = [
        {
            "n": numbers[step.number],
            "originator": told.owners[step.number - 1] or None,
            "rule": step.rule,
            "bound": step.bound,
            "about": step.about,
            "says": step.says,
            "operation": step.operation,
            "terms": [_term(term, numbers) for term in step.terms],
            "value": step.value,
        }
        for step in kept
    ]
    return documents, numbers


def _term(term: Term, numbers: Mapping[int, int]) -> Document:
    return {
        "says": term.says,
        "value": term.value,
        "step": None if term.step is None else numbers[term.step],
        "figures": list(term.figures),
    }


def _result(told: Told, numbers: Mapping[int, int]) -> Document:
    """The last steps of a value: each bound with the step that made it."""
    return {
        bound: {"value": term.value, "step": numbers.get(term.step or 0)}
        for bound, term in zip(("low", "best", "high"), told, strict=True)
    }


def _agrees(told: ToldCell, document: Document, rows: Mapping[str, bytes], query: Query) -> bool:
    """Whether the steps lead to the cell's value, and that is the stored one of a live view."""
    value = [term.value for term in told.value or ()]
    cells = [document]
    stored = rows.get(CELL_ROW + document["id"])
    if query.live and stored is not None:
        cells.append(decode(stored))
    return all(value == [cell["low"], cell["best"], cell["high"]] for cell in cells)


def _considered(found: Solved, cell: Cell, name: str, used: Container[str]) -> Document:
    """An originator's figures around a cell in order of as_of, and what became of each."""
    counted = cell.key.counted
    key = BookKey(name, counted.measure, counted.unit, counted.nature)
    places = _places(found.books, key)
    around = [
        (claim.order, dossier.id, dossier, claim)
        for dossier in found.admitted.dossiers.values()
        if dossier.filed["originator"] == name
        for claim in found.said(dossier)
        if claim.series.book == key and _around(found, claim, cell)
    ]
    around.sort(key=lambda one: one[:2])
    return {
        "considered": [
            _entry(dossier, claim, places.get(claim), used=figure in used)
            for _, figure, dossier, claim in around[-CONSIDERED_MAX:]
        ],
        "considered_total": len(around),
    }


def _around(found: Solved, claim: Claim, cell: Cell) -> bool:
    """Whether a figure can share people with the cell."""
    return not found.books.lattice.disjoint(claim.region, cell.key.region)


def _places(books: Books, key: BookKey) -> dict[Claim, Series]:
    """The series each counted claim of a book stands in."""
    return {claim: series for series in books.books[key].all_series() for claim in series.claims}


def _entry(dossier: Dossier, claim: Claim, series: Series | None, *, used: bool) -> Document:
    standing, why = _standing(dossier, claim, series)
    if standing == "current" and not used:
        standing, why = "not_needed", _NOT_NEEDED
    acts = [
        {"kind": act["act"], "reason": act["data"]["reason"], "event": act["event"]}
        for act in dossier.acts
    ]
    return {
        "figure": dossier.id,
        "quantity": _quantity(dossier, claim),
        "interval": bounds_document(claim.interval) if claim.interval else None,
        "areas": list(claim.region.areas),
        "segment": "/".join(value for _, value in claim.region.segment) or "all",
        "basis": claim.series.basis,
        "as_of": as_of_text(claim.as_of),
        "published_at": dossier.filed["published_at"],
        "relayed_by": dossier.filed["relayed_by"],
        "event": dossier.filed["event"],
        "sequence": dossier.filed["sequence"],
        "standing": standing,
        "why": why,
        "acts": acts,
        **withheld_note(dossier.filed),
    }


def _standing(dossier: Dossier, claim: Claim, series: Series | None) -> tuple[str, str]:
    """What became of a figure (R1, R2, R4, R16), and why."""
    if dossier.excluded is not None:
        return dossier.excluded, f"R1: {_last_reason(dossier.acts, dossier.excluded)}"
    if dossier.role != "counted":
        return dossier.role, "R1: its role is not to be counted, only to be compared"
    if claim.interval is None:
        return "unknown", "R2: it gives no number"
    if series is None:
        return "later", "its cut-off is later than the one asked for"
    return _place(claim, series)


def _place(claim: Claim, series: Series) -> tuple[str, str]:
    """Where a counted figure stands in its series."""
    held = HELD.intersection(series.marks.get(claim, ()))
    if held:
        return min(held), "R16: a relay changes nothing behind its originator's own value"
    current = series.last()
    if current is None or not current.holds(claim):
        later = ", ".join(current.figures) if current else "none"
        return "superseded", f"R4: a later value of its series counts: {later}"
    return "current", "R4: the latest value of its series"


def _last_reason(acts: Iterable[Document], excluded: str) -> str:
    kind = {"retracted": "retraction"}.get(excluded, excluded)
    reasons = [act["data"]["reason"] for act in acts if act["act"] == kind]
    return f"{excluded}: {reasons[-1]}" if reasons else excluded
