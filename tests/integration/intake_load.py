"""Events, workers and looks into the engine for the tests of the intake."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.engine import connect
from tollbook_services.intake import run_intake
from tollbook_services.ledger import Ledger

WORKER = (
    "import asyncio, sys; from tollbook_services.intake import run_intake; "
    "asyncio.run(run_intake(sys.argv[1], sys.argv[2], asyncio.Event()))"
)


def event(name: str, value: int = 1, crisis: str = "flood-2025") -> bytes:
    """A small report that the contract accepts."""
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": value},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-11",
    }
    return orjson.dumps(
        {
            "specversion": "1.0",
            "type": "org.tollbook.report.filed.v1",
            "source": "https://desk.example.org",
            "id": name,
            "subject": crisis,
            "time": "2025-03-11T20:00:00Z",
            "datacontenttype": "application/json",
            "data": {"originator": "sohr", "published_at": "2025-03-11", "figures": [figure]},
        }
    )


async def wait_for(done: Callable[[], Any], what: str, patience_s: float = 20.0) -> None:
    """Wait until an async check holds."""
    clock = asyncio.get_running_loop().time
    until = clock() + patience_s
    while not await done():
        assert clock() < until, f"not within {patience_s} s: {what}"
        await asyncio.sleep(0.05)


async def settled(redis: Redis) -> bool:
    """Whether the inbox is empty and nothing is pending."""
    if await redis.xlen(keys.INBOX):
        return False
    groups = await redis.xinfo_groups(keys.INBOX)
    return all(group["pending"] == 0 for group in groups)


@contextlib.asynccontextmanager
async def client(url: str) -> AsyncIterator[Redis]:
    redis = await connect(url)
    try:
        yield redis
    finally:
        await redis.aclose()


@contextlib.asynccontextmanager
async def intake_running(url: str) -> AsyncIterator[asyncio.Task[None]]:
    """An intake worker in this process, stopped cleanly at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_intake(url, await ledger_id(url), stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


async def start_worker(url: str) -> asyncio.subprocess.Process:
    """An intake worker in a process of its own, to be killed."""
    ledger = await ledger_id(url)
    return await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, url, ledger, stderr=2)


async def ledger_id(url: str) -> str:
    """The id of the engine's ledger, made where there is none."""
    async with client(url) as redis:
        return (await Ledger.open(redis)).id


async def stored_names(ledger: Ledger) -> list[str]:
    """The id of every stored event, in partition and sequence order."""
    names: list[str] = []
    for partition in range(ledger.partitions):
        after = 0
        while page := await ledger.read(partition, after, 500):
            names.extend(orjson.loads(entry.stored)["id"] for entry in page)
            after = page[-1].sequence
    return names


async def rejected(redis: Redis) -> list[dict[bytes, bytes]]:
    """The fields of every entry of the rejected stream."""
    return [fields for _, fields in await redis.xrange(keys.REJECTED)]
