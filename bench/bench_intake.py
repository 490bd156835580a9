"""Measures the intake, from inbox to ledger, beside pipelined XADD of the same bytes."""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from reports import synthetic

from tollbook_services import keys
from tollbook_services.engine import connect, open_engine
from tollbook_services.inbox_group import ensure_group
from tollbook_services.ledger import Ledger

BATCH = 500
ROUNDS = 3
DURABLE_MS_MAX = 20_000
LOOK_S = 0.01
WORKER = """
import asyncio, signal, sys
from tollbook_services.intake import run_intake
async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_intake(sys.argv[1], sys.argv[2], stop)
asyncio.run(main())
"""


@dataclass(frozen=True)
class Spent:
    """What storing one report cost: events a second, and CPU in microseconds an event."""

    rate: float
    client_us: float
    server_us: float

    def __str__(self) -> str:
        cpu = f"client {self.client_us:5.1f} us  server {self.server_us:5.1f} us"
        return f"{self.rate:>8,.0f}/s  {cpu}"


async def fill(redis: Redis, raws: Sequence[bytes]) -> Spent:
    """The floor: the reports put into the inbox, pipelined, an fsync for each batch."""
    server, client, began = await _server_s(redis), time.process_time(), time.perf_counter()
    for at in range(0, len(raws), BATCH):
        async with redis.pipeline(transaction=False) as pipe:
            for raw in raws[at : at + BATCH]:
                pipe.xadd(keys.INBOX, {"event": raw})
            pipe.execute_command("WAITAOF", 1, 0, DURABLE_MS_MAX)
            await pipe.execute()
    wall, client = time.perf_counter() - began, time.process_time() - client
    return _spent(len(raws), wall, client, await _server_s(redis) - server)


async def drain(redis: Redis, url: str, ledger: Ledger, count: int, workers: int) -> Spent:
    """The intakes from their first append until the inbox is empty."""
    head = await _events(ledger)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, url, ledger.id, stderr=asyncio.subprocess.DEVNULL
        )
        for _ in range(workers)
    ]
    while await _events(ledger) == head:  # noqa: ASYNC110 - other processes are waited for
        await asyncio.sleep(0)
    used = sum(map(_used_s, processes))
    first, server, began = await _events(ledger), await _server_s(redis), time.perf_counter()
    while await redis.xlen(keys.INBOX):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)
    wall, server = time.perf_counter() - began, await _server_s(redis) - server
    used = sum(map(_used_s, processes)) - used
    for process in processes:
        process.terminate()
        await process.wait()
    done = await _events(ledger)
    if done != head + count:
        raise RuntimeError(f"{done - head:,} of {count:,} events were appended")
    return _spent(done - first, wall, used, server)


def _spent(count: int, wall_s: float, client_s: float, server_s: float) -> Spent:
    return Spent(count / wall_s, 1e6 * client_s / count, 1e6 * server_s / count)


def _used_s(process: asyncio.subprocess.Process) -> float:
    """CPU seconds of a process that runs (Linux), so without its start."""
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def _server_s(redis: Redis) -> float:
    info = await redis.info("cpu")
    return float(info["used_cpu_user"] + info["used_cpu_sys"])


async def _events(ledger: Ledger) -> int:
    return sum([await ledger.head(partition) for partition in range(ledger.partitions)])


async def measure(count: int, workers: int, data: Path) -> None:
    """A few rounds, each with its own floor."""
    async with open_engine(data) as handle:
        redis = await connect(handle.url)
        ledger = await Ledger.open(redis)
        await ensure_group(redis)
        ratios = []
        part = count // ROUNDS
        for turn in range(ROUNDS):
            xadd = await fill(redis, list(synthetic(turn * part, part)))
            intake = await drain(redis, handle.url, ledger, part, workers)
            ratios.append(intake.rate / xadd.rate)
            print(f"{part:,} reports  XADD    {xadd}")
            print(f"{part:,} reports  intake  {intake}  ratio {ratios[-1]:.2f}")
        middle = statistics.median(ratios)
        print(f"intake: {workers} at work, median ratio to pipelined XADD {middle:.2f}")
        await redis.aclose()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=200_000)
    options.add_argument("--workers", type=int, default=1, help="intake processes")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        asyncio.run(measure(asked.events, asked.workers, Path(folder)))


if __name__ == "__main__":
    main()
