"""Rebuild: a new generation of rows is folded beside the live one, compared, and swapped in."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from tollbook_schemas.errors import EngineError, UsageError
from tollbook_services import keys
from tollbook_services.build_processes import BuildProcesses, Job
from tollbook_services.building import TAKEN_OVER, Build, Built, Pair, Pairs, sequence_of
from tollbook_services.comparison import Comparison
from tollbook_services.folding import FoldFactory
from tollbook_services.functions_caller import Functions
from tollbook_services.ledger import Ledger
from tollbook_services.pages import STEP_EVENTS
from tollbook_services.readmodels import ReadModels, projection_id
from tollbook_services.replay import Progress, ReplayResult, result_of

SWAP_TRIES_MAX: Final = 500
"""Tries to swap while a projector moves the live rows, each a few milliseconds apart."""


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
        page_size: int = STEP_EVENTS,
        only: Collection[tuple[int, str]] | None = None,
        processes: BuildProcesses | None = None,
    ) -> None:
        """Take the ledger and its read models.

        Args:
            ledger: whose events are folded.
            readmodels: the live rows.
            folds: what makes each fold.
            page_size: events folded in one step.
            only: partition and projection of the rows to rebuild; all where None.
            processes: what may build partitions at once; None where this process is to do it.
        """
        self._ledger = ledger
        self._readmodels = readmodels
        self._functions = Functions(readmodels.redis)
        self._folds = {projection_id(factory()): factory for factory in folds}
        self._build = Build(ledger, self._folds, page_size, self._report)
        self._processes = processes
        self._only = only
        self._built: list[Pairs] = []
        self._events = 0
        self._progress: Progress | None = None
        self._total = 0

    async def build(self, progress: Progress | None = None) -> ReplayResult:
        """Fold everything anew beside the live rows, and compare; swaps nothing."""
        self._progress = progress
        heads = [await self._ledger.head(one) for one in range(self._ledger.partitions)]
        self._events, self._total = 0, sum(heads)
        self._built.clear()
        found = [await self._pairs(one, new=True) for one in range(self._ledger.partitions)]
        jobs = [Job(pairs, head) for pairs, head in zip(found, heads, strict=True) if pairs]
        comparison, events = Comparison(self._folds), 0
        for built in await self._build_all(jobs):
            comparison.merge(built.comparison)
            events += built.events
        self._built += [job.pairs for job in jobs]
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

    async def _build_all(self, jobs: Sequence[Job]) -> list[Built]:
        """Build partitions, in processes of their own where that is worth it."""
        if self._processes is not None and self._processes.worthwhile(jobs):
            return await self._processes.run(jobs, self._report)
        return [await self._build.run(job.pairs, job.head) for job in jobs]

    async def _swap(self, pairs: Pairs) -> None:
        """Bring the generations beside to where the live ones are, and swap at that moment.

        Only so does each change stand in the change feed once. Live rows of events that the
        ledger lost are an exception: nothing can be brought to where they are.
        """
        if not pairs:
            return
        partition = next(iter(pairs.values())).live.partition
        lanes = await self._build.lanes(pairs)
        for _ in range(SWAP_TRIES_MAX):
            head = await self._ledger.head(partition)
            stands = {name: await sequence_of(pair.live) for name, pair in pairs.items()}
            await self._build.fold({lanes[name]: min(at, head) for name, at in stands.items()})
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
        self, partition: int, pairs: Pairs, arguments: list[str | bytes | int]
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
                raise EngineError(TAKEN_OVER)
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
