"""Folds, events and workers for the tests of the projector and of replay."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import orjson
from redis.asyncio import Redis

from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.engine import connect
from tollbook_services.ledger import Ledger
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels

CRISES = ("flood-2025", "quake-2024", "coast-2025")
ROOT = Path(__file__).parents[2]
WORKER = (
    "import asyncio, sys; from tests.integration.projector_kit import work; "
    "asyncio.run(work(sys.argv[1], int(sys.argv[2])))"
)


class CountFold:
    """Counts the events of each crisis, and keeps the last id; a wrong order or a gap shows."""

    name: ClassVar[str] = "counts"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._chain: dict[str, str] = {}
        self._changed: set[str] = set()

    def restore(self, crisis, rows) -> None:
        self._counts[crisis] = int(rows["count"])
        self._chain[crisis] = rows["chain"].decode()

    def forget(self, crisis: str) -> None:
        del self._counts[crisis], self._chain[crisis]

    def concerns_all(self, recorded: Recorded) -> bool:
        return False

    def apply(self, recorded: Recorded) -> None:
        crisis = recorded.event.crisis
        self._counts[crisis] = self._counts.get(crisis, 0) + 1
        last = self._chain.get(crisis, "")
        self._chain[crisis] = f"{hash_of(last + recorded.event.id):08x}"
        self._changed.add(crisis)

    def drain(self) -> list[RowChange]:
        changed, self._changed = sorted(self._changed), set()
        return [
            change
            for crisis in changed
            for change in (
                RowChange(crisis, "count", str(self._counts[crisis]).encode()),
                RowChange(crisis, "chain", self._chain[crisis].encode()),
            )
        ]


class EventFold(CountFold):
    """One row for each of the last three events of a crisis; older rows are deleted."""

    name: ClassVar[str] = "latest"
    version: ClassVar[int] = 3

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, str]] = {}
        self._changes: list[RowChange] = []

    def restore(self, crisis, rows) -> None:
        self._rows[crisis] = {int(key): value.decode() for key, value in rows.items()}

    def forget(self, crisis: str) -> None:
        del self._rows[crisis]

    def apply(self, recorded: Recorded) -> None:
        crisis, rows = recorded.event.crisis, self._rows.setdefault(recorded.event.crisis, {})
        rows[recorded.sequence] = recorded.event.id
        self._changes.append(
            RowChange(crisis, f"{recorded.sequence:09}", recorded.event.id.encode())
        )
        for sequence in sorted(rows)[:-3]:
            del rows[sequence]
            self._changes.append(RowChange(crisis, f"{sequence:09}", None))

    def drain(self) -> list[RowChange]:
        changes, self._changes = self._changes, []
        return changes


class PickyFold(CountFold):
    """Counts, but fails on an event whose id says so, after it has changed its state."""

    name: ClassVar[str] = "picky"

    def apply(self, recorded: Recorded) -> None:
        super().apply(recorded)
        if recorded.event.id.startswith("poison"):
            raise ValueError(f"cannot fold {recorded.event.id}")


def hash_of(text: str) -> int:
    """A small hash that is the same in every process."""
    value = 0
    for char in text:
        value = (value * 31 + ord(char)) % 2**32
    return value


def parsed(name: str, crisis: str = "flood-2025") -> ParsedEvent:
    """A small report, ready to append."""
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": 1},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-11",
    }
    document = {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org",
        "id": name,
        "subject": crisis,
        "time": "2025-03-11T20:00:00Z",
        "data": {"originator": "sohr", "published_at": "2025-03-11", "figures": [figure]},
    }
    event = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(event, ParsedEvent), event
    return event


@dataclass(frozen=True)
class Store:
    """An empty ledger of one partition, and its read models."""

    redis: Redis
    ledger: Ledger
    readmodels: ReadModels

    async def file(self, names: list[str], crises: tuple[str, ...] = CRISES) -> None:
        """Append one report for each name, over the crises in turn."""
        events = [parsed(name, crises[at % len(crises)]) for at, name in enumerate(names)]
        await self.ledger.append(events)

    def projector(self, *folds: Callable[[], Any], **pace: Any) -> Projector:
        return Projector(self.ledger, self.readmodels, folds or (CountFold,), **pace)

    async def rows(self, projection: str = "counts.v1") -> dict[str, dict[str, bytes]]:
        return (await self.readmodels.snapshot(0, projection)).rows

    async def counts(self, projection: str = "counts.v1") -> dict[str, int]:
        rows = await self.rows(projection)
        return {crisis: int(found["count"]) for crisis, found in rows.items()}


@contextlib.asynccontextmanager
async def empty_store(url: str, partitions: int = 1) -> AsyncIterator[Store]:
    redis = await connect(url)
    try:
        await redis.flushall()
        ledger = await Ledger.open(redis, partitions=partitions)
        yield Store(redis, ledger, ReadModels(redis))
    finally:
        await redis.aclose()


@contextlib.asynccontextmanager
async def running(projector: Projector, partitions=(0,)) -> AsyncIterator[asyncio.Task[None]]:
    """A projector at work in this process, stopped cleanly at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(projector.run(partitions, stop))
    try:
        yield task
    finally:
        stop.set()
        await task


async def work(url: str, page_size: int) -> None:
    """A projector in a process of its own, until it is killed."""
    redis = await connect(url)
    ledger, readmodels = await Ledger.open(redis, partitions=1), ReadModels(redis)
    projector = Projector(ledger, readmodels, (CountFold, EventFold), page_size=page_size)
    await projector.run([0], asyncio.Event())


async def start_worker(url: str, page_size: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, url, str(page_size), cwd=ROOT
    )


async def wait_for(done: Callable[[], Any], what: str, patience_s: float = 20.0) -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + patience_s
    while not await done():
        assert clock() < until, f"not within {patience_s} s: {what}"
        await asyncio.sleep(0.02)


def names(count: int) -> list[str]:
    """Event ids in the order they are filed."""
    return [f"report-{number:05}" for number in range(count)]


def expected_rows(filed: Iterator[str] | list[str], crises=CRISES) -> dict[str, dict[str, bytes]]:
    """The rows of `CountFold` after these events were filed over the crises in turn."""
    rows: dict[str, dict[str, bytes]] = {}
    for at, name in enumerate(filed):
        crisis = crises[at % len(crises)]
        row = rows.setdefault(crisis, {"chain": b"", "count": b"0"})
        row["count"] = str(int(row["count"]) + 1).encode()
        row["chain"] = f"{hash_of(row['chain'].decode() + name):08x}".encode()
    return rows
