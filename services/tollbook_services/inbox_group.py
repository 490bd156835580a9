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
from tollbook_services.engine_client import url_of_key
from tollbook_services.heartbeats import Heartbeats, WorkerState
from tollbook_services.inbox_status import INTAKE
from tollbook_services.verify import must_be_same_ledger

WATCH_EVERY_S: Final = 1.0
"""Seconds between two rounds: a look at ledger and group, and a heartbeat."""

STALLED_S: Final = 40.0
"""Entries waiting this long while nothing is processed mean a broken worker: exit, restart.
Longer than one call may take, and a wait between two tries."""

SILENT_S: Final = 10.0
"""A worker whose batch shows no progress for this long no longer says that it makes rounds."""

UNREACHABLE_S: Final = 60.0
"""An engine away this long ends the worker, so that whoever runs it sees the failure."""

_TRANSIENT = (LostConnectionError, EngineTimeoutError, OutOfMemoryError, ReadOnlyError)
_TRANSIENT_CODES = ("MISCONF", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "BUSY ")


class Worker(Protocol):
    """What the watch needs to know of a worker.

    Attributes:
        ledger_id: the ledger it was admitted to.
        consumer: its name in the group and among the heartbeats.
        state: what it says of itself.
        progress_at: when it last had nothing to do, began a try or finished a batch (loop time).
        turn: held while it processes entries.
    """

    ledger_id: str
    consumer: str
    state: WorkerState
    progress_at: float
    turn: asyncio.Lock

    @property
    def counts(self) -> Mapping[str, int]:
        """Events since its start by what became of them."""
        ...


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
    """Beat while the worker does its work; raise when it can no longer do it.

    FastStream stops reading when its group vanishes and keeps its task when reading fails, so
    health is judged from outside: the ledger is there, the group exists, the subscriber runs,
    entries move. A worker that is stuck in a batch falls silent first, and is ended later.

    Raises:
        CheckFailedError: the ledger was erased or replaced.
        EngineError: the engine was away too long or is unfit, the group vanished, or nothing moves.
    """
    clock = asyncio.get_running_loop().time
    heartbeats = Heartbeats(redis)
    seen_at = clock()
    while True:
        waiting = False
        try:
            await must_be_same_ledger(redis, worker.ledger_id)
            waiting = await _waiting(redis, worker.ledger_id)
            if _moves(worker, clock()):
                await heartbeats.beat(
                    None, worker.consumer, INTAKE, worker.state, 0, counts=worker.counts
                )
            seen_at = clock()
        except RedisError as error:
            if not is_transient(error):
                raise
            if clock() - seen_at > UNREACHABLE_S:
                raise EngineError(
                    f"the engine was away for {UNREACHABLE_S:g} s: {error}"
                ) from error
        if not all(subscriber.running for subscriber in broker.subscribers):
            await must_be_same_ledger(redis, worker.ledger_id)
            raise EngineError("reading the inbox has ended: its consumer group vanished")
        if not waiting and not worker.turn.locked():
            worker.progress_at = clock()
        elif clock() - worker.progress_at > STALLED_S:
            raise EngineError(f"entries wait in the inbox and none was read for {STALLED_S:g} s")
        await asyncio.sleep(WATCH_EVERY_S)


async def inbox_moves(url: str, redis: Redis, place: str) -> None:
    """Wait until the inbox is served by another server than the one it is read from.

    FastStream's own connection follows neither a slot of a cluster nor the primary of Sentinels.

    Args:
        url: of the engine.
        redis: its client.
        place: the URL of the server that the inbox is read from.

    Raises:
        EngineError: it moved; a worker that starts again reads it from where it is.
    """
    while True:
        await asyncio.sleep(WATCH_EVERY_S)
        with suppress(LostConnectionError, EngineTimeoutError, OSError):
            if await url_of_key(url, redis, keys.INBOX) != place:
                raise EngineError(
                    "the inbox is served by another node now (a failover, or its slot moved): "
                    "start the intake again, which reads it from there"
                )


async def goodbye(redis: Redis, consumer: str) -> None:
    """Say that the worker stops; best effort, as it stops in any case."""
    with suppress(RedisError, OSError, EngineError):
        await Heartbeats(redis).beat(None, consumer, INTAKE, "stopped", 0)


def _moves(worker: Worker, now: float) -> bool:
    return not worker.turn.locked() or now - worker.progress_at <= SILENT_S


async def _waiting(redis: Redis, ledger_id: str) -> bool:
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
    await must_be_same_ledger(redis, ledger_id)
    raise EngineError(
        "the consumer group of the inbox vanished (FLUSHALL, XGROUP DESTROY or DEL): "
        "start the intake again, which creates it anew at 0"
    )
