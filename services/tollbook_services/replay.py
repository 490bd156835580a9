"""Replay: fold the whole ledger from its first event and compare with the live rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tollbook_projections.projection import Fold
from tollbook_services.comparison import Comparison, ProjectionComparison, overall
from tollbook_services.folding import FoldFactory, Lane, PageItem, altered, page_item
from tollbook_services.ledger import Ledger, StoredEntry
from tollbook_services.memory_rows import MemoryRows
from tollbook_services.pages import STEP_EVENTS, Pages
from tollbook_services.readmodels import ReadModels, projection_id

Progress = Callable[[int, int], None]
"""Told how many events were folded, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The outcome of a replay.

    Attributes:
        identical: whether every row is the same, byte for byte, and no stored event was altered.
        digest_live: SHA-256 over the live digests of all projections, in order of their names.
        digest_replayed: the same over the replayed digests.
        events: how many events were folded.
        differences: the first differences, live against replayed.
        differences_count: how many there are.
        projections: each projection's own digests and lag.
    """

    identical: bool
    digest_live: str
    digest_replayed: str
    events: int
    differences: list[str]
    differences_count: int
    projections: tuple[ProjectionComparison, ...]

    @property
    def behind(self) -> int:
        """Events that the slowest live read model has not folded: they were not compared."""
        return max((one.behind for one in self.projections), default=0)


async def replay(
    ledger: Ledger,
    readmodels: ReadModels,
    folds: Sequence[FoldFactory],
    progress: Progress | None = None,
    *,
    page_size: int = STEP_EVENTS,
) -> ReplayResult:
    """Fold every event into fresh rows, up to each live checkpoint, and compare.

    Writes nothing. Read models may move meanwhile: the events that they gain are folded too, and
    what is compared is one moment of each. Memory holds the rows of one partition at a time.
    """
    run = _Replay(ledger, readmodels, folds, progress, page_size)
    for partition in range(ledger.partitions):
        await run.partition(partition)
    return run.result()


def result_of(comparison: Comparison, events: int) -> ReplayResult:
    """What a comparison found, after so many events were folded."""
    projections = comparison.projections()
    return ReplayResult(
        identical=comparison.identical,
        digest_live=overall([(one.projection, one.digest_live) for one in projections]),
        digest_replayed=overall([(one.projection, one.digest_replayed) for one in projections]),
        events=events,
        differences=comparison.differences,
        differences_count=comparison.count,
        projections=projections,
    )


class _Replay:
    """One replay under way."""

    def __init__(
        self,
        ledger: Ledger,
        readmodels: ReadModels,
        folds: Sequence[FoldFactory],
        progress: Progress | None,
        page_size: int,
    ) -> None:
        self._ledger = ledger
        self._page_size = page_size
        self._readmodels = readmodels
        self._folds = {_name(factory): factory for factory in folds}
        self._progress = progress
        self._comparison = Comparison(self._folds)
        self._events = 0
        self._total: int | None = None

    async def partition(self, partition: int) -> None:
        """Fold one partition, then compare each projection's rows."""
        memory = MemoryRows(await self._readmodels.ledger_id(fresh=True))
        lanes = {name: Lane(memory, partition, make) for name, make in self._folds.items()}
        stands = await self._readmodels.positions(partition, lanes)
        read = await self._fold(partition, dict(zip(lanes.values(), stands, strict=True)), 0)
        for name, lane in lanes.items():
            live = await self._readmodels.snapshot(partition, name)
            more = await self._fold(partition, {lane: live.checkpoint.sequence}, read)
            read = max(read, more)
            behind = await self._ledger.head(partition) - live.checkpoint.sequence
            fresh = await memory.snapshot(partition, name)
            self._comparison.add(name, partition, live, fresh, behind)

    async def _fold(self, partition: int, until: dict[Lane, int], seen: int) -> int:
        """Fold each lane up to its position; returns the last event read.

        Events up to `seen` were read before, and are neither counted nor checked again.
        """
        last = min((lane.position for lane in until), default=0)
        target = max(until.values(), default=0)
        pages = Pages(self._ledger, partition, self._page_size)
        try:
            while last < target:
                entries = await pages.entries_after(last, target)
                if not entries:
                    text = f"partition {partition}: the ledger ends at {last}, before {target}"
                    self._comparison.differ(text)
                    break
                last = entries[-1].sequence
                items = self._items(entries, seen)
                for lane, stop in until.items():
                    await lane.advance([item for item in items if item.sequence <= stop])
                await self._report(sum(1 for entry in entries if entry.sequence > seen))
        finally:
            await pages.close()
        return max(last, seen)

    def _items(self, entries: Sequence[StoredEntry], seen: int) -> list[PageItem]:
        for entry in entries:
            if entry.sequence > seen and altered(entry):
                self._comparison.differ(
                    f"partition {entry.partition}, sequence {entry.sequence}: the stored event "
                    "does not match the leaf hash stored with it: it was altered"
                )
        return [page_item(entry) for entry in entries]

    async def _report(self, count: int) -> None:
        self._events += count
        if self._progress is None:
            return
        if self._total is None:
            heads = [await self._ledger.head(one) for one in range(self._ledger.partitions)]
            self._total = sum(heads)
        self._progress(self._events, max(self._total, self._events))

    def result(self) -> ReplayResult:
        """What was found in the partitions compared."""
        return result_of(self._comparison, self._events)


def _name(factory: Callable[[], Fold]) -> str:
    return projection_id(factory())
