"""Routes of stored events and of their receipts."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from typing_extensions import TypedDict

from tollbook_schemas.errors import NotFoundError, OptionError
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import ListFormat
from tollbook_services.api.formats import chosen_format, media_type
from tollbook_services.api.paging import Cursor, CursorText, Limit, about_of, next_link
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import needs
from tollbook_services.api.told import answers, problems, text_answer
from tollbook_services.event_listing import last_wanted, wanted_partitions
from tollbook_services.exporting.ledger_events import place_of
from tollbook_services.ledger import StoredEntry
from tollbook_services.sealing.on_demand import seal_where_nobody_does
from tollbook_services.sealing.receipt import receipt_of
from tollbook_services.wiring import Tollbook

SCANNED_MAX: Final = 5_000
"""Events that one request looks at: a page may have fewer items than asked for, and `next`."""

_READ: Final = 500

_LISTED: Final = ("json", "ndjson")

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[Depends(needs(Action.READ))])

Held = Annotated[Running, Depends(running_of)]
Sequence = Annotated[int | None, Query(ge=1, le=INTEGER_MAX)]


class StoredEventDocument(TypedDict):
    """A stored event and its place; `event` is what is hashed, byte for byte."""

    partition: int
    sequence: int
    recorded_at: str
    leaf: str
    event: dict[str, Any]


class EventsDocument(TypedDict):
    """A page of stored events, partition by partition; `next` is the cursor of the page after."""

    events: list[StoredEventDocument]
    next: str | None


@router.get(
    "/events", responses=answers(EventsDocument, ("json", "ndjson")) | problems(400, 406, 422)
)
async def list_events(  # noqa: PLR0913, PLR0917 - the parameters of the query string
    request: Request,
    running: Held,
    crisis: Annotated[
        str | None, Query(pattern=r"^[a-z0-9-]{1,64}$", description="Only its events.")
    ] = None,
    partition: Annotated[int | None, Query(ge=0, le=INTEGER_MAX)] = None,
    first: Annotated[
        int, Query(alias="from", ge=1, le=INTEGER_MAX, description="First sequence of each.")
    ] = 1,
    last: Annotated[
        int | None, Query(alias="to", ge=1, le=INTEGER_MAX, description="Last sequence of each.")
    ] = None,
    known_as_of: Annotated[
        str | None, Query(max_length=200, description="What had been recorded by then.")
    ] = None,
    source: Annotated[
        str | None, Query(max_length=2000, description="With `id`: the event of this key.")
    ] = None,
    event_id: Annotated[
        str | None, Query(alias="id", max_length=2000, description="With `source`.")
    ] = None,
    limit: Limit = None,
    cursor: CursorText = None,
    _format: ListFormat = None,
) -> Response:
    """The stored events, as recorded, in pages; as JSON Lines by `Accept` or `?format=ndjson`."""
    chosen = chosen_format(request, _LISTED)
    if (source is None) != (event_id is None):
        missing = "source" if source is None else "id"
        raise OptionError(missing, "`source` and `id` name an event together")
    if source is not None and event_id is not None:
        found = await running.book.ledger.find(source, event_id)
        return _page(request, chosen, [] if found is None else [found], None)
    if last is not None and first > last:
        raise OptionError("from", f"it comes after `to`: {first} and {last}")
    begin = None if cursor is None else Cursor.read(cursor, request)
    wanted = wanted_partitions(running.book, partition, crisis)
    upto = await last_wanted(running.book, wanted, last, known_as_of)
    entries, following = await _some(
        running.book, upto, crisis, _begin(wanted, first, begin), limit or running.options.page
    )
    told = None if following is None else Cursor(about_of(request), following, None).text()
    return _page(request, chosen, entries, told)


@router.get(
    "/events/{partition}/{sequence}",
    responses=answers(StoredEventDocument) | problems(404, 422),
)
async def one_event(
    running: Held,
    partition: Annotated[int, Path(ge=0, le=INTEGER_MAX)],
    sequence: Annotated[int, Path(ge=1, le=INTEGER_MAX)],
) -> Response:
    """One stored event by its position."""
    entry = await _entry_at(running.book, partition, sequence)
    headers = {"ETag": f'"{entry.leaf.hex()}"', "Cache-Control": "private, no-cache"}
    return Response(_bytes(entry), headers=headers, media_type="application/json")


@router.get(
    "/receipts",
    responses=text_answer("The receipt, as c2sp.org/tlog-proof has it.", "text/plain")
    | problems(404, 422),
)
async def receipt(
    running: Held,
    source: Annotated[str, Query(min_length=1, max_length=2000)],
    event_id: Annotated[str, Query(alias="id", min_length=1, max_length=2000)],
) -> Response:
    """The stored event, its place in the log of its partition, and the signed head: one file."""
    entry = await running.book.ledger.find(source, event_id)
    if entry is None:
        raise NotFoundError(f"this ledger has no event {event_id!r} of {source!r}")
    await seal_where_nobody_does(running.book)
    document = (await receipt_of(running.book.ledger, entry)).document()
    name = f"{entry.partition}-{entry.sequence}.tlog-proof"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(document, headers=headers, media_type="text/plain; charset=utf-8")


async def _entry_at(book: Tollbook, partition: int, sequence: int) -> StoredEntry:
    if partition < book.ledger.partitions:
        entries = await book.ledger.read(partition, after=sequence - 1, count=1)
        if entries and entries[0].sequence == sequence:
            return entries[0]
    raise NotFoundError(f"this ledger has no event {sequence} in a partition {partition}")


def _begin(wanted: list[int], first: int, cursor: Cursor | None) -> tuple[int, int]:
    """Partition and sequence where a page begins.

    Raises:
        OptionError: the cursor is of another kind of list.
    """
    if cursor is None:
        return (wanted[0] if wanted else 0), first
    match cursor.at:
        case [int(partition), int(sequence)] if sequence >= 1:
            return partition, sequence
    raise OptionError("cursor", "it is none of this list")


async def _some(
    book: Tollbook,
    upto: Mapping[int, int | None],
    crisis: str | None,
    begin: tuple[int, int],
    count: int,
) -> tuple[list[StoredEntry], list[int] | None]:
    """Up to `count` events from a position on, and the position to go on from; None at the end."""
    found: list[StoredEntry] = []
    scanned, start = 0, begin
    for partition in (one for one in upto if one >= begin[0]):
        sequence = start[1] if partition == start[0] else 1
        while page := await book.ledger.read(
            partition, after=sequence - 1, count=_READ, upto=upto[partition]
        ):
            for entry in page:
                if len(found) == count or scanned == SCANNED_MAX:
                    return found, [partition, entry.sequence]
                scanned += 1
                if crisis is None or orjson.loads(entry.stored).get("subject") == crisis:
                    found.append(entry)
            sequence = page[-1].sequence + 1
    return found, None


def _page(
    request: Request, chosen: str, entries: list[StoredEntry], following: str | None
) -> Response:
    headers = {"Cache-Control": "private, no-cache"}
    if following is not None:
        headers["Link"] = next_link(request, following)
    if chosen == "ndjson":
        body = b"".join(_bytes(one) + b"\n" for one in entries)
    else:
        listed = [orjson.Fragment(_bytes(one)) for one in entries]
        body = orjson.dumps({"events": listed, "next": following})
    return Response(body, headers=headers, media_type=media_type(chosen))


def _bytes(entry: StoredEntry) -> bytes:
    return orjson.dumps(place_of(entry) | {"event": orjson.Fragment(entry.stored)})
