"""Measures what an event costs in memory, disk and CPU at each stage, and what a ledger needs.

    python bench/bench_sizing.py [--events N] [--crises N] [--real]

The second table is worked out from the first: memory and disk for a year, cores for peaks of ten
times the mean. The floor of the first is a plain stream of the same bytes in the same engine.
"""

import argparse
import asyncio
import logging
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from bench_append import plain
from bench_views import Spent, fill, spent
from reports import REAL, parsed, real, synthetic

from tollbook_schemas.parse import ParsedEvent
from tollbook_schemas.tlog.keys import KeyKind, SigningKey
from tollbook_services.append_only_file import rewritten
from tollbook_services.archive.archiving import archive_ledger
from tollbook_services.archive.place import place_of
from tollbook_services.collecting import uncollected
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

KEY = SigningKey.from_seed("bench.example.org", KeyKind.LOG, bytes(32))
BATCH = 500
ALONE = 200
KEEP = 10_000
DAYS = 365
PEAK = 10
DAY_S = 86_400
LOOK_S = 0.01
PER_DAY = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
GIB = 2**30


@dataclass(frozen=True)
class Costs:
    """What an event costs: bytes, and microseconds of CPU of all processes together."""

    event_memory: float
    seal_memory: float
    rows_memory: float
    trimmed_memory: float
    disk: float
    archive: float
    batched_us: float
    alone_us: float


def said(stage: str, count: int, cost: Spent, more: str = "") -> None:
    print(
        f"| {stage} | {1e6 * cost.client_s / count:,.0f} us | {1e6 * cost.server_s / count:,.0f} us"
        f" | {cost.bytes / count:,.0f} B | {more} |",
        flush=True,
    )


async def measure(events: list[bytes], alone: Iterable[ParsedEvent], folder: Path) -> Costs:
    count = len(events)
    settings = Settings(data=folder / "engine", partitions=1)
    async with open_tollbook(settings, create=True) as book:
        print(f"{count:,} events of {sum(map(len, events)) // count} bytes\n")
        print("| stage, each event | our CPU | engine's CPU | engine's memory | |")
        print("|---|--:|--:|--:|---|")
        floor = await spent(book, stored_plainly(book, list(parsed(iter(events)))))
        said("floor: XADD of the same bytes", count, floor)
        await forgotten(book)
        append = await spent(book, fill(book, events))
        said("checked and appended", count, append, f"{append.bytes / floor.bytes:.2f} x the floor")
        with uncollected():
            project = await spent(book, book.catch_up())
        said("folded, as a backlog", count, project)
        seal = await spent(book, Sealer(book.ledger, KEY).catch_up(0))
        said("sealed", count, seal)
        each = await spent(book, one_by_one(book, alone))
        said("appended, folded, sealed: alone", ALONE, each, "every one in a step of its own")
        disk = size_of(folder / "engine") / (count + ALONE)
        await rewritten(book.redis)
        fresh = size_of(folder / "engine") / (count + ALONE)
        print(f"| disk | | | | {disk:,.0f} B, rewritten {fresh:,.0f} B |")
        place = place_of(str(folder / "archive"), create=True)
        archived = await spent(book, archive(book, place))
        archive_bytes = size_of(folder / "archive") / (count + ALONE)
        said("archived and trimmed", count, archived, f"{archive_bytes:,.0f} B in the archive")
    stages = (append, project, seal)
    return Costs(
        event_memory=append.bytes / count,
        seal_memory=seal.bytes / count,
        rows_memory=project.bytes / count,
        trimmed_memory=-archived.bytes / max(1, count + ALONE - KEEP),
        disk=disk,
        archive=archive_bytes,
        batched_us=1e6 * sum(one.client_s + one.server_s for one in stages) / count,
        alone_us=1e6 * (each.client_s + each.server_s) / ALONE,
    )


async def stored_plainly(book: Tollbook, events: list[ParsedEvent]) -> None:
    store = plain(book.redis)
    for at in range(0, len(events), BATCH):
        await store(events[at : at + BATCH])


async def forgotten(book: Tollbook) -> None:
    """The plain stream is deleted, which Valkey does beside its work."""
    await book.redis.delete("plain")
    while (await book.redis.info("memory"))["lazyfree_pending_objects"]:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


async def one_by_one(book: Tollbook, events: Iterable[ParsedEvent]) -> None:
    """As a quiet day is: each event is waited for, folded and sealed by itself."""
    sealer, projector = Sealer(book.ledger, KEY), book.projector()
    stop, heads = asyncio.Event(), 0
    following = asyncio.create_task(projector.run([0], stop))
    for event in events:
        (receipt,) = await book.ledger.append([event])
        heads = receipt.sequence or heads
        await projector.wait_visible(0, heads, timeout=60)
        await sealer.catch_up(0)
    stop.set()
    await following


async def archive(book: Tollbook, place: object) -> None:
    await archive_ledger(book.ledger, place, KEEP, lambda _: None)  # type: ignore[arg-type]


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def sized(costs: Costs) -> None:
    """What a year of so many events a day needs."""
    whole = costs.event_memory + costs.seal_memory + costs.rows_memory
    kept = whole - costs.trimmed_memory
    print("\n| events a day | memory, a year | memory, archived | disk | archive | cores, peak |")
    print("|--:|--:|--:|--:|--:|--:|")
    for per_day in PER_DAY:
        year, peak = per_day * DAYS, PEAK * per_day / DAY_S
        sizes = [costs.disk, costs.archive]
        steps = min(1.0, peak * costs.alone_us / 1e6)  # who is always busy takes larger ones
        cores = steps + peak * costs.batched_us / 1e6
        print(
            f"| {per_day:,} | {year * whole / GIB:,.1f} GiB | {year * kept / GIB:,.1f} GiB | "
            + " | ".join(f"{year * size / GIB:,.1f} GiB" for size in sizes)
            + f" | {cores:,.2f} |"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--crises", type=int, default=1_000)
    options.add_argument("--real", action="store_true", help="the open datasets instead")
    asked = options.parse_args()
    if asked.real and not REAL.is_file():
        options.error(f"{REAL} is not here")
    events = list(real() if asked.real else synthetic(0, asked.events, asked.crises))
    more = parsed(synthetic(asked.events, ALONE, asked.crises))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        sized(asyncio.run(measure(events, more, Path(folder))))


if __name__ == "__main__":
    main()
