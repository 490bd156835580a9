"""Where the policies and gazetteers of a ledger are listed, and that all of it knows of each."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, cast

from redis.asyncio import Redis

from tollbook_services.durability import must_be_durable, wait_for_disks
from tollbook_services.layout import Layout, layout_of

Kind = Literal["policies", "gazetteers"]

_NAMES: Final[dict[Kind, Callable[[Layout, int], str]]] = {
    "policies": Layout.policies,
    "gazetteers": Layout.gazetteers,
}


def list_of(redis: Redis, kind: Kind, partition: int) -> str:
    """The hash in which a partition lists them: the only one where there is no cluster."""
    return _NAMES[kind](layout_of(redis), partition)


async def listed(redis: Redis, kind: Kind, partitions: int) -> list[bytes]:
    """Positions of all of them, `<partition>:<sequence>`, in no order.

    In a cluster each partition has a list of its own, which an append compares with what its
    sender knows. One that was published reaches the other lists before it is acknowledged; where
    its sender died in between, this call completes it.

    Args:
        redis: the engine's client.
        kind: which of them.
        partitions: how many the ledger has.

    Raises:
        RedisError, EngineError: a list cannot be read or completed.
    """
    names = [list_of(redis, kind, partition) for partition in layout_of(redis).each(partitions)]
    known = [await cast("Awaitable[dict[bytes, bytes]]", redis.hgetall(name)) for name in names]
    everything = {position: at for one in known for position, at in one.items()}
    for name, own in zip(names, known, strict=True):
        lacking = {position: at for position, at in everything.items() if position not in own}
        if lacking:
            await _add(redis, name, lacking)
    return list(everything)


async def _add(redis: Redis, name: str, lacking: dict[bytes, bytes]) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        pipe.hset(name, mapping=cast("Any", lacking))
        wait_for_disks(pipe, redis)
        must_be_durable(redis, (await pipe.execute())[-1])
