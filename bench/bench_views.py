"""Measures the views end to end on the embedded engine: projector, rebuild, restart, a query."""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from reports import REAL, parsed, real, synthetic

from tollbook_services import keys, queries
from tollbook_services.building import Build
from tollbook_services.collecting import uncollected
from tollbook_services.folding import Lane
from tollbook_services.memory_rows import MemoryRows
from tollbook_services.pages import STEP_EVENTS
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

BATCH = 5_000
FLOOR_PAGE = 2_000
PARTITIONS = 4
READS = 20
TENTHS = 10
REAL_EVENTS = 21_002
WIDTHS = (34, 12, 9, 10, 10, 10)
HEADS = ("", "events/s", "of floor", "client us", "server us", "bytes")


@dataclass(frozen=True)
class Spent:
    """What a piece of work cost.

    Attributes:
        wall_s: seconds until it was done.
        client_s: CPU of this process and of those it started and waited for.
        server_s: CPU of the engine.
        bytes: how much more memory the engine used afterwards.
    """

    wall_s: float
    client_s: float
    server_s: float
    bytes: int


async def spent(book: Tollbook, work: Awaitable[object]) -> Spent:
    before, began = await _used(book), time.perf_counter()
    await work
    wall_s = time.perf_counter() - began
    after = await _used(book)
    client_s, server_s, grown = (now - then for now, then in zip(after, before, strict=True))
    return Spent(wall_s, client_s, server_s, int(grown))


async def _used(book: Tollbook) -> tuple[float, float, float]:
    info = await book.redis.info("everything")
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    client_s = time.process_time() + children.ru_utime + children.ru_stime
    return client_s, info["used_cpu_user"] + info["used_cpu_sys"], info["used_memory"]


class Table:
    """Prints a line for each measurement, all beside the same floor."""

    def __init__(self, events: int) -> None:
        self._events = events
        self._floor: float | None = None
        self._print(HEADS)

    def add(self, name: str, cost: Spent, *, floor: bool = False) -> None:
        count = self._events
        rate = count / cost.wall_s
        self._floor = rate if floor else self._floor
        ratio = "" if self._floor is None else f"{rate / self._floor:.3f}"
        each = (f"{1e6 * cost.client_s / count:.1f}", f"{1e6 * cost.server_s / count:.1f}")
        self._print((name, f"{rate:,.0f}", ratio, *each, f"{cost.bytes / count:,.0f}"))

    def _print(self, cells: tuple[str, ...]) -> None:
        first, *others = zip(cells, WIDTHS, strict=True)
        line = [f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]
        print("".join(line).rstrip(), flush=True)


async def measure(lines: list[bytes], data: Path) -> None:
    async with open_tollbook(Settings(data=data, partitions=PARTITIONS), create=True) as book:
        print(f"{len(lines):,} events of {sum(map(len, lines)) // len(lines)} bytes")
        table = Table(len(lines))
        table.add("append (ledger)", await spent(book, fill(book, lines)))
        table.add("floor: XRANGE, orjson, dict", await spent(book, floor(book)), floor=True)
        table.add("projector: fold and commit", await spent(book, book.catch_up()))
        rebuilder = book.rebuilder()
        with uncollected():  # as the command does
            table.add("rebuild: fold, commit, compare", await spent(book, rebuilder.build()))
        await rebuilder.drop()
        with uncollected():
            await tenths(book)
        await asked(book)
        await restart(book, lines[0])


async def fill(book: Tollbook, lines: list[bytes]) -> None:
    for start in range(0, len(lines), BATCH):
        await book.ledger.append(parsed(iter(lines[start : start + BATCH])))


async def floor(book: Tollbook) -> None:
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


async def tenths(book: Tollbook) -> None:
    """CPU of this process for the first and the last tenth of a partition, folded in memory."""
    heads = [await book.ledger.head(one) for one in range(book.ledger.partitions)]
    partition = heads.index(max(heads))
    tenth = max(1, heads[partition] // TENTHS)
    factories = dict(zip(book.projections.values(), book.folds, strict=True))
    build = Build(book.ledger, factories, min(tenth, STEP_EVENTS), lambda _: None)
    memory = MemoryRows(book.ledger.id)
    lanes = [Lane(memory, partition, factory) for factory in book.folds]
    times = []
    for end in range(tenth, tenth * TENTHS + 1, tenth):
        began = time.process_time()
        await build.fold(dict.fromkeys(lanes, end))
        times.append(time.process_time() - began)
    print(
        f"fold of {tenth:,} events: first tenth {1e6 * times[0] / tenth:.1f} us of CPU an event, "
        f"last tenth {1e6 * times[-1] / tenth:.1f}, ratio {times[-1] / times[0]:.2f}"
    )


async def asked(book: Tollbook) -> None:
    crisis = (await book.crises())[0]
    began = time.perf_counter()
    for _ in range(READS):
        await queries.tolls(book, crisis, Question(measure="killed"))
    print(f"tolls of {crisis}: {1e3 * (time.perf_counter() - began) / READS:.1f} ms")


async def restart(book: Tollbook, line: bytes) -> None:
    document = orjson.loads(line)
    document["id"] += "-again"
    await book.ledger.append(parsed(iter([orjson.dumps(document)])))
    began = time.perf_counter()
    await book.catch_up()
    print(f"restart, one new event: {time.perf_counter() - began:.2f} s until caught up\n")


def inputs(count: int) -> Iterator[list[bytes]]:
    yield list(synthetic(0, count))
    if REAL.exists():
        yield list(islice(real(), min(count, REAL_EVENTS)))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=200_000)
    for lines in inputs(options.parse_args().events):
        with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
            asyncio.run(measure(lines, Path(folder)))


if __name__ == "__main__":
    main()
