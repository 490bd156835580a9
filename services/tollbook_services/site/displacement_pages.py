"""The page of displacement: who moved from where to where, and who is away from home."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.security import needs
from tollbook_services.site import moves
from tollbook_services.site.asking import Asked, Document, Held
from tollbook_services.site.by_area import SEGMENTS_MAX, weigher
from tollbook_services.site.crisis import FAILING_MAX, checks
from tollbook_services.site.crisis_frame import PageNumber
from tollbook_services.site.kept_page import Given, view_page
from tollbook_services.site.row_weights import cut

BAR_BYTES: Final = 350
"""Bytes of a row's bar, its origin and its destination."""

TABLES_BYTES: Final = 75_000
"""Bytes of all rows: the page has no map."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs(Action.READ))])


@router.get("/crises/{crisis}/displacement")
async def displacement_page(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    segment: Annotated[str | None, Query(max_length=200)] = None,
    number: PageNumber = 1,
) -> Response:
    """Movements and people away from home: persons and families apart, never added."""
    weigh = weigher(request)

    def made(_: Gazetteer, documents: tuple[Document, ...]) -> Given:
        (document,) = documents
        whom, known = moves.chosen_segment(document["cells"], segment)
        tables = moves.tables(document["cells"], whom)
        rows = [(table, row) for table in tables for row in table.rows]
        return {
            "segment": whom,
            "segments": [one for one in known if one == whom or one in known[:SEGMENTS_MAX]],
            "failing_max": FAILING_MAX,
            **checks(document),
            **cut(rows, number, lambda one: BAR_BYTES + weigh(one[1].cell), TABLES_BYTES),
        }

    views = (queries.displacement,)
    return await view_page(request, running, crisis, asked, views, "displacement.html", made)
