"""One projection of one partition: fold events in order and commit rows with their position."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tollbook_projections.changes import change_documents
from tollbook_projections.projection import Fold, Recorded, RowChange, Solving
from tollbook_schemas.errors import EngineError
from tollbook_schemas.scope import is_ledger_subject
from tollbook_services.checkpoint import CommitResult, Opening, RowsRead, Step
from tollbook_services.collecting import uncollected
from tollbook_services.fence import Fence
from tollbook_services.page_items import PageItem, Unreadable, reason_of
from tollbook_services.readmodels import projection_id

FOLDED_AT_ONCE: Final = 1_000
"""Events folded before others get a turn: some ten milliseconds. A commit goes on meanwhile."""

TURN_S: Final = 0.02
"""Seconds of working out before others get a turn."""

ROWS_HELD_MAX: Final = 500_000
"""Rows that a fold keeps in memory before it lets idle crises go: about 2 GB of figures."""

IDLE_EVENTS_MIN: Final = 100_000
"""Events after the last one of a crisis before it counts as idle: to take it up again costs some
20 us for each of its rows, and this is how seldom that is done."""

UNSOLVED_MAX: Final = 2_000
"""Crises with news that wait to be solved: their cells are one commit, of some tens of MB."""

FoldFactory = Callable[[], Fold]


class RowStore(Protocol):
    """Where the rows of a projection are kept: the engine, or memory for a replay."""

    def position(self, partition: int, sequence: int) -> str | None:
        """A token of a place, for the change feed; None where changes are told to nobody."""
        ...

    async def open(self, partition: int, projection: str) -> Opening: ...

    async def read(self, partition: int, projection: str, crisis: str) -> RowsRead: ...

    async def commit(self, partition: int, projection: str, step: Step) -> CommitResult: ...


class Lane:
    """The fold of one projection for one partition, with the position it has come to.

    An event that a fold cannot take is *parked*: the rows are folded as if it were not there, its
    sequence and the error are kept, and the events after it go on. Where pages are cut makes no
    difference: after an error the page is folded again from the rows, event by event.

    The rows of a crisis are read when the first event of that crisis comes, so that a start costs
    no more than the crises that are in the news. They are at the lane's position then, or another
    worker has moved it and the lane is lost. Where memory holds very many rows, crises that had no
    event for long are let go, and read again when one comes.
    """

    def __init__(
        self,
        store: RowStore,
        partition: int,
        factory: FoldFactory,
        *,
        rows_held_max: int = ROWS_HELD_MAX,
        idle_events_min: int = IDLE_EVENTS_MIN,
        fence: Fence | None = None,
    ) -> None:
        """Take where the rows are kept and how a fresh fold is made; `load` comes first."""
        self._fence = fence
        self._rows_held_max = rows_held_max
        self._idle_events_min = idle_events_min
        self._held: dict[str, _Held] = {}
        self._store = store
        self.partition = partition
        self._factory = factory
        self._fold = factory()
        self._stored: set[str] = set()
        self._generation: int | None = None
        self._unsolved: set[str] = set()
        self._under_way: asyncio.Task[CommitResult] | None = None
        self.projection = projection_id(self._fold)
        self.position = 0

    async def load(self) -> bool:
        """Forget the fold in memory and begin with the rows as they are stored.

        Returns:
            False where another worker has moved the position meanwhile.
        """
        opening = await self._store.open(self.partition, self.projection)
        self._fold = self._factory()
        self._held.clear()
        self.position = opening.checkpoint.sequence
        self._generation = opening.generation
        self._stored = set(opening.crises)
        shared = {one for one in self._stored if is_ledger_subject(one)}
        return await self._restore(shared) and await self._take_up_unsolved()

    async def advance(self, page: Sequence[PageItem]) -> bool:
        """Fold and commit what is new in a page.

        Returns:
            False where another worker has moved the checkpoint: nothing was written, and the lane
            must be loaded again.

        Raises:
            EngineError: the page does not follow the position.
        """
        return await self.begin(page) and await self.settle()

    async def begin(self, page: Sequence[PageItem], *, more: bool = False) -> bool:
        """As `advance`, but the commit is still under way: the next page can be folded.

        `position` is where the lane comes to if the commit is made. End with `settle`.

        Args:
            page: the events.
            more: whether further pages are sure to follow, and nobody reads the rows before: then
                what the events come to may be worked out once, after a later page.
        """
        new = [item for item in page if item.sequence > self.position]
        if not new:
            return True
        self._must_follow(new)
        if not await self._restore_for(new):
            return False
        try:
            changes = await self._folded(new, postpone=more and self._may_wait(new))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a fold may fail in any way; which event it was is next
            return await self.settle() and await self._advance_singly(new)
        if not await self.settle():
            return False
        step = self._step(new, changes, _unreadable(new))
        self._under_way = asyncio.create_task(
            self._store.commit(self.partition, self.projection, step)
        )
        self.position = step.sequence
        self._let_go(new)
        await asyncio.sleep(0)
        return True

    async def settle(self) -> bool:
        """Wait for the commit under way; whether it was made."""
        task, self._under_way = self._under_way, None
        return task is None or (await task).committed

    async def close(self) -> None:
        """Give up the commit under way; it is made or not."""
        task, self._under_way = self._under_way, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _advance_singly(self, items: Sequence[PageItem]) -> bool:
        """Fold event by event, parking each that fails; the fold in memory is spoiled before."""
        spoiled = True
        for item in items:
            if spoiled and not await self._loaded_at(item.sequence - 1):
                return False
            if not await self._restore_for([item]):
                return False
            spoiled, parked, changes = False, _unreadable([item]), list[RowChange]()
            try:
                changes = await self._folded([item])
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - a fold may fail in any way
                spoiled, parked = True, {item.sequence: reason_of(error)}
            step = self._step([item], changes, parked)
            result = await self._store.commit(self.partition, self.projection, step)
            if not result.committed:
                return False
            self.position = item.sequence
        return not spoiled or await self._loaded_at(self.position)

    async def _loaded_at(self, position: int) -> bool:
        return await self.load() and self.position == position

    async def _restore_for(self, items: Sequence[PageItem]) -> bool:
        """Take up the rows of the crises that events are about, if that was not done yet."""
        if not self._stored:
            return True
        recorded = [item for item in items if isinstance(item, Recorded)]
        if any(self._fold.concerns_all(item) for item in recorded):
            return await self._restore(set(self._stored))
        return await self._restore({item.event.crisis for item in recorded} & self._stored)

    async def _restore(self, crises: set[str]) -> bool:
        if crises and not await self.settle():
            return False
        for crisis in sorted(crises):
            read = await self._store.read(self.partition, self.projection, crisis)
            if (read.sequence, read.generation) != (self.position, self._generation):
                return False
            with uncollected():
                self._fold.restore(crisis, read.rows)
            self._stored.discard(crisis)
            self._held[crisis] = _Held(len(read.rows), self.position)
        return True

    async def _take_up_unsolved(self) -> bool:
        """Take up the crises whose cells were still to be worked out when the fold was spoiled."""
        if not await self._restore(self._unsolved & self._stored):
            return False
        if isinstance(self._fold, Solving):
            for crisis in self._unsolved:
                self._fold.unsettle(crisis)
        return True

    def _may_wait(self, items: Sequence[PageItem]) -> bool:
        """Whether what events come to can be worked out after a later page.

        Not where a policy moves every crisis, nor where much would wait, or is to be let go.
        """
        recorded = [item for item in items if isinstance(item, Recorded)]
        waiting = self._unsolved.union(item.event.crisis for item in recorded)
        if len(waiting) > UNSOLVED_MAX or not isinstance(self._fold, Solving):
            return False
        rows = sum(held.rows for held in self._held.values())
        everything = any(self._fold.concerns_all(item) for item in recorded)
        return rows <= self._rows_held_max and not everything

    async def _folded(
        self, items: Sequence[PageItem], *, postpone: bool = False
    ) -> list[RowChange]:
        for number, item in enumerate(items, 1):
            if isinstance(item, Recorded):
                self._fold.apply(item)
            if number % FOLDED_AT_ONCE == 0:
                await asyncio.sleep(0)
        if postpone and isinstance(self._fold, Solving):
            self._unsolved |= {item.event.crisis for item in items if isinstance(item, Recorded)}
            return self._fold.drain_filed()
        changes = await self._drained()
        self._unsolved.clear()
        return changes

    async def _drained(self) -> list[RowChange]:
        """The rows that changed; others get a turn meanwhile, and signs of life are given."""
        if not isinstance(self._fold, Solving):
            return self._fold.drain()
        changes, began = list[RowChange](), time.monotonic()
        for some in self._fold.draining():
            changes += some
            if time.monotonic() - began > TURN_S:
                await asyncio.sleep(0)
                began = time.monotonic()
        return changes

    def _let_go(self, items: Sequence[PageItem]) -> None:
        """Count what is held, an event about as a row, and drop what is idle if that is much."""
        events = Counter(item.event.crisis for item in items if isinstance(item, Recorded))
        for crisis, count in events.items():
            rows = self._held[crisis].rows if crisis in self._held else 0
            self._held[crisis] = _Held(rows + count, self.position)
        total = sum(held.rows for held in self._held.values())
        for crisis, held in sorted(self._held.items(), key=lambda one: one[1].last):
            idle = self.position - held.last
            if total <= self._rows_held_max or idle < self._idle_events_min:
                return
            if not is_ledger_subject(crisis) and crisis not in self._unsolved:
                total -= held.rows
                del self._held[crisis]
                self._fold.forget(crisis)
                self._stored.add(crisis)

    def _step(
        self, items: Sequence[PageItem], changes: Sequence[RowChange], parked: Mapping[int, str]
    ) -> Step:
        last, feed = items[-1], list[bytes]()
        token = self._store.position(self.partition, last.sequence) if changes else None
        if token is not None:
            recorded = [item for item in items if isinstance(item, Recorded)]
            feed = change_documents(changes, recorded, token)
        return Step(
            self.position, last.sequence, last.recorded_at, changes, parked, feed,
            self._generation, self._fence,
        )  # fmt: skip

    def _must_follow(self, items: Sequence[PageItem]) -> None:
        expected = range(self.position + 1, self.position + 1 + len(items))
        found = [item.sequence for item in items]
        if found != list(expected):
            missing = next(want for want, got in zip(expected, found, strict=True) if want != got)
            raise EngineError(
                f"sequence {missing} is missing from the ledger of partition {self.partition}: "
                "sequences are dense, so events were removed; restore the engine's data"
            )


@dataclass(frozen=True, slots=True)
class _Held:
    """About how many rows of a crisis are in memory, and the position at its last event."""

    rows: int
    last: int


def _unreadable(items: Sequence[PageItem]) -> dict[int, str]:
    return {item.sequence: item.reason for item in items if isinstance(item, Unreadable)}
