"""Pages of sources: who counted, side by side, and what does not fit together."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.security import needs
from tollbook_services.site.asking import Asked, Held
from tollbook_services.site.crisis_frame import Given, PageNumber, crisis_page
from tollbook_services.site.row_weights import cut, weight
from tollbook_services.site.source_comparison import Compared, compared, counted

Document = Mapping[str, Any]

SOURCES_BYTES: Final = 25_000
"""Bytes of the table of originators; the comparison has as many again."""

SOURCES_MAX: Final = 40
"""Originators in that table; downloads have all of them."""

COUNTED_MAX: Final = 30
"""Originators and measures of which the first and the latest value are shown."""

router = APIRouter(
    prefix="/crises/{crisis}", include_in_schema=False, dependencies=[Depends(needs(Action.READ))]
)


@router.get("/sources")
async def sources(
    request: Request, running: Held, crisis: Crisis, asked: Asked, number: PageNumber = 1
) -> Response:
    """Originators side by side: what each has counted, how it changed, how they differ."""
    book = running.book

    async def made() -> Given:
        document = await queries.sources(book, crisis, asked)
        told = await queries.revisions(book, crisis, asked)
        cells = (await queries.tolls(book, crisis, asked))["cells"]
        moved = (await queries.displacement(book, crisis, asked))["cells"]
        side_by_side = compared([*cells, *moved])
        return {
            "document": document,
            "counted": counted(told["series"])[:COUNTED_MAX],
            "sources_max": SOURCES_MAX,
            **cut(side_by_side, number, _compared_weight, SOURCES_BYTES),
        }

    return await crisis_page(request, running, crisis, asked, "figures/sources.html", made)


@router.get("/conflicts")
async def conflicts(
    request: Request, running: Held, crisis: Crisis, asked: Asked, number: PageNumber = 1
) -> Response:
    """Both sides of everything that does not fit, and what would resolve it."""

    async def made() -> Given:
        document = await queries.conflicts(running.book, crisis, asked)
        return {"document": document, **cut(document["conflicts"], number, _conflict_weight)}

    return await crisis_page(request, running, crisis, asked, "figures/conflicts.html", made)


def _compared_weight(one: Compared) -> int:
    names = [value["originator"] for value in one.values]
    return weight(700 + 450 * len(names), one.cell["id"], *names)


def _conflict_weight(conflict: Document) -> int:
    return weight(900, conflict["what"], conflict["resolve"], conflict["series"]) + sum(
        weight(300, side["says"], *_twice(side["figures"])) for side in conflict["sides"]
    )


def _twice(figures: Sequence[str]) -> list[str]:
    """Each figure that is shown is a link and its text."""
    return [*figures[:6], *figures[:6]]
