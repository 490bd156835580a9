"""Measures, on this machine: durable appends, folding, and reading a toll. Run: make bench."""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import queries
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

CRISIS = "bench-2025"
AREAS = ("SY-LA", "SY-TA", "SY-HM", "SY-HI")
BATCH = 500
QUARTERS = 4
READS = 20
VISIBLE_S_MAX = 600.0


def report(number: int) -> bytes:
    """A small report: the count so far in one province, with the days going by."""
    day, hour = divmod(number, 24)
    as_of = f"{2025 + day // 336}-{1 + day // 28 % 12:02}-{1 + day % 28:02}T{hour:02}:00:00Z"
    figure = {
        "id": "civ",
        "measure": "killed",
        "unit": "person",
        "segment": {"status": "civilian"},
        "quantity": {"qualifier": "exactly", "value": number},
        "areas": [AREAS[number % len(AREAS)]],
        "basis": "cumulative",
        "window": {"start": "2025-01-01"},
        "as_of": as_of,
    }
    return json.dumps(
        {
            "specversion": "1.0",
            "type": "org.tollbook.report.filed.v1",
            "source": "https://bench.example",
            "id": f"report-{number}",
            "subject": CRISIS,
            "time": as_of,
            "data": {"originator": "bench", "published_at": as_of, "figures": [figure]},
        }
    ).encode()


def parsed(raws: list[bytes], book: Tollbook) -> list[ParsedEvent]:
    outcomes = [parse_event(raw, book.gazetteer) for raw in raws]
    return [outcome for outcome in outcomes if isinstance(outcome, ParsedEvent)]


def batches(events: list[ParsedEvent]) -> Iterator[list[ParsedEvent]]:
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]


async def measure(count: int, data: Path) -> None:
    async with open_tollbook(Settings(data=data, redis=None), create=True) as book:
        raws = [report(number) for number in range(count)]
        began = time.perf_counter()
        events = parsed(raws, book)
        tell("parse", count, began)
        stop = asyncio.Event()
        projector = book.projector()
        partition = book.partition_of(CRISIS)
        worker = asyncio.create_task(projector.run([partition], stop))
        quarter = -(-count // QUARTERS)
        for start in range(0, count, quarter):
            part = events[start : start + quarter]
            began = time.perf_counter()
            for batch in batches(part):
                await book.ledger.append(batch)
            tell(f"append  {start:>7,} +", len(part), began)
            await projector.wait_visible(partition, start + len(part), VISIBLE_S_MAX)
            tell(f"visible {start:>7,} +", len(part), began)
        stop.set()
        await worker
        began = time.perf_counter()
        for _ in range(READS):
            await queries.tolls(book, CRISIS, Question(measure="killed"))
        tell("tolls query", READS, began)


def tell(what: str, count: int, began: float) -> None:
    spent = time.perf_counter() - began
    print(f"{what:<18} {count:>7,} in {spent:6.2f} s  {count / spent:>10,.0f} a second")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=20_000)
    count = options.parse_args().events
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        asyncio.run(measure(count, Path(folder)))


if __name__ == "__main__":
    main()
