"""One partition of a history folded into memory, event by event, up to positions asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.tlog.bundles import entry_of
from tollbook_schemas.tlog.growth import GrowingTree
from tollbook_services.checkpoint import Snapshot
from tollbook_services.folding import FoldFactory, Lane
from tollbook_services.history import History
from tollbook_services.ledger import StoredEntry
from tollbook_services.memory_rows import MemoryRows
from tollbook_services.page_items import PageItem, altered, page_item
from tollbook_services.pages import STEP_EVENTS, Pages


@dataclass(frozen=True, slots=True)
class FoldedHead:
    """What was folded of a partition, so that two parties know what they compare.

    Attributes:
        sequence: of the last event that was folded, 0 for none.
        root: RFC 6962 root of the log of the events up to there, computed from their bytes.
    """

    partition: int
    sequence: int
    root: bytes


class PartitionFold:
    """Folds one partition of a history into memory, from its first event on."""

    def __init__(
        self,
        history: History,
        partition: int,
        folds: Mapping[str, FoldFactory],
        *,
        differ: Callable[[str], object],
        page_size: int = STEP_EVENTS,
    ) -> None:
        """Take the history, the partition, and what makes the fold of each projection.

        What is wrong with the events is told to `differ`.
        """
        self._history = history
        self._partition = partition
        self._page_size = page_size
        self._memory = MemoryRows(history.id)
        self._lanes = {name: Lane(self._memory, partition, make) for name, make in folds.items()}
        self._tree = GrowingTree()
        self._differ = differ

    @property
    def head(self) -> FoldedHead:
        """What was read so far."""
        return FoldedHead(self._partition, self._tree.size, self._tree.root)

    async def snapshot(self, projection: str) -> Snapshot:
        """The rows of a projection where it stands."""
        return await self._memory.snapshot(self._partition, projection)

    async def to(self, until: Mapping[str, int], told: Callable[[int], object]) -> None:
        """Fold each of the projections named up to its position.

        Args:
            until: a position for each.
            told: how many events were read that had not been read before, page by page.
        """
        lanes = {self._lanes[name]: stop for name, stop in until.items()}
        last = min((lane.position for lane in lanes), default=0)
        target = max(lanes.values(), default=0)
        pages = Pages(self._history, self._partition, self._page_size)
        try:
            while last < target:
                entries = await pages.entries_after(last, target)
                if not entries:
                    self._differ(
                        f"partition {self._partition}: the ledger ends at {last}, before {target}"
                    )
                    break
                last = entries[-1].sequence
                told(self._read(entries))
                items: list[PageItem] = [page_item(entry) for entry in entries]
                for lane, stop in lanes.items():
                    await lane.advance([item for item in items if item.sequence <= stop])
        finally:
            await pages.close()

    def _read(self, entries: Sequence[StoredEntry]) -> int:
        """Take up events that were not read before, and see that they are as they were stored."""
        new = [entry for entry in entries if entry.sequence > self._tree.size]
        for entry in new:
            if altered(entry):
                self._differ(
                    f"partition {entry.partition}, sequence {entry.sequence}: the stored event "
                    "does not match the leaf hash stored with it: it was altered"
                )
        self._tree, _ = self._tree.grown([leaf_hash(entry_of(entry.stored)) for entry in new])
        return len(new)
