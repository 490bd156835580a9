"""Routes of the views: the same documents as `--format json` of the command line."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from tollbook_schemas.accounts import (
    ConflictsDocument,
    ExplainDocument,
    IncidentsDocument,
    SourcesDocument,
)
from tollbook_schemas.errors import OptionError
from tollbook_schemas.views import (
    DisplacementDocument,
    RevisionsDocument,
    StatementsDocument,
    TollsDocument,
)
from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.answering import Page, View, answered
from tollbook_services.api.asking import (
    Asked,
    AskedOfPersons,
    CellFormat,
    Crisis,
    SheetFormat,
    StepFormat,
)
from tollbook_services.api.paging import CursorText, Limit
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import needs
from tollbook_services.api.told import answers, problems
from tollbook_services.cell_asked import cell_asked
from tollbook_services.exporting.formats import PAIRS

_SHEET: Final = ("json", "csv")


def _exported(name: str) -> tuple[str, ...]:
    return ("json", *(one for one in PAIRS[name] if one != "json"))


TOLLS: Final = View("tolls", "cells", _exported("tolls"), queries.tolls)
DISPLACEMENT: Final = View("displacement", "cells", _exported("displacement"), queries.displacement)
REVISIONS: Final = View("revisions", "series", _exported("revisions"), queries.revisions)
INCIDENTS: Final = View("incidents", "incidents", _SHEET, queries.incidents)
SOURCES: Final = View("sources", "sources", _SHEET, queries.sources)
CONFLICTS: Final = View("conflicts", "conflicts", _SHEET, queries.conflicts)
STATEMENTS: Final = View("statements", "statements", _SHEET, queries.statements)

_WRONG: Final = problems(400, 404, 406, 422)

router = APIRouter(
    prefix="/v1/crises/{crisis}", tags=["views"], dependencies=[Depends(needs(Action.READ))]
)

Held = Annotated[Running, Depends(running_of)]


def page_of(*, limit: Limit = None, cursor: CursorText = None) -> Page:
    """The part of an answer that is asked for; without `limit` and `cursor` all of it."""
    return Page(limit, cursor)


Paged = Annotated[Page, Depends(page_of)]


@router.get("/tolls", responses=answers(TollsDocument, TOLLS.formats, tagged=True) | _WRONG)
async def tolls(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    page: Paged,
    _format: CellFormat = None,
) -> Response:
    """How many, where, according to whom, how sure."""
    return await answered(request, running, crisis, TOLLS, asked, page)


@router.get(
    "/displacement",
    responses=answers(DisplacementDocument, DISPLACEMENT.formats, tagged=True) | _WRONG,
)
async def displacement(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: AskedOfPersons,
    page: Paged,
    _format: CellFormat = None,
) -> Response:
    """Who moved or shelters; persons and families are never added."""
    return await answered(request, running, crisis, DISPLACEMENT, asked, page)


@router.get(
    "/revisions", responses=answers(RevisionsDocument, REVISIONS.formats, tagged=True) | _WRONG
)
async def revisions(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    page: Paged,
    series: Annotated[
        str | None, Query(max_length=1000, description="Only the series with this id.")
    ] = None,
    _format: StepFormat = None,
) -> Response:
    """The history of every series: each value, what it replaced, and why."""
    view = REVISIONS
    if series is not None:
        ask = partial(queries.revisions, series=series)
        view = replace(REVISIONS, ask=ask, formats=("json",), beside=series)
    return await answered(request, running, crisis, view, asked, page)


@router.get("/incidents", responses=answers(IncidentsDocument, _SHEET, tagged=True) | _WRONG)
async def incidents(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    page: Paged,
    _format: SheetFormat = None,
) -> Response:
    """Single incidents: what was said of them, how they were merged or split, their own tolls."""
    return await answered(request, running, crisis, INCIDENTS, asked, page)


@router.get("/sources", responses=answers(SourcesDocument, _SHEET, tagged=True) | _WRONG)
async def sources(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    page: Paged,
    _format: SheetFormat = None,
) -> Response:
    """Who counted, since when, and how their numbers changed."""
    return await answered(request, running, crisis, SOURCES, asked, page)


@router.get("/conflicts", responses=answers(ConflictsDocument, _SHEET, tagged=True) | _WRONG)
async def conflicts(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    page: Paged,
    _format: SheetFormat = None,
) -> Response:
    """What does not fit together, both sides of it, and what would resolve it."""
    return await answered(request, running, crisis, CONFLICTS, asked, page)


@router.get("/statements", responses=answers(StatementsDocument, _SHEET, tagged=True) | _WRONG)
async def statements(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    page: Paged,
    _format: SheetFormat = None,
) -> Response:
    """Who said what about which figures."""
    return await answered(request, running, crisis, STATEMENTS, asked, page)


@router.get("/explain", responses=answers(ExplainDocument, _SHEET, tagged=True) | _WRONG)
async def explain(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    cell: Annotated[
        str,
        Query(
            min_length=1,
            max_length=1000,
            description="The id of a cell, as views have it, or areas by code.",
        ),
    ],
    segment: Annotated[
        str | None, Query(max_length=200, description="With areas: the segment.")
    ] = None,
    kind: Annotated[
        Literal["area", "unallocated", "unspecified"] | None,
        Query(description="With areas: the kind of cell."),
    ] = None,
    _format: SheetFormat = None,
) -> Response:
    """How one number came about: the figures considered and each rule, as sums to check."""
    if "\0" in cell:
        raise OptionError("cell", "a cell id has no NUL in it")
    wanted = cell_asked(cell, segment, kind)
    ask = partial(queries.explain, cell=wanted)
    view = View("explain", None, _SHEET, ask, wanted)
    return await answered(request, running, crisis, view, asked, Page(None, None))
