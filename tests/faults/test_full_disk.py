"""The disk is full under `tollbook serve`: publishers are told, nothing acknowledged is lost."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.conftest import opened
from tests.faults.checker import must_be_proved, must_hold
from tests.faults.disk_kit import ENGINE_TROUBLE, Publishers, short_folder
from tests.faults.small_disk import SmallDisk, small_disk

from tollbook_services.ledger import Ledger
from tollbook_services.sealing.keyring import read_key_file

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

SIZE, BALLOON = "6m", "3m"
PATIENCE_S = 60.0
PUBLISHERS = 3
SERVE = (sys.executable, "-m", "tollbook_services.cli", "serve", "--data")


class Serving:
    """A `tollbook serve` on a small disk, and what it logged."""

    def __init__(self, disk: SmallDisk) -> None:
        self.url = f"unix://{disk.seen}/engine.sock"
        self.log: list[dict[str, Any]] = []
        self.rest = b""

    async def read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            if line.startswith(b"{"):
                self.log.append(json.loads(line))
            else:
                self.rest += line

    def said(self, event: str) -> list[str]:
        """The reasons that it gave for something."""
        return [
            str(one.get("reason", one.get("error", "")))
            for one in self.log
            if one["event"] == event
        ]

    def says_that_the_disk_is_full(self) -> bool:
        return any("the disk is full" in one for one in self.said("engine died"))


@asynccontextmanager
async def serving(disk: SmallDisk) -> AsyncIterator[Serving]:
    """A `tollbook serve` on a small disk, stopped at the exit."""
    environment = {name: text for name, text in os.environ.items() if "TOLLBOOK_" not in name}
    process = await asyncio.create_subprocess_exec(
        *disk.inside,
        *SERVE,
        str(disk.path),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=environment | {"TOLLBOOK_API_SERVE": "false", "TOLLBOOK_PARTITIONS": "2"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    serve = Serving(disk)
    reading = asyncio.create_task(serve.read(process.stderr))
    try:
        ready = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        assert ready.startswith(b"tollbook is ready"), (ready, serve.log, serve.rest)
        yield serve
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_S)
        await reading


async def test_a_full_disk_is_told_and_loses_nothing_and_all_goes_on_with_room():
    with short_folder() as folder, small_disk(folder, SIZE, BALLOON) as disk:
        async with serving(disk) as serve:
            publishers = Publishers(serve.url, crises=9)
            await publishers.publish(PUBLISHERS, asyncio.Event())
            assert len(publishers.acknowledged) > PUBLISHERS
            assert publishers.errors
            assert all(isinstance(one, ENGINE_TROUBLE) for one in publishers.errors)

            async with asyncio.timeout(PATIENCE_S):
                while not serve.says_that_the_disk_is_full():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert "Make room" in serve.said("engine died")[-1]

            disk.make_room()
            async with asyncio.timeout(PATIENCE_S):
                while not await goes_on(publishers):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            async with opened(serve.url) as redis:
                await must_hold(redis, publishers.acknowledged, publishers.in_flight)
                await must_be_proved(redis, read_key_file(disk.seen / "keys" / "signing"))


async def goes_on(publishers: Publishers) -> bool:
    """Whether one more event can be published; the same is sent until it is acknowledged."""
    try:
        async with opened(publishers.url) as redis:
            await publishers.send(await Ledger.open(redis, create=False), ["with-room"])
    except ENGINE_TROUBLE:
        return False
    return True
