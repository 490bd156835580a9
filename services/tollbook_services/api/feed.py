"""Routes of the feed: every change as it is made, and the newest for people's feed readers."""

from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from tollbook_schemas.figure import Measure
from tollbook_services.access.roles import Action
from tollbook_services.api.feed_stream import MEDIA_TYPE, FeedStream
from tollbook_services.api.problems import RETRY_S, ProblemError
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import Caller, needs
from tollbook_services.api.told import problems, text_answer
from tollbook_services.live.atom import MEDIA_TYPE as ATOM
from tollbook_services.live.atom import atom
from tollbook_services.live.ending import gap_detail, gap_members
from tollbook_services.live.filter import Filter
from tollbook_services.live.hub import Hub
from tollbook_services.live.newest import newest_changes, newest_id
from tollbook_services.live.place import BEGINNING, EntryId, place_of
from tollbook_services.live.reader import Reader
from tollbook_services.live.stream import GapError
from tollbook_services.queries import area_or_refuse

NOW: Final = "$"
FIRST: Final = "0"

ATOM_ENTRIES: Final = 100
"""Changes of an Atom feed: what people's feed readers fetch every hour."""

router = APIRouter(prefix="/v1", tags=["feed"], dependencies=[Depends(needs(Action.READ))])


async def wanted(
    request: Request,
    crisis: Annotated[
        str | None, Query(pattern=r"^[a-z0-9-]{1,64}$", description="Only changes of this crisis.")
    ] = None,
    area: Annotated[
        str | None, Query(max_length=200, description="Only this area and what lies inside it.")
    ] = None,
    measure: Annotated[Measure | None, Query(description="Only this measure.")] = None,
    segment: Annotated[
        str | None, Query(max_length=200, description="Only this segment, such as `civilian`.")
    ] = None,
) -> Filter:
    """Which changes a request asks for."""
    book = running_of(request).book
    areas = await book.admission.gazetteer() if area is not None else book.gazetteer
    return Filter(crisis, area_or_refuse(areas, area), measure, segment)


Wanted = Annotated[Filter, Depends(wanted)]
Server = Annotated[Running, Depends(running_of)]


@router.get(
    "/feed",
    response_class=Response,
    responses=text_answer("Changes, as they are made.", MEDIA_TYPE) | problems(400, 409, 410, 422),
)
async def feed(
    asked: Wanted,
    server: Server,
    caller: Caller,
    last_event_id: Annotated[
        str | None, Header(max_length=300, description="The last `id` that the reader has.")
    ] = None,
    after: Annotated[
        str | None,
        Query(
            max_length=300,
            description="The same for a first request: an id, `$` for what changes from now on "
            "(also where nothing is said), `0` for everything since the ledger began.",
        ),
    ] = None,
) -> Response:
    """Every change of a cell, once and in order, as server-sent events; docs/feed.md.

    `Last-Event-ID` goes before `after`, so a browser that comes back goes on where it was.
    """
    hub = server.hub
    if len(hub.readers) >= server.options.feed_readers_max or hub.stopped:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "feed-full",
            f"{len(hub.readers):,} readers follow the feed, as many as this server takes "
            "(TOLLBOOK_API_FEED_READERS_MAX): come back later, or ask another server",
            headers={"Retry-After": str(RETRY_S)},
        )
    if last_event_id:
        place = await _place(server, "Last-Event-ID", last_event_id)
    else:
        place = await _place(server, "after", after or NOW)
    reader = Reader(asked)
    reader.token = caller.token
    return FeedStream(hub, reader, place)


async def _place(server: Running, name: str, text: str) -> EntryId:
    """The place a reader begins after, which is seen to have everything behind it."""
    hub = server.hub
    if hub.place is None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "engine-unavailable",
            "the feed waits for the engine: come back with the same id",
            headers={"Retry-After": str(RETRY_S)},
        )
    if text == NOW:
        return hub.place
    entry = BEGINNING if text == FIRST else _entry(hub, name, text)
    try:
        await hub.after(entry, 1)
    except GapError as gap:
        raise ProblemError(
            HTTPStatus.GONE, gap.problem, gap_detail(gap), **gap_members(hub.ledger, gap)
        ) from None
    return entry


def _entry(hub: Hub, name: str, text: str) -> EntryId:
    try:
        place = place_of(text)
    except ValueError as error:
        fault = {"parameter": name, "message": str(error)}
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "usage", f"{name}: {error}", errors=[fault]
        ) from None
    if place.ledger != hub.ledger:
        members: dict[str, Any] = {"ledger": hub.ledger, "asked": place.ledger}
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "other-ledger",
            f"{name} is of the ledger {place.ledger}, and this is {hub.ledger}: ask the server "
            "that gave it, or read the views here and then the feed without an id",
            **members,
        )
    return place.entry


@router.get(
    "/feed.atom",
    response_class=Response,
    responses=text_answer("The newest changes.", ATOM)
    | {304: {"description": "Nothing changed since."}}
    | problems(400, 422),
)
async def feed_atom(request: Request, asked: Wanted, server: Server) -> Response:
    """The newest 100 changes of cells as Atom (RFC 4287), among the last 20,000 of the ledger."""
    book = server.book
    last, areas = await newest_id(book.redis), await book.admission.gazetteer()
    base = str(request.base_url).rstrip("/")
    made_of = "\n".join([base, book.ledger.id, str(last), areas.version, repr(asked)])
    etag = f'"{sha256(made_of.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if is_held(request.headers.get("if-none-match"), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    found = await newest_changes(book.redis, asked, areas, ATOM_ENTRIES)
    body = atom(base, book.ledger.id, asked, found, areas.name)
    return Response(body, media_type=ATOM, headers=headers)


def is_held(given: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names the document, by weak comparison (RFC 9110 13.1.2)."""
    held = [one.strip().removeprefix("W/") for one in (given or "").split(",")]
    return "*" in held or etag in held
