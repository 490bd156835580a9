"""Pages about places: the crises, a crisis, an area of it, and who moved where."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.running import Running
from tollbook_services.api.security import needs
from tollbook_services.api.standing import standing_of
from tollbook_services.site import overview
from tollbook_services.site.asking import Asked, Document, Held, around, document_of
from tollbook_services.site.rendering import page

ROWS: Final = 40
"""Rows of a table on a page, so that it stays below `PAGE_BYTES_MAX`."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs(Action.READ))])

Chosen = Annotated[str | None, Query(max_length=200)]
From = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/")
async def home(request: Request, running: Held) -> Response:
    """The crises of this ledger."""
    book = running.book
    listed = []
    for crisis in await book.crises():
        known = (await standing_of(book, crisis)).known_as_of()
        listed.append({"crisis": crisis, **known})
    return page(request, "home.html", book.gazetteer, {"crises": listed})


@router.get("/crises/{crisis}")
async def crisis_page(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    measure: Chosen = None,
    segment: Chosen = None,
    row: From = 0,
) -> Response:
    """What is known of a crisis: its headline numbers, a map and a table."""
    _, document = await document_of(running, queries.tolls, crisis, asked)
    gazetteer = running.book.gazetteer
    cells = document["cells"]
    land = overview.countries(cells, gazetteer)
    codes = overview.inside(land[0], gazetteer) if len(land) == 1 else land
    given = _by_area(running, cells, codes, measure, segment)
    given |= {"heads": overview.headline(cells, gazetteer), "area": None, "row": row}
    given |= _checks(document)
    return page(
        request, "crisis.html", gazetteer, around(request, running, crisis, asked, document) | given
    )


@router.get("/crises/{crisis}/areas/{area}")
async def area_page(  # noqa: PLR0913, PLR0917 - the parameters of the page
    request: Request,
    running: Held,
    crisis: Crisis,
    area: str,
    asked: Asked,
    measure: Chosen = None,
    segment: Chosen = None,
    row: From = 0,
) -> Response:
    """What is known of one area: its numbers by segment, who counted them, and what is inside."""
    gazetteer = running.book.gazetteer
    code = queries.area_or_refuse(gazetteer, area) or area
    _, document = await document_of(running, queries.tolls, crisis, asked)
    own = [cell for cell in document["cells"] if _is_about(cell, code)]
    within = [cell for cell in document["cells"] if _is_inside(running, cell, code)]
    given = _by_area(running, within, overview.inside(code, gazetteer), measure, segment)
    given |= {
        "area": code,
        "own": own,
        "ways": overview.ways(own + within),
        "around_it": list(gazetteer.ancestors(code)),
        "row": row,
    }
    return page(
        request, "area.html", gazetteer, around(request, running, crisis, asked, document) | given
    )


@router.get("/crises/{crisis}/displacement")
async def displacement_page(
    request: Request, running: Held, crisis: Crisis, asked: Asked, row: From = 0
) -> Response:
    """Who moved from where to where, and who is away from home: persons and families apart."""
    _, document = await document_of(running, queries.displacement, crisis, asked)
    cells = document["cells"]
    moves = [cell for cell in cells if cell["origin"] or cell["destination"]]
    stays = [cell for cell in cells if not (cell["origin"] or cell["destination"])]
    given = {"moves": moves, "stays": stays, "row": row, "rows": ROWS}
    return page(
        request,
        "displacement.html",
        running.book.gazetteer,
        around(request, running, crisis, asked, document) | given,
    )


def _by_area(
    running: Running,
    cells: list[Document],
    codes: list[str],
    measure: str | None,
    segment: str | None,
) -> Document:
    """The map and the tables of one measure and segment: what was chosen, or the gravest."""
    ways = overview.ways(cells)
    way = next((one for one in ways if one[0] == measure), ways[0] if ways else None)
    chosen = [] if way is None else overview.of_way(cells, way)
    known = overview.segments(chosen)
    whom = segment if segment in known else (known[0] if known else "all")
    shown = [
        cell
        for cell in chosen
        if cell["segment"] == whom and not (cell["origin"] or cell["destination"])
    ]
    areas = [cell for cell in shown if cell["kind"] == "area"]
    return {
        "ways": ways,
        "way": way,
        "segments": known,
        "segment": whom,
        "areas": sorted(areas, key=lambda one: _place(running.book.gazetteer, one["area"])),
        "unallocated": [cell for cell in shown if cell["kind"] != "area"],
        "map": overview.map_of(shown, codes),
        "rows": ROWS,
    }


def _place(gazetteer: Gazetteer, code: str) -> tuple[int, str]:
    """Countries first, then what is in them, each by name."""
    return len(gazetteer.ancestors(code)), gazetteer.name(code)


def _checks(document: Document) -> Document:
    checks = [one for one in document["checks"] if one["holds"] is not None]
    return {"checked": len(checks), "failing": [one for one in checks if not one["holds"]]}


def _is_about(cell: Document, code: str) -> bool:
    moved: Any = cell["origin"] or cell["destination"]
    return cell["area"] == code and not moved


def _is_inside(running: Running, cell: Document, code: str) -> bool:
    contains = running.book.gazetteer.contains
    codes = cell["area"].split("+")
    return cell["area"] != code and all(contains(code, one) and one != code for one in codes)
