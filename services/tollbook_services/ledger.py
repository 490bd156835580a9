"""The ledger: append events durably and exactly once, read them by position."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any, Final, Self, cast

import orjson
from redis.asyncio import Redis

from tollbook_schemas.canonical import content_digest, key_digest
from tollbook_schemas.errors import EngineError, Fault, TollbookError
from tollbook_schemas.parse import ParsedEvent
from tollbook_services import keys
from tollbook_services.functions_loader import load_library
from tollbook_services.receipts import Receipt, ReceiptStatus
from tollbook_services.stored import (
    RefusedEntry,
    StoredEntry,
    entry_from,
    instant_from,
    with_recorded_time,
)

BATCH_MAX: Final = 500
"""Events a server-side call: some 3 ms, for which every other client waits."""

BATCH_BYTES_MAX: Final = 8 * 2**20
"""Bytes a server-side call; a single event may be larger on its own."""

DURABLE_MS_MAX: Final = 20_000
"""How long an fsync may take before an append is reported as not durable."""

PARTITIONS: Final = 4
"""Partitions of a new ledger: one worker serves all, and several machines can share them."""

CLOCK_TRIES: Final = 8
"""Tries to be not earlier than the last event, each lost only to another writer's append."""

_INTERRUPTED: Final = "the append was interrupted: sending the same events again is safe"


class ConflictError(TollbookError):
    """The partition's head is not where the caller expected it."""

    exit_code = 3
    problem = "conflict"


class Ledger:
    """One ledger in one engine; several processes may append to it at once."""

    def __init__(self, redis: Redis, ledger_id: str, partitions: int) -> None:
        """Use `open`, which reads what the ledger says of itself."""
        self.redis = redis
        self.id = ledger_id
        self.partitions = partitions
        self._writers: dict[int, _Writer] = {}

    @classmethod
    async def open(cls, redis: Redis, partitions: int = PARTITIONS) -> Self:
        """Open the ledger of an engine, made with so many partitions if there is none."""
        await load_library(redis, "tollbook_ledger", "ledger.lua")
        async with redis.pipeline(transaction=True) as pipe:
            pipe.hsetnx(keys.LEDGER, "id", secrets.token_hex(16))
            pipe.hsetnx(keys.LEDGER, "partitions", str(partitions))
            pipe.hmget(keys.LEDGER, ["id", "partitions"])
            ledger_id, count = (await pipe.execute())[-1]
        return cls(redis, ledger_id.decode(), int(count))

    async def append(
        self, events: Sequence[ParsedEvent], expected_sequence: int | None = None
    ) -> list[Receipt]:
        """Append events; receipts in their order, once all of them are on disk.

        A key that is there with the same content is a duplicate and gets its first position; with
        other content the event goes to quarantine. Appends that wait for the disk at the same
        time share one call (group commit).

        Args:
            events: of any crises; those of one partition are appended together, up to 500 a call.
            expected_sequence: append only if the partition's head is here; events of one
                partition and at most 500.

        Raises:
            ConflictError: the head is elsewhere; nothing was appended.
            EngineError: the engine did not confirm that the events are on disk. They may be: the
                same append again is safe.
        """
        by_partition: dict[int, list[int]] = {}
        for place, parsed in enumerate(events):
            number = keys.partition_of(parsed.event.crisis, self.partitions)
            by_partition.setdefault(number, []).append(place)
        if expected_sequence is not None and (len(by_partition) > 1 or len(events) > BATCH_MAX):
            raise ValueError("expected_sequence is for up to 500 events of one partition")
        receipts: list[Receipt | None] = [None] * len(events)
        done = await asyncio.gather(
            *(
                self._writer(number).append([events[place] for place in places], expected_sequence)
                for number, places in by_partition.items()
            )
        )
        for places, outcomes in zip(by_partition.values(), done, strict=True):
            for place, receipt in zip(places, outcomes, strict=True):
                receipts[place] = receipt
        return [receipt for receipt in receipts if receipt is not None]

    async def read(
        self, partition: int, after: int, count: int, upto: int | None = None
    ) -> list[StoredEntry]:
        """The events behind a position, in order: at most `count`, none later than `upto`."""
        last = "+" if upto is None else f"{upto}-0"
        if upto is not None and upto <= after:
            return []
        entries: Any = await self.redis.xrange(
            keys.ledger(partition), f"{after + 1}-0", last, count
        )
        return [entry_from(partition, entry_id, fields) for entry_id, fields in entries]

    async def head(self, partition: int) -> int:
        """The position of the last event, 0 where there is none."""
        head = await cast("Awaitable[Any]", self.redis.hget(keys.state(partition), "head"))
        return int(head or 0)

    async def sequence_at(self, partition: int, instant: datetime) -> int:
        """The last position recorded at or before an instant; 0 before the first event."""
        low, high = 0, await self.head(partition)
        while low < high:
            middle = (low + high + 1) // 2
            entries = await self.read(partition, middle - 1, 1)
            if entries and entries[0].recorded_at <= instant:
                low = middle
            else:
                high = middle - 1
        return low

    async def reject(self, raw: bytes, faults: Sequence[Fault], origin: str) -> None:
        """Keep what could not be an event, byte for byte, with the reasons; durably."""
        reasons = orjson.dumps([fault.document() for fault in faults])
        fields: Any = {"e": raw, "reasons": reasons, "origin": origin, "t": _now()}
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.xadd(keys.REJECTED, fields)
            pipe.execute_command("WAITAOF", 1, 0, DURABLE_MS_MAX)
            _must_be_durable((await pipe.execute())[-1])

    async def read_rejected(self, after: str = "0", count: int = 500) -> list[RefusedEntry]:
        """What was rejected, behind an entry id, oldest first."""
        entries: Any = await self.redis.xrange(keys.REJECTED, f"({after}", "+", count)
        return [
            RefusedEntry(
                entry_id.decode(),
                fields[b"e"],
                tuple(
                    (fault["pointer"], fault["message"])
                    for fault in orjson.loads(fields[b"reasons"])
                ),
                fields[b"origin"].decode(errors="replace"),
                instant_from(int(fields[b"t"])),
            )
            for entry_id, fields in entries
        ]

    async def read_quarantine(
        self, partition: int, after: str = "0", count: int = 500
    ) -> list[RefusedEntry]:
        """What is in a partition's quarantine, behind an entry id, oldest first."""
        entries: Any = await self.redis.xrange(
            keys.quarantine(partition), f"({after}", "+", count
        )
        return [
            _quarantined_entry(partition, entry_id, fields) for entry_id, fields in entries
        ]

    async def inbox_length(self) -> int:
        """Entries that wait in the inbox or are being worked on."""
        return int(await self.redis.xlen(keys.INBOX))

    async def rejected_length(self) -> int:
        """How many documents were rejected."""
        return int(await self.redis.xlen(keys.REJECTED))

    async def quarantine_length(self, partition: int) -> int:
        """How many events are in a partition's quarantine."""
        return int(await self.redis.xlen(keys.quarantine(partition)))

    def _writer(self, partition: int) -> "_Writer":
        return self._writers.setdefault(partition, _Writer(self.redis, partition))


class _Writer:
    """Appends to one partition: one call at a time, with all that came while the last one ran."""

    def __init__(self, redis: Redis, partition: int) -> None:
        self._redis = redis
        self._partition = partition
        self._turn = asyncio.Lock()
        self._waiting: list[tuple[Sequence[ParsedEvent], asyncio.Future[list[Receipt]]]] = []

    async def append(
        self, events: Sequence[ParsedEvent], expected: int | None
    ) -> list[Receipt]:
        if expected is not None:
            async with self._turn:
                return await self._call(events, expected)
        future: asyncio.Future[list[Receipt]] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, future))
        async with self._turn:
            if not future.done():
                await self._flush()
        return await future

    async def _flush(self) -> None:
        """Appends what waits, in calls of a limited size; every waiter learns its own outcome."""
        waiting, self._waiting = self._waiting, []
        together = [event for events, _ in waiting for event in events]
        receipts: list[Receipt] = []
        failure: Exception | None = None
        cancelled: asyncio.CancelledError | None = None
        for batch in _batches(together):
            try:
                receipts += await self._call(batch, None)
            except asyncio.CancelledError as error:
                cancelled = error
                break
            except Exception as error:  # noqa: BLE001 - handed to everybody who waits
                failure = error
                break
        at = 0
        for events, future in waiting:
            own = receipts[at : at + len(events)]
            at += len(events)
            if future.cancelled():
                continue
            if len(own) == len(events):
                future.set_result(own)
            else:
                future.set_exception(failure or EngineError(_INTERRUPTED))
        if cancelled is not None:
            raise cancelled

    async def _call(self, events: Sequence[ParsedEvent], expected: int | None) -> list[Receipt]:
        recorded = _now()
        for _ in range(CLOCK_TRIES):
            reply = await self._append_durably(events, recorded, expected)
            match reply[0]:
                case b"done":
                    return self._receipts(events, reply[2:])
                case b"conflict":
                    raise ConflictError(
                        f"partition {self._partition} is at sequence {reply[1]}, not at "
                        f"{expected}: read what was appended and decide again"
                    )
                case _:
                    recorded = max(_now(), int(reply[1]))
        raise EngineError(
            f"the clock of partition {self._partition} runs ahead of this machine's and does not "
            "stand still: set the clocks of the writers"
        )

    async def _append_durably(
        self, events: Sequence[ParsedEvent], recorded: int, expected: int | None
    ) -> list[Any]:
        """One function call and the wait for its fsync, on the same connection."""
        number = self._partition
        names = [keys.ledger(number), keys.index(number), keys.state(number)]
        names += [keys.quarantine(number), keys.quarantined(number)]
        arguments: list[Any] = [recorded, -1 if expected is None else expected]
        for parsed in events:
            stored, leaf = with_recorded_time(parsed.canonical, recorded)
            digest = content_digest(parsed.canonical)
            arguments += [key_digest(*parsed.key), digest, stored, leaf, parsed.canonical]
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command("FCALL", "tollbook_append", len(names), *names, *arguments)
            pipe.execute_command("WAITAOF", 1, 0, DURABLE_MS_MAX)
            reply, durable = await pipe.execute()
        _must_be_durable(durable)
        return list(reply)

    def _receipts(self, events: Sequence[ParsedEvent], outcomes: Sequence[Any]) -> list[Receipt]:
        receipts = []
        for place, parsed in enumerate(events):
            status = cast("ReceiptStatus", outcomes[2 * place].decode())
            sequence = int(outcomes[2 * place + 1])
            receipts.append(
                Receipt(
                    status,
                    *parsed.key,
                    parsed.event.crisis,
                    self._partition,
                    sequence,
                    (_other_content(sequence),) if status == "quarantined" else (),
                )
            )
        return receipts


def _batches(events: Sequence[ParsedEvent]) -> list[list[ParsedEvent]]:
    batches: list[list[ParsedEvent]] = []
    size = 0
    for event in events:
        full = not batches or len(batches[-1]) == BATCH_MAX
        if full or size + len(event.canonical) > BATCH_BYTES_MAX:
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += len(event.canonical)
    return batches


def _other_content(sequence: int) -> Fault:
    return Fault(
        "/id",
        f"this source and id were recorded with other content at sequence {sequence}: give a new "
        "report an id of its own; to change a figure send figure.revised",
    )


def _quarantined_entry(
    partition: int, entry_id: bytes, fields: dict[bytes, bytes]
) -> RefusedEntry:
    fault = _other_content(int(fields[b"first"]))
    return RefusedEntry(
        entry_id.decode(),
        fields[b"e"],
        ((fault.pointer, fault.message),),
        f"partition {partition}",
        instant_from(int(fields[b"t"])),
    )


def _must_be_durable(reply: Any) -> None:
    if int(reply[0]) < 1:
        raise EngineError(
            f"the engine did not confirm an fsync within {DURABLE_MS_MAX // 1000} s: check its "
            "disk; sending the same events again is safe"
        )


def _now() -> int:
    return time.time_ns() // 1000


__all__ = [
    "BATCH_MAX",
    "ConflictError",
    "Ledger",
    "Receipt",
    "RefusedEntry",
    "StoredEntry",
]
