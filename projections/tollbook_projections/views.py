"""The views of the read models: rows and a question in, the documents of the contract out."""

from collections.abc import Iterable, Mapping

from tollbook_projections.checkable import checkable
from tollbook_projections.conflict_view import conflicts_document
from tollbook_projections.consolidation.check import Check
from tollbook_projections.consolidation.consolidate import consolidate
from tollbook_projections.documents import cell_document, cell_id, check_document
from tollbook_projections.dossiers import admitted_of
from tollbook_projections.explain import explain_document
from tollbook_projections.filing import CELL_ROW, Document, decode
from tollbook_projections.households import with_persons
from tollbook_projections.incident_view import incidents_document
from tollbook_projections.query import MOVEMENTS, Position, Query, clocks
from tollbook_projections.redactions import as_told, withheld_note, without_marks
from tollbook_projections.selection import Dossier, published_at
from tollbook_projections.series_view import series_documents
from tollbook_projections.source_view import sources_document
from tollbook_projections.statements import STATEMENT_ROW
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy


def toll_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    position: Position,
    gazetteer: Gazetteer,
    policy: Policy,
) -> Document:
    """The view `tolls`: cells with low / best / high, every originator's own, and the checks.

    Args:
        crisis: its slug, printed.
        rows: the rows of the crisis in the read model `figures`.
        query: what is asked.
        position: where these rows were read.
        gazetteer: names of areas, and what lies inside them.
        policy: the policy to consolidate with.
    """
    return _cells_document(crisis, rows, query, position, (gazetteer, policy), movements=False)


def displacement_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    position: Position,
    gazetteer: Gazetteer,
    policy: Policy,
) -> Document:
    """The view `displacement`: the same document of movements and of people present."""
    return _cells_document(crisis, rows, query, position, (gazetteer, policy), movements=True)


def _cells_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    position: Position,
    read_with: tuple[Gazetteer, Policy],
    *,
    movements: bool,
) -> Document:
    gazetteer, policy = read_with
    dossiers = _dossiers(rows, query, movements=movements)
    answer = consolidate(
        dossiers,
        gazetteer,
        policy,
        as_of=query.as_of,
        originator=query.originator,
        cells=not query.live,
    )
    if query.live:
        cells: Iterable[Document] = (
            decode(row) for key, row in sorted(rows.items()) if key.startswith(CELL_ROW)
        )
    else:
        ordered = sorted(answer.cells, key=lambda cell: cell_id(cell.key))
        cells = (cell_document(cell, gazetteer) for cell in ordered)
    asked = [
        cell
        for cell in cells
        if (cell["measure"] in MOVEMENTS) == movements and _asked(cell, query, gazetteer)
    ]
    return {
        "crisis": crisis,
        **clocks(query, position),
        "policy": policy.id,
        "gazetteer": gazetteer.version,
        "cells": with_persons(asked, dossiers, gazetteer, policy) if query.persons else asked,
        "checks": [
            check_document(check)
            for check in answer.checks
            if query.measure in {None, check.counted.measure}
            and _touches(query, gazetteer, _areas_of(check, dossiers))
        ],
    }


def revisions_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    series: str | None,
    position: Position,
    gazetteer: Gazetteer,
    policy: Policy,
) -> Document:
    """The view `revisions`: the history of every series, or of one by its id."""
    documents = series_documents(rows, query, gazetteer, policy)
    if series is not None:
        documents = [document for document in documents if document["id"] == series]
    return {"crisis": crisis, **clocks(query, position), "series": documents}


def statements_document(
    crisis: str, rows: Mapping[str, bytes], query: Query, position: Position
) -> Document:
    """The view `statements`, in order of publication.

    A statement has no cut-off of its own: `as_of` reads it by its publication.
    """
    found = [decode(row) for key, row in rows.items() if key.startswith(STATEMENT_ROW)]
    moment = query.moment
    statements = [
        document
        for document in found
        if (moment.known_as_of is None or document["sequence"] <= moment.known_as_of)
        and all(
            limit is None or published_at(document) <= limit
            for limit in (moment.as_of, moment.published_as_of)
        )
        and query.originator in {None, document["originator"]}
    ]
    statements.sort(key=lambda document: (published_at(document), document["id"]))
    told = as_told(statements, rows)
    statements = [without_marks(document) | withheld_note(document) for document in told]
    return {"crisis": crisis, **clocks(query, position), "statements": statements}


def _dossiers(rows: Mapping[str, bytes], query: Query, *, movements: bool) -> dict[str, Dossier]:
    """The admitted figures of movements, or those of everything else.

    Where cells are stored only those that a check can be about.
    """
    stored = query.live and not query.persons
    admitted = admitted_of(rows, query.moment, choose=checkable if stored else None)
    return {
        figure: dossier
        for figure, dossier in admitted.dossiers.items()
        if (dossier.filed["figure"]["measure"] in MOVEMENTS) == movements
    }


def _asked(cell: Document, query: Query, gazetteer: Gazetteer) -> bool:
    if query.measure not in {None, cell["measure"]}:
        return False
    return _touches(query, gazetteer, cell["area"].split("+"))


def _touches(query: Query, gazetteer: Gazetteer, areas: Iterable[str]) -> bool:
    """Whether one of some areas is the one asked for or lies inside it, if one was."""
    if query.area is None:
        return True
    area = gazetteer.canonical(query.area)
    return any(gazetteer.contains(area, code) for code in areas)


def _areas_of(check: Check, dossiers: Mapping[str, Dossier]) -> set[str]:
    """The areas of the figures on both sides of a check."""
    figures = (dossiers[one] for one in (check.figure, *check.against) if one in dossiers)
    return {code for dossier in figures for code in dossier.versions[-1].body["areas"]}


__all__ = [
    "Position",
    "Query",
    "conflicts_document",
    "displacement_document",
    "explain_document",
    "incidents_document",
    "revisions_document",
    "sources_document",
    "statements_document",
    "toll_document",
]
