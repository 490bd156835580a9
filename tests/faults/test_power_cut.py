"""The power goes: whatever was not synced is gone, and nothing that was acknowledged was in it.

strace writes down each write and each finished fdatasync of a loaded engine. A cut at any moment
leaves the file as the last fdatasync covered it, and perhaps some bytes of what came after.
"""

import asyncio
import os
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from tests.conftest import opened
from tests.faults.checker import must_be_proved, must_hold
from tests.faults.disk_kit import Engine, Publishers, needed, short_folder

from tollbook_schemas.errors import EngineError
from tollbook_services.engine_files import server_binary
from tollbook_services.guard import admit
from tollbook_services.ledger import Ledger
from tollbook_services.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

CUTS = int(os.environ.get("TOLLBOOK_POWER_CUTS", "12"))
SEED = int(os.environ.get("TOLLBOOK_FAULTS_SEED", "1"))
PUBLISHERS = 4
PARTITIONS = 2
LOAD_S = 2.5
CALL = re.compile(r"(?P<pid>\d+) +(?P<at>[\d.]+) (?:(?P<name>\w+)\(|<\.\.\. \w+ resumed>)")
RESULT = re.compile(r"= (\d+) <([\d.]+)>$")


@dataclass(frozen=True)
class Cut:
    """What is on the disk from the end of one fdatasync to the end of the next.

    Attributes:
        synced: bytes of the file that an fdatasync has covered.
        written: bytes that were written by the end.
        until_s: when the next fdatasync ended; who was told something before was told of this.
    """

    synced: int
    written: int
    until_s: float


def cuts_in(trace: Path) -> list[Cut]:
    """Every state of the append-only file that a power cut could have left."""
    cuts: list[Cut] = []
    written = synced = 0
    open_calls: dict[str, tuple[str, int]] = {}
    for line in trace.read_text(errors="replace").splitlines():
        call, result = CALL.match(line), RESULT.search(line)
        if call is None:
            continue
        name = call["name"]
        if name:
            if ".incr.aof" not in line:
                continue
            open_calls[call["pid"]] = (name, written)
        if result is None or call["pid"] not in open_calls:
            continue
        name, before = open_calls.pop(call["pid"])
        if name == "write":
            written += int(result[1])
        else:
            ended_s = float(call["at"]) + (float(result[2]) if call["name"] else 0.0)
            cuts.append(Cut(synced, written, ended_s))
            synced = before
    return cuts


async def traced_load(folder: Path, appendfsync: str) -> tuple[Publishers, list[Cut], Engine]:
    """Publishers on an engine that is traced until it is killed."""
    engine = Engine(server_binary(), folder / "live", appendfsync=appendfsync)
    engine.folder.mkdir()
    trace = folder / "trace"
    strace = needed("strace")
    wrap = [strace, "-D", "-f", "-qq", "-y", "-ttt", "-T", "-s", "0", "-e", "signal=none"]
    wrap += ["-e", "trace=write,fdatasync,fsync", "-o", str(trace)]
    assert await engine.start(wrap), engine.said()
    async with opened(engine.url) as redis:
        await Ledger.open(redis, partitions=PARTITIONS)
    publishers, stop = Publishers(engine.url, crises=9), asyncio.Event()
    load = asyncio.create_task(publishers.publish(PUBLISHERS, stop))
    await asyncio.sleep(LOAD_S)
    engine.kill()
    await load
    return publishers, cuts_in(trace), engine


def cut_copy(engine: Engine, size: int, folder: Path) -> Engine:
    """The files as a power cut leaves them, in another folder."""
    folder.mkdir()
    shutil.copytree(engine.files, folder / "appendonlydir")
    copy = Engine(server_binary(), folder)
    os.truncate(copy.tail, size)
    return copy


def told_by(publishers: Publishers, cut: Cut) -> dict[str, tuple[int, int]]:
    """What had been acknowledged before the cut."""
    told = publishers.told_s
    return {name: at for name, at in publishers.acknowledged.items() if told[name] < cut.until_s}


async def test_what_was_acknowledged_survives_a_power_cut_at_any_moment():
    chance = random.Random(SEED)
    with short_folder() as folder:
        publishers, cuts, engine = await traced_load(folder, "always")
        size = engine.tail.stat().st_size
        assert len(cuts) > CUTS
        assert cuts[-1].written <= size
        loaded = [cut for cut in cuts if told_by(publishers, cut)]
        chosen = [*chance.sample(loaded, CUTS - 1), loaded[-1]]
        for number, cut in enumerate(chosen):
            torn = chance.choice([0, chance.randrange(cut.written - cut.synced + 1)])
            copy = cut_copy(engine, cut.synced + torn, folder / f"c{number}")
            try:
                assert await copy.start(), copy.said()
                async with opened(copy.url) as redis:
                    await must_hold(redis, told_by(publishers, cut), publishers.sent)
                    if cut is chosen[-1]:
                        await must_be_proved(redis)
            finally:
                copy.kill()


async def test_everysec_forgets_what_it_had_acknowledged_and_is_refused():
    with short_folder() as folder:
        publishers, cuts, engine = await traced_load(folder, "everysec")
        lost = 0
        for number, cut in enumerate(cuts):
            copy = cut_copy(engine, cut.synced, folder / f"c{number}")
            try:
                assert await copy.start(), copy.said()
                with Redis.from_url(copy.url) as plain:
                    kept = sum(plain.xlen(f"tollbook:{{{p}}}:ledger") for p in range(PARTITIONS))
                lost = max(lost, len(told_by(publishers, cut)) - kept)
            finally:
                copy.kill()
        assert lost > 0, "this is what `always` is asked for"

        weak = Engine(server_binary(), folder / "live", appendfsync="everysec")
        try:
            assert await weak.start()
            async with opened(weak.url) as redis:
                with pytest.raises(EngineError, match="appendfsync is everysec, set it to always"):
                    await admit(redis, Settings(redis=weak.url), create=False)
        finally:
            weak.kill()
