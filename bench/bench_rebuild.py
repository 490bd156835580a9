"""Measures a rebuild of all read models and a restart, end to end on the embedded engine."""

import argparse
import asyncio
import gc
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from reports import real, synthetic

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import keys
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

BATCH = 5_000
FLOOR_PAGE = 2_000


async def main(count: int, *, real_events: bool) -> None:
    lines = list(real()) if real_events else list(synthetic(0, count))
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        settings = Settings(data=Path(folder), partitions=4)
        async with open_tollbook(settings, create=True) as book:
            await fill(book, lines)
            print(f"{len(lines):,} events, {sum(map(len, lines)) // len(lines)} bytes each")
            floor = await timed("floor: XRANGE + orjson + dict", read_all(book), len(lines))
            build = book.rebuilder()
            gc.disable()  # as the command does
            rate = await timed("rebuild: fold, compare", build.build(), len(lines))
            print(f"  {rate / floor:.3f} of the floor")
            gc.enable()
            await build.swap()
            began = time.perf_counter()
            await book.ledger.append([parsed(next(synthetic(count + 1, 1)))])
            await book.catch_up()
            print(f"restart with one new event: {time.perf_counter() - began:.2f} s")


async def fill(book: Tollbook, lines: list[bytes]) -> None:
    events = [parsed(line) for line in lines]
    for start in range(0, len(events), BATCH):
        await book.ledger.append(events[start : start + BATCH])
    await timed("projector: fold and commit", book.catch_up(), len(lines))


def parsed(line: bytes) -> ParsedEvent:
    event = parse_event(line, default_gazetteer())
    assert isinstance(event, ParsedEvent), event
    return event


async def read_all(book: Tollbook) -> None:
    counts: dict[str, int] = {}
    for partition in range(book.ledger.partitions):
        last = "-"
        while page := await _page(book, partition, last):
            for _, fields in page:
                event = orjson.loads(fields[b"e"])
                counts[event["subject"]] = counts.get(event["subject"], 0) + 1
            last = "(" + page[-1][0].decode()


async def _page(book: Tollbook, partition: int, after: str) -> Any:
    return await book.redis.xrange(keys.ledger(partition), after, "+", FLOOR_PAGE)


async def timed(name: str, work: Any, count: int) -> float:
    began, cpu = time.perf_counter(), time.process_time()
    await work
    taken, spent = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name}: {count / taken:,.0f} events/s, {spent / count * 1e6:.1f} us of CPU an event")
    return count / taken


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=50_000)
    options.add_argument("--real", action="store_true")
    chosen = options.parse_args()
    asyncio.run(main(chosen.events, real_events=chosen.real))
