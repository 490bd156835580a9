"""The change feed, read back: which cells changed, in the order in which they did."""

from collections.abc import AsyncIterator
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis
from redis.typing import KeyT, StreamIdT

from tollbook_services import keys

PAGE: Final = 500
"""Entries read at once: a page of documents of a few kilobytes each."""

WAIT_MS: Final = 1_000
"""How long one call waits for changes: as long as a reader may take to notice an interrupt."""


async def read_changes(
    redis: Redis, after: str = "0", crisis: str | None = None, *, follow: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """The changes behind an entry id, each with its own `id`, oldest first.

    Args:
        redis: the engine's client.
        after: the id of the last change that was seen; `$` for none of those that are there.
        crisis: only changes of this one.
        follow: whether to go on for ever with what changes from now on.
    """
    if after == "$":
        last = cast("Any", await redis.xrevrange(keys.CHANGES, count=1))
        after = last[0][0].decode() if last else "0"
    while True:
        stream: dict[KeyT, StreamIdT] = {keys.CHANGES: after}
        reply: Any = await redis.xread(stream, count=PAGE, block=WAIT_MS if follow else None)
        entries = _entries(reply)
        if not entries and not follow:
            return
        for entry_id, fields in entries:
            after = entry_id.decode()
            document = orjson.loads(fields[b"change"])
            if crisis in {None, document["crisis"]}:
                yield {"id": after, **document}


def _entries(reply: Any) -> Any:
    """The entries of the only stream in a reply, in either shape of the protocol."""
    if not reply:
        return []
    streams = reply.items() if isinstance(reply, dict) else reply
    (_, entries), *_ = streams
    return entries[0] if entries and isinstance(entries[0], list) and len(entries) == 1 else entries
