"""Measures durable appends beside plain pipelined XADD of the same bytes, in one run."""

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from reports import parsed, synthetic

from tollbook_schemas.parse import ParsedEvent
from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger

BATCH = 500
IN_FLIGHT = 2
ROUNDS = 4
DURABLE_MS_MAX = 20_000
LOOK_S = 0.01

Batch = Sequence[ParsedEvent]
Store = Callable[[Batch], Awaitable[object]]


@dataclass(frozen=True)
class Spent:
    """What storing one event cost.

    Attributes:
        rate: events a second.
        client_us: CPU of this process, microseconds an event.
        server_us: CPU of the engine.
        bytes: memory of the engine.
    """

    rate: float
    client_us: float
    server_us: float
    bytes: float

    def __str__(self) -> str:
        return (
            f"{self.rate:>8,.0f}/s  client {self.client_us:4.1f} us  "
            f"server {self.server_us:4.1f} us  {self.bytes:5.0f} bytes"
        )


def plain(redis: Redis) -> Store:
    """XADD of the same bytes, pipelined; one fsync for a batch, no identity, no hash, no order."""

    async def store(batch: Batch) -> None:
        async with redis.pipeline(transaction=False) as pipe:
            for event in batch:
                pipe.xadd("plain", {"e": event.canonical})
            pipe.execute_command("WAITAOF", 1, 0, DURABLE_MS_MAX)
            await pipe.execute()

    return store


async def spent(redis: Redis, events: Batch, store: Store) -> Spent:
    waiting = [events[at : at + BATCH] for at in range(0, len(events), BATCH)][::-1]

    async def worker() -> None:
        while waiting:
            await store(waiting.pop())

    memory = await _memory(redis)
    server = await _server_s(redis)
    client, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    wall = time.perf_counter() - began
    client = time.process_time() - client
    count = len(events)
    return Spent(
        count / wall,
        1e6 * client / count,
        1e6 * (await _server_s(redis) - server) / count,
        (await _memory(redis) - memory) / count,
    )


async def _server_s(redis: Redis) -> float:
    info = await redis.info("cpu")
    return float(info["used_cpu_user"] + info["used_cpu_sys"])


async def _memory(redis: Redis) -> int:
    """Bytes in use once what was deleted is freed: Valkey does that beside its work."""
    while (info := await redis.info("memory"))["lazyfree_pending_objects"]:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)
    return int(info["used_memory"])


async def measure(count: int, data: Path) -> None:
    async with open_engine(data) as handle:
        redis = await connect(handle.url)
        ledger = await Ledger.open(redis, partitions=1)
        ratios = []
        part = count // ROUNDS
        for turn in range(ROUNDS):
            events = parsed(synthetic(turn * part, part))
            gc.collect()
            gc.freeze()
            xadd = await spent(redis, events, plain(redis))
            await redis.delete("plain")
            append = await spent(redis, events, ledger.append)
            ratios.append(append.rate / xadd.rate)
            print(f"{part:,} events  XADD    {xadd}")
            print(f"{part:,} events  append  {append}  ratio {ratios[-1]:.2f}")
        print(f"append: median ratio to pipelined XADD {statistics.median(ratios):.2f}")
        await redis.aclose()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=200_000)
    count = options.parse_args().events
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        asyncio.run(measure(count, Path(folder)))


if __name__ == "__main__":
    main()
