"""Rebuild: a new generation of rows is folded beside the live one, compared, and swapped in."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tollbook_schemas.errors import EngineError, UsageError
from tollbook_services import keys
from tollbook_services.checkpoint import CommitResult, Opening, RowsRead, Step
from tollbook_services.comparison import Comparison
from tollbook_services.folding import FoldFactory, Lane
from tollbook_services.generation import Generation, MovedError
from tollbook_services.ledger import Ledger
from tollbook_services.pages import Pages
from tollbook_services.readmodel_functions import Functions
from tollbook_services.readmodels import (
    ReadModels,
    opening_of,
    projection_id,
    rows_of,
    snapshot_of,
)
from tollbook_services.replay import Progress, ReplayResult, result_of

PAGE_EVENTS: Final = 5_000
"""Events folded and committed in one step: each step solves what had news in it, so that few steps
are faster; the engine takes such a one in some tens of milliseconds."""

SWAP_TRIES_MAX: Final = 500
"""Tries to swap while a projector moves the live rows, each a few milliseconds apart."""

_TAKEN_OVER: Final = (
    "another rebuild is at work on the same rows: let it end, or run this one again afterwards"
)


class BesideRows:
    """The generation of each projection that is not live, as a lane works on it.

    Nothing is told to the change feed: what it would tell has been told by the live rows.
    """

    def __init__(self, generations: Mapping[str, Generation]) -> None:
        """Take the generation of each projection of a partition."""
        self._generations = generations

    def position(self, partition: int, sequence: int) -> str | None:  # noqa: ARG002 - a protocol
        """None: changes are told to nobody."""
        return None

    async def open(self, partition: int, projection: str) -> Opening:  # noqa: ARG002
        """What a worker needs to begin."""
        return await opening_of(self._generations[projection])

    async def read(self, partition: int, projection: str, crisis: str) -> RowsRead:  # noqa: ARG002
        """The rows of one crisis."""
        return await rows_of(self._generations[projection], crisis)

    async def commit(self, partition: int, projection: str, step: Step) -> CommitResult:  # noqa: ARG002
        """Change rows and move the checkpoint, if it is as expected and not live."""
        try:
            return await self._generations[projection].commit(step)
        except MovedError:
            raise EngineError(_TAKEN_OVER) from None


@dataclass(frozen=True, slots=True)
class Pair:
    """The live generation of a projection of a partition, and the one beside it."""

    live: Generation
    beside: Generation


class Rebuilder:
    """Builds, compares and swaps generations of the read models of one ledger.

    Projectors and readers go on meanwhile. A process that is killed leaves the live rows as they
    were: the next rebuild starts over.
    """

    def __init__(
        self,
        ledger: Ledger,
        readmodels: ReadModels,
        folds: Sequence[FoldFactory],
        *,
        page_size: int = PAGE_EVENTS,
        only: Collection[tuple[int, str]] | None = None,
    ) -> None:
        """Take the ledger and its read models.

        Args:
            ledger: whose events are folded.
            readmodels: the live rows.
            folds: what makes each fold.
            page_size: events folded in one step.
            only: partition and projection of the rows to rebuild; all where None.
        """
        self._ledger = ledger
        self._readmodels = readmodels
        self._functions = Functions(readmodels.redis)
        self._folds = {projection_id(factory()): factory for factory in folds}
        self._page_size = page_size
        self._only = only
        self._built: list[dict[str, Pair]] = []
        self._events = 0
        self._progress: Progress | None = None
        self._total = 0

    async def build(self, progress: Progress | None = None) -> ReplayResult:
        """Fold everything anew beside the live rows, and compare; swaps nothing."""
        self._progress = progress
        heads = [await self._ledger.head(one) for one in range(self._ledger.partitions)]
        self._total = sum(heads)
        comparison, events = Comparison(self._folds), 0
        self._built.clear()
        for partition in range(self._ledger.partitions):
            pairs = await self._pairs(partition, new=True)
            for pair in pairs.values():
                await pair.beside.drop()
            if pairs:
                events += await self._build(pairs, heads[partition], comparison)
                self._built.append(pairs)
        return result_of(comparison, events)

    async def swap(self) -> None:
        """Make the generations that were built the live ones, partition by partition.

        Raises:
            EngineError: other ones became live meanwhile, or the live rows never stood still.
        """
        for pairs in self._built:
            await self._swap(pairs)
        self._built.clear()
        await self._drop(keep_back=True)

    async def back(self) -> int:
        """Make the generations before the live ones live again; how many there are.

        They take up what was recorded since first, without telling it to the change feed again.

        Raises:
            UsageError: there is nothing to go back to.
        """
        partitions = range(self._ledger.partitions)
        found = [await self._pairs(partition, new=False) for partition in partitions]
        if not any(found):
            raise UsageError("there is no rebuild to go back on: nothing was swapped, or dropped")
        for pairs in found:
            await self._swap(pairs)
        return sum(len(pairs) for pairs in found)

    async def drop(self) -> int:
        """Delete every generation that is not live; how many keys there were."""
        return await self._drop(keep_back=False)

    async def _pairs(self, partition: int, *, new: bool) -> dict[str, Pair]:
        """The live generation of each projection, and the next one or the one before."""
        pairs = {}
        for name in self._folds:
            if self._only is not None and (partition, name) not in self._only:
                continue
            number, back = await self._readmodels.generations(partition, name)
            live = await self._readmodels.generation(partition, name, number)
            other = max(number, back or 0) + 1 if new else back
            if other is not None:
                pairs[name] = Pair(live, replace(live, number=other, live=False))
        return pairs

    async def _build(self, pairs: Mapping[str, Pair], head: int, comparison: Comparison) -> int:
        """Build the generations of a partition; how many events were folded."""
        partition = next(iter(pairs.values())).live.partition
        lanes = self._lanes(pairs)
        stands = {name: await _sequence(pair.live) for name, pair in pairs.items()}
        await _load(lanes.values())
        await self._fold({lanes[name]: min(at, head) for name, at in stands.items()}, partition)
        for name, pair in pairs.items():
            live, lane = await snapshot_of(pair.live), lanes[name]
            now, sequence = await self._ledger.head(partition), live.checkpoint.sequence
            await self._fold({lane: min(sequence, now)}, partition)
            if sequence > lane.position:
                comparison.differ(
                    f"{name} partition {partition}: live stands at {sequence}, but the ledger "
                    f"ends at {lane.position}"
                )
            fresh = await snapshot_of(pair.beside)
            comparison.add(name, partition, live, fresh, now - sequence)
        return max(lane.position for lane in lanes.values())

    def _lanes(self, pairs: Mapping[str, Pair]) -> dict[str, Lane]:
        store = BesideRows({name: pair.beside for name, pair in pairs.items()})
        partition = next(iter(pairs.values())).live.partition
        return {name: Lane(store, partition, self._folds[name]) for name in pairs}

    async def _fold(self, targets: Mapping[Lane, int], partition: int) -> None:
        """Fold lanes up to their targets; commits go on while the next page is folded."""
        pages = Pages(self._ledger, partition, self._page_size)
        last, target = min(lane.position for lane in targets), max(targets.values())
        try:
            while last < target:
                page = await pages.after(last, target)
                if not page:
                    raise EngineError(
                        f"the ledger of partition {partition} ends at {last}, before "
                        f"{target}: restore the engine's data"
                    )
                last = page[-1].sequence
                for lane, stop in targets.items():
                    part = page if last <= stop else [one for one in page if one.sequence <= stop]
                    _must_own(made=await lane.begin(part))
                self._report(len(page))
            for lane in targets:
                _must_own(made=await lane.settle())
        finally:
            await pages.close()
            for lane in targets:
                await lane.close()

    async def _swap(self, pairs: Mapping[str, Pair]) -> None:
        """Bring the generations beside to where the live ones are, and swap at that moment.

        Only so does each change stand in the change feed once. Live rows of events that the
        ledger lost are an exception: nothing can be brought to where they are.
        """
        if not pairs:
            return
        partition = next(iter(pairs.values())).live.partition
        lanes = self._lanes(pairs)
        await _load(lanes.values())
        for _ in range(SWAP_TRIES_MAX):
            head = await self._ledger.head(partition)
            stands = {name: await _sequence(pair.live) for name, pair in pairs.items()}
            await self._fold({lanes[name]: min(at, head) for name, at in stands.items()}, partition)
            arguments: list[str | bytes | int] = []
            for name, pair in pairs.items():
                numbers = [pair.live.number, pair.beside.number]
                arguments += [name, *numbers, stands[name], lanes[name].position]
            if await self._swapped(partition, pairs, arguments):
                return
            await asyncio.sleep(0)
        raise EngineError(
            f"the live rows of partition {partition} moved on {SWAP_TRIES_MAX} times: "
            "try again when fewer events arrive"
        )

    async def _swapped(
        self, partition: int, pairs: Mapping[str, Pair], arguments: list[str | bytes | int]
    ) -> bool:
        checkpoints = [
            key
            for pair in pairs.values()
            for key in (pair.live.checkpoint_key, pair.beside.checkpoint_key)
        ]
        names = [keys.live(partition), *checkpoints]
        match await self._functions.call("tollbook_readmodel_swap", names, arguments):
            case b"swapped":
                return True
            case b"moved":
                raise EngineError(_TAKEN_OVER)
            case _:
                return False

    async def _drop(self, *, keep_back: bool) -> int:
        """Delete the generations that are not live, nor the one before where that is kept."""
        redis, dropped = self._readmodels.redis, 0
        for partition in range(self._ledger.partitions):
            for name in self._folds:
                live, back = await self._readmodels.generations(partition, name)
                kept = {live, back} if keep_back else {live}
                leads = tuple(
                    f"{keys.generation(partition, name, number)}:".encode()
                    for number in kept
                    if number is not None
                )
                if not keep_back:
                    await redis.hdel(keys.live(partition), f"{name}:back")
                pattern = f"tollbook:{{{partition}}}:{name}.g*:*"
                async for key in redis.scan_iter(pattern, count=10_000):
                    if not key.startswith(leads):
                        dropped += await redis.unlink(key)
        return dropped

    def _report(self, count: int) -> None:
        self._events += count
        if self._progress is not None:
            self._progress(self._events, max(self._total, self._events))


async def _load(lanes: Iterable[Lane]) -> None:
    for lane in lanes:
        _must_own(made=await lane.load())


async def _sequence(generation: Generation) -> int:
    return (await generation.look()).checkpoint.sequence


def _must_own(*, made: bool) -> None:
    """Nobody else commits to a generation that is not live, unless there are two rebuilds."""
    if not made:
        raise EngineError(_TAKEN_OVER)
