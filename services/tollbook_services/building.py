"""One partition of a rebuild: its rows are folded beside the live ones, and compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.errors import EngineError
from tollbook_services.checkpoint import CommitResult, Opening, RowsRead, Step
from tollbook_services.comparison import Comparison
from tollbook_services.folding import FoldFactory, Lane
from tollbook_services.generation import Generation, MovedError
from tollbook_services.ledger import Ledger
from tollbook_services.pages import Pages
from tollbook_services.readmodels import opening_of, rows_of, snapshot_of

TAKEN_OVER: Final = (
    "another rebuild is at work on the same rows: let it end, or run this one again afterwards"
)

Report = Callable[[int], None]
"""Told how many more events were folded."""


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
            raise EngineError(TAKEN_OVER) from None


@dataclass(frozen=True, slots=True)
class Pair:
    """The live generation of a projection of a partition, and the one beside it."""

    live: Generation
    beside: Generation


Pairs = Mapping[str, Pair]
"""What is built of one partition, by projection."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build of one partition found, and how many events it folded."""

    comparison: Comparison
    events: int


class Build:
    """Folds partitions of one ledger beside their live rows."""

    def __init__(
        self, ledger: Ledger, folds: Mapping[str, FoldFactory], page_size: int, report: Report
    ) -> None:
        """Take what makes the fold of each projection, and events folded in one step."""
        self._ledger = ledger
        self._folds = folds
        self._page_size = page_size
        self._report = report

    async def run(self, pairs: Pairs, head: int) -> Built:
        """Build one partition anew, up to where its live rows stand, and compare.

        Args:
            pairs: what to build.
            head: the last event of the partition.
        """
        for pair in pairs.values():
            await pair.beside.drop()
        comparison, lanes = Comparison(self._folds), await self.lanes(pairs)
        stands = {name: await sequence_of(pair.live) for name, pair in pairs.items()}
        await self.fold({lanes[name]: min(at, head) for name, at in stands.items()})
        for name, pair in pairs.items():
            await self._compare(name, pair, lanes[name], comparison)
        return Built(comparison, max((lane.position for lane in lanes.values()), default=0))

    async def lanes(self, pairs: Pairs) -> dict[str, Lane]:
        """What folds each generation beside the live one, loaded."""
        store = BesideRows({name: pair.beside for name, pair in pairs.items()})
        made = {
            name: Lane(store, pair.live.partition, self._folds[name])
            for name, pair in pairs.items()
        }
        for lane in made.values():
            _must_own(made=await lane.load())
        return made

    async def fold(self, targets: Mapping[Lane, int]) -> None:
        """Fold lanes of a partition up to their targets; commits go on meanwhile."""
        last, target = min(lane.position for lane in targets), max(targets.values())
        partition = next(iter(targets)).partition
        pages = Pages(self._ledger, partition, self._page_size)
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
                    _must_own(made=await lane.begin(part, more=last < stop))
                self._report(len(page))
            for lane in targets:
                _must_own(made=await lane.settle())
        finally:
            await pages.close()
            for lane in targets:
                await lane.close()

    async def _compare(self, name: str, pair: Pair, lane: Lane, comparison: Comparison) -> None:
        """Bring the rows beside to where the live ones stand now, and compare."""
        live = await snapshot_of(pair.live)
        now, sequence = await self._ledger.head(lane.partition), live.checkpoint.sequence
        await self.fold({lane: min(sequence, now)})
        if sequence > lane.position:
            comparison.differ(
                f"{name} partition {lane.partition}: live stands at {sequence}, but the ledger "
                f"ends at {lane.position}"
            )
        fresh = await snapshot_of(pair.beside)
        comparison.add(name, lane.partition, live, fresh, now - sequence)


async def sequence_of(generation: Generation) -> int:
    """Where the rows of a generation stand."""
    return (await generation.look()).checkpoint.sequence


def _must_own(*, made: bool) -> None:
    """Nobody else commits to a generation that is not live, unless there are two rebuilds."""
    if not made:
        raise EngineError(TAKEN_OVER)
