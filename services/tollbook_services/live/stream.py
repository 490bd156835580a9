"""Reads the stream of changes so that nothing can be missing between two pages unnoticed."""

from collections.abc import Awaitable
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tollbook_schemas.errors import EngineError, TollbookError
from tollbook_services import keys
from tollbook_services.live.place import BEGINNING, EntryId

_NO_STREAM: Final = "no such key"


class Entry(NamedTuple):
    """An entry of the stream: its id, and the document as it was written."""

    id: EntryId
    body: bytes


class OtherLedgerError(EngineError):
    """The engine has another ledger now, or none."""

    def __init__(self, ledger: str, found: str) -> None:
        super().__init__(
            f"the ledger here is {found or 'gone'}, and the feed is that of {ledger}: "
            "start the server again for another ledger"
        )


class GapError(TollbookError):
    """What came after a place is not there any more, or the place itself never was.

    Attributes:
        lost: the place that was asked for.
        oldest: the first entry that is kept; None where there is none.
        newest: the last one.
    """

    problem = "feed-gap"

    def __init__(self, lost: EntryId, oldest: EntryId | None, newest: EntryId | None) -> None:
        super().__init__(
            f"the changes after {lost.time if lost != BEGINNING else 'the beginning'} are not all "
            f"kept any more{f', only those from {oldest.time} on' if oldest else ''}"
        )
        self.lost, self.oldest, self.newest = lost, oldest, newest


async def page_after(redis: Redis, ledger: str, after: EntryId, count: int) -> list[Entry]:
    """The entries after one, which must still be there: only so is it known that none is missing.

    Entries are removed from the old end alone. So where the entry `after` is still there, all that
    came after it are, too; a restored or erased engine does not have it either. Of the beginning
    it is known by the count of entries that were ever added.

    Raises:
        OtherLedgerError: the engine has not this ledger.
        GapError: something may be missing.
        RedisError: the engine cannot be asked.
    """
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xrange(keys.CHANGES, str(after), "+", count + 1)
        if after == BEGINNING:
            pipe.xinfo_stream(keys.CHANGES)
        found, *info = await pipe.execute(raise_on_error=False)
    if isinstance(found, Exception):
        raise found
    await _must_be(redis, ledger)
    entries = [Entry(EntryId.of(one), fields.get(b"change", b"")) for one, fields in found]
    if after == BEGINNING:
        whole = _never_trimmed(info[0])
    else:
        whole = bool(entries) and entries.pop(0).id == after
    if not whole:
        raise GapError(after, *await edges(redis))
    return entries[:count]


async def latest(redis: Redis, ledger: str, count: int) -> list[Entry]:
    """The last entries, oldest first.

    Raises:
        OtherLedgerError: the engine has not this ledger.
        RedisError: the engine cannot be asked.
    """
    found: Any = await redis.xrevrange(keys.CHANGES, count=count)
    await _must_be(redis, ledger)
    return [Entry(EntryId.of(one), fields.get(b"change", b"")) for one, fields in found][::-1]


async def edges(redis: Redis) -> tuple[EntryId | None, EntryId | None]:
    """The ids of the first and the last entry that are kept."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xrange(keys.CHANGES, count=1)
        pipe.xrevrange(keys.CHANGES, count=1)
        first, last = await pipe.execute()
    return _id_of(first), _id_of(last)


async def wait_for_entry(redis: Redis, after: EntryId, patience_ms: int) -> bool:
    """Whether an entry after one came, within some milliseconds."""
    asked = cast("Any", redis).xread({keys.CHANGES: str(after)}, count=1, block=patience_ms)
    return bool(await cast("Awaitable[Any]", asked))


async def _must_be(redis: Redis, ledger: str) -> None:
    """Asked after the entries were read: so these are of the ledger that is there now."""
    stored = await cast("Awaitable[bytes | None]", redis.hget(keys.LEDGER, "id"))
    found = (stored or b"").decode()
    if found != ledger:
        raise OtherLedgerError(ledger, found)


def _id_of(found: list[Any]) -> EntryId | None:
    return EntryId.of(found[0][0]) if found else None


def _never_trimmed(info: Any) -> bool:
    """Whether a stream has every entry that was ever added to it; one that is not there has."""
    if isinstance(info, ResponseError) and _NO_STREAM in str(info):
        return True
    if isinstance(info, Exception):
        raise info
    return bool(info["entries-added"] == info["length"])
