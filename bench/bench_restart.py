"""Measures restarts on a large ledger: a projector that was killed, and the engine, by phase."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson
from bench_rebuild import BATCH
from reports import parsed, synthetic

from tollbook_services import queries
from tollbook_services.building import Build
from tollbook_services.collecting import uncollected
from tollbook_services.connection import connect
from tollbook_services.engine import EngineProcess
from tollbook_services.folding import Lane
from tollbook_services.pages import STEP_EVENTS
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.verify import verify, verify_once
from tollbook_services.wiring import Tollbook, open_tollbook

LOOK_S = 0.002
PARTITIONS = 4


async def measure(events: int, crises: int, data: Path) -> None:
    settings = Settings(data=data, partitions=PARTITIONS)
    async with open_tollbook(settings, create=True) as book:
        before = (await book.redis.info("memory"))["used_memory"]
        await fill(book, events, crises)
        ledger = (await book.redis.info("memory"))["used_memory"]
        await project(book)
        views = (await book.redis.info("memory"))["used_memory"]
        said("memory of the ledger", f"{(ledger - before) / events:,.0f} bytes an event")
        said("memory of the read models", f"{(views - ledger) / events:,.0f} bytes an event")
        said("disk, AOF not rewritten", f"{size_of(data) / events:,.0f} bytes an event")
        await verify_once(book.redis)
        await projector_restarts(book, crises)
    await engine_restarts(data, events)


async def fill(book: Tollbook, events: int, crises: int) -> None:
    for start in range(0, events, BATCH):
        count = min(BATCH, events - start)
        await book.ledger.append(parsed(synthetic(start, count, crises)))


async def project(book: Tollbook) -> None:
    """Bring the views to the head the fast way: nobody reads them meanwhile."""
    folds = dict(zip(book.projections.values(), book.folds, strict=True))
    build = Build(book.ledger, folds, STEP_EVENTS, lambda _: None)
    for partition in range(book.ledger.partitions):
        lanes = [Lane(book.readmodels, partition, factory) for factory in book.folds]
        for lane in lanes:
            await lane.load()
        with uncollected():
            await build.fold(dict.fromkeys(lanes, await book.ledger.head(partition)))


async def projector_restarts(book: Tollbook, crises: int) -> None:
    """A worker runs, is killed and started again, while one event waits for it."""
    await answered(book, f"restart-{time.time_ns()}", crises, [started(book)])
    for number in range(3):
        name = f"restart-{number}"
        began = time.perf_counter()
        running: list[subprocess.Popen[bytes]] = []
        running.append(started(book))
        visible_s, tolls_s = await answered(book, name, crises, running, began)
        said(
            "projector killed and started",
            f"{visible_s:.2f} s to the event in the views, tolls answered after {tolls_s:.2f} s",
        )


async def answered(
    book: Tollbook,
    name: str,
    crises: int,
    running: list[subprocess.Popen[bytes]],
    began: float = 0.0,
) -> tuple[float, float]:
    document = orjson.loads(next(iter(synthetic(0, 1, crises))))
    document["id"] = name
    await book.ledger.append(parsed(iter([orjson.dumps(document)])))
    partition = book.partition_of(document["subject"])
    head = await book.ledger.head(partition)
    names = book.projections.values()
    while min(await book.readmodels.positions(partition, names)) < head:  # noqa: ASYNC110 - polled
        await asyncio.sleep(LOOK_S)
    visible_s = time.perf_counter() - began
    await queries.tolls(book, document["subject"], Question(fresh=False))
    tolls_s = time.perf_counter() - began
    for process in running:
        process.kill()
        process.wait()
    return visible_s, tolls_s


def started(book: Tollbook) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).with_name("tollbook")), "projector", "--redis", book.url]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ)


async def engine_restarts(data: Path, events: int) -> None:
    engine = EngineProcess(data)
    began = time.perf_counter()
    url = await engine.start()
    try:
        loaded_s = time.perf_counter() - began
        redis = await connect(url)
        began = time.perf_counter()
        await verify(redis)
        verified_s = time.perf_counter() - began
        said("engine started, file loaded", f"{loaded_s:.2f} s, {1e6 * loaded_s / events:.1f} us")
        said("stored events verified", f"{verified_s:.2f} s, {1e6 * verified_s / events:.1f} us")
        await redis.aclose()
    finally:
        await engine.stop()


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.aof"))


def said(what: str, text: str) -> None:
    print(f"  {what:<30} {text}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--crises", type=int, default=1_000)
    asked = options.parse_args()
    print(f"{asked.events:,} events of {asked.crises:,} crises, {PARTITIONS} partitions")
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        asyncio.run(measure(asked.events, asked.crises, Path(folder)))


if __name__ == "__main__":
    main()
