"""Looks idempotency keys up, wherever in the engine their entries are."""

from collections.abc import Awaitable, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.layout import layout_of


async def index_entries(redis: Redis, wanted: Sequence[bytes]) -> list[bytes | None]:
    """The index entry of each key: content digest and position; None where it is not recorded.

    Args:
        redis: the engine's client.
        wanted: digests of keys; all of the call's answer is in memory.
    """
    if not wanted:
        return []
    layout = layout_of(redis)
    if not layout.spread:
        digests = cast("Any", list(wanted))
        return list(await cast("Awaitable[Any]", redis.hmget(keys.INDEX, digests)))
    stored = redis.hget(keys.LEDGER, "partitions")
    partitions = int(await cast("Awaitable[bytes | None]", stored) or 1)
    async with redis.pipeline(transaction=False) as pipe:
        for key in wanted:
            pipe.hget(keys.claims(keys.home_of(key, partitions)), cast("Any", key))
        claims = await pipe.execute()
    claimed = [(at, int(claim.split()[0])) for at, claim in enumerate(claims) if claim]
    found: list[bytes | None] = [None] * len(wanted)
    async with redis.pipeline(transaction=False) as pipe:
        for at, partition in claimed:
            pipe.hget(layout.index(partition), cast("Any", wanted[at]))
        for (at, _), entry in zip(claimed, await pipe.execute(), strict=True):
            found[at] = entry
    return found
