"""Replay: fold a history from its first event, say what came of it, compare with live rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tollbook_projections.projection import Fold
from tollbook_services.comparison import Comparison, ProjectionComparison, overall
from tollbook_services.digests import Digests
from tollbook_services.folded import FoldedHead, PartitionFold
from tollbook_services.folding import FoldFactory
from tollbook_services.history import History
from tollbook_services.ledger import Ledger
from tollbook_services.pages import STEP_EVENTS
from tollbook_services.readmodels import ReadModels, projection_id

Progress = Callable[[int, int], None]
"""Told how many events were folded, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class FoldedHistory:
    """What came of folding a history up to a position in each partition.

    Attributes:
        heads: what was folded of each partition.
        digests: of each read model and view, see `Digests`.
        parked: how many events no fold could take, over all projections.
        faults: what is wrong with the events.
    """

    heads: tuple[FoldedHead, ...]
    digests: Mapping[str, str]
    parked: int
    faults: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        """How many events were folded."""
        return sum(head.sequence for head in self.heads)


async def fold_history(
    history: History,
    folds: Sequence[FoldFactory],
    until: Sequence[int],
    digests: Digests,
    progress: Progress | None = None,
) -> FoldedHistory:
    """Fold a history up to a position in each partition; memory holds the rows of one at a time.

    Args:
        history: to fold.
        folds: what makes the fold of each projection.
        until: the last sequence of each partition.
        digests: empty ones, which what was folded is added to.
        progress: told after each page.
    """
    meter = _Meter(progress, sum(until))
    named = {_name(make): make for make in folds}
    heads, parked, faults = list[FoldedHead](), 0, list[str]()
    for partition, stop in enumerate(until):
        fold = PartitionFold(history, partition, named, differ=faults.append)
        await fold.to(dict.fromkeys(named, stop), meter.advance)
        snapshots = {name: await fold.snapshot(name) for name in named}
        digests.add(snapshots)
        heads.append(fold.head)
        parked += sum(len(snapshot.parked) for snapshot in snapshots.values())
    return FoldedHistory(tuple(heads), digests.digests(), parked, tuple(faults))


class _Meter:
    """Counts events, and tells of how many."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self.events = 0

    def advance(self, count: int) -> None:
        self.events += count
        if self._progress is not None:
            self._progress(self.events, max(self._total, self.events))


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
        heads: what was folded of each partition, where digests were asked for.
        digests: of each read model and view at those, see `Digests`.
    """

    identical: bool
    digest_live: str
    digest_replayed: str
    events: int
    differences: list[str]
    differences_count: int
    projections: tuple[ProjectionComparison, ...]
    heads: tuple[FoldedHead, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

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
    digests: Digests | None = None,
) -> ReplayResult:
    """Fold every event into fresh rows, up to each live checkpoint, and compare.

    Writes nothing. Read models may move meanwhile: the events that they gain are folded too, and
    what is compared is one moment of each. Memory holds the rows of one partition at a time.
    Digests, where they are wanted, are of where the slowest read model stood at the beginning.
    """
    heads = [await ledger.head(one) for one in range(ledger.partitions)]
    named = {_name(make): make for make in folds}
    comparison, meter = Comparison(named), _Meter(progress, sum(heads))
    folded = []
    for partition in range(ledger.partitions):
        fold = PartitionFold(
            ledger, partition, named, differ=comparison.differ, page_size=page_size
        )
        stands = await readmodels.positions(partition, named)
        await fold.to(dict.fromkeys(named, min(stands, default=0)), meter.advance)
        folded.append(fold.head)
        if digests is not None:
            digests.add({name: await fold.snapshot(name) for name in named})
        await _compare(fold, partition, (ledger, readmodels), comparison, meter)
    result = result_of(comparison, meter.events)
    if digests is None:
        return result
    return replace(result, heads=tuple(folded), digests=digests.digests())


async def _compare(
    fold: PartitionFold,
    partition: int,
    live: tuple[Ledger, ReadModels],
    comparison: Comparison,
    meter: _Meter,
) -> None:
    """Compare each projection of a partition with its live rows, folding on to where these are."""
    ledger, readmodels = live
    for name in comparison.tallies:
        rows = await readmodels.snapshot(partition, name)
        at = rows.checkpoint.sequence
        await fold.to({name: at}, meter.advance)
        behind = await ledger.head(partition) - at
        comparison.add(name, partition, rows, await fold.snapshot(name), behind)


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


def _name(factory: Callable[[], Fold]) -> str:
    return projection_id(factory())
