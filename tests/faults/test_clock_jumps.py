"""The clock of an engine, or of a publisher, jumps: recorded times never go back, work goes on."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import opened
from tests.faults.checker import FOLDS, must_be_proved, must_hold
from tests.faults.disk_kit import Engine, Publishers, missing, needed, short_folder

from tollbook_services.engine_files import server_binary
from tollbook_services.heartbeats import Heartbeats, engine_time_ms
from tollbook_services.ledger import Ledger
from tollbook_services.projector import ROLE, Projector
from tollbook_services.readmodels import ReadModels

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

PATIENCE_S = 60.0
HOUR_S = 3600
JUMPS_S = (HOUR_S, -HOUR_S, 24 * HOUR_S, 0)
"""Against the true time, one after the other."""

PUBLISH = """
import asyncio, sys
from tests.contract.ledger_kit import event
from tollbook_services.connection import connect
from tollbook_services.ledger import Ledger

async def publish(url, name):
    redis = await connect(url)
    ledger = await Ledger.open(redis, create=False)
    receipt, = await ledger.append([event(name)])
    print(receipt.partition, receipt.sequence)
    await redis.aclose()

asyncio.run(publish(sys.argv[1], sys.argv[2]))
"""


def library() -> str:
    """libfaketime, by which a process sees another time."""
    needed("faketime")
    places = [Path("/usr/lib"), Path("/usr/local/lib")]
    found = [one for place in places for one in place.glob("**/faketime/libfaketimeMT.so.1")]
    return str(found[0]) if found else missing("no libfaketimeMT.so.1")


def seen_time(offset: str) -> dict[str, str]:
    """Variables with which a process sees another time, and the true one go by."""
    return {"LD_PRELOAD": library(), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME": offset}


async def recorded_times(ledger: Ledger) -> list[list[int]]:
    """When the events of each partition were recorded."""
    pages = [
        await ledger.read(partition, after=0, count=1_000_000)
        for partition in range(ledger.partitions)
    ]
    return [[entry.recorded_at for entry in page] for page in pages]


async def test_a_ledger_and_its_projector_go_on_while_the_engines_clock_jumps():
    with short_folder() as folder:
        clock = folder / "clock"
        clock.write_text("+0")
        variables = seen_time("+0") | {
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
        }
        del variables["FAKETIME"]
        engine = Engine(server_binary(), folder)
        try:
            wrap = [needed("env"), *(f"{name}={value}" for name, value in variables.items())]
            assert await engine.start(wrap)
            async with opened(engine.url) as redis:
                ledger = await Ledger.open(redis, partitions=1)
                publishers, stop = Publishers(engine.url), asyncio.Event()
                projector = Projector(ledger, ReadModels(redis), FOLDS)
                folding = asyncio.create_task(projector.run([0], stop))
                for number, jump_s in enumerate(JUMPS_S):
                    before_ms = await engine_time_ms(redis)
                    clock.write_text(f"{jump_s:+d}")
                    await publishers.send(ledger, [f"j{number}-{one}" for one in range(5)])
                    after_ms = await engine_time_ms(redis)
                    assert abs(after_ms - before_ms) > HOUR_S * 500
                    head = await ledger.head(0)
                    assert await projector.wait_visible(0, head, timeout=PATIENCE_S)
                    async with asyncio.timeout(PATIENCE_S):
                        while not await Heartbeats(redis).alive(0, ROLE):  # noqa: ASYNC110
                            await asyncio.sleep(0.05)
                stop.set()
                await folding
                (times,) = await recorded_times(ledger)
                assert times == sorted(times)
                await must_hold(redis, publishers.acknowledged)
                await must_be_proved(redis)
        finally:
            engine.kill()


async def test_what_publishers_with_other_clocks_record_never_goes_back(engine_url):
    async with opened(engine_url) as redis:
        ledger = await Ledger.open(redis, partitions=1)
        places: dict[str, tuple[int, int]] = {}
        for number, jump_s in enumerate((0, 20, -HOUR_S, 0)):
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", PUBLISH, engine_url, f"e{number}"],
                env=os.environ | seen_time(f"{jump_s:+d}"),
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_S,
            )
            assert done.returncode == 0, done.stderr
            partition, sequence = done.stdout.split()
            places[f"e{number}"] = (int(partition), int(sequence))
        (times,) = await recorded_times(ledger)
        assert times == sorted(times)
        await must_hold(redis, places)
        await must_be_proved(redis)
