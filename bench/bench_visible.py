"""Measures the time from publishing to visible in the tolls, at a steady rate.

Engine, intake, projector and sealer are those of `tollbook serve`; this process publishes and
watches. A part of the events is due every 10 ms whether or not those before have arrived, and its
time runs from when it was due, so that a stall counts for all that had to wait. Visible means that
the read models of the events' partition have them: a question that is asked then is answered with
them. The reference in the same run is the same parts written to a stream and fsynced.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis
from reports import parsed, synthetic

from tollbook_projections import catalogue
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent
from tollbook_schemas.policy import default_policy
from tollbook_services import keys
from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger
from tollbook_services.readmodels import ReadModels, projection_id

PARTS_A_SECOND = 100
LOOK_S = 0.001
DURABLE_MS_MAX = 20_000
SETTLED_S_MAX = 120.0
FLOOR = "bench:floor"


@dataclass
class Watch:
    """What was published to a partition and is not visible yet: sequence, and when it was due."""

    waiting: deque[tuple[int, float]] = field(default_factory=deque)
    sent: int = 0
    visible_ms: list[float] = field(default_factory=list)


Publish = Callable[[Sequence[ParsedEvent]], Awaitable[None]]


class Measured:
    """One ledger that is published to and watched."""

    def __init__(self, redis: Redis, ledger: Ledger) -> None:
        self.redis = redis
        self.ledger = ledger
        self.models = ReadModels(redis)
        made = catalogue.folds(default_gazetteer(), default_policy())
        self.names = tuple(projection_id(make()) for make in made)
        self.watches = [Watch() for _ in range(ledger.partitions)]

    async def append(self, part: Sequence[ParsedEvent]) -> None:
        """As who calls the ledger does, and the HTTP server for its callers."""
        await self.ledger.append(part)

    async def send(self, part: Sequence[ParsedEvent]) -> None:
        """As who only may `XADD` does."""
        async with self.redis.pipeline(transaction=False) as pipe:
            for event in part:
                pipe.xadd(keys.INBOX, {"event": event.canonical})
            await pipe.execute()

    async def floor(self, part: Sequence[ParsedEvent]) -> None:
        """The reference: the same bytes in a stream, on disk."""
        async with self.redis.pipeline(transaction=False) as pipe:
            for event in part:
                pipe.xadd(FLOOR, {"event": event.canonical})
            pipe.execute_command("WAITAOF", 1, 0, DURABLE_MS_MAX)
            await pipe.execute()

    async def visible(self, events: Sequence[ParsedEvent], rate: int, publish: Publish) -> None:
        """Publish at a rate until all is visible; the times are in the watches."""
        done = asyncio.Event()
        watchers = [
            asyncio.create_task(self._watch(number, done)) for number in range(len(self.watches))
        ]

        async def at_its_time(part: Sequence[ParsedEvent], due: float) -> None:
            counts = Counter(keys.partition_of(event.crisis, len(self.watches)) for event in part)
            for partition, count in counts.items():
                watch = self.watches[partition]
                watch.sent += count
                watch.waiting.append((watch.sent, due))
            await publish(part)

        await _in_parts(events, rate, at_its_time)
        done.set()
        await asyncio.wait_for(asyncio.gather(*watchers), SETTLED_S_MAX)

    async def _watch(self, partition: int, done: asyncio.Event) -> None:
        watch = self.watches[partition]
        while watch.waiting or not done.is_set():
            if watch.waiting:
                there = min(await self.models.positions(partition, self.names))
                now = time.perf_counter()
                while watch.waiting and watch.waiting[0][0] <= there:
                    watch.visible_ms.append(1000 * (now - watch.waiting.popleft()[1]))
            await asyncio.sleep(LOOK_S)

    def taken(self) -> list[float]:
        """The times since the last call, in milliseconds."""
        found = [one for watch in self.watches for one in watch.visible_ms]
        for watch in self.watches:
            watch.visible_ms.clear()
        return found


async def _in_parts(
    events: Sequence[ParsedEvent],
    rate: int,
    publish: Callable[[Sequence[ParsedEvent], float], Awaitable[None]],
) -> None:
    """Each part when it is due, whether or not those before have ended."""
    size, began = max(1, rate // PARTS_A_SECOND), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for at in range(0, len(events), size):
            due = began + at / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(_awaited(publish(events[at : at + size], due)))


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def floor_ms(measured: Measured, events: Sequence[ParsedEvent], rate: int) -> list[float]:
    """How long the reference takes for each part."""
    taken: list[float] = []

    async def write(part: Sequence[ParsedEvent], due: float) -> None:
        await measured.floor(part)
        taken.append(1000 * (time.perf_counter() - due))

    await _in_parts(events, rate, write)
    await measured.redis.delete(FLOOR)
    return taken


def told(name: str, taken: Sequence[float], reference: Sequence[float]) -> str:
    """A line of the table."""
    p50, p99 = _percentiles(taken)
    floor50, floor99 = _percentiles(reference)
    return (
        f"{name:<28} p50 {p50:7.1f} ms ({p50 / floor50:5.1f} x)  "
        f"p99 {p99:7.1f} ms ({p99 / floor99:5.1f} x)  longest {max(taken):7.1f} ms"
    )


def _percentiles(taken: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return cuts[49], cuts[98]


async def measure(count: int, rate: int, crises: int, data: Path) -> None:
    events = parsed(synthetic(0, 2 * count + rate, crises))
    async with open_engine(data) as handle:
        redis = await connect(handle.url)
        ledger = await Ledger.open(redis)
        command = ("-m", "tollbook_services.cli", "serve", "--no-api", "--data", str(data))
        served = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=DEVNULL, stderr=DEVNULL
        )
        try:
            measured = Measured(redis, ledger)
            await measured.visible(events[:rate], rate, measured.append)  # everything has started
            measured.taken()
            direct, through = events[rate : rate + count], events[rate + count :]
            reference = await floor_ms(measured, direct, rate)
            print(f"{count:,} events, {rate:,}/s, {crises} crises, {ledger.partitions} partitions")
            print(told("on disk (reference)", reference, reference))
            await measured.visible(direct, rate, measured.append)
            print(told("appended -> visible", measured.taken(), reference))
            await measured.visible(through, rate, measured.send)
            print(told("inbox -> visible", measured.taken(), reference))
        finally:
            served.terminate()
            await served.wait()
        heads = sum([await ledger.head(number) for number in range(ledger.partitions)])
        if heads != len(events):
            raise RuntimeError(f"{heads:,} of {len(events):,} events were recorded")
        await redis.aclose()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--rate", type=int, default=1_000, help="events a second")
    options.add_argument("--crises", type=int, default=40)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        asyncio.run(measure(asked.events, asked.rate, asked.crises, Path(folder)))


if __name__ == "__main__":
    main()
