"""Measures durable appends beside plain pipelined XADD of the same bytes, in one run."""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from redis.asyncio import Redis

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger

CRISIS = "bench-2025"
EVENT_BYTES = 500
BATCH = 500
IN_FLIGHT = 2
DURABLE_MS_MAX = 20_000

Batch = Sequence[ParsedEvent]
Store = Callable[[Batch], Awaitable[object]]


def report(number: int) -> bytes:
    """A report of 500 canonical bytes: one figure, and a note that fills up."""
    figure = {
        "id": "civ",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": number},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-11",
        "note": "",
    }
    document = {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://bench.example",
        "id": f"report-{number}",
        "subject": CRISIS,
        "time": "2025-03-11T20:00:00Z",
        "data": {"originator": "bench", "published_at": "2025-03-11", "figures": [figure]},
    }
    short = json.dumps(document, separators=(",", ":"))
    figure["note"] = "x" * (EVENT_BYTES - len(short))
    return json.dumps(document).encode()


def reports(first: int, count: int) -> list[ParsedEvent]:
    gazetteer = default_gazetteer()
    parsed = (parse_event(report(number), gazetteer) for number in range(first, first + count))
    return [event for event in parsed if isinstance(event, ParsedEvent)]


def plain(redis: Redis) -> Store:
    """XADD of the same bytes, pipelined; one fsync for a batch, no identity, no hash, no order."""

    async def store(batch: Batch) -> None:
        async with redis.pipeline(transaction=False) as pipe:
            for event in batch:
                pipe.xadd("plain", {"e": event.canonical})
            pipe.execute_command("WAITAOF", 1, 0, DURABLE_MS_MAX)
            await pipe.execute()

    return store


async def events_a_second(events: Batch, store: Store) -> float:
    waiting = [events[at : at + BATCH] for at in range(0, len(events), BATCH)][::-1]

    async def worker() -> None:
        while waiting:
            await store(waiting.pop())

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return len(events) / (time.perf_counter() - began)


async def measure(count: int, rounds: int, data: Path) -> None:
    async with open_engine(data) as handle:
        redis = await connect(handle.url)
        ledger = await Ledger.open(redis, partitions=1)
        ratios = []
        for turn in range(rounds):
            events = reports(turn * count, count)
            size = sum(len(event.canonical) for event in events) // len(events)
            xadd = await events_a_second(events, plain(redis))
            append = await events_a_second(events, ledger.append)
            ratios.append(append / xadd)
            print(
                f"{len(events):,} events of {size} bytes: XADD {xadd:>9,.0f}/s  "
                f"Ledger.append {append:>9,.0f}/s  ratio {ratios[-1]:.2f}"
            )
            await redis.delete("plain")
        print(f"median ratio {statistics.median(ratios):.2f}")
        await redis.aclose()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        asyncio.run(measure(given.events, given.rounds, Path(folder)))


if __name__ == "__main__":
    main()
