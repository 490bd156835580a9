"""An engine that a test starts by itself, under strace or not, with files that the test damages."""

import asyncio
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory
from typing import NoReturn
from zlib import crc32

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.conftest import opened
from tests.contract.ledger_kit import event
from tests.faults.checker import Place
from tests.server_kit import START_S_MAX

from tollbook_schemas.errors import TollbookError
from tollbook_services.ledger import Ledger

OPTIONS = {
    "port": "0",
    "unixsocket": "s",
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "save": "",
    "auto-aof-rewrite-percentage": "0",
}
BATCH = 7
ENGINE_TROUBLE = (RedisError, TollbookError, OSError)


def needed(program: str) -> str:
    """The path of a program; without it the test is skipped, and in CI it fails."""
    return shutil.which(program) or missing(f"no {program} on this machine")


def missing(reason: str) -> NoReturn:
    """Say why a test cannot run here: a skip, in CI a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; in CI these tests have to run", pytrace=False)
    pytest.skip(reason)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with TemporaryDirectory(prefix="tb-") as folder:
        yield Path(folder)


class Engine:
    """A server on the files of a folder."""

    def __init__(self, binary: Path, folder: Path, **more: str) -> None:
        self.folder, self.log = folder, folder / "log"
        self.url = f"unix://{folder / 's'}"
        options = OPTIONS | {"dir": str(folder), "logfile": str(self.log)} | more
        options["unixsocket"] = str(folder / "s")
        self._command = [str(binary)] + [
            part for name, value in options.items() for part in (f"--{name}", value)
        ]
        self.process: Popen[bytes] | None = None

    async def start(self, wrap: Sequence[str] = ()) -> bool:
        """Start it, perhaps by another program; whether it answers, and did not end instead."""
        self._spawn(wrap)
        assert self.process is not None
        client = Redis.from_url(self.url)
        try:
            async with asyncio.timeout(START_S_MAX):
                while self.process.poll() is None:
                    with suppress(RedisError, OSError):
                        await client.ping()
                        return True
                    await asyncio.sleep(0.01)
        finally:
            await client.aclose()
        return False

    def _spawn(self, wrap: Sequence[str]) -> None:
        self.process = Popen([*wrap, *self._command], stdout=DEVNULL, stderr=DEVNULL)

    async def ended(self) -> int:
        """Wait until it has ended by itself."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, START_S_MAX)

    def kill(self) -> None:
        """As the kernel does; a strace that follows it ends with it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(START_S_MAX)
            self.process = None

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace")

    @property
    def files(self) -> Path:
        """The folder of its append-only files."""
        return self.folder / "appendonlydir"

    @property
    def tail(self) -> Path:
        """The file that it appends to."""
        return max(self.files.glob("*.incr.aof"))

    @property
    def base(self) -> Path:
        """The file of what was there at the last rewrite."""
        return max(self.files.glob("*.base.*"))


class Publishers:
    """Concurrent publishers, each on a connection of its own, until the engine gives way."""

    def __init__(self, url: str, *, crises: int = 1) -> None:
        self.url, self._crises = url, crises
        self.acknowledged: dict[str, Place] = {}
        self.sent: set[str] = set()
        self.errors: list[Exception] = []
        self.told_s: dict[str, float] = {}
        self._turn = 0

    async def publish(self, count: int, stop: asyncio.Event) -> None:
        """Publish with so many publishers until told to stop, or until all have met an error."""
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                self._turn += 1
                group.create_task(self._one(f"{self._turn}", stop))

    async def _one(self, name: str, stop: asyncio.Event) -> None:
        number = 0
        try:
            async with opened(self.url) as redis:
                ledger = await Ledger.open(redis, create=False)
                while not stop.is_set():
                    names = [f"w{name}-{number + step}" for step in range(BATCH)]
                    number += BATCH
                    await self.send(ledger, names)
        except ENGINE_TROUBLE as error:
            self.errors.append(error)

    async def send(self, ledger: Ledger, names: Sequence[str]) -> None:
        """Send some events, and note what was answered and when."""
        self.sent.update(names)
        batch = [event(one, crisis=f"crisis-{crc32(one.encode()) % self._crises}") for one in names]
        receipts = await ledger.append(batch)
        now_s = time.time()
        for receipt in receipts:
            assert receipt.sequence is not None
            self.acknowledged[receipt.id] = (receipt.partition, receipt.sequence)
            self.told_s[receipt.id] = now_s

    @property
    def in_flight(self) -> set[str]:
        """What got no answer."""
        return self.sent - self.acknowledged.keys()
