"""Measures the rebuild of all read models, and a projector catching up, beside a tally of events.

Each row is one way of working: partitions and processes. The reference of each ledger is one
process that reads the same events with XRANGE, decodes them with orjson and counts them in a
dict, in the same run. On a machine with other work the CPU that an event costs says more than rates
do.
"""

import argparse
import asyncio
import cProfile
import pstats
import tempfile
from pathlib import Path

import orjson
from bench_views import Spent, spent
from reports import REAL, parsed, real, synthetic

from tollbook_services import keys
from tollbook_services.build_processes import BuildProcesses
from tollbook_services.collecting import uncollected
from tollbook_services.rebuild import Rebuilder
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

BATCH = 5_000
PAGE = 2_000
WAYS = ((1, 1), (4, 1), (4, 2))
"""Partitions and processes."""

PROFILE_LINES = 45


async def measure(name: str, lines: list[bytes], *, profile: bool) -> None:
    print(f"{name}: {len(lines):,} events of {sum(map(len, lines)) // len(lines)} bytes")
    for partitions in sorted({partitions for partitions, _ in WAYS}):
        with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
            settings = Settings(data=Path(folder), partitions=partitions)
            async with open_tollbook(settings, create=True) as book:
                await fill(book, lines)
                await measured(book, len(lines), partitions, profile=profile)


async def measured(book: Tollbook, events: int, partitions: int, *, profile: bool) -> None:
    least = min([await spent(book, tally(book)) for _ in range(2)], key=lambda one: one.wall_s)
    said(f"tally, {partitions} partitions", events, least, least)
    said(f"catch up, {partitions} partitions", events, await spent(book, book.catch_up()), least)
    for processes in [count for parts, count in WAYS if parts == partitions]:
        rebuilder = rebuilder_of(book, processes)
        profiler = cProfile.Profile()
        with uncollected():  # as the command does
            if profile and processes == 1:
                profiler.enable()
            cost = await spent(book, rebuilder.build())
            profiler.disable()
        said(f"rebuild, {partitions} partitions, {processes} processes", events, cost, least)
        await rebuilder.drop()
        if profile and processes == 1:
            pstats.Stats(profiler).sort_stats("tottime").print_stats(PROFILE_LINES)


def rebuilder_of(book: Tollbook, processes: int) -> Rebuilder:
    many = BuildProcesses(book.url, processes, events_min=0) if processes > 1 else None
    return Rebuilder(book.ledger, book.readmodels, book.folds, processes=many)


def said(what: str, events: int, cost: Spent, least: Spent) -> None:
    client_us, server_us = 1e6 * cost.client_s / events, 1e6 * cost.server_s / events
    print(
        f"  {what:<36}{events / cost.wall_s:>9,.0f}/s{least.wall_s / cost.wall_s:>7.3f} x tally"
        f"{client_us:>9.1f} us client{server_us:>7.1f} us server",
        flush=True,
    )


async def fill(book: Tollbook, lines: list[bytes]) -> None:
    for start in range(0, len(lines), BATCH):
        await book.ledger.append(parsed(iter(lines[start : start + BATCH])))


async def tally(book: Tollbook) -> None:
    """The least that a view could do: one count for each crisis."""
    counts: dict[str, int] = {}
    for partition in range(book.ledger.partitions):
        last = "-"
        while page := await book.redis.xrange(keys.ledger(partition), last, "+", PAGE):
            for _, fields in page:
                event = orjson.loads(fields[b"e"])
                counts[event["subject"]] = counts.get(event["subject"], 0) + 1
            last = "(" + page[-1][0].decode()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--crises", type=int, default=1_000)
    options.add_argument("--real", action="store_true", help="the events of the open datasets too")
    options.add_argument("--profile", action="store_true", help="say where one process spends time")
    asked = options.parse_args()
    name = f"synthetic, {asked.crises:,} crises"
    lines = list(synthetic(0, asked.events, asked.crises))
    asyncio.run(measure(name, lines, profile=asked.profile))
    if asked.real and REAL.exists():
        asyncio.run(measure("real", list(real()), profile=asked.profile))


if __name__ == "__main__":
    main()
