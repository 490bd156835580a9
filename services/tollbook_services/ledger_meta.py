"""What an engine says of its ledger: id, partitions, layout."""

import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import keys
from tollbook_services.durability import must_be_durable, wait_for_disks
from tollbook_services.layout import LAYOUT, LAYOUTS, layout_of
from tollbook_services.verify import MADE

_FIELDS: Final = ["id", "partitions", LAYOUT, MADE]


@dataclass(frozen=True, slots=True)
class Meta:
    """What was decided when a ledger was made.

    Attributes:
        id: 32 hexadecimal digits.
        partitions: how many it has, for ever.
        made: False where whoever made it in a cluster died before every partition knew.
    """

    id: str
    partitions: int
    made: bool


async def read_meta(redis: Redis) -> Meta | None:
    """What the engine says; None where there is no ledger.

    Raises:
        CheckFailedError: the ledger is laid out for another kind of engine.
    """
    stored: Any = redis.hmget(keys.LEDGER, _FIELDS)
    ledger_id, partitions, layout, made = await cast("Awaitable[list[bytes | None]]", stored)
    if ledger_id is None or partitions is None:
        return None
    wanted, found = layout_of(redis), (layout or b"one").decode()
    if found not in LAYOUTS:
        raise CheckFailedError(
            f"the ledger {ledger_id.decode()} is laid out as {found!r}, which this version does "
            "not know: a newer one made it; use that"
        )
    if found != wanted.name:
        raise CheckFailedError(
            f"the ledger {ledger_id.decode()} is laid out for "
            + ("one server" if wanted.spread else "a cluster")
            + ", and this engine is "
            + ("a cluster" if wanted.spread else "one server")
            + ": use the engine it was made in, or publish what `tollbook export events` writes "
            "into a new ledger here"
        )
    return Meta(ledger_id.decode(), int(partitions), made is not None or not wanted.spread)


async def make(redis: Redis, partitions: int) -> Meta:
    """Make a ledger where there is none, or complete one that was being made.

    Two who do so at once make one and the same.
    """
    layout = layout_of(redis)
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hsetnx(keys.LEDGER, "id", secrets.token_hex(16))
        pipe.hsetnx(keys.LEDGER, "partitions", str(partitions))
        if layout.spread:
            pipe.hsetnx(keys.LEDGER, LAYOUT, layout.name)
        pipe.hmget(keys.LEDGER, _FIELDS[:2])
        ledger_id, count = (await pipe.execute())[-1]
    meta = Meta(ledger_id.decode(), int(count), made=True)
    if not layout.spread:
        return meta
    for partition in range(meta.partitions):
        async with redis.pipeline(transaction=False) as pipe:
            pipe.hsetnx(layout.ledger(partition), "id", meta.id)
            wait_for_disks(pipe, redis)
            must_be_durable(redis, (await pipe.execute())[-1])
    await redis.hset(keys.LEDGER, MADE, "1")
    return meta
