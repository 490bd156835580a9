"""Parked events: those that a fold could not take, and were left out where they stand."""

from typing import Any

from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.filed import filed_event
from tollbook_schemas.times import format_instant
from tollbook_services.ledger import StoredEntry
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]


async def parked_documents(book: Tollbook) -> list[Document]:
    """Every parked event: projection, partition, sequence, event, crisis, reason, and since when.

    By partition, then by projection, then in order of the ledger.
    """
    found = []
    for partition in range(book.ledger.partitions):
        for projection in book.projections.values():
            parked = await book.readmodels.parked(partition, projection)
            for sequence, reason in parked.items():
                place = {"projection": projection, "partition": partition, "sequence": sequence}
                entries = await book.ledger.read(partition, sequence - 1, 1, upto=sequence)
                found.append({**place, **_named(entries), "reason": reason})
    return found


def places(parked: list[Document]) -> set[tuple[int, str]]:
    """Partition and projection of the rows that parked events are missing from."""
    return {(document["partition"], document["projection"]) for document in parked}


def _named(entries: list[StoredEntry]) -> Document:
    if not entries:
        return {"event": None, "crisis": None, "type": None, "since": None}
    (entry,) = entries
    since = format_instant(entry.recorded_at)
    try:
        event = filed_event(entry.stored)
    except CheckFailedError:
        return {"event": None, "crisis": None, "type": None, "since": since}
    return {"event": event.global_id, "crisis": event.crisis, "type": event.kind, "since": since}
