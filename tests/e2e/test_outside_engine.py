"""An outside Valkey and Redis on a port, by URL with password: publish, tolls, status, serve."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis
from tests.integration.intake_load import event, settled, wait_for
from tests.server_kit import PASSWORD, Server, served

from tollbook_services import keys

CLI = (sys.executable, "-m", "tollbook_services.cli")
CLEAN = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}


def run(url: str, *command: str, given: bytes = b"") -> tuple[int, str, str]:
    """Exit code, output and errors of a command on an outside engine."""
    done = subprocess.run(
        [*CLI, *command], input=given, capture_output=True, check=False, timeout=60,
        env={**CLEAN, "TOLLBOOK_REDIS": url},
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def killed_in(output: str) -> list[int]:
    """The best value of each cell for all segments of the area that was reported."""
    cells = json.loads(output)["cells"]
    return [one["best"] for one in cells if (one["area"], one["segment"]) == ("SY-LA", "all")]


def test_publish_tolls_and_serve_work_with_a_password(any_binary, tmp_path):
    async def scenario() -> None:
        async with served(any_binary, tmp_path / "server") as server:
            url = server.url()
            code, receipts, errors = await asyncio.to_thread(
                run, url, "publish", "-", given=event("one", 7)
            )
            assert (code, json.loads(receipts)["status"]) == (0, "appended"), errors
            code, tolls, errors = await asyncio.to_thread(
                run, url, "tolls", "flood-2025", "--format", "json"
            )
            assert (code, killed_in(tolls)) == (0, [7]), errors
            await serve_takes_in(server)
            code, said, errors = await asyncio.to_thread(run, url, "check")
            assert code == 0, said + errors
            assert PASSWORD not in said + errors

    asyncio.run(scenario())


async def serve_takes_in(server: Server) -> None:
    """Serve on the outside engine takes an entry of its inbox in, and shows no password."""
    serve = await asyncio.create_subprocess_exec(
        *CLI, "serve",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**CLEAN, "TOLLBOOK_REDIS": server.url()},
    )  # fmt: skip
    assert serve.stdout is not None
    ready = await asyncio.wait_for(serve.stdout.readline(), 30)
    assert ready.startswith(b"tollbook is ready: outside engine, redis at redis://127.0.0.1")
    await server.redis.xadd(keys.INBOX, {"event": event("two", 9, "quake-2024")})
    await wait_for(lambda: settled(server.redis), "the event is taken in")
    assert PASSWORD not in command_lines(serve.pid)
    code, tolls, errors = await asyncio.to_thread(
        run, server.url(), "tolls", "quake-2024", "--format", "json"
    )
    assert (code, killed_in(tolls)) == (0, [9]), errors
    serve.send_signal(signal.SIGTERM)
    _, log = await asyncio.wait_for(serve.communicate(), 60)
    assert serve.returncode == 0, log
    assert PASSWORD.encode() not in ready + log


def command_lines(parent: int) -> str:
    """The command lines of a process and its children, which every user may read."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return " ".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in (str(parent), *children))


@pytest.mark.parametrize(
    ("setting", "weak"),
    [("appendfsync", "everysec"), ("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")],
)
def test_a_server_that_may_lose_events_is_refused_with_the_setting_to_change(
    any_binary, tmp_path, setting, weak
):
    async def scenario() -> None:
        async with served(any_binary, tmp_path / "server") as server:
            await server.redis.config_set(setting, weak)
            for command in (("publish", "-"), ("tolls", "flood-2025"), ("serve",), ("status",)):
                code, output, errors = await asyncio.to_thread(
                    run, server.url(), *command, given=event("one")
                )
                assert (code, output) == (5, ""), errors
                assert f"{setting} is {weak}, set it to" in errors
            await nothing_was_written(server.redis)

    async def nothing_was_written(redis: Redis) -> None:
        assert await redis.dbsize() == 0

    asyncio.run(scenario())


def test_a_wrong_password_is_told_without_it(any_binary, tmp_path):
    async def scenario() -> None:
        async with served(any_binary, tmp_path / "server") as server:
            code, _, errors = await asyncio.to_thread(run, server.url(":wrong-one@"), "status")
            assert code == 5
            assert "refuses the user or the password" in errors
            assert "wrong-one" not in errors

    asyncio.run(scenario())
