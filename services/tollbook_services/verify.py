"""The guard: a ledger is verified once in each run of its engine, and watched while it is used.

For the workers: call `must_be_same_ledger(redis, ledger.id)` about every second, from the loop
that does the work. It costs four short calls. It raises `CheckFailedError` once the ledger was
erased, is another one, or lost a stream, a head or its index, and `EngineError` once the engine is
no longer fit; let both end the worker. A lost connection is a `RedisError` as everywhere, and says
nothing about the ledger.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, OutOfMemoryError

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import keys
from tollbook_services.cluster.nodes import primaries
from tollbook_services.connection import check_engine
from tollbook_services.layout import layout_of
from tollbook_services.scan import page_faults, scan

RESTORE: Final = (
    "keep a copy of the engine's files as they are and restore them from a backup; "
    "`tollbook check` names everything that is wrong"
)

MADE: Final = "made"
"""Field of the ledger's own hash: in a cluster, that every partition knows the ledger's id."""

Progress = Callable[[int, int], None]
"""Told how many events were verified, and how many there are."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a partition says of itself, and its last entry, at one moment.

    Attributes:
        head: the position of the last event, by the state of the partition.
        recorded: when the last event was recorded, in microseconds, by the same.
        length: how many entries its stream has.
        trimmed: how many events before these are only in the archive.
        last_id: the id of the last one, empty where there is none.
        last_time: the recorded time beside it.
    """

    partition: int
    head: int
    recorded: bytes
    length: int
    last_id: bytes
    last_time: bytes
    trimmed: int = 0

    def fault(self) -> str | None:
        """What does not agree; None where all does."""
        if self.length + self.trimmed != self.head:
            archived = f" and {self.trimmed:,} in the archive" if self.trimmed else ""
            return (
                f"partition {self.partition} has {self.length:,} events{archived}, but its head is "
                f"{self.head:,}: events were lost or written by hand"
            )
        if self.head and self.last_id != b"%d-0" % self.head:
            return (
                f"partition {self.partition}, sequence {self.head}: the last event has the id "
                f"{self.last_id.decode()}"
            )
        if self.head and self.last_time != self.recorded:
            return (
                f"partition {self.partition}, sequence {self.head}: the partition's last recorded "
                f"time {self.recorded.decode(errors='replace')} is not that of its last event"
            )
        return None


@dataclass(frozen=True, slots=True)
class Heads:
    """Every partition and the size of the index, all of one moment."""

    partitions: tuple[Head, ...]
    indexed: int

    @property
    def events(self) -> int:
        """How many events the ledger says it has."""
        return sum(one.head for one in self.partitions)

    def faults_of_partitions(self) -> list[str]:
        """What does not agree within one; the index of a cluster is of another moment."""
        return [fault for one in self.partitions if (fault := one.fault()) is not None]

    def faults(self) -> list[str]:
        """What does not agree."""
        found = self.faults_of_partitions()
        if self.indexed != self.events:
            found.append(
                f"the index has {self.indexed:,} keys for {self.events:,} events: it was altered"
            )
        return found


async def must_be_same_ledger(redis: Redis, ledger_id: str, *, whole: bool = True) -> None:
    """Refuse an engine whose ledger was erased or replaced, or which no longer keeps everything.

    Args:
        redis: the engine's client.
        ledger_id: what has to be there.
        whole: whether to look at every partition, too; once a second and worker is enough.

    Raises:
        CheckFailedError: the ledger is gone, another one is there, or a part of it is gone.
        EngineError: the engine is no longer set up to keep what it acknowledges.
    """
    found = await ledger_id_in(redis)
    if found is None:
        raise CheckFailedError(
            f"the ledger {ledger_id} was erased from its engine (FLUSHALL, or the engine lost its "
            "data): stop writing, and restore the engine's files from a backup"
        )
    if found != ledger_id:
        raise CheckFailedError(
            f"the engine holds the ledger {found} and not {ledger_id}: it was replaced; restore "
            "the engine's files from a backup, or begin anew with the ledger that is there"
        )
    if layout_of(redis).spread:
        await _no_partition_gone(redis, ledger_id)
    await check_engine(redis)
    if not whole:
        return
    heads = await read_heads(redis)
    _refuse(heads.faults_of_partitions() if layout_of(redis).spread else heads.faults())


async def _no_partition_gone(redis: Redis, ledger_id: str) -> None:
    """Refuse a cluster one of whose nodes lost its partitions while another has the rest."""
    stored = await cast("Awaitable[Any]", redis.hmget(keys.LEDGER, ["partitions", MADE]))
    if stored[1] is None:
        return  # it is being made
    async with redis.pipeline(transaction=False) as pipe:
        for partition in range(int(stored[0])):
            pipe.hget(keys.own_ledger(partition), "id")
        found = await pipe.execute()
    for partition, own in enumerate(found):
        if own is None or own.decode() != ledger_id:
            raise CheckFailedError(
                f"partition {partition} of the ledger {ledger_id} was erased from its node of the "
                "cluster, or replaced: stop writing, and restore that node's files from a backup"
            )


async def ledger_id_in(redis: Redis) -> str | None:
    """The id of the ledger in an engine; None where there is none."""
    stored = await cast("Awaitable[bytes | None]", redis.hget(keys.LEDGER, "id"))
    return stored.decode() if stored else None


async def verify_once(redis: Redis, progress: Progress | None = None) -> bool:
    """Verify every stored event, unless that was done in this run of the engine.

    What an engine has loaded it does not lose or alter while it runs; so once in a run is enough.
    The mark is left out where the engine is full, and the next command verifies again.

    Returns:
        Whether this call did it.

    Raises:
        CheckFailedError: names the partition, the sequence and what to do.
    """
    run = await run_id(redis)
    if await verified_run(redis) == run:
        return False
    await verify(redis, progress)
    with suppress(OutOfMemoryError, NoPermissionError):
        await redis.hset(keys.VERIFIED, "run", run)
    return True


async def verify(redis: Redis, progress: Progress | None = None) -> int:
    """Verify every event of the streams: dense, hash, recorded time, heads, size of the index.

    What is in the archive is compared with its leaf whenever it is read.

    Returns:
        How many events there are.

    Raises:
        CheckFailedError: as `verify_once`.
    """
    heads = await read_heads(redis)
    done = 0
    for one in heads.partitions:
        async with aclosing(scan(redis, one.partition, one.head, one.trimmed)) as pages:
            async for span, page in pages:
                _refuse([fault.text for fault in page_faults(one.partition, span, page)])
                done += len(page)
                if progress is not None:
                    progress(done, heads.events)
    _refuse(heads.faults())
    return done


async def read_heads(redis: Redis) -> Heads:
    """What all partitions say of themselves, read at one moment; in a cluster one by one."""
    count = await cast("Awaitable[bytes | None]", redis.hget(keys.LEDGER, "partitions"))
    numbers = range(int(count or 0))
    layout = layout_of(redis)
    groups = [[number] for number in numbers] if layout.spread else [list(numbers)]
    heads: list[Head] = []
    indexed = 0
    for group in groups:
        async with redis.pipeline(transaction=True) as pipe:
            for number in group:
                pipe.hmget(keys.state(number), ["head", "recorded"])
                pipe.xlen(keys.ledger(number))
                pipe.execute_command("XREVRANGE", keys.ledger(number), "+", "-", "COUNT", 1)
                pipe.hget(keys.archived(number), "trimmed")
            pipe.hlen(layout.index(group[0] if group else 0))
            *replies, size = await pipe.execute()
        heads += [_head(one, *replies[4 * at : 4 * at + 4]) for at, one in enumerate(group)]
        indexed += size
    return Heads(tuple(heads), indexed)


async def run_id(redis: Redis) -> str:
    """The id that an engine gives itself at each start; of a cluster those of its primaries."""
    nodes = [await node.info("server") for node in await primaries(redis)]
    return " ".join(sorted(str(info["run_id"]) for info in nodes))


async def verified_run(redis: Redis) -> str | None:
    """The run of the engine in which the ledger was verified last."""
    stored = await cast("Awaitable[bytes | None]", redis.hget(keys.VERIFIED, "run"))
    return stored.decode() if stored else None


def _head(
    number: int, state: list[bytes | None], length: int, last: list[Any], trimmed: bytes | None
) -> Head:
    head, recorded = state
    last_id, fields = last[0] if last else (b"", {})
    time = fields.get(b"t", b"")
    return Head(
        number, _number(head), recorded or b"", length, last_id, time, max(_number(trimmed), 0)
    )


def _number(text: bytes | None) -> int:
    """A head that is no number any more is that of no partition."""
    return int(text) if text and text.isdigit() else -1 if text else 0


def _refuse(faults: list[str]) -> None:
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise CheckFailedError(f"{faults[0]}{more}; nothing is served from it: {RESTORE}")
