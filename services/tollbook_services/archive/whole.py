"""Every entry of a partition, archived or in its stream, as the engine would send it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final

from redis.asyncio import Redis

from tollbook_services.archive.reading import ArchivedEvents
from tollbook_services.scan import RawPage, scan
from tollbook_services.stored import StoredEntry

PAGE: Final = 2_048
"""Archived events read at once: whole bundles."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def whole(
    redis: Redis, partition: int, upto: int, trimmed: int
) -> AsyncGenerator[tuple[range, RawPage], None]:
    """As `scan`, with what the stream lacks out of the archive before it; to be closed."""
    archive = ArchivedEvents(redis)
    for after in range(0, trimmed, PAGE):
        span = range(after + 1, min(after + PAGE, trimmed) + 1)
        entries = await archive.read(partition, after, len(span))
        yield span, [(b"%d-0" % one.sequence, raw_fields(one)) for one in entries]
    async with aclosing(scan(redis, partition, upto, trimmed)) as pages:
        async for page in pages:
            yield page


def raw_fields(entry: StoredEntry) -> list[bytes]:
    """Names and values in turn, as they stood in the stream."""
    micros = (entry.recorded_at - _EPOCH) // timedelta(microseconds=1)
    return [b"e", entry.stored, b"h", entry.leaf, b"t", b"%d" % micros]
