"""The hub: the one reader of the change feed in a process, which hands changes on to all others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tollbook_schemas.errors import TollbookError
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.live.change import LiveChange, live_change
from tollbook_services.live.ending import FAILED, OTHER_LEDGER, STOPPING, Ending, gap_ending
from tollbook_services.live.place import BEGINNING, EntryId, FeedPlace
from tollbook_services.live.reader import Batch, Reader
from tollbook_services.live.recent import CHANGES_MAX, Recent
from tollbook_services.live.stream import (
    GapError,
    OtherLedgerError,
    latest,
    page_after,
    wait_for_entry,
)
from tollbook_services.tasks import end_tasks

PAGE: Final = 1_000
"""Changes read at once: about a megabyte."""

WAIT_MS: Final = 1_000
"""How long a call waits for a change; then it is looked whether the ledger is still the same."""

RECONNECT_S: Final = 0.2
"""Seconds between two tries to reach a lost engine."""

PAUSE_S: Final = 0.005
"""Seconds between two dispatches at least: changes that come close together are sent together."""

PAUSE_READER_S: Final = 0.000_1
"""And so much more for each reader, as handing on to one takes a third of it."""

PAUSE_S_MAX: Final = 0.25
"""But no more: what a person takes for at once."""

BACKLOGS_AT_ONCE: Final = 4
"""Pages read from the engine for readers at the same time: the hub's own reads come first."""

HEARTBEAT_S: Final = 15.0
"""Silence after which a reader is told that the connection lives; proxies give it a minute."""

SEND_S_MAX: Final = 30.0
"""A connection that takes nothing for so long is ended; that of a phone in a tunnel lives on."""

WATCH_S: Final = 1.0

LAST_WORDS_S_MAX: Final = 1.0
"""How long a connection may take for its last bytes when the server stops."""

_log = structlog.get_logger("tollbook.feed")


class Hub:
    """Reads each change once, and hands it to every reader whose filter lets it through.

    Readers are grouped by filter, and a change is looked up by the filters that let it through,
    so what a change costs does not depend on how many filters there are.

    Attributes:
        ledger: id of the ledger.
        place: the last change that was dispatched; None while it is not known.
        readers: all readers, those who still catch up among them.
    """

    def __init__(
        self, redis: Redis, ledger: str, areas: Callable[[], Awaitable[Gazetteer]]
    ) -> None:
        """Take the engine's client, the id of its ledger, and what says which areas there are."""
        self._redis = redis
        self.ledger = ledger
        self._areas = areas
        self.place: EntryId | None = None
        self.readers: set[Reader] = set()
        self.stopped = False
        self._groups: dict[tuple[str | None, ...], set[Reader]] = {}
        self._recent = Recent(BEGINNING)
        self._reading = asyncio.Semaphore(BACKLOGS_AT_ONCE)

    def token(self, entry: EntryId) -> str:
        """A place of this ledger as readers carry it."""
        return FeedPlace(self.ledger, entry).token()

    def enter(self, reader: Reader) -> None:
        """Watch over a reader that is not joined yet."""
        self.readers.add(reader)
        reader.sent_at = asyncio.get_running_loop().time()
        if self.stopped:
            reader.end(STOPPING)

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        self.readers.discard(reader)
        group = self._groups.get(reader.wanted, set())
        group.discard(reader)
        if not group:
            self._groups.pop(reader.wanted, None)

    def join(self, reader: Reader, at: EntryId) -> bool:
        """Join a reader to the live flow, if it has everything up to exactly where the hub is."""
        if at != self.place:
            return False
        self._groups.setdefault(reader.wanted, set()).add(reader)
        return True

    async def after(self, at: EntryId, count: int) -> list[LiveChange]:
        """Up to so many changes after a place: from memory, or else from the engine.

        Raises:
            GapError: some of them are not kept any more.
            OtherLedgerError: another ledger is in the engine.
            RedisError: the engine cannot be asked.
        """
        known = self._recent.after(at, count)
        if known is not None:
            return known
        async with self._reading:
            entries = await page_after(self._redis, self.ledger, at, count)
            areas = await self._areas()
            return [live_change(self.ledger, entry, areas) for entry in entries]

    async def begin(self) -> None:
        """Go to the end of the feed; the last changes are taken into memory.

        Raises:
            OtherLedgerError: another ledger is in the engine.
            RedisError: the engine cannot be asked.
        """
        entries = await latest(self._redis, self.ledger, CHANGES_MAX)
        areas = await self._areas()
        changes = [live_change(self.ledger, entry, areas) for entry in entries]
        self._recent = Recent(changes[0].entry if changes else BEGINNING)
        self._recent.add(changes[1:])
        self.place = changes[-1].entry if changes else BEGINNING

    async def run(self) -> None:
        """Hand on changes until cancelled, over losses of the engine."""
        away = False
        while True:
            try:
                if self.place is None:
                    await self.begin()
                await self._advance()
                away = False
            except GapError as gap:
                _log.error("changes are missing", reason=str(gap))
                self._end_all(gap_ending(self.ledger, gap))
                await asyncio.sleep(RECONNECT_S)
            except (RedisError, OSError, TollbookError) as error:
                if isinstance(error, OtherLedgerError):
                    self._end_all(OTHER_LEDGER)
                if not away:
                    _log.warning("the feed waits for the engine", error=str(error))
                away = True
                await asyncio.sleep(RECONNECT_S)
            except Exception:  # noqa: BLE001 - a feed that stands still must not look alive
                _log.exception("the feed failed")
                self._end_all(FAILED)
                await asyncio.sleep(RECONNECT_S)

    async def watch(self) -> None:
        """Keep silent connections alive and end those that take nothing, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(WATCH_S)
            now = clock()
            for reader in self.readers:
                since = reader.sending_since
                if since is not None and now - since > SEND_S_MAX and reader.abort is not None:
                    reader.abort()
                elif since is None and now - reader.sent_at >= HEARTBEAT_S:
                    reader.beat()

    def stop(self) -> None:
        """End every stream, those that are about to begin, too; nobody is waited for long."""
        self.stopped = True
        loop = asyncio.get_running_loop()
        for reader in self.readers:
            reader.end(STOPPING)
            if reader.abort is not None:
                loop.call_later(LAST_WORDS_S_MAX, reader.abort)

    async def _advance(self) -> None:
        at = self.place or BEGINNING
        entries = await page_after(self._redis, self.ledger, at, PAGE)
        if not entries:
            await wait_for_entry(self._redis, at, WAIT_MS)
            return
        areas = await self._areas()
        self._dispatch([live_change(self.ledger, entry, areas) for entry in entries])
        full = len(entries) == PAGE
        pause_s = min(PAUSE_S_MAX, PAUSE_S + PAUSE_READER_S * len(self.readers))
        await asyncio.sleep(0 if full else pause_s)

    def _dispatch(self, changes: Sequence[LiveChange]) -> None:
        """Hand changes on and move the place, with nothing in between (see `follow`)."""
        wanted: dict[tuple[str | None, ...], list[LiveChange]] = {}
        for change in changes:
            for key in change.subject.filters() if change.subject else ():
                if key in self._groups:
                    wanted.setdefault(key, []).append(change)
        for key, found in wanted.items():
            batch = Batch(found)
            for reader in self._groups[key]:
                reader.offer(batch)
        self._recent.add(changes)
        self.place = changes[-1].entry

    def _end_all(self, ending: Ending) -> None:
        self.place = None
        for reader in self.readers:
            reader.end(ending)


@asynccontextmanager
async def open_hub(
    redis: Redis,
    ledger: str,
    areas: Callable[[], Awaitable[Gazetteer]],
    stopping: asyncio.Event,
) -> AsyncIterator[Hub]:
    """A hub at work until the exit; its streams end once `stopping` is set."""
    hub = Hub(redis, ledger, areas)
    await hub.begin()

    async def stop() -> None:
        await stopping.wait()
        hub.stop()

    tasks = [asyncio.create_task(work, name="feed") for work in (hub.run(), hub.watch(), stop())]
    try:
        yield hub
    finally:
        hub.stop()
        await end_tasks(*tasks)
