"""One projection of one partition: fold events in order and commit rows with their position."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from tollbook_projections.projection import Fold, Recorded, RowChange
from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.parse import event_from_stored
from tollbook_schemas.times import format_instant
from tollbook_services.checkpoint import CommitResult, Snapshot
from tollbook_services.ledger import StoredEntry
from tollbook_services.readmodels import projection_id

REASON_CHARS_MAX: Final = 500
"""Enough of an error to know it by; a validation error can quote the whole event."""

FoldFactory = Callable[[], Fold]


class RowStore(Protocol):
    """Where the rows of a projection are kept: the engine, or memory for a replay."""

    async def snapshot(self, partition: int, projection: str) -> Snapshot: ...

    async def commit(
        self,
        partition: int,
        projection: str,
        expected_sequence: int,
        new_sequence: int,
        recorded_at: datetime,
        changes: Sequence[RowChange],
        *,
        parked: Mapping[int, str] | None = None,
    ) -> CommitResult: ...


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event in the ledger that this version cannot read: parked by every projection."""

    sequence: int
    recorded_at: datetime
    reason: str


PageItem = Recorded | Unreadable


def page_item(entry: StoredEntry) -> PageItem:
    """A stored entry as folds take it."""
    try:
        event = event_from_stored(entry.stored)
    except CheckFailedError as error:
        return Unreadable(entry.sequence, entry.recorded_at, _reason(error))
    return Recorded(entry.partition, entry.sequence, entry.recorded_at, event)


def altered(entry: StoredEntry) -> bool:
    """Whether the stored bytes or the time are no longer those of the leaf hash beside them."""
    time = f'"recordedtime":"{format_instant(entry.recorded_at)}"'.encode()
    return leaf_hash(entry.stored) != entry.leaf or time not in entry.stored


class Lane:
    """The fold of one projection for one partition, with the position it has come to.

    An event that a fold cannot take is *parked*: the rows are folded as if it were not there, its
    sequence and the error are kept, and the events after it go on. Where pages are cut makes no
    difference: after an error the page is folded again from the rows, event by event.
    """

    def __init__(self, store: RowStore, partition: int, factory: FoldFactory) -> None:
        """Take where the rows are kept and how a fresh fold is made; `load` comes first."""
        self._store = store
        self._partition = partition
        self._factory = factory
        self._fold = factory()
        self.projection = projection_id(self._fold)
        self.position = 0

    async def load(self) -> None:
        """Forget the fold in memory, and restore one from the rows as they are stored."""
        snapshot = await self._store.snapshot(self._partition, self.projection)
        self._fold = self._factory()
        for crisis, rows in snapshot.rows.items():
            self._fold.restore(crisis, rows)
        self.position = snapshot.checkpoint.sequence

    async def advance(self, page: Sequence[PageItem]) -> bool:
        """Fold and commit what is new in a page.

        Returns:
            False where another worker has moved the checkpoint: nothing was written, and the lane
            must be loaded again.

        Raises:
            EngineError: the page does not follow the position.
        """
        new = [item for item in page if item.sequence > self.position]
        if not new:
            return True
        self._must_follow(new)
        try:
            changes = self._folded(new)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a fold may fail in any way; which event it was is next
            return await self._advance_singly(new)
        return await self._commit(new[-1], changes, _unreadable(new))

    async def _advance_singly(self, items: Sequence[PageItem]) -> bool:
        """Fold event by event, parking each that fails; the fold in memory is spoiled before."""
        spoiled = True
        for item in items:
            if spoiled and not await self._loaded_at(item.sequence - 1):
                return False
            spoiled, parked, changes = False, _unreadable([item]), list[RowChange]()
            try:
                changes = self._folded([item])
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - a fold may fail in any way
                spoiled, parked = True, {item.sequence: _reason(error)}
            if not await self._commit(item, changes, parked):
                return False
        return not spoiled or await self._loaded_at(self.position)

    async def _loaded_at(self, position: int) -> bool:
        await self.load()
        return self.position == position

    def _folded(self, items: Sequence[PageItem]) -> list[RowChange]:
        for item in items:
            if isinstance(item, Recorded):
                self._fold.apply(item)
        return self._fold.drain()

    async def _commit(
        self, last: PageItem, changes: Sequence[RowChange], parked: Mapping[int, str]
    ) -> bool:
        result = await self._store.commit(
            self._partition,
            self.projection,
            self.position,
            last.sequence,
            last.recorded_at,
            changes,
            parked=parked,
        )
        if result.committed:
            self.position = last.sequence
        return result.committed

    def _must_follow(self, items: Sequence[PageItem]) -> None:
        expected = range(self.position + 1, self.position + 1 + len(items))
        found = [item.sequence for item in items]
        if found != list(expected):
            missing = next(want for want, got in zip(expected, found, strict=True) if want != got)
            raise EngineError(
                f"sequence {missing} is missing from the ledger of partition {self._partition}: "
                "sequences are dense, so events were removed; restore the engine's data"
            )


def _unreadable(items: Sequence[PageItem]) -> dict[int, str]:
    return {item.sequence: item.reason for item in items if isinstance(item, Unreadable)}


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:REASON_CHARS_MAX]
