"""What no restart mends ends `tollbook serve` with an alarm; what hangs is never healthy."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from tests.e2e.test_serve_survives import CLI, Serve, connected, serving
from tests.integration.intake_load import event, settled, wait_for

from tollbook_services import keys
from tollbook_services.heartbeats import Heartbeats
from tollbook_services.inbox_status import INTAKE

CLEAN = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}
CLEAN["TOLLBOOK_API_SERVE"] = "false"
NOTICED_S_MAX = 20


def asked(data: Path, *command: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    done = subprocess.run(
        [*CLI, *command, "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        env=CLEAN,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def status(data: Path) -> Any:
    return json.loads(asked(data, "status", "--format", "json")[1])


async def at_work(serve: Serve) -> None:
    """Wait until both workers have taken an event in."""
    async with connected(serve.url) as redis:
        await redis.xadd(keys.INBOX, {"event": event("first")})
        await wait_for(lambda: settled(redis), "the inbox is taken in")
        await wait_for(lambda: projected(redis), "the projector is heard")


async def projected(redis: Redis) -> bool:
    return await Heartbeats(redis).alive(keys.partition_of("flood-2025", 4), "projector")


async def ended(serve: Serve) -> int:
    return await asyncio.wait_for(serve.process.wait(), NOTICED_S_MAX)


def alarms(serve: Serve) -> str:
    return " ".join(str(one) for one in serve.log if one["event"] == "ALARM")


def test_flushall_ends_serve_with_an_alarm_and_the_next_start_is_refused(tmp_path):
    data = tmp_path / "store"

    async def scenario() -> None:
        async with serving(data) as serve:
            await at_work(serve)
            async with connected(serve.url) as redis:
                ledger = (await redis.hget(keys.LEDGER, "id")).decode()
                await redis.flushall()
            assert await ended(serve) == 4
            await asyncio.sleep(0)
        assert f"the ledger {ledger} was erased" in alarms(serve)

    asyncio.run(scenario())
    code, said = asked(data, "tolls", "flood-2025")
    assert code == 4
    assert "has no ledger: it was erased or replaced" in said
    assert "Restore the engine's files from a backup" in said


@pytest.mark.parametrize(
    ("setting", "weak"), [("appendfsync", "everysec"), ("maxmemory-policy", "allkeys-lru")]
)
def test_an_engine_that_is_made_unfit_while_it_is_used_ends_serve(tmp_path, setting, weak):
    async def scenario() -> None:
        async with serving(tmp_path / "store") as serve:
            async with connected(serve.url) as redis:
                await redis.config_set(setting, weak)
            assert await ended(serve) == 5
        assert f"{setting} is {weak}" in alarms(serve)

    asyncio.run(scenario())


def test_a_hung_projector_shows_as_stopped_with_its_lag(tmp_path):
    data = tmp_path / "store"

    async def scenario() -> None:
        async with serving(data) as serve:
            await at_work(serve)
            os.kill(serve.pids["projector"], signal.SIGSTOP)
            try:
                async with connected(serve.url) as redis:
                    for number in range(30):
                        await redis.xadd(keys.INBOX, {"event": event(f"late{number}")})
                    await wait_for(lambda: settled(redis), "the inbox is taken in")
                    await wait_for(lambda: silent(redis), "the projector is silent")
                told = await asyncio.to_thread(status, data)
                code, line = await asyncio.to_thread(asked, data, "health")
            finally:
                os.kill(serve.pids["projector"], signal.SIGCONT)
            assert (told["state"], told["healthy"], code) == ("stopped", False, 4)
            positions = [one for part in told["partitions"] for one in part["projections"]]
            assert max(one["lag_events"] for one in positions) >= 30
            assert max(one["lag_seconds"] for one in positions) > 1
            assert line.startswith("stopped: partition ")
            assert " events, " in line

    async def silent(redis: Redis) -> bool:
        return not await projected(redis)

    asyncio.run(scenario())


def test_a_hung_intake_shows_as_stopped_and_a_working_serve_as_healthy(tmp_path):
    data = tmp_path / "store"

    async def scenario() -> None:
        async with serving(data) as serve:
            await at_work(serve)
            async with connected(serve.url) as redis:
                await wait_for(lambda: heard(redis), "the intake is heard")
                await wait_for(healthy, "all is well")
                os.kill(serve.pids["intake"], signal.SIGSTOP)
                try:
                    await wait_for(lambda: hung(redis), "the intake is silent")
                    told = await asyncio.to_thread(status, data)
                finally:
                    os.kill(serve.pids["intake"], signal.SIGCONT)
            assert (told["state"], told["inbox"]["state"]) == ("stopped", "stopped")
            await wait_for(healthy, "all is well again")

    async def healthy() -> bool:
        code, line = await asyncio.to_thread(asked, data, "health")
        return (code, line[:7]) == (0, "healthy")

    async def heard(redis: Redis) -> bool:
        return await Heartbeats(redis).alive(None, INTAKE)

    async def hung(redis: Redis) -> bool:
        return not await heard(redis)

    asyncio.run(scenario())


def test_a_store_that_nobody_serves_is_not_healthy_and_no_engine_is_started_for_it(tmp_path):
    code, said = asked(tmp_path / "store", "health")

    assert code == 5
    assert "no engine runs in" in said
    assert not (tmp_path / "store").exists()
