"""Pages of incidents and of statements: plain tables, complete."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.security import needs
from tollbook_services.site.asking import Asked, Held
from tollbook_services.site.crisis_frame import Given, PageNumber, crisis_page
from tollbook_services.site.row_weights import cut, weight

Document = Mapping[str, Any]

router = APIRouter(
    prefix="/crises/{crisis}", include_in_schema=False, dependencies=[Depends(needs(Action.READ))]
)


@router.get("/incidents")
async def incidents(
    request: Request, running: Held, crisis: Crisis, asked: Asked, number: PageNumber = 1
) -> Response:
    """Single incidents: what was said of them, their history, their own tolls."""

    async def made() -> Given:
        document = await queries.incidents(running.book, crisis, asked)
        return {"document": document, **cut(document["incidents"], number, _incident_weight)}

    return await crisis_page(request, running, crisis, asked, "figures/incidents.html", made)


@router.get("/statements")
async def statements(
    request: Request, running: Held, crisis: Crisis, asked: Asked, number: PageNumber = 1
) -> Response:
    """Who said what about which figures."""

    async def made() -> Given:
        document = await queries.statements(running.book, crisis, asked)
        return {"document": document, **cut(document["statements"], number, _statement_weight)}

    return await crisis_page(request, running, crisis, asked, "figures/statements.html", made)


def _incident_weight(one: Document) -> int:
    figures = sum(weight(350, figure["figure"], figure["figure"]) for figure in one["figures"][:6])
    texts = [one["title"], one["place"], one["url"], one["url"]]
    steps = sum(weight(250, str(step)) for step in one["history"][:6])
    return weight(900 + 250 * len(one["values"]), *texts, *one["names"][:6]) + figures + steps


def _statement_weight(one: Document) -> int:
    figures = one["about"][:6]
    return weight(800, one["text"], one["speaker"], one["url"], one["event"], *figures, *figures)
