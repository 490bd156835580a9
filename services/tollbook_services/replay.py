"""Replay: fold the whole ledger from its first event and compare with the live rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from tollbook_projections.projection import Fold
from tollbook_services.checkpoint import Snapshot
from tollbook_services.folding import FoldFactory, Lane, PageItem, altered, page_item
from tollbook_services.ledger import Ledger, StoredEntry
from tollbook_services.memory_rows import MemoryRows
from tollbook_services.readmodels import ReadModels, projection_id

PAGE_EVENTS: Final = 500
"""Events read at once; their number makes no difference to the rows."""

DIFFERENCES_MAX: Final = 100
"""Differences kept: the first ones tell where to look; all of them are counted."""

VALUE_CHARS_MAX: Final = 300
"""Characters of a row shown in a difference."""

Progress = Callable[[int, int], None]
"""Told how many events were folded, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class ProjectionReplay:
    """What the replay of one projection found, over all partitions.

    Attributes:
        projection: such as `tolls.v1`.
        digest_live: SHA-256 over the live rows, see `Digest`.
        digest_replayed: the same over the replayed rows.
        rows: how many rows the live read model holds.
        behind: events in the ledger that the live read model has not folded, and the replay
            therefore neither.
    """

    projection: str
    digest_live: str
    digest_replayed: str
    rows: int
    behind: int


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
    projections: tuple[ProjectionReplay, ...]

    @property
    def behind(self) -> int:
        """Events that the slowest live read model has not folded: they were not compared."""
        return max((one.behind for one in self.projections), default=0)


async def replay(
    ledger: Ledger,
    readmodels: ReadModels,
    folds: Sequence[FoldFactory],
    progress: Progress | None = None,
) -> ReplayResult:
    """Fold every event into fresh rows, up to each live checkpoint, and compare.

    Writes nothing. Read models may move meanwhile: the events that they gain are folded too, and
    what is compared is one moment of each. Memory holds the rows of one partition at a time.
    """
    run = _Replay(ledger, readmodels, folds, progress)
    for partition in range(ledger.partitions):
        await run.partition(partition)
    return run.result()


class Digest:
    """SHA-256 over rows, the same however they lie in partitions.

    A crisis: its name, then each key and value in order of the keys, each preceded by its length
    in 8 bytes. A projection: the digests of its crises in order of their names.
    """

    def __init__(self) -> None:
        """Start with no crisis."""
        self._crises: dict[str, bytes] = {}

    def add(self, crisis: str, rows: dict[str, bytes]) -> None:
        """Take the rows of a crisis; none is the same as no such crisis."""
        if not rows:
            return
        digest = sha256()
        for part in (crisis.encode(), *_flat(rows)):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        self._crises[crisis] = digest.digest()

    def hexdigest(self) -> str:
        """The digest of all crises that were added."""
        return sha256(b"".join(self._crises[name] for name in sorted(self._crises))).hexdigest()


@dataclass(slots=True)
class _Tally:
    live: Digest = field(default_factory=Digest)
    replayed: Digest = field(default_factory=Digest)
    rows: int = 0
    behind: int = 0


class _Replay:
    """One replay under way."""

    def __init__(
        self,
        ledger: Ledger,
        readmodels: ReadModels,
        folds: Sequence[FoldFactory],
        progress: Progress | None,
    ) -> None:
        self._ledger = ledger
        self._readmodels = readmodels
        self._folds = {_name(factory): factory for factory in folds}
        self._progress = progress
        self._tallies = {name: _Tally() for name in self._folds}
        self._differences: list[str] = []
        self._count = 0
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
            self._compare(name, partition, live, await memory.snapshot(partition, name))
            behind = await self._ledger.head(partition) - live.checkpoint.sequence
            self._tallies[name].behind += max(0, behind)

    async def _fold(self, partition: int, until: dict[Lane, int], seen: int) -> int:
        """Fold each lane up to its position; returns the last event read.

        Events up to `seen` were read before, and are neither counted nor checked again.
        """
        last = min((lane.position for lane in until), default=0)
        target = max(until.values(), default=0)
        while last < target:
            entries = await self._ledger.read(partition, after=last, count=PAGE_EVENTS, upto=target)
            if not entries:
                self._differ(f"partition {partition}: the ledger ends at {last}, before {target}")
                break
            last = entries[-1].sequence
            items = self._items(entries, seen)
            for lane, stop in until.items():
                await lane.advance([item for item in items if item.sequence <= stop])
            await self._report(sum(1 for entry in entries if entry.sequence > seen))
        return max(last, seen)

    def _items(self, entries: Sequence[StoredEntry], seen: int) -> list[PageItem]:
        for entry in entries:
            if entry.sequence > seen and altered(entry):
                self._differ(
                    f"partition {entry.partition}, sequence {entry.sequence}: the stored event "
                    "does not match the leaf hash stored with it: it was altered"
                )
        return [page_item(entry) for entry in entries]

    def _compare(self, name: str, partition: int, live: Snapshot, replayed: Snapshot) -> None:
        tally = self._tallies[name]
        for crisis in sorted({*live.rows, *replayed.rows}):
            was, now = live.rows.get(crisis, {}), replayed.rows.get(crisis, {})
            tally.rows += len(was)
            tally.live.add(crisis, was)
            tally.replayed.add(crisis, now)
            for key in sorted({*was, *now}) if was != now else ():
                if was.get(key) != now.get(key):
                    self._differ(
                        f"{name} {crisis} {key}: live {_shown(was.get(key))}, "
                        f"replayed {_shown(now.get(key))}"
                    )
        for sequence in sorted(live.parked.keys() ^ replayed.parked.keys()):
            was_parked = live.parked.get(sequence, "folded")
            now_parked = replayed.parked.get(sequence, "folded")
            self._differ(
                f"{name} partition {partition}, sequence {sequence}: live {was_parked}, "
                f"replayed {now_parked}"
            )

    def _differ(self, text: str) -> None:
        self._count += 1
        if len(self._differences) < DIFFERENCES_MAX:
            self._differences.append(text)

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
        projections = tuple(
            ProjectionReplay(
                name, tally.live.hexdigest(), tally.replayed.hexdigest(), tally.rows, tally.behind
            )
            for name, tally in sorted(self._tallies.items())
        )
        return ReplayResult(
            identical=not self._count,
            digest_live=_overall([(one.projection, one.digest_live) for one in projections]),
            digest_replayed=_overall(
                [(one.projection, one.digest_replayed) for one in projections]
            ),
            events=self._events,
            differences=self._differences,
            differences_count=self._count,
            projections=projections,
        )


def _name(factory: Callable[[], Fold]) -> str:
    return projection_id(factory())


def _flat(rows: dict[str, bytes]) -> list[bytes]:
    return [part for key in sorted(rows) for part in (key.encode(), rows[key])]


def _overall(digests: Sequence[tuple[str, str]]) -> str:
    return sha256("".join(f"{name} {digest}\n" for name, digest in digests).encode()).hexdigest()


def _shown(value: bytes | None) -> str:
    if value is None:
        return "no row"
    text = value.decode("utf-8", errors="backslashreplace")
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}..."
