"""Users of an outside engine: who may only send to the inbox, and what the services may."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager

import pytest
from faststream.redis import BinaryMessageFormatV1, RedisBroker
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from tests.integration.intake_load import event, settled, wait_for
from tests.server_kit import PASSWORD, Server, answers, process_of

from tollbook_services import keys
from tollbook_services.access.engine_users import EngineUsers

pytestmark = pytest.mark.anyio

CLI = (sys.executable, "-m", "tollbook_services.cli")
CLEAN = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}

FORBIDDEN = [
    ("XADD", "tollbook:{0}:ledger", "1-0", "event", "x"),
    ("XADD", "tollbook:rejected", "*", "event", "x"),
    ("XADD", "other", "*", "event", "x"),
    ("XLEN", keys.INBOX),
    ("XRANGE", keys.INBOX, "-", "+"),
    ("XREAD", "STREAMS", keys.INBOX, "0"),
    ("XREADGROUP", "GROUP", "intake", "me", "STREAMS", keys.INBOX, ">"),
    ("XINFO", "STREAM", keys.INBOX),
    ("XTRIM", keys.INBOX, "MAXLEN", "0"),
    ("XDEL", keys.INBOX, "1-0"),
    ("XSETID", keys.INBOX, "1-0"),
    ("XGROUP", "DESTROY", keys.INBOX, "intake"),
    ("XACK", keys.INBOX, "intake", "1-0"),
    ("DEL", keys.INBOX),
    ("RENAME", keys.INBOX, "x"),
    ("EXPIRE", keys.INBOX, "1"),
    ("GET", "tollbook:ledger"),
    ("HGETALL", keys.TOKENS),
    ("FCALL", "tollbook_inbox_settle", "1", keys.INBOX, "intake", "1-0"),
    ("EVAL", "return 1", "0"),
    ("KEYS", "*"),
    ("SCAN", "0"),
    ("INFO",),
    ("CONFIG", "GET", "requirepass"),
    ("CONFIG", "SET", "appendfsync", "no"),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "desk", "+@all"),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("MONITOR",),
    ("SUBSCRIBE", "x"),
    ("PUBLISH", "x", "y"),
    ("FLUSHALL",),
    ("SHUTDOWN",),
    ("SWAPDB", "0", "1"),
    ("SELECT", "1"),
]


@asynccontextmanager
async def with_users(binary, tmp_path):
    """A server with an ACL file, and a client of each of its users by name."""
    users = EngineUsers.read("")
    passwords = users.add_publishers(["desk"])
    file = tmp_path / "users.acl"
    file.write_text(users.text())
    with process_of(binary, tmp_path / "server", aclfile=str(file)) as process:
        operator = Redis(port=process.port, username="operator", password=passwords["operator"])
        try:
            await answers(operator)
            yield Server(process.port, operator), passwords, file
        finally:
            await operator.aclose()


@asynccontextmanager
async def as_user(server, passwords, name):
    url = server.url(f"{name}:{passwords[name]}@")
    redis = Redis.from_url(url)
    try:
        yield redis
    finally:
        await redis.aclose()


async def test_a_publisher_sends_to_the_inbox_and_can_do_nothing_else(any_binary, tmp_path):
    async with (
        with_users(any_binary, tmp_path) as (server, passwords, _),
        as_user(server, passwords, "desk") as desk,
    ):
        assert await desk.xadd(keys.INBOX, {"event": event("one")})
        async with desk.pipeline(transaction=False) as pipe:
            for name in ("two", "three"):
                pipe.xadd(keys.INBOX, {"event": event(name)})
            await pipe.execute()
        for command in FORBIDDEN:
            with pytest.raises(NoPermissionError):
                await desk.execute_command(*command)
        assert await server.redis.xlen(keys.INBOX) == 3


async def test_nobody_comes_in_without_a_name_or_with_another_password(any_binary, tmp_path):
    async with with_users(any_binary, tmp_path) as (server, passwords, _):
        for user in ("", f":{PASSWORD}@", "desk:wrong@", f"desk:{passwords['tollbook']}@"):
            redis = Redis.from_url(server.url(user))
            with pytest.raises(AuthenticationError):
                await redis.xadd(keys.INBOX, {"event": "x"})
            await redis.aclose()


async def test_faststream_publishes_as_a_publisher(any_binary, tmp_path):
    async with with_users(any_binary, tmp_path) as (server, passwords, _):
        url = server.url(f"desk:{passwords['desk']}@")
        async with RedisBroker(url, message_format=BinaryMessageFormatV1) as broker:
            await broker.publish(event("one"), stream=keys.INBOX)
        ((_, fields),) = await server.redis.xrange(keys.INBOX)
        assert b"__data__" in fields


async def test_what_no_rule_can_forbid_is_as_the_documents_say(any_binary, tmp_path):
    """A publisher can drop what waits, and use up the ids: docs/access.md names both."""
    async with (
        with_users(any_binary, tmp_path) as (server, passwords, _),
        as_user(server, passwords, "desk") as desk,
    ):
        await desk.xadd(keys.INBOX, {"event": event("one")})
        await desk.xadd(keys.INBOX, {"event": event("two")}, maxlen=1, approximate=False)
        assert await server.redis.xlen(keys.INBOX) == 1

        last = f"{2**64 - 1}-{2**64 - 1}"
        await desk.xadd(keys.INBOX, {"event": event("three")}, id=last)
        with pytest.raises(ResponseError, match="ID"):
            await desk.xadd(keys.INBOX, {"event": event("four")})
        await server.redis.delete(keys.INBOX)
        assert await desk.xadd(keys.INBOX, {"event": event("four")})


async def test_the_services_do_with_their_user(any_binary, tmp_path):
    async with with_users(any_binary, tmp_path) as (server, passwords, _):
        url = server.url(f"tollbook:{passwords['tollbook']}@")

        def ran(*command: str, given: bytes = b"") -> str:
            done = subprocess.run(
                [*CLI, *command], input=given, capture_output=True, check=False, timeout=120,
                env={**CLEAN, "TOLLBOOK_REDIS": url},
            )  # fmt: skip
            assert done.returncode == 0, (command, done.stderr)
            return done.stdout.decode()

        for command, given in (
            (("publish", "-"), event("one", 7)),
            (("token", "create", "ocha", "--role", "reader"), b""),
            (("token", "revoke", "ocha"), b""),
            (("tolls", "flood-2025"), b""),
            (("rebuild",), b""),
            (("replay",), b""),
            (("check",), b""),
            (("status",), b""),
        ):
            await asyncio.to_thread(ran, *command, given=given)
        assert await server.redis.acl_log() == []

        async with as_user(server, passwords, "tollbook") as services:
            for command in [
                ("FLUSHALL",), ("CONFIG", "SET", "appendfsync", "no"), ("SHUTDOWN",),
                ("ACL", "LIST"), ("GET", "other"), ("KEYS", "*"),
                ("FUNCTION", "FLUSH"), ("MONITOR",), ("CLIENT", "LIST"),
            ]:  # fmt: skip
                with pytest.raises(NoPermissionError):
                    await services.execute_command(*command)


async def test_serve_takes_in_what_a_publisher_sends(any_binary, tmp_path):
    async with with_users(any_binary, tmp_path) as (server, passwords, _):
        variables = {
            "TOLLBOOK_REDIS": server.url(f"tollbook:{passwords['tollbook']}@"),
            "TOLLBOOK_SIGNING_KEY_FILE": str(tmp_path / "key"),
            "TOLLBOOK_SIGNING_KEY_NAME": "log.example.org/coast",
            "TOLLBOOK_API_SERVE": "false",
        }
        serve = await asyncio.create_subprocess_exec(
            *CLI, "serve", stdout=PIPE, stderr=PIPE, env={**CLEAN, **variables}
        )
        assert serve.stdout is not None
        ready = await asyncio.wait_for(serve.stdout.readline(), 60)
        assert ready.startswith(b"tollbook is ready")
        async with as_user(server, passwords, "desk") as desk:
            await desk.xadd(keys.INBOX, {"event": event("one")})
        await wait_for(lambda: settled(server.redis), "the event is taken in", 60)
        serve.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(serve.communicate(), 60)

        assert serve.returncode == 0, log
        assert await server.redis.acl_log() == []
        for password in passwords.values():
            assert password.encode() not in ready + log


async def test_a_publisher_is_added_and_taken_out_while_the_server_runs(any_binary, tmp_path):
    async with with_users(any_binary, tmp_path) as (server, passwords, file):
        await server.redis.execute_command("ACL", "SAVE")  # the server writes lines in its own way
        users = EngineUsers.read(file.read_text())
        added = users.add_publishers(["field"])
        assert set(added) == {"field"}
        users.remove(["desk"])
        file.write_text(users.text())
        await server.redis.execute_command("ACL", "LOAD")

        async with as_user(server, added, "field") as field:
            assert await field.xadd(keys.INBOX, {"event": event("one")})
        async with as_user(server, passwords, "desk") as desk:
            with pytest.raises(AuthenticationError):
                await desk.ping()
        async with as_user(server, passwords, "tollbook") as services:
            assert await services.xlen(keys.INBOX) == 1
