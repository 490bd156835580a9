"""Measures the live feed: many readers, a stream of events, and whether each got every change once.

Engine, projector, server, publisher and readers are processes of this machine, all on its cores.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
from redis.asyncio import Redis
from reports import parsed, synthetic

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent
from tollbook_services import keys
from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger
from tollbook_services.live.change import live_change
from tollbook_services.live.filter import Filter
from tollbook_services.live.place import EntryId, FeedPlace
from tollbook_services.live.stream import Entry
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels

READERS_OF_A_PROCESS = 500
PARTS_A_SECOND = 20
STARTED_S_MAX = 60.0
FOLDED_S_MAX = 120.0
READ_S_MAX = 300.0
HERE = Path(__file__).parent


@dataclass
class Outcome:
    """What the readers got.

    Attributes:
        changes: how many there were.
        lost: changes that a reader did not get, over all readers.
        repeated: changes that a reader got again, or not in order.
        cut: what readers were told that were cut off.
        cpu: seconds of CPU of each process, by what it is.
    """

    readers: int
    events: int
    changes: int = 0
    mebibytes: float = 0.0
    seconds: float = 0.0
    lost: int = 0
    repeated: int = 0
    cut: list[str] = field(default_factory=list)
    delays_ms: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        per_s = self.changes / self.seconds
        delays = "  ".join(f"{name} {value:,.0f} ms" for name, value in self.delays_ms.items())
        cpu = "  ".join(f"{name} {used / self.seconds:.0%}" for name, used in self.cpu.items())
        return (
            f"{self.readers:,} readers, {self.events:,} events in {self.seconds:.1f} s "
            f"({self.events / self.seconds:,.0f}/s), {self.changes:,} changes ({per_s:,.0f}/s), "
            f"{self.readers * per_s:,.0f} deliveries/s, "
            f"{self.readers * self.mebibytes / self.seconds:,.0f} MiB/s\n"
            f"lost {self.lost:,}  repeated {self.repeated:,}  cut {len(self.cut):,}\n"
            f"from recorded to received: {delays}\n"
            f"CPU while events came: {cpu}"
        )


async def measure(readers: int, events: int, rate: int, data: Path, query: str) -> Outcome:
    """One run."""
    outcome, reports = Outcome(readers, events), parsed(synthetic(0, events))
    async with AsyncExitStack() as stack:
        handle = await stack.enter_async_context(open_engine(data))
        redis = await connect(handle.url)
        stack.push_async_callback(redis.aclose)
        ledger = await Ledger.open(redis)
        run = ("-m", "tollbook_services.cli")
        projector = await stack.enter_async_context(_process(*run, "projector", "--data", data))
        server = await stack.enter_async_context(
            _process(*run, "api", "--port", "0", "--data", data, stdout=PIPE, stderr=DEVNULL)
        )
        url = await _address(server)
        groups = []
        for at in range(0, readers, READERS_OF_A_PROCESS):
            count = min(READERS_OF_A_PROCESS, readers - at)
            script = HERE / "feed_readers.py"
            group = await stack.enter_async_context(
                _process(script, f"{url}/v1/feed?{query}", count, stdin=PIPE, stdout=PIPE)
            )
            groups.append(group)
        for group in groups:
            await asyncio.wait_for(_line(group), STARTED_S_MAX)
        watched = {"server": server, "projector": projector}
        used = {name: _used_s(process.pid) for name, process in watched.items()}
        engine_s, own_s = _used_s(handle.pid), time.process_time()
        reading_s = sum(_used_s(group.pid) for group in groups)
        began = time.perf_counter()
        await _publish(ledger, reports, rate)
        outcome.seconds = time.perf_counter() - began
        outcome.cpu = {name: _used_s(process.pid) - used[name] for name, process in watched.items()}
        outcome.cpu["engine"] = _used_s(handle.pid) - engine_s
        outcome.cpu["publisher"] = time.process_time() - own_s
        outcome.cpu["readers"] = sum(_used_s(group.pid) for group in groups) - reading_s
        await _folded(ledger, redis)
        wanted = Filter(**dict(parse_qsl(query)))
        await _judge(outcome, redis, ledger, groups, wanted)
    return outcome


async def _publish(ledger: Ledger, reports: list[ParsedEvent], rate: int) -> None:
    """Append events in equal parts, at their times."""
    loop = asyncio.get_running_loop()
    part, began = max(1, rate // PARTS_A_SECOND), loop.time()
    for at in range(0, len(reports), part):
        await asyncio.sleep(max(0.0, began + at / rate - loop.time()))
        await ledger.append(reports[at : at + part])


async def _folded(ledger: Ledger, redis: Redis) -> None:
    """Wait until the projector has made every change."""
    async with asyncio.timeout(FOLDED_S_MAX):
        for partition in range(ledger.partitions):
            head = await ledger.head(partition)
            book = Projector(ledger, ReadModels(redis), _folds())
            while not await book.wait_visible(partition, head, 1.0):
                pass


def _folds() -> Any:
    from tollbook_projections import catalogue  # noqa: PLC0415
    from tollbook_schemas.policy import default_policy  # noqa: PLC0415

    return catalogue.folds(default_gazetteer(), default_policy())


async def _judge(
    outcome: Outcome, redis: Redis, ledger: Ledger, groups: list[Process], wanted: Filter
) -> None:
    """Compare what each reader got with the stream itself."""
    stored = await redis.xrange(keys.CHANGES)
    entries = [Entry(EntryId.of(one), fields[b"change"]) for one, fields in stored]
    every = [live_change(ledger.id, one, default_gazetteer()) for one in entries]
    changes = [one for one in every if one.subject and one.subject.fits(wanted)]
    expected = {FeedPlace(ledger.id, one.entry).token(): at for at, one in enumerate(changes)}
    size = sum(len(one.sent) for one in changes)
    outcome.changes, outcome.mebibytes = len(expected), size / 2**20
    for group in groups:
        assert group.stdin is not None
        group.stdin.write(orjson.dumps([size]) + b"\n")
    for group in groups:
        told = orjson.loads(await asyncio.wait_for(_line(group), READ_S_MAX))
        for count, ids in told["got"]:
            outcome.lost += count * len(expected.keys() - set(ids))
            places = [expected[one] for one in ids]
            outcome.repeated += count * sum(b <= a for a, b in pairwise(places))
        outcome.cut += told["cut"]
        for name in ("p50_ms", "p99_ms", "max_ms"):
            outcome.delays_ms[name[:-3]] = max(outcome.delays_ms.get(name[:-3], 0.0), told[name])


@asynccontextmanager
async def _process(*arguments: object, **pipes: int) -> AsyncIterator[Process]:
    """A Python process, ended at the exit."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, arguments),
        **{"stdin": DEVNULL, "stdout": DEVNULL, "stderr": None, **pipes},
        env=os.environ
        | {"TOLLBOOK_API_OPEN_READING": "1", "TOLLBOOK_API_RATE_PER_MINUTE": "1000000"},
        limit=2**30,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _address(server: Process) -> str:
    assert server.stdout is not None
    while line := await asyncio.wait_for(server.stdout.readline(), STARTED_S_MAX):
        word = line.decode().split()[-1]
        if word.startswith("http://"):
            return word
    raise RuntimeError("the server does not start")


async def _line(process: Process) -> bytes:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("readers ended early")
    return line


def _used_s(pid: int) -> float:
    """CPU seconds of a process that runs (Linux)."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--readers", type=int, default=1_000)
    options.add_argument("--rate", type=int, default=1_000, help="events a second")
    options.add_argument("--events", type=int, default=10_000)
    options.add_argument("--query", default="", help="filters of the readers: measure=killed")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        data = Path(folder)
        outcome = asyncio.run(measure(asked.readers, asked.events, asked.rate, data, asked.query))
    print(outcome)
    if outcome.lost or outcome.repeated or outcome.cut:
        sys.exit(4)


if __name__ == "__main__":
    main()
