"""tollbook on the embedded engine, and the engine alone as a floor of what it can be."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import workload

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_append import plain
from bench_intake import drain, fill

from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import queries
from tollbook_services.collecting import uncollected
from tollbook_services.inbox_group import ensure_group
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

PEER = "tollbook"
BATCH = 500
IN_FLIGHT = 2
SEGMENTS = ("civilian", "combatant", "all")
AOF = "AOF fsync a call"

Store = Callable[[list[bytes]], Awaitable[None]]


async def measure(raws: list[bytes], folder: Path, partitions: int) -> None:
    wanted = workload.expected(raws)
    many = f", {partitions} partitions" if partitions > 1 else ""
    async with opened(folder / "append", partitions) as book:
        await engine_alone(book, raws)
        await append(book, raws, many)
        await project(book, raws, many)
        await must_answer(book, wanted)
        await rebuild(book, raws, many)
    async with opened(folder / "intake", partitions) as book:
        await intake(book, raws, many)
        await book.catch_up()
        await must_answer(book, wanted)


def opened(folder: Path, partitions: int) -> AbstractAsyncContextManager[Tollbook]:
    return open_tollbook(Settings(data=folder, partitions=partitions), create=True)


async def in_batches(raws: list[bytes], store: Store) -> float:
    """Seconds, with two calls in flight on one event loop."""
    waiting = list(workload.batches(raws, BATCH))[::-1]

    async def worker() -> None:
        while waiting:
            await store(waiting.pop())

    with workload.timed() as took:
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return took[0]


async def engine_alone(book: Tollbook, raws: list[bytes]) -> None:
    store = plain(book.redis)
    gazetteer = default_gazetteer()
    sent = {raw: parsed(raw, gazetteer) for raw in raws}

    async def batch(some: list[bytes]) -> None:
        await store([sent[raw] for raw in some])

    seconds = await in_batches(raws, batch)
    await book.redis.delete("plain")
    workload.tell("the engine alone", "append", "XADD, 500 a pipeline", len(raws), seconds, AOF)


async def append(book: Tollbook, raws: list[bytes], many: str) -> None:
    """What `publish` does: validation, identity, dense order, hash."""
    gazetteer = default_gazetteer()

    async def store(some: list[bytes]) -> None:
        await book.ledger.append([parsed(raw, gazetteer) for raw in some])

    seconds = await in_batches(raws, store)
    workload.tell(PEER, "append", f"validated, 500 a call{many}", len(raws), seconds, AOF)


def parsed(raw: bytes, gazetteer: Gazetteer) -> ParsedEvent:
    found = parse_event(raw, gazetteer)
    if not isinstance(found, ParsedEvent):
        raise TypeError(found)
    return found


async def project(book: Tollbook, raws: list[bytes], many: str) -> None:
    with workload.timed() as took, uncollected():
        await book.catch_up()
    variant = f"all read models, in the engine{many}"
    workload.tell(PEER, "project", variant, len(raws), took[0], "rows, position and feed a commit")


async def rebuild(book: Tollbook, raws: list[bytes], many: str) -> None:
    rebuilder = book.rebuilder()
    with workload.timed() as took, uncollected():
        result = await rebuilder.build()
    if not result.identical:
        sys.exit("the rebuilt rows differ from those that are live")
    variant = f"all read models again, compared{many}"
    workload.tell(PEER, "rebuild", variant, len(raws), took[0], "rows, position a commit")
    await rebuilder.drop()


async def intake(book: Tollbook, raws: list[bytes], many: str) -> None:
    await ensure_group(book.redis)
    await fill(book.redis, raws)
    cost = await drain(book.redis, book.url, book.ledger, len(raws), workers=1)
    seconds = len(raws) / cost.rate
    workload.tell(PEER, "intake", f"inbox, FastStream{many}", len(raws), seconds, AOF)


async def must_answer(book: Tollbook, wanted: workload.State) -> None:
    """Every originator's number, as the view `tolls` gives it."""
    state: workload.State = {}
    for crisis in await book.crises():
        document = await queries.tolls(book, crisis, Question(measure="killed"))
        for cell in document["cells"]:
            for own in cell.get("originators", ()):
                key = (crisis, cell["area"], own["originator"])
                if key in wanted and own["best"] is not None and _is_own(key, cell["segment"]):
                    state[key] = own["best"]
    workload.must_be(state, wanted)


def _is_own(key: workload.Key, segment: str) -> bool:
    """Whether a cell is of the segment that the originator counts in that area."""
    _, area, originator = key
    originators = ("sohr", "snhr", "ocha", "health-ministry", "red-crescent")
    areas = ("SY-LA", "SY-TA", "SY-HM", "SY-HI", "SY-ID", "SY-HL")
    return segment == SEGMENTS[(originators.index(originator) + areas.index(area)) % 3]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("events", type=Path)
    options.add_argument("folder", type=Path)
    options.add_argument("--partitions", type=int, default=1)
    asked = options.parse_args()
    asyncio.run(measure(workload.events(asked.events), asked.folder, asked.partitions))


if __name__ == "__main__":
    main()
