"""Pages about places: the crises, a crisis, and an area of it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.security import needs
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.site import by_area, moves, overview
from tollbook_services.site.asking import Asked, Document, Held
from tollbook_services.site.crisis_frame import PageNumber
from tollbook_services.site.heads import heads_of
from tollbook_services.site.kept_page import Given, view_page
from tollbook_services.site.rendering import page
from tollbook_services.site.row_weights import cut

HEADS_MAX: Final = 8
"""Headline numbers of a crisis; the table below them has every measure."""

FAILING_MAX: Final = 12
"""Checks that fail which are shown; the page of conflicts has all."""

CRISIS_BYTES: Final = 3_600
"""Bytes of a crisis in the list of all, with its headline numbers."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs(Action.READ))])

Chosen = Annotated[str | None, Query(max_length=200)]
Beside = Annotated[int, Query(ge=1, le=1_000_000, description="Page of the second table.")]


@router.get("/")
async def home(request: Request, running: Held, number: PageNumber = 1) -> Response:
    """The crises of this ledger, with their headline numbers and their last event."""
    part = cut(await running.book.crises(), number, lambda _: CRISIS_BYTES)
    given = {**part, "crises": await heads_of(running, part["rows"])}
    return page(request, "home.html", running.book.gazetteer, given)


@router.get("/crises/{crisis}")
async def crisis_page(  # noqa: PLR0913, PLR0917 - the parameters of the page
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    measure: Chosen = None,
    segment: Chosen = None,
    number: PageNumber = 1,
    beside: Beside = 1,
) -> Response:
    """What is known of a crisis: its headline numbers, a map and a table."""
    choice = by_area.Choice(measure, segment, number, beside, by_area.CRISIS_BYTES)

    def made(gazetteer: Gazetteer, documents: tuple[Document, ...]) -> Given:
        document, moved = documents
        cells = document["cells"]
        land = overview.countries(cells, gazetteer)
        codes = overview.inside(land[0], gazetteer) if len(land) == 1 else land
        heads = overview.headline(cells, gazetteer)
        return {
            "heads": heads[:HEADS_MAX],
            "heads_more": max(len(heads) - HEADS_MAX, 0),
            "moved": moves.headline(moved["cells"], gazetteer)[:HEADS_MAX],
            "failing_max": FAILING_MAX,
            **checks(document),
            **by_area.shown(request, gazetteer, cells, codes, choice),
        }

    views = (queries.tolls, queries.displacement)
    return await view_page(request, running, crisis, asked, views, "crisis.html", made)


@router.get("/crises/{crisis}/areas/{area}")
async def area_page(  # noqa: PLR0913, PLR0917 - the parameters of the page
    request: Request,
    running: Held,
    crisis: Crisis,
    area: str,
    asked: Asked,
    measure: Chosen = None,
    segment: Chosen = None,
    number: PageNumber = 1,
    beside: Beside = 1,
    own: Beside = 1,
) -> Response:
    """What is known of one area: its numbers by segment, who counted them, and what is inside."""
    await queries.reached(running.book, crisis, asked)
    known = await gazetteer_of(running.book, crisis)
    code = queries.area_or_refuse(known, area) or area
    choice = by_area.Choice(measure, segment, number, beside, by_area.INSIDE_BYTES)

    def made(gazetteer: Gazetteer, documents: tuple[Document, ...]) -> Given:
        cells, moved = documents[0]["cells"], documents[1]["cells"]
        about = overview.of_area(cells, code)
        within = overview.within(cells, code, gazetteer)
        inside = by_area.shown(request, gazetteer, within, overview.inside(code, gazetteer), choice)
        return {
            **inside,
            "area": code,
            "about": cut(about, own, by_area.weigher(request, originators=True), by_area.OWN_BYTES),
            **_first(request, "shared", overview.shared(cells, code, gazetteer)),
            **_first(request, "moved", overview.of_area(moved, code)),
            "around_it": list(gazetteer.ancestors(code)),
        }

    views = (queries.tolls, queries.displacement)
    return await view_page(request, running, crisis, asked, views, "area.html", made)


def _first(request: Request, name: str, cells: list[overview.Cell]) -> Document:
    """Those of all people first, as many as a page of one area shows, and how many more."""
    ordered = sorted(cells, key=lambda one: one["segment"] != "all")[: by_area.SHARED_MAX]
    rows = cut(ordered, 1, by_area.weigher(request), by_area.SHARED_BYTES)["rows"]
    return {name: rows, f"{name}_more": len(cells) - len(rows)}


def checks(document: Document) -> Document:
    """How many stated sums and bounds can be checked, and those that do not hold."""
    decided = [one for one in document["checks"] if one["holds"] is not None]
    return {"checked": len(decided), "failing": [one for one in decided if not one["holds"]]}
