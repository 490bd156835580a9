"""Pages of a partition's ledger, in order, the next one fetched while the last is folded."""

import asyncio
from typing import Final

from redis.typing import KeyT, StreamIdT

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import keys
from tollbook_services.folding import PageItem, altered, page_item
from tollbook_services.ledger import Ledger, StoredEntry

WAIT_MS: Final = 200
"""How long one call waits for new events: as long as a worker may take to notice a stop."""


PAGE_BYTES: Final = 4 * 2**20
"""Bytes of events in a page, if the next ones are like the last; rows take about twice as much."""

_FIRST_EVENTS: Final = 100
"""Events asked for before it is known how large they are: 100 MiB at the very most."""


class Pages:
    """Reads a partition page by page; a page is an atomic step of every projection.

    Pages of large events hold fewer of them.
    """

    def __init__(self, ledger: Ledger, partition: int, page_size: int) -> None:
        """Take the ledger, the partition and how many events a page holds at most."""
        self._ledger = ledger
        self._partition = partition
        self._page_size = page_size
        self._size = min(page_size, _FIRST_EVENTS)
        self._next: tuple[int, asyncio.Task[list[StoredEntry]]] | None = None

    async def after(self, sequence: int, upto: int | None = None) -> list[PageItem]:
        """The events that follow a position, at most a page; empty at the head, or at `upto`.

        Raises:
            CheckFailedError: stored bytes are no longer those that were acknowledged.
        """
        entries = await self._fetched(sequence)
        if len(entries) >= self._size:
            self._size = self._next_size(entries)
            self._fetch(entries[-1].sequence)
        if upto is not None:
            entries = [entry for entry in entries if entry.sequence <= upto]
        changed = next((entry for entry in entries if altered(entry)), None)
        if changed is not None:
            raise CheckFailedError(
                f"event {changed.sequence} of partition {self._partition} does not match the leaf "
                "hash stored with it: the engine's data was altered; restore it before anything "
                "is folded from it"
            )
        return [page_item(entry) for entry in entries]

    async def wait(self, sequence: int) -> None:
        """Wait until something follows a position, or for `WAIT_MS`."""
        stream: dict[KeyT, StreamIdT] = {keys.ledger(self._partition): f"{sequence}-0"}
        await self._ledger.redis.xread(stream, count=1, block=WAIT_MS)

    async def close(self) -> None:
        """Give up the page that is being fetched."""
        if self._next is not None:
            task, self._next = self._next[1], None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _fetched(self, sequence: int) -> list[StoredEntry]:
        if self._next is not None and self._next[0] == sequence:
            task, self._next = self._next[1], None
            return await task
        await self.close()
        return await self._read(sequence)

    def _fetch(self, after: int) -> None:
        self._next = (after, asyncio.create_task(self._read(after)))

    async def _read(self, after: int) -> list[StoredEntry]:
        return await self._ledger.read(self._partition, after=after, count=self._size)

    def _next_size(self, entries: list[StoredEntry]) -> int:
        """How many events like these are a page; never more than twice as many as now."""
        mean = sum(len(entry.stored) for entry in entries) // len(entries) + 1
        return max(1, min(PAGE_BYTES // mean, 2 * self._size, self._page_size))
