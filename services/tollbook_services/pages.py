"""Pages of a partition's ledger, in order, the next one fetched while the last is folded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from redis.typing import KeyT, StreamIdT

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import keys
from tollbook_services.history import History
from tollbook_services.ledger import Ledger, StoredEntry
from tollbook_services.page_items import PageItem, altered, page_item

WAIT_MS: Final = 200
"""How long one call waits for new events: as long as a worker may take to notice a stop."""

STEP_EVENTS: Final = 20_000
"""Events of a step, if so many wait. Each step works out what had news in it, so that a backlog is
faster in few: with 1,000 crises a step of 1,000 events takes nearly as long as one of these."""

STEP_BYTES: Final = 16 * 2**20
"""Bytes of events in a step, about: folded they take some five times as much, and the commit of
their rows keeps every other client of the engine waiting for less than 0.1 s."""

READ_EVENTS: Final = 2_000
READ_BYTES: Final = 4 * 2**20
"""What one call reads at most, if the next events are like the last: some milliseconds."""

_FIRST_EVENTS: Final = 100
"""Events asked for before it is known how large they are: 100 MiB at the very most."""


class Pages:
    """Reads a partition page by page; a page is an atomic step of every projection.

    A page is read in pieces. Pages of large events hold fewer of them.
    """

    def __init__(self, history: History, partition: int, page_size: int) -> None:
        """Take where events are read, the partition and how many events a page holds at most."""
        self._history = history
        self._partition = partition
        self._page_size = page_size
        self._size = min(page_size, _FIRST_EVENTS)
        self._next: _Piece | None = None

    async def after(self, sequence: int, upto: int | None = None) -> list[PageItem]:
        """The events that follow a position, at most a page; empty at the head, or at `upto`.

        Raises:
            CheckFailedError: stored bytes are no longer those that were acknowledged.
        """
        items: list[PageItem] = []
        async for entries in self._pieces(sequence, upto):
            changed = next((entry for entry in entries if altered(entry)), None)
            if changed is not None:
                raise CheckFailedError(
                    f"event {changed.sequence} of partition {self._partition} does not match the "
                    "leaf hash stored with it: the engine's data was altered; restore it before "
                    "anything is folded from it"
                )
            items += map(page_item, entries)
        if self._next is not None:  # while a page is folded nothing is received, and waits run out
            await asyncio.wait([self._next.task])
        return items

    async def entries_after(self, sequence: int, upto: int | None = None) -> list[StoredEntry]:
        """As `after`, but as they are stored, and not checked."""
        return [entry async for entries in self._pieces(sequence, upto) for entry in entries]

    async def close(self) -> None:
        """Give up the piece that is being fetched."""
        if self._next is not None:
            task, self._next = self._next.task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _pieces(self, sequence: int, upto: int | None) -> AsyncIterator[list[StoredEntry]]:
        """What makes up a page; the next piece, or the next page's first, is fetched meanwhile."""
        missing, size = self._page_size, 0
        while missing > 0 and size < STEP_BYTES and (upto is None or sequence < upto):
            piece = await self._fetched(sequence, missing)
            entries = await piece.task
            missing -= len(entries)
            size += sum(len(entry.stored) for entry in entries)
            whole = len(entries) == piece.count
            if whole:
                sequence = entries[-1].sequence
                self._size = self._next_size(entries)
                full = missing <= 0 or size >= STEP_BYTES
                self._next = self._fetch(sequence, self._page_size if full else missing)
            if upto is not None:
                entries = [entry for entry in entries if entry.sequence <= upto]
            yield entries
            if not whole:
                return

    async def _fetched(self, sequence: int, count: int) -> "_Piece":
        if self._next is None or self._next.after != sequence or self._next.count > count:
            await self.close()
            return self._fetch(sequence, count)
        piece, self._next = self._next, None
        return piece

    def _fetch(self, after: int, count: int) -> "_Piece":
        """Begin to read a piece, of at most so many events."""
        count = min(self._size, count)
        read = self._history.read(self._partition, after=after, count=count)
        return _Piece(after, count, asyncio.create_task(read))

    def _next_size(self, entries: list[StoredEntry]) -> int:
        """How many events like these are a piece; never more than twice as many as now."""
        mean = sum(len(entry.stored) for entry in entries) // len(entries) + 1
        return max(1, min(READ_BYTES // mean, 2 * self._size, READ_EVENTS))


async def wait_for_event(ledger: Ledger, partition: int, after: int) -> None:
    """Wait until something follows a position of a partition, or for `WAIT_MS`."""
    stream: dict[KeyT, StreamIdT] = {keys.ledger(partition): f"{after}-0"}
    await ledger.redis.xread(stream, count=1, block=WAIT_MS)


@dataclass(frozen=True, slots=True)
class _Piece:
    """At most `count` events behind a position, being fetched."""

    after: int
    count: int
    task: asyncio.Task[list[StoredEntry]]
