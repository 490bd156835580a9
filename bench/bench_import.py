"""Measures imports of real files beside reading, dumping and XADDing the same rows, in one run."""

import argparse
import asyncio
import csv
import gzip
import io
import itertools
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.engine import connect, open_engine
from tollbook_services.importing.formats import importer_of
from tollbook_services.importing.rows import Context
from tollbook_services.importing.run import in_batches, overlapping, read
from tollbook_services.importing.stores import LedgerStore
from tollbook_services.ledger import Ledger

DATA = Path(__file__).parents[1] / "../shared/data/events"
FILES = {
    "ucdp-ged": DATA / "ucdp_ged191_bgd_mmr.csv.gz",
    "iom-mmp": DATA / "iom_missing_migrants_2014_2025.jsonl.gz",
}
"""21,040 rows of open datasets (CC BY), beside the checkout."""

ROWS = 21_040
BATCH = 500
ROUNDS = 3
DURABLE_MS_MAX = 20_000


@dataclass(frozen=True)
class Spent:
    """What importing cost: rows a second of time and of this process's CPU."""

    rows: int
    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        rate, cpu = self.rows / self.wall_s, 1e6 * self.cpu_s / self.rows
        return f"{self.rows:,} rows  {rate:>7,.0f}/s  client {cpu:5.1f} us a row"


async def floor(redis: Redis, rows_max: int) -> int:
    """The rows as JSON into a stream, pipelined, one fsync a batch: no event, no check."""
    count = 0
    for kind, file in FILES.items():
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            rows = itertools.islice(_rows(kind, text), rows_max)
            while batch := list(itertools.islice(rows, BATCH)):
                async with redis.pipeline(transaction=False) as pipe:
                    for row in batch:
                        pipe.xadd("plain", {"e": json.dumps(row)})
                    pipe.execute_command("WAITAOF", 1, 0, DURABLE_MS_MAX)
                    await pipe.execute()
                count += len(batch)
    return count


def _rows(kind: str, text: io.TextIOBase) -> Iterator[dict[str, Any]]:
    if kind == "ucdp-ged":
        return iter(csv.DictReader(text))
    return (json.loads(line) for line in text)


async def imported(ledger: Ledger, rows_max: int) -> int:
    """The same rows as reports: read, converted, checked, appended."""
    world, count = default_gazetteer(), 0
    for kind, file in FILES.items():
        outcomes = itertools.islice(
            read(importer_of(kind), file, Context("bench", world), world), rows_max
        )
        store = LedgerStore(ledger, kind, "bench")
        async for batch in overlapping(in_batches(outcomes), store):
            count += sum(len(one.rows) for one in batch)
    return count


async def spent(work: Callable[[], Any]) -> Spent:
    cpu, began = time.process_time(), time.perf_counter()
    rows = await work()
    return Spent(rows, time.perf_counter() - began, time.process_time() - cpu)


async def measure(data: Path, rows_max: int) -> None:
    default_gazetteer().resolve("SY-LA")
    async with open_engine(data) as handle:
        redis = await connect(handle.url)
        ratios, rates = [], []
        for _ in range(ROUNDS):
            await redis.flushall()
            plain = await spent(lambda: floor(redis, rows_max))
            await redis.delete("plain")
            ledger = await Ledger.open(redis, partitions=1)
            full = await spent(lambda: imported(ledger, rows_max))  # noqa: B023 - awaited here
            again = await spent(lambda: imported(ledger, rows_max))  # noqa: B023
            ratios.append(plain.wall_s / full.wall_s)
            rates.append(full.rows / full.wall_s)
            print(f"floor   {plain}\nimport  {full}  ratio {ratios[-1]:.2f}\nagain   {again}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"import: median {statistics.median(rates):,.0f} rows/s, ratio to the floor "
            f"{statistics.median(ratios):.2f}, at most {peak:.0f} MiB"
        )
        await redis.aclose()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cores", type=int, default=1, help="of this process and the engine")
    options.add_argument("--events", type=int, default=ROWS, help="rows of each file at most")
    asked = options.parse_args()
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: asked.cores]))
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        asyncio.run(measure(Path(folder), asked.events))


if __name__ == "__main__":
    main()
