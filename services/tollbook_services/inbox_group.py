"""The consumer group of the inbox: made, left, and watched, since FastStream does not notice."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from faststream.redis import RedisBroker
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import EngineError
from tollbook_services import keys

WATCH_EVERY_S: Final = 1.0
"""Seconds between two looks at the group's health."""

STALLED_S: Final = 30.0
"""Entries waiting this long while nothing is processed mean a broken reader: exit, restart."""

UNREACHABLE_S: Final = 60.0
"""An engine away this long ends the worker, so that whoever runs it sees the failure."""

_TRANSIENT = (LostConnectionError, EngineTimeoutError, OutOfMemoryError, ReadOnlyError)
_TRANSIENT_CODES = ("MISCONF", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "BUSY ")


class Worker(Protocol):
    """What the watch needs to know of a worker."""

    progress_at: float
    turn: asyncio.Lock


def is_transient(error: Exception) -> bool:
    """Whether the same call can succeed later without anything in this process changing."""
    return isinstance(error, (*_TRANSIENT, EngineError)) or str(error).startswith(_TRANSIENT_CODES)


async def ensure_group(redis: Redis) -> None:
    """Create the consumer group at 0, so that entries from before it are read as well."""
    try:
        await redis.xgroup_create(keys.INBOX, keys.INTAKE_GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


async def leave(redis: Redis, consumer: str) -> None:
    """Take the consumer off the group, unless it leaves entries for another to take over."""
    with suppress(RedisError, OSError):
        held = await redis.xpending_range(
            keys.INBOX, keys.INTAKE_GROUP, min="-", max="+", count=1, consumername=consumer
        )
        if not held:
            await redis.xgroup_delconsumer(keys.INBOX, keys.INTAKE_GROUP, consumer)


async def watch(redis: Redis, broker: RedisBroker, worker: Worker) -> None:
    """Raise when the worker can no longer do its work although its process lives.

    FastStream stops reading when its group vanishes and keeps its task when reading fails, so
    health is judged from outside: the group exists, the subscriber runs, entries move.
    """
    clock = asyncio.get_running_loop().time
    seen_at = clock()
    while True:
        try:
            waiting = await _waiting(redis)
            seen_at = clock()
        except _TRANSIENT as error:
            if clock() - seen_at > UNREACHABLE_S:
                raise EngineError(
                    f"the engine was away for {UNREACHABLE_S:g} s: {error}"
                ) from error
            waiting = False
        if not all(subscriber.running for subscriber in broker.subscribers):
            raise EngineError("reading the inbox has ended: its consumer group vanished")
        if not waiting or worker.turn.locked():
            worker.progress_at = clock()
        elif clock() - worker.progress_at > STALLED_S:
            raise EngineError(f"entries wait in the inbox and none was read for {STALLED_S:g} s")
        await asyncio.sleep(WATCH_EVERY_S)


async def _waiting(redis: Redis) -> bool:
    """Whether entries wait that no consumer has read yet."""
    try:
        groups: Sequence[Mapping[str, Any]] = await redis.xinfo_groups(keys.INBOX)
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        groups = []
    for group in groups:
        if group["name"] == keys.INTAKE_GROUP.encode():
            after = "(" + group["last-delivered-id"].decode()
            return bool(await redis.xrange(keys.INBOX, min=after, count=1))
    raise EngineError(
        "the consumer group of the inbox vanished (FLUSHALL, XGROUP DESTROY or DEL): "
        "start the intake again, which creates it anew at 0"
    )
