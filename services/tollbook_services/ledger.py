"""The ledger: append events durably and exactly once, read them by position."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any, Final, Self, cast

import orjson
from redis.asyncio import Redis

from tollbook_schemas.canonical import key_digest
from tollbook_schemas.errors import CheckFailedError, Fault
from tollbook_schemas.filed import FiledEvent, filed_event
from tollbook_schemas.parse import ParsedEvent
from tollbook_services import keys
from tollbook_services.archive.reading import ArchivedEvents
from tollbook_services.claims import Claims
from tollbook_services.decisions import Ruling, ruling_from
from tollbook_services.history import sequence_at
from tollbook_services.index import index_entries
from tollbook_services.layout import layout_of
from tollbook_services.ledger_meta import make, read_meta
from tollbook_services.operations.appends import Appends
from tollbook_services.operations.tracing import PARTITION, span
from tollbook_services.position import position_from
from tollbook_services.receipts import Receipt
from tollbook_services.rejections import Rejection, keep
from tollbook_services.stored import (
    RefusedEntry,
    StoredEntry,
    Whole,
    entry_from,
    instant_from,
)
from tollbook_services.withheld.withholder import Withholder
from tollbook_services.writer import (
    BATCH_BYTES_MAX,
    BATCH_MAX,
    ConflictError,
    Writer,
    load_functions,
    other_content,
)

PARTITIONS: Final = 4
"""Partitions of a new ledger: one worker serves all, and several machines can share them."""

CONTENT_BYTES: Final = 32
"""Bytes of an index entry before the position: the digest of the content as sent."""


class Ledger:
    """One ledger in one engine; several processes may append to it at once."""

    def __init__(self, redis: Redis, ledger_id: str, partitions: int) -> None:
        """Use `open`, which reads what the ledger says of itself."""
        self.redis = redis
        self.id = ledger_id
        self.partitions = partitions
        self._writers: dict[int, Writer] = {}
        self._withholder = Withholder(self)
        self.archive = ArchivedEvents(redis)
        self.appends = Appends()

    @classmethod
    async def open(cls, redis: Redis, partitions: int = PARTITIONS, *, create: bool = True) -> Self:
        """Open the ledger of an engine, made with so many partitions if there is none.

        Nothing is written to one that is there, so that it can be read when memory is full.

        Raises:
            CheckFailedError: there is none, although none is to be made.
        """
        await load_functions(redis)
        found = await read_meta(redis)
        if found is None and not create:
            raise CheckFailedError(
                "the engine has no ledger any more: it was erased (FLUSHALL, or the engine lost "
                "its data); stop writing, and restore the engine's files from a backup"
            )
        meta = found if found is not None and found.made else await make(redis, partitions)
        return cls(redis, meta.id, meta.partitions)

    async def append(
        self,
        events: Sequence[ParsedEvent],
        expected_sequence: int | None = None,
        *,
        by: str | None = None,
    ) -> list[Receipt]:
        """Append events; receipts in their order, once all of them are on disk.

        A key that is there with the same content is a duplicate and gets its first position; with
        other content the event goes to quarantine. Appends that wait for the disk at the same
        time share one call (group commit).

        Sensitive fields are taken out and kept apart first (see `withheld`).

        Args:
            events: of any crises; those of one partition are appended together, up to 500 a call.
            expected_sequence: append only if the partition's head is here; events of one
                partition, at most 500 and 8 MiB. A retry of such an append is told `duplicate`,
                although the head has moved by it.
            by: who publishes them, as the server authenticated them; it is stored with each.

        Raises:
            ConflictError: the head is elsewhere; nothing was appended.
            EngineError, RedisError: the engine did not confirm that the events are on disk. They
                may be: the same append again is safe.
        """
        by_partition: dict[int, list[int]] = {}
        for place, parsed in enumerate(events):
            number = keys.partition_of(parsed.crisis, self.partitions)
            by_partition.setdefault(number, []).append(place)
        if expected_sequence is not None and not (len(by_partition) <= 1 and _one_call(events)):
            raise ValueError("expected_sequence is for one partition, up to 500 events and 8 MiB")
        receipts: list[Receipt | None] = [None] * len(events)
        done = await asyncio.gather(
            *(
                self._append(number, [events[place] for place in places], expected_sequence, by)
                for number, places in by_partition.items()
            )
        )
        for places, outcomes in zip(by_partition.values(), done, strict=True):
            for place, receipt in zip(places, outcomes, strict=True):
                receipts[place] = receipt
        return [receipt for receipt in receipts if receipt is not None]

    async def _append(
        self, partition: int, events: Sequence[ParsedEvent], expected: int | None, by: str | None
    ) -> list[Receipt]:
        with span("append", {PARTITION: partition, "tollbook.events": len(events)}) as noted:
            receipts = await self._writer(partition).append(events, expected, by)
            self.appends.appended(partition, receipts, noted)
        return receipts

    async def foreseen(self, events: Sequence[ParsedEvent]) -> list[ParsedEvent]:
        """The events in the form that `append` would give them now, without withheld values.

        Nothing is written. Of what was not recorded yet, commitments and the names that stand for
        places are others than those it would get.
        """
        return await self._withholder.applied(events, keep=False)

    async def read(
        self, partition: int, after: int, count: int, upto: int | None = None
    ) -> list[StoredEntry]:
        """The events behind a position, in order: at most `count`, none later than `upto`.

        What was taken out of the stream is read out of the archive.

        Raises:
            EngineError: the archive is away.
            CheckFailedError: it lacks an event, or has another one.
        """
        last = "+" if upto is None else f"{upto}-0"
        if upto is not None and upto <= after:
            return []
        entries: Any = await self.redis.xrange(
            keys.ledger(partition), f"{after + 1}-0", last, count
        )
        found = [entry_from(partition, entry_id, fields) for entry_id, fields in entries]
        if found and found[0].sequence == after + 1:
            return found
        trimmed = await self.archive.trimmed(partition)
        if after >= trimmed:
            return found
        old = min(count, trimmed - after, count if upto is None else upto - after)
        archived = await self.archive.read(partition, after, old)
        return archived + [one for one in found if one.sequence > trimmed][: count - old]

    async def reference(self, position: bytes) -> FiledEvent:
        """The policy or gazetteer at a position `<partition>:<sequence>`, archived or not."""
        kept = self.redis.hget(keys.REFERENCES, cast("Any", position))
        stored = await cast("Awaitable[bytes | None]", kept)
        if stored is None:
            partition, sequence = position_from(position)
            (entry,) = await self.read(partition, sequence - 1, 1)
            stored = entry.stored
        return filed_event(stored)

    async def find(self, source: str, event_id: str) -> StoredEntry | None:
        """The event of an idempotency key, in whatever partition; None where it is not there."""
        key = key_digest(source, event_id)
        (entry,) = await index_entries(self.redis, [key])
        if entry is None:
            return None
        partition, sequence = position_from(entry[CONTENT_BYTES:])
        found = await self.read(partition, after=sequence - 1, count=1)
        return found[0] if found else None

    async def head(self, partition: int) -> int:
        """The position of the last event, 0 where there is none."""
        head = await cast("Awaitable[Any]", self.redis.hget(keys.state(partition), "head"))
        return int(head or 0)

    async def sequence_at(self, partition: int, instant: datetime) -> int:
        """The last position recorded at or before an instant; 0 before the first event."""
        return await sequence_at(self, partition, instant)

    async def reject(
        self, raw: bytes, faults: Sequence[Fault], origin: str, whole: Whole | None = None
    ) -> None:
        """Keep what could not be an event, byte for byte, with the reasons; durably.

        Args:
            raw: the bytes as sent, or their beginning.
            faults: why they are refused.
            origin: where they came from.
            whole: the length and digest of all bytes, where `raw` is only their beginning.
        """
        await self.reject_all([Rejection(raw, faults, origin, whole)])

    async def reject_all(self, rejections: Sequence[Rejection]) -> None:
        """The same for many, with one fsync for all that fit into one call."""
        await keep(self.redis, rejections)
        self.appends.rejected(len(rejections))

    async def read_rejected(self, after: str = "0", count: int = 500) -> list[RefusedEntry]:
        """What was rejected, behind an entry id, oldest first."""
        entries: Any = await self.redis.xrange(keys.REJECTED, f"({after}", "+", count)
        return [_rejected_entry(entry_id, fields) for entry_id, fields in entries]

    async def read_quarantine(
        self, partition: int, after: str = "0", count: int = 500
    ) -> list[RefusedEntry]:
        """What is in a partition's quarantine, behind an entry id, oldest first."""
        entries: Any = await self.redis.xrange(keys.quarantine(partition), f"({after}", "+", count)
        return [_quarantined_entry(partition, entry_id, fields) for entry_id, fields in entries]

    async def find_quarantined(self, partition: int, position: str) -> RefusedEntry | None:
        """What is in a partition's quarantine under an entry id."""
        entries: Any = await self.redis.xrange(keys.quarantine(partition), position, position)
        return _quarantined_entry(partition, *entries[0]) if entries else None

    async def rulings(self, partition: int, digests: Sequence[bytes]) -> list[Ruling | None]:
        """What was decided about contents in a partition's quarantine; None where nothing was.

        Args:
            partition: the partition of the crisis that the contents are about.
            digests: of key and content, see `quarantine_digest`.
        """
        if not digests:
            return []
        name = keys.quarantined(partition)
        found = await cast("Awaitable[Any]", self.redis.hmget(name, cast("Any", digests)))
        return [ruling_from(value) for value in found]

    async def inbox_length(self) -> int:
        """Entries that wait in the inbox or are being worked on."""
        return int(await self.redis.xlen(keys.INBOX))

    async def rejected_length(self) -> int:
        """How many documents were rejected."""
        return int(await self.redis.xlen(keys.REJECTED))

    async def quarantine_length(self, partition: int) -> int:
        """How many events are in a partition's quarantine, decided about or not."""
        return int(await self.redis.xlen(keys.quarantine(partition)))

    async def undecided_length(self, partition: int) -> int:
        """How many events in a partition's quarantine wait for a decision."""
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.xlen(keys.quarantine(partition))
            pipe.hget(keys.state(partition), "decided")
            length, decided = await pipe.execute()
        return int(length) - int(decided or 0)

    def _writer(self, partition: int) -> Writer:
        if partition not in self._writers:
            claims = None
            if layout_of(self.redis).spread:
                claims = Claims(self.redis, self.id, partition, self.partitions)
            self._writers[partition] = Writer(
                self.redis, self.id, partition, self._withholder, claims
            )
        return self._writers[partition]


def _one_call(events: Sequence[ParsedEvent]) -> bool:
    size = sum(len(parsed.canonical) for parsed in events)
    return len(events) <= BATCH_MAX and size <= BATCH_BYTES_MAX


def _rejected_entry(entry_id: bytes, fields: dict[bytes, bytes]) -> RefusedEntry:
    length = fields.get(b"length")
    faults = orjson.loads(fields[b"reasons"])
    return RefusedEntry(
        entry_id.decode(),
        fields[b"e"],
        tuple((fault["pointer"], fault["message"]) for fault in faults),
        fields[b"origin"].decode(errors="replace"),
        instant_from(int(fields[b"t"])),
        None if length is None else Whole(int(length), fields[b"sha256"]),
    )


def _quarantined_entry(partition: int, entry_id: bytes, fields: dict[bytes, bytes]) -> RefusedEntry:
    first = position_from(fields[b"first"])
    fault = other_content(*first)
    return RefusedEntry(
        entry_id.decode(),
        fields[b"e"],
        ((fault.pointer, fault.message),),
        f"partition {partition}",
        instant_from(int(fields[b"t"])),
        first=first,
        by=fields[b"by"].decode() if b"by" in fields else None,
    )


__all__ = [
    "BATCH_MAX",
    "ConflictError",
    "Ledger",
    "Receipt",
    "RefusedEntry",
    "StoredEntry",
]
