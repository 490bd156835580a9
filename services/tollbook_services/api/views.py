"""Routes of the views: the same documents as `--format json` of the command line."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Response

from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Asked, AskedOfPersons, Crisis
from tollbook_services.api.running import book_of
from tollbook_services.api.security import needs
from tollbook_services.wiring import Tollbook

Book = Annotated[Tollbook, Depends(book_of)]

router = APIRouter(
    prefix="/v1/crises/{crisis}", tags=["views"], dependencies=[Depends(needs(Action.READ))]
)


@router.get("/tolls")
async def tolls(crisis: Crisis, asked: Asked, book: Book) -> Response:
    """How many, where, according to whom, how sure."""
    return _json(await queries.tolls(book, crisis, asked))


@router.get("/displacement")
async def displacement(crisis: Crisis, asked: AskedOfPersons, book: Book) -> Response:
    """Who moved or shelters; persons and families are never added."""
    return _json(await queries.displacement(book, crisis, asked))


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
