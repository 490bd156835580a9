"""An fsync that fails or takes its time: no receipt is given before it is done."""

import asyncio
import time
from pathlib import Path

import pytest
from tests.conftest import opened
from tests.faults.checker import must_be_proved, must_hold
from tests.faults.disk_kit import ENGINE_TROUBLE, Engine, Publishers, needed, short_folder

from tollbook_services.engine_files import server_binary
from tollbook_services.ledger import Ledger

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

PUBLISHERS = 3
SYNCS_BEFORE = 40
DELAY_S = 0.4
BATCHES = 4


def injecting(what: str) -> list[str]:
    """A strace that does something to every fdatasync of what it starts."""
    strace = [needed("strace"), "-D", "-f", "-qq", "-e", "signal=none", "-o", "/dev/null"]
    return [*strace, "-e", "trace=fdatasync,fsync", "-e", f"inject=fdatasync,fsync:{what}"]


async def prepared(folder: Path) -> Engine:
    """An engine that is not running, with an empty ledger."""
    engine = Engine(server_binary(), folder)
    assert await engine.start()
    async with opened(engine.url) as redis:
        await Ledger.open(redis, partitions=2)
    engine.kill()
    return engine


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
async def test_what_a_failing_fsync_should_have_kept_is_never_acknowledged(error):
    with short_folder() as folder:
        engine = await prepared(folder)
        try:
            assert await engine.start(injecting(f"error={error}:when={SYNCS_BEFORE}+"))
            publishers = Publishers(engine.url, crises=9)
            await publishers.publish(PUBLISHERS, asyncio.Event())
            assert len(publishers.errors) == PUBLISHERS
            assert publishers.acknowledged
            assert publishers.in_flight
            await engine.ended()
            assert "fsync policy is 'always'" in engine.said()

            assert await engine.start(), engine.said()
            async with opened(engine.url) as redis:
                await must_hold(redis, publishers.acknowledged, publishers.in_flight)
                ledger = await Ledger.open(redis, create=False)
                await publishers.send(ledger, sorted(publishers.in_flight))
                await must_hold(redis, publishers.acknowledged)
                await must_be_proved(redis)
        finally:
            engine.kill()


async def test_no_receipt_comes_before_a_slow_fsync_has_ended():
    with short_folder() as folder:
        engine = await prepared(folder)
        try:
            delay = f"delay_enter={int(DELAY_S * 1_000_000)}"
            assert await engine.start(injecting(delay))
            publishers = Publishers(engine.url)
            async with opened(engine.url) as redis:
                ledger = await Ledger.open(redis, create=False)
                for number in range(BATCHES):
                    began = time.monotonic()
                    await publishers.send(ledger, [f"slow{number}"])
                    assert time.monotonic() - began >= DELAY_S
                sending = asyncio.create_task(publishers.send(ledger, ["cut"]))
                await asyncio.sleep(DELAY_S / 4)
                assert not sending.done()
                engine.kill()
                with pytest.raises(ENGINE_TROUBLE):
                    await sending
            assert "cut" in publishers.in_flight

            assert await engine.start(), engine.said()
            async with opened(engine.url) as redis:
                await must_hold(redis, publishers.acknowledged, publishers.in_flight)
                await must_be_proved(redis)
        finally:
            engine.kill()
