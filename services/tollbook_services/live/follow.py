"""What one reader is sent, from its place on, until its stream ends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

from redis.exceptions import RedisError

from tollbook_schemas.errors import EngineError
from tollbook_services.live import sse
from tollbook_services.live.change import LiveChange
from tollbook_services.live.ending import gap_ending
from tollbook_services.live.hub import RECONNECT_S, Hub
from tollbook_services.live.place import EntryId
from tollbook_services.live.reader import SENT_BYTES, Reader
from tollbook_services.live.stream import GapError

BACKLOG_PAGE: Final = 500
"""Changes of a backlog that are sent at once."""

LOOK_AGAIN_S: Final = 0.02
"""Seconds after which a reader looks again that is ahead of the hub."""

Send = Callable[[bytes], Awaitable[None]]


async def follow(hub: Hub, reader: Reader, after: EntryId, send: Send) -> None:
    """Send every change after a place that the reader wants, each once, in order.

    Why none is lost and none repeated: let `at` be the place up to which the reader was sent
    everything. While `at` is not the hub's place, the next page after `at` is sent, and `at` moves
    to its last entry; pages have no gap (`page_after`, `Recent`). Once `at` *is* the hub's place,
    the reader joins in the same turn of the event loop, so no change is dispatched in between: the
    queue holds what comes after `at`, all of it and nothing else, or the reader is cut off, and
    its last id is that of the last change that it was sent.

    Args:
        hub: what dispatches the changes.
        reader: entered, not joined yet.
        after: the place; a change that is in the feed, or its beginning.
        send: takes bytes, and returns when more may be given.

    Returns:
        Once `reader.ending` says why; that is not sent yet.
    """
    at = after
    reader.told = at
    await _timed(reader, send, sse.opening(hub.token(at)))
    while reader.ending is None and not hub.join(reader, at):
        at = await _further(hub, reader, at, send)
    while reader.ending is None:
        if waiting := reader.take():
            await _timed(reader, send, waiting)
        elif reader.beat_due:
            await _beat(hub, reader, send)
        else:
            await reader.news()


async def _further(hub: Hub, reader: Reader, at: EntryId, send: Send) -> EntryId:
    """Send the next page of the backlog; the place where it ends."""
    try:
        page = await hub.after(at, BACKLOG_PAGE)
    except GapError as gap:
        reader.end(gap_ending(hub.ledger, gap))
        return at
    except (RedisError, OSError, EngineError):
        await asyncio.sleep(RECONNECT_S)
        return at
    if not page:
        await asyncio.sleep(LOOK_AGAIN_S)
        return at
    found = [one for one in page if one.subject and one.subject.fits(reader.wanted)]
    for piece in _pieces(found):
        if reader.ending is not None:
            return at
        reader.told = piece[-1].entry
        await _timed(reader, send, b"".join(one.sent for one in piece))
    await asyncio.sleep(0)  # a connection that takes everything would keep the others waiting
    return page[-1].entry


def _pieces(changes: Sequence[LiveChange]) -> Iterator[Sequence[LiveChange]]:
    """The changes in pieces of about as many bytes as are handed to a connection at once."""
    first, size = 0, 0
    for at, one in enumerate(changes, 1):
        size += len(one.sent)
        if size >= SENT_BYTES or at == len(changes):
            yield changes[first:at]
            first, size = at, 0


async def _beat(hub: Hub, reader: Reader, send: Send) -> None:
    """Break a silence; everything that was dispatched was sent by now, so the hub's place holds."""
    reader.beat_due = False
    if hub.place is not None and hub.place != reader.told:
        reader.told = hub.place
        await _timed(reader, send, sse.position(hub.token(hub.place)))
    else:
        await _timed(reader, send, sse.HEARTBEAT)


async def _timed(reader: Reader, send: Send, waiting: bytes) -> None:
    clock = asyncio.get_running_loop().time
    reader.sending_since = clock()
    await send(waiting)
    reader.sending_since, reader.sent_at = None, clock()
