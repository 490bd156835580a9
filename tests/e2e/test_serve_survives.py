"""`tollbook serve` under kill -9 of every process, with thousands of events on their way.

The full size: TOLLBOOK_TEST_KILLS=20 TOLLBOOK_TEST_EVENTS=20000.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.integration.engine_kit import lives
from tests.integration.intake_load import event, settled, stored_names, wait_for

from tollbook_schemas.errors import TollbookError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import keys
from tollbook_services.engine import connect
from tollbook_services.ledger import Ledger
from tollbook_services.receipts import Receipt
from tollbook_services.sealing.audit import audit
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.log_names import origin_of, verifier_of
from tollbook_services.sealing.logs import LiveLog

CLI = (sys.executable, "-m", "tollbook_services.cli")
EVENTS = int(os.environ.get("TOLLBOOK_TEST_EVENTS", "5000"))
KILLS = int(os.environ.get("TOLLBOOK_TEST_KILLS", "6"))
CRISES = 8
KILL_EVERY_S = 1.2
"""So that a killed worker has been started again, and works, before the next one is killed."""

KILLED = ("intake", "projector", "sealer", "engine")

PAGE = 50
PAUSE_S = KILLS * KILL_EVERY_S / (EVENTS / 2 / PAGE) / 1.5
"""Between two pages of events, so that they arrive for as long as there is killing."""


@dataclass
class Serve:
    """A running `tollbook serve` and what its log said about its children."""

    process: asyncio.subprocess.Process
    url: str = ""
    pids: dict[str, int] = field(default_factory=dict)
    log: list[dict] = field(default_factory=list)

    async def read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            with contextlib.suppress(orjson.JSONDecodeError):
                said = orjson.loads(line)
                print(said)  # noqa: T201 - pytest shows it where a test fails
                self.log.append(said)
                if said.get("event") == "child started":
                    self.pids[said["child"]] = said["pid"]

    async def engine_pid(self) -> int:
        async with connected(self.url) as redis:
            return int((await redis.info("server"))["process_id"])

    def died(self, name: str) -> int:
        return sum(one["event"] == "child died" and one["child"] == name for one in self.log)


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    redis = await connect(url)
    try:
        yield redis
    finally:
        await redis.aclose()


@contextlib.asynccontextmanager
async def serving(data: Path) -> AsyncIterator[Serve]:
    process = await asyncio.create_subprocess_exec(
        *CLI,
        "serve",
        "--data",
        str(data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    serve = Serve(process)
    reading = asyncio.create_task(serve.read_log())
    try:
        assert process.stdout is not None
        ready = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert ready.startswith("tollbook is ready: "), (ready, serve.log)
        assert str(data) in ready
        serve.url = ready.split()[-1]
        yield serve
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 60)
        await reading


async def until_told(action: Callable[[Redis], Awaitable[object]], url: str) -> None:
    """Repeat an action on a fresh connection until the engine has acknowledged it."""
    for _ in range(200):
        try:
            async with connected(url) as redis:
                await action(redis)
                return
        except (RedisError, TollbookError, OSError):
            await asyncio.sleep(0.1)
    pytest.fail("the engine never acknowledged")


async def append_half(url: str, raws: list[bytes]) -> list[Receipt]:
    """Through the ledger, in batches, each repeated until it is acknowledged; the receipts."""
    parsed = [parse_event(raw, default_gazetteer()) for raw in raws]
    events = [one for one in parsed if isinstance(one, ParsedEvent)]
    assert len(events) == len(raws)
    told: list[Receipt] = []
    for begin in range(0, len(events), PAGE):
        batch = events[begin : begin + PAGE]

        async def append(redis: Redis, batch: list[ParsedEvent] = batch) -> None:
            receipts = await (await Ledger.open(redis)).append(batch)
            assert {one.status for one in receipts} <= {"appended", "duplicate"}
            told.extend(receipts)

        await until_told(append, url)
        await asyncio.sleep(PAUSE_S)
    return told


async def xadd_half(url: str, raws: list[bytes]) -> None:
    """Through the inbox, each page repeated until it is acknowledged."""
    for begin in range(0, len(raws), PAGE):
        page = raws[begin : begin + PAGE]

        async def add(redis: Redis, page: list[bytes] = page) -> None:
            async with redis.pipeline(transaction=False) as pipe:
                for raw in page:
                    pipe.xadd(keys.INBOX, {"event": raw})
                await pipe.execute()

        await until_told(add, url)
        await asyncio.sleep(PAUSE_S)


async def kill_everything(serve: Serve) -> None:
    """kill -9 the workers and the engine in turn, `KILLS` times in all."""
    for number in range(KILLS):
        name = KILLED[number % len(KILLED)]
        await asyncio.sleep(KILL_EVERY_S)
        pid = await serve.engine_pid() if name == "engine" else serve.pids[name]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def raws() -> list[bytes]:
    return [event(f"r{n:05}", n, f"flood-{n % CRISES}") for n in range(EVENTS)]


def test_every_acknowledged_event_is_in_the_ledger_once_and_replay_is_identical(tmp_path):
    data, told = tmp_path / "store", []

    async def scenario() -> None:
        async with serving(data) as serve:
            events = raws()
            receipts, _, _ = await asyncio.gather(
                append_half(serve.url, events[::2]),
                xadd_half(serve.url, events[1::2]),
                kill_everything(serve),
            )
            told.extend(receipts)
            async with connected(serve.url) as redis:
                await wait_for(lambda: settled_again(redis), "the inbox is empty", 30)
                names = await stored_names(await Ledger.open(redis))
                await wait_for(lambda: logs_hold(redis), "every event is sealed", 30)
            assert sorted(names) == [f"r{n:05}" for n in range(EVENTS)]
            for worker in KILLED[:3]:
                assert serve.died(worker) >= KILLS // len(KILLED)
            serve.process.terminate()
            assert await asyncio.wait_for(serve.process.wait(), 30) == 0

    async def settled_again(redis: Redis) -> bool:
        try:
            return await settled(redis)
        except RedisError:
            return False

    asyncio.run(scenario())
    (tmp_path / "events").write_bytes(b"\n".join(raws()))
    (tmp_path / "receipts").write_bytes(b"\n".join(orjson.dumps(one.document()) for one in told))
    files = ("--events", str(tmp_path / "events"))
    must_hold(data, "check", *files)
    must_hold(data, "check", "--quick", *files, "--receipts", str(tmp_path / "receipts"))
    assert "identical" in must_hold(data, "replay")


async def logs_hold(redis: Redis) -> bool:
    """Whether all events are sealed; the logs have to hold in any case."""
    ledger = await Ledger.open(redis)
    key = (await LogKeys(ledger).history())[-1].key
    sealed = 0
    for number in range(ledger.partitions):
        if await ledger.head(number):
            keys_of = [verifier_of(key, number)]
            report = await audit(LiveLog(ledger, number), origin_of(key.name, number), keys_of)
            assert report.faults == ()
            sealed += report.size
    return sealed == EVENTS


def must_hold(data: Path, *command: str) -> str:
    """What a command says that has to end well."""
    done = subprocess.run(
        [*CLI, *command, "--data", str(data)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_when_serve_itself_is_killed_its_children_end_and_the_next_serve_starts(tmp_path):
    data = tmp_path / "store"

    async def scenario() -> None:
        async with serving(data) as serve:
            await wait_for(lambda: all_started(serve), "the workers are started")
            pids = [*serve.pids.values(), await serve.engine_pid()]
            await asyncio.sleep(2)
            serve.process.kill()
            await serve.process.wait()
            await asyncio.to_thread(gone, pids, 25)
        async with serving(data) as again, connected(again.url) as redis:
            await redis.xadd(keys.INBOX, {"event": event("after")})
            await wait_for(lambda: settled(redis), "the event is taken in")
            assert await stored_names(await Ledger.open(redis)) == ["after"]

    asyncio.run(scenario())


async def all_started(serve: Serve) -> bool:
    return set(serve.pids) == {"intake", "projector", "sealer"}


def test_children_that_are_still_being_started_stop_the_engine_too(tmp_path):
    async def scenario() -> None:
        async with serving(tmp_path / "store") as serve:
            pids = [await serve.engine_pid()]
            await wait_for(lambda: all_started(serve), "the workers are started")
            serve.process.kill()
            await serve.process.wait()
            await asyncio.to_thread(gone, [*pids, *serve.pids.values()], 25)

    asyncio.run(scenario())


def test_stopping_serve_stops_the_engine_with_it(tmp_path):
    data = tmp_path / "store"

    async def scenario() -> str:
        async with serving(data) as serve:
            return serve.url

    url = asyncio.run(scenario())
    with pytest.raises(RedisError), PlainRedis.from_url(url) as redis:
        redis.ping()


def test_ctrl_c_reaches_every_process_and_serve_still_ends_with_0(tmp_path):
    with subprocess.Popen(
        [*CLI, "serve", "--data", str(tmp_path / "store")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as serve:
        assert serve.stdout is not None
        assert serve.stdout.readline().startswith(b"tollbook is ready: ")
        time.sleep(2)
        os.killpg(serve.pid, signal.SIGINT)
        _, log = serve.communicate(timeout=30)
        assert serve.returncode == 0, log


def test_an_engine_that_could_lose_events_is_refused_at_once(engine_url):
    with PlainRedis.from_url(engine_url) as redis:
        redis.config_set("appendfsync", "everysec")
        try:
            refused = subprocess.run(
                [*CLI, "serve", "--redis", engine_url],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
        finally:
            redis.config_set("appendfsync", "always")
    assert refused.returncode == 5
    assert "appendfsync" in refused.stderr
    assert refused.stdout == ""


def gone(pids: list[int], patience_s: float) -> None:
    """Wait until no process of the list is left."""
    until = time.monotonic() + patience_s
    while alive := [pid for pid in pids if lives(pid)]:
        assert time.monotonic() < until, f"still running: {alive}"
        time.sleep(0.1)
