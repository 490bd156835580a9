"""Routes about the whole ledger: its crises, its areas, how it stands, what changed in it."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from typing_extensions import TypedDict

from tollbook_schemas.figure import Measure
from tollbook_schemas.views import KnownAsOf, StatusDocument
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import needs
from tollbook_services.api.standing import is_known, not_modified, standing_of, validators
from tollbook_services.api.told import answers, problems
from tollbook_services.area_search import search
from tollbook_services.diff_document import Between, diff_document
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.status import status_document

DIFF_EVENTS_MAX: Final = 2_000
"""Events between the moments of a diff over HTTP: each is folded by itself, some 5 ms in a large
crisis. The command line takes more."""

router = APIRouter(prefix="/v1", dependencies=[Depends(needs(Action.READ))])

Held = Annotated[Running, Depends(running_of)]


class CrisisEntry(TypedDict):
    """A crisis, and how far its views have come; `position` is for `min_position`."""

    crisis: str
    partition: int
    position: str
    known_as_of: KnownAsOf


class CrisesDocument(TypedDict):
    """Every crisis of the ledger, in order of the slugs."""

    crises: list[CrisisEntry]


class AreaFound(TypedDict):
    """An area that a name or a code means."""

    code: str
    name: str


class AreasDocument(TypedDict):
    """The areas of a name or a code; `code` is the one that an importer would take, or null."""

    search: str
    code: str | None
    ambiguous: bool
    areas: list[AreaFound]
    nearest: list[AreaFound]
    gazetteer: str


class MomentDocument(TypedDict):
    """A moment of a partition; `time` is null before its first event."""

    partition: int
    sequence: int
    time: str | None


class DiffDocument(TypedDict):
    """The cells that read differently at two moments, with the events that changed them."""

    crisis: str
    cells: list[dict[str, Any]]
    to: MomentDocument


@router.get("/crises", tags=["ledger"], responses=answers(CrisesDocument) | problems())
async def crises(running: Held) -> Response:
    """The crises of this ledger."""
    book = running.book
    listed = []
    for crisis in await book.crises():
        standing = await standing_of(book, crisis)
        listed.append(
            {
                "crisis": crisis,
                "partition": standing.partition,
                "position": book.position(standing.partition, standing.sequence),
                "known_as_of": standing.known_as_of(),
            }
        )
    return _json({"crises": listed})


@router.get("/areas", tags=["ledger"], responses=answers(AreasDocument) | problems(400, 422))
async def areas(
    running: Held,
    q: Annotated[str, Query(min_length=1, max_length=200, description="A name or a code.")],
    inside: Annotated[
        str | None, Query(max_length=200, description="Only inside this area, such as LB.")
    ] = None,
    level: Annotated[
        list[int] | None, Query(description="Only these levels: 0 countries, 1 their first level.")
    ] = None,
    crisis: Annotated[
        str | None, Query(pattern=r"^[a-z0-9-]{1,64}$", description="As this crisis reads it.")
    ] = None,
) -> Response:
    """Which areas a name or a code means, in any spelling."""
    gazetteer = await gazetteer_of(running.book, crisis)
    return _json(search(gazetteer, q, inside, level or None).document)


@router.get("/status", tags=["ledger"], responses=answers(StatusDocument) | problems())
async def status(running: Held) -> Response:
    """Partitions, heads, positions of the views, lag, workers, alarms."""
    book = running.book
    document = await status_document(book.ledger, book.readmodels, book.projections.values())
    return _json(document)


@router.get(
    "/crises/{crisis}/diff",
    tags=["views"],
    responses=answers(DiffDocument, tagged=True) | problems(400, 404, 422),
)
async def diff(  # noqa: PLR0913, PLR0917 - the parameters of the query string
    request: Request,
    running: Held,
    crisis: Crisis,
    first: Annotated[
        str,
        Query(
            alias="from",
            min_length=1,
            max_length=200,
            description="The earlier moment: a time, a sequence, or `<partition>:<sequence>`.",
        ),
    ],
    last: Annotated[
        str | None, Query(alias="to", max_length=200, description="The later one; now.")
    ] = None,
    measure: Annotated[Measure | None, Query(description="Only this measure.")] = None,
    area: Annotated[
        str | None, Query(max_length=200, description="Only this area and what lies inside it.")
    ] = None,
    segment: Annotated[
        str | None, Query(max_length=200, description="Only this segment: civilian, all.")
    ] = None,
) -> Response:
    """Which numbers changed between two moments of the ledger, by which events, and why."""
    book = running.book
    await book.freshen([book.partition_of(crisis)], patience_s=0)
    standing = await standing_of(book, crisis)
    tag = standing.tag(request, "json")
    if is_known(request, tag):
        return not_modified(tag, standing.recorded_at)
    asked = Between(first, last, measure, area, segment)

    async def made() -> bytes:
        return orjson.dumps(
            await diff_document(book, crisis, asked, events_max=DIFF_EVENTS_MAX, fresh=False)
        )

    answer = await running.answers.get(("diff", crisis, asked), standing, made, exact=True)
    headers = validators(tag, standing.recorded_at)
    return Response(answer.value, headers=headers, media_type="application/json")


def _json(document: object) -> Response:
    headers = {"Cache-Control": "private, no-cache"}
    return Response(orjson.dumps(document), headers=headers, media_type="application/json")
