"""One reader's queue: what was dispatched to it and is not sent yet, within bounds."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

from tollbook_services.live.change import LiveChange
from tollbook_services.live.ending import Ending
from tollbook_services.live.filter import Filter
from tollbook_services.live.place import BEGINNING

QUEUE_CHANGES_MAX: Final = 20_000
"""Changes that may wait for one reader: twenty seconds of a thousand changes a second."""

QUEUE_BYTES_MAX: Final = 16 * 2**20
"""Bytes that may wait for one reader. Readers share them: a change lies in memory once."""

TOO_SLOW: Final = Ending(
    "cut",
    "too-slow",
    f"more than {QUEUE_CHANGES_MAX:,} changes or {QUEUE_BYTES_MAX >> 20} MiB waited for this "
    "reader: come back with the last id, read faster, or ask for less with crisis, area or measure",
)

SENT_BYTES: Final = 256 * 2**10
"""Bytes handed to a connection at once, about: then the reader's own pace is asked for again."""


class Batch:
    """Changes that are handed on together, to every reader of a group the same."""

    def __init__(self, changes: Sequence[LiveChange]) -> None:
        """Take the changes, at least one, in order."""
        self.changes, self.last = len(changes), changes[-1].entry
        self.size = sum(len(one.sent) for one in changes)
        self._parts = [one.sent for one in changes]

    @cached_property
    def sent(self) -> bytes:
        """The bytes, joined once for all readers."""
        return b"".join(self._parts)


class Reader:
    """A subscriber of the hub: `offer` never waits, `take` is for the task that sends.

    Attributes:
        wanted: the changes that it asked for.
        told: the place that it was told last, by a change or by itself.
        ending: why its stream ends, once it does.
        beat_due: whether it was silent for long.
        sending_since: when its connection was handed what it is still sending.
        sent_at: when something was sent last.
        token: id of the token that it came with; None without one.
        abort: ends its connection at once, whatever waits to be sent.
    """

    def __init__(
        self,
        wanted: Filter,
        *,
        changes_max: int = QUEUE_CHANGES_MAX,
        bytes_max: int = QUEUE_BYTES_MAX,
    ) -> None:
        """Take what is wanted, and how much may wait."""
        self.wanted = wanted
        self.told = BEGINNING
        self.ending: Ending | None = None
        self.beat_due = False
        self.sending_since: float | None = None
        self.sent_at = 0.0
        self.token: str | None = None
        self.abort: Callable[[], object] | None = None
        self._batches: deque[Batch] = deque()
        self._changes, self._bytes = 0, 0
        self._changes_max, self._bytes_max = changes_max, bytes_max
        self._news = asyncio.Event()

    def offer(self, batch: Batch) -> None:
        """Put a batch into the queue; where that is full, the reader is cut off instead."""
        if self.ending is not None:
            return
        self._changes += batch.changes
        self._bytes += batch.size
        if self._changes > self._changes_max or self._bytes > self._bytes_max:
            self.end(TOO_SLOW)
            return
        self._batches.append(batch)
        self._news.set()

    def end(self, ending: Ending) -> None:
        """Let the stream end; what waits is dropped, the reader comes back for it."""
        if self.ending is None:
            self.ending = ending
            self._batches.clear()
            self._news.set()

    def beat(self) -> None:
        """Let the task say that the connection lives."""
        self.beat_due = True
        self._news.set()

    async def news(self) -> None:
        """Wait until there is something to do."""
        await self._news.wait()
        self._news.clear()

    def take(self) -> bytes:
        """The next bytes to send, empty where none wait."""
        taken, size = list[Batch](), 0
        while self._batches and size < SENT_BYTES:
            batch = self._batches.popleft()
            taken.append(batch)
            size += batch.size
            self._changes -= batch.changes
        if not taken:
            return b""
        self._bytes -= size
        self.told = taken[-1].last
        return taken[0].sent if len(taken) == 1 else b"".join(batch.sent for batch in taken)
