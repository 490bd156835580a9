"""The events of a ledger in an order in which another ledger takes them, with constant memory."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from typing import Any, Final

import orjson

from tollbook_schemas.scope import is_ledger_subject
from tollbook_schemas.times import format_instant
from tollbook_services.ledger import Ledger, StoredEntry

PAGE: Final = 500
"""Events of a partition read at once: a page of the largest ones stays below some megabytes."""

Event = tuple[StoredEntry, dict[str, Any]]


async def stored_events(
    ledger: Ledger, upto: Mapping[int, int], crisis: str | None = None
) -> AsyncIterator[Event]:
    """Stored events with their documents, by the time they were recorded.

    So whatever names an area stands behind the event that published it, in whichever partition.
    Of one partition they stand in its order.

    Args:
        ledger: whose events.
        upto: the last sequence of each partition that is wanted.
        crisis: only events of this crisis, and the policies and gazetteers that govern all crises
            of its partition.
    """
    readers = [_Reader(ledger, partition, last) for partition, last in upto.items()]
    heads = [(reader.order(), reader) for reader in readers if await reader.next()]
    heapify(heads)
    while heads:
        reader = heads[0][1]
        entry = reader.entry
        document: dict[str, Any] = orjson.loads(entry.stored)
        if crisis is None or _concerns(document, crisis):
            yield entry, document
        if await reader.next():
            heapreplace(heads, (reader.order(), reader))
        else:
            heappop(heads)


def _concerns(document: Mapping[str, Any], crisis: str) -> bool:
    subject = document["subject"]
    return subject == crisis or is_ledger_subject(subject)


def event_row(entry: StoredEntry, document: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an event, by `columns.EVENT`.

    Raises:
        ValueError: the stored bytes were altered.
    """
    return {
        **place_of(entry),
        "type": document["type"],
        "source": document["source"],
        "id": document["id"],
        "crisis": document["subject"],
        "time": document["time"],
        "event": entry.sent().decode(),
    }


def place_of(entry: StoredEntry) -> dict[str, Any]:
    """Where an event stands in the ledger, since when, and the hash of its stored bytes."""
    return {
        "partition": entry.partition,
        "sequence": entry.sequence,
        "recorded_at": format_instant(entry.recorded_at),
        "leaf": entry.leaf.hex(),
    }


class _Reader:
    """Reads one partition in pages; `entry` is the event it stands at."""

    entry: StoredEntry

    def __init__(self, ledger: Ledger, partition: int, last: int) -> None:
        self._ledger = ledger
        self._partition = partition
        self._last = last
        self._after = 0
        self._page: list[StoredEntry] = []

    async def next(self) -> bool:
        """Go to the next event; whether there is one."""
        if not self._page:
            page = await self._ledger.read(
                self._partition, after=self._after, count=PAGE, upto=self._last
            )
            self._page = page[::-1]
        if not self._page:
            return False
        self.entry = self._page.pop()
        self._after = self.entry.sequence
        return True

    def order(self) -> tuple[datetime, int]:
        """When the event was recorded, then its partition: of two readers never equal."""
        return self.entry.recorded_at, self._partition
