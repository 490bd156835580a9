"""How the system stands: heads, positions, lag, workers and what was refused."""

from typing import Any

from tollbook_schemas.times import format_instant
from tollbook_services.heartbeats import engine_time_ms
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]


async def status(book: Tollbook) -> Document:
    """The document of `tollbook status`; it changes nothing.

    `lag_seconds` is the age of the first event that a projection has not read, 0 where it has
    read them all. A worker that stopped is shown as such until it is forgotten.
    """
    now_ms = await engine_time_ms(book.redis)
    partitions = [
        await _partition(book, number, now_ms) for number in range(book.ledger.partitions)
    ]
    return {
        "ledger": book.ledger.id,
        "engine": book.url,
        "partitions": partitions,
        "inbox": await book.ledger.inbox_length(),
        "rejected": await book.ledger.rejected_length(),
        "quarantined": sum(one["quarantined"] for one in partitions),
    }


async def _partition(book: Tollbook, partition: int, now_ms: int) -> Document:
    head = await book.ledger.head(partition)
    last = await book.ledger.read(partition, after=head - 1, count=1) if head else []
    projections = [
        await _projection(book, partition, stored, head, now_ms)
        for stored in book.projections.values()
    ]
    beats = await book.heartbeats.read(partition)
    return {
        "partition": partition,
        "head": head,
        "recorded_at": format_instant(last[0].recorded_at) if last else None,
        "quarantined": await book.ledger.quarantine_length(partition),
        "projections": projections,
        "workers": [
            {
                "worker": beat.worker,
                "role": beat.role,
                "state": beat.state,
                "sequence": beat.sequence,
                "age_seconds": round(beat.age_s, 1),
            }
            for beat in beats
        ],
    }


async def _projection(
    book: Tollbook, partition: int, stored: str, head: int, now_ms: int
) -> Document:
    name, _, version = stored.rpartition(".v")
    sequence = (await book.readmodels.checkpoint(partition, stored)).sequence
    lag_ms = 0
    if sequence < head:
        unread = await book.ledger.read(partition, after=sequence, count=1)
        if unread:
            lag_ms = max(0, now_ms - int(unread[0].recorded_at.timestamp() * 1000))
    return {
        "projection": name,
        "version": int(version),
        "sequence": sequence,
        "lag_events": max(0, head - sequence),
        "lag_seconds": round(lag_ms / 1000, 3),
        "parked": await book.readmodels.parked_count(partition, stored),
    }
