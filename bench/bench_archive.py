"""Measures an engine's memory before and after archiving, and reading archive beside stream.

An allocator may keep what it got: a restarted engine shows what is needed.

Reading the whole ledger out of its stream, before, is the floor of reading it out of the archive.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from reports import parsed, synthetic

from tollbook_schemas.tlog.keys import KeyKind, SigningKey
from tollbook_services import keys
from tollbook_services.append_only_file import rewritten
from tollbook_services.archive.archiving import archive_ledger
from tollbook_services.archive.place import place_of
from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.sealer import Sealer

KEY = SigningKey.from_seed("bench.example.org", KeyKind.LOG, bytes(32))
KEEP = 10_000
PORTION = 20_000
PAGE = 2_000


async def memory(redis: Redis, moment: str, events: int) -> float:
    """Print what the engine holds; resident MB."""
    await redis.memory_purge()
    found: dict[str, Any] = await redis.info("memory")
    resident, used = found["used_memory_rss"] / 2**20, found["used_memory"] / 2**20
    each = found["used_memory"] / events
    print(f"{moment:<9} resident {resident:>7,.0f} MiB  used {used:>7,.0f} MiB  {each:>5,.0f} B")
    return resident


async def read_all(ledger: Ledger) -> float:
    """Events a second, reading a partition from its first event on."""
    began, read = time.perf_counter(), 0
    while entries := await ledger.read(0, read, PAGE):
        read += len(entries)
    return read / (time.perf_counter() - began)


async def run(count: int) -> None:
    """Append, seal, archive and trim so many events, and measure on the way."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_engine(Path(folder) / "engine") as engine:
            redis = await connect(engine.url)
            ledger = await Ledger.open(redis, partitions=1)
            for first in range(0, count, PORTION):
                size = min(PORTION, count - first)
                await ledger.append(parsed(synthetic(first, size)))
            await Sealer(ledger, KEY).catch_up(0)
            before = await memory(redis, "before", count)
            streamed = await read_all(ledger)
            place = place_of(str(Path(folder) / "archive"), create=True)
            began = time.perf_counter()
            (done,) = await archive_ledger(ledger, place, KEEP, lambda _: None)
            rate = count / (time.perf_counter() - began)
            await rewritten(redis)
            after = await memory(redis, "after", count)
            archived = await read_all(ledger)
            for name in (keys.INDEX, keys.tiles(0), keys.ledger(0)):
                size = await redis.memory_usage(name, samples=100) or 0
                print(f"  {name:<22} {size / 2**20:>7,.0f} MiB")
            await redis.aclose()
        async with open_engine(Path(folder) / "engine") as engine:
            redis = await connect(engine.url)
            again = await memory(redis, "restarted", count)
            await redis.aclose()
    print(f"archived and trimmed {done.trimmed:,} of {count:,} events, {rate:,.0f}/s")
    print(f"resident after / before  {after / before:.2f}, restarted {again / before:.2f}")
    print(f"read     stream {streamed:>9,.0f}/s  archive {archived:>9,.0f}/s", end="")
    print(f"  ratio {archived / streamed:.2f}")


def main() -> None:
    """Measure with so many events."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    asyncio.run(run(parser.parse_args().events))


if __name__ == "__main__":
    main()
