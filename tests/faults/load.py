"""A ledger under load on an engine and with workers that a test can end, and what must hold."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.contract.ledger_kit import event, report, stored_ids
from tests.server_kit import PASSWORD, Process, answers

from tollbook_schemas.errors import TollbookError
from tollbook_services import keys
from tollbook_services.check import check_events
from tollbook_services.connection import connect
from tollbook_services.ledger import Ledger
from tollbook_services.verify import verify

CLI = (sys.executable, "-m", "tollbook_services.cli")
ROLES = ("intake", "projector", "sealer")
PARTITIONS = 3
CRISES = 400
"""Many, as everything reported of one has to be solved together."""
BATCH = 7
PATIENCE_S = 60.0
COMMAND_S_MAX = 600.0
LOOK_S = 0.02


class System:
    """An engine, a worker of each role, and two publishers that never give up."""

    def __init__(self, binary: Path, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.engine = Process(binary, folder / "engine")
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.engine.port}/0"
        self.acknowledged: dict[str, tuple[int, int]] = {}
        self.in_the_inbox: set[str] = set()
        self.conflicts = 0
        self._folder = folder
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._log = (folder / "workers.log").open("wb")
        self._ending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._number = 0

    async def start(self) -> None:
        """Start everything, and wait until it makes progress."""
        self.engine.start()
        await self.engine_answers()
        redis = await connect(self.url)
        await Ledger.open(redis, partitions=PARTITIONS)
        await redis.aclose()
        for role in ROLES:
            self.start_worker(role)
        self._tasks = [
            asyncio.create_task(self._publish_always()),
            asyncio.create_task(self._file_always()),
            asyncio.create_task(self._keep_workers()),
        ]
        await self.progress()

    async def engine_answers(self) -> None:
        """Wait until the engine answers."""
        client = Redis(host="127.0.0.1", port=self.engine.port, password=PASSWORD)
        try:
            await answers(client)
        finally:
            await client.aclose()

    def start_worker(self, role: str) -> "subprocess.Popen[bytes]":
        """Start one more worker; the one that is kept running is the first of its role."""
        environment = {
            name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")
        }
        environment |= {
            "TOLLBOOK_REDIS": self.url,
            "TOLLBOOK_SIGNING_KEY_FILE": str(self._folder / "key"),
            "TOLLBOOK_SIGNING_KEY_NAME": "faults.example",
        }
        worker = subprocess.Popen([*CLI, role], stdout=self._log, stderr=self._log, env=environment)
        self._workers.setdefault(role, worker)
        return worker

    def worker(self, role: str) -> "subprocess.Popen[bytes]":
        """The worker of a role that is kept running."""
        return self._workers[role]

    async def progress(self) -> None:
        """Wait until both publishers have got on."""
        before = len(self.acknowledged), len(self.in_the_inbox)
        async with asyncio.timeout(PATIENCE_S):
            while (  # noqa: ASYNC110 - two publishers, each at its own pace
                len(self.acknowledged) == before[0] or len(self.in_the_inbox) == before[1]
            ):
                await asyncio.sleep(LOOK_S)

    async def quiet(self) -> None:
        """Stop publishing, and wait until everything that was sent is recorded and folded."""
        self._ending.set()
        await asyncio.gather(*self._tasks[:2])
        redis = await connect(self.url)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await redis.xlen(keys.INBOX):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_S)
        finally:
            await redis.aclose()

    async def go_on(self) -> None:
        """Publish again after `quiet`."""
        self._ending.clear()
        self._tasks[:2] = [
            asyncio.create_task(self._publish_always()),
            asyncio.create_task(self._file_always()),
        ]

    async def stop(self) -> None:
        """End everything that was started."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers.values():
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)
            worker.kill()
            worker.wait()
        self.engine.kill()
        self._log.close()

    async def must_be_sound(self) -> dict[str, int]:
        """Nothing acknowledged is lost or doubled, replay is identical, proofs verify.

        Returns:
            How many events were lost, doubled, and folded otherwise by a replay: all 0.
        """
        redis = await connect(self.url)
        try:
            ledger = await Ledger.open(redis, create=False)
            found: dict[str, tuple[int, int]] = {}
            doubled = 0
            for partition in range(PARTITIONS):
                for sequence, name in enumerate(await stored_ids(ledger, partition), 1):
                    doubled += name in found
                    found[name] = (partition, sequence)
            lost = [name for name, at in self.acknowledged.items() if found.get(name) != at]
            lost += [name for name in self.in_the_inbox if name not in found]
            assert (lost, doubled) == ([], 0), self.last_words()
            await verify(redis)
            assert [one for one in await check_events(redis) if one.faults] == []
        finally:
            await redis.aclose()
        for command, wanted in (("replay", "identical"), ("verify", "verified")):
            done = await asyncio.to_thread(self.command, command)
            assert done.returncode == 0, done.stdout + done.stderr + self.last_words()
            assert wanted in done.stdout
        return {"lost": len(lost), "doubled": doubled, "replay differences": 0}

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """What a command of the operator says."""
        environment = {**os.environ, "TOLLBOOK_REDIS": self.url}
        return subprocess.run(
            [*CLI, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S_MAX,
            env=environment,
        )

    def last_words(self) -> str:
        """The end of what the workers logged."""
        self._log.flush()
        return (self._folder / "workers.log").read_text(errors="replace")[-3_000:]

    async def with_client(self, work: Callable[[Redis], Awaitable[Any]]) -> None:
        """Something done to the engine by hand; what fails because it is away is done again."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                client = Redis(host="127.0.0.1", port=self.engine.port, password=PASSWORD)
                try:
                    await work(client)
                except (RedisError, OSError):
                    await asyncio.sleep(LOOK_S)
                else:
                    return
                finally:
                    await client.aclose()

    async def _publish_always(self) -> None:
        redis = ledger = None
        while not self._ending.is_set():
            batch = []
            for _ in range(BATCH):
                self._number += 1
                batch.append(event(f"p{self._number}", crisis=f"crisis-{self._number % CRISES}"))
            while True:
                try:
                    redis = redis or await connect(self.url)
                    ledger = ledger or await Ledger.open(redis, create=False)
                    receipts = await ledger.append(batch)
                except (RedisError, TollbookError, OSError):
                    await asyncio.sleep(LOOK_S)
                else:
                    break
            for receipt in receipts:
                assert receipt.status in ("appended", "duplicate"), receipt
                self.acknowledged[receipt.id] = (receipt.partition, receipt.sequence)
            await asyncio.sleep(LOOK_S)
        if redis is not None:
            await redis.aclose()

    async def _file_always(self) -> None:
        """A producer that knows XADD alone, and sends again what was not answered."""
        number = 0
        while not self._ending.is_set():
            number += 1
            name = f"x{os.getpid()}-{id(self._ending)}-{len(self.in_the_inbox)}-{number}"
            raw = json.dumps(report(name, number, f"crisis-{number % CRISES}"))

            async def send(client: Redis, raw: str = raw) -> None:
                await client.xadd(keys.INBOX, {"event": raw})

            await self.with_client(send)
            self.in_the_inbox.add(name)
            await asyncio.sleep(LOOK_S)

    async def _keep_workers(self) -> None:
        """What `serve`, compose and Kubernetes do: start again what ended."""
        while True:
            for role in ROLES:
                if self._workers[role].poll() is not None:
                    del self._workers[role]
                    self.start_worker(role)
            await asyncio.sleep(0.1)
