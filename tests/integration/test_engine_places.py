"""The embedded engine in awkward places: odd paths, removed sockets and directories."""

import asyncio
import os
import shutil
import time
from pathlib import Path

import pytest
from tests.contract.ledger_kit import events, outcomes
from tests.integration.engine_kit import client, holder, kill, lives, wait_for

from tollbook_schemas.errors import EngineError
from tollbook_services import connection
from tollbook_services import engine as engine_module
from tollbook_services.connection import connect
from tollbook_services.engine import EngineProcess, check_engine, open_engine
from tollbook_services.ledger import Ledger
from tollbook_services.shown import safe_url

pytestmark = pytest.mark.anyio

ODD_NAMES = [
    "with spaces in it",
    'quo"te',
    "100%25 #1?x=y@z",
    "ÄÖ 数",
    "--save",
    os.fsdecode(b"\xff"),
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
async def test_a_directory_may_have_any_name(tmp_path, name):
    data = tmp_path / name
    async with open_engine(data) as first, client(first.url) as redis:
        await check_engine(redis)
        ledger = await Ledger.open(redis)
        assert outcomes(await ledger.append(events(1))) == [("appended", 1)]
        async with open_engine(data) as second:
            assert (second.pid, second.started_here) == (first.pid, False)

    assert (data / "appendonlydir").is_dir()
    assert not lives(first.pid)


async def test_an_engine_whose_socket_was_removed_is_ended_and_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_module, "DEAF_S_MAX", 0.2)
    async with holder(tmp_path) as other:
        async with client(other.url) as redis:
            await (await Ledger.open(redis)).append(events(2))
        (tmp_path / "engine.sock").unlink()

        async with open_engine(tmp_path) as handle, client(handle.url) as redis:
            assert handle.started_here
            assert not lives(other.engine_pid)
            again = await (await Ledger.open(redis)).append(events(2))
            assert outcomes(again) == [("duplicate", 1), ("duplicate", 2)]
        await other.leave()
        assert not lives(handle.pid)


async def test_the_last_user_ends_an_engine_whose_socket_was_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_module, "DEAF_S_MAX", 0.2)
    async with open_engine(tmp_path) as handle:
        (tmp_path / "engine.sock").unlink()

    assert not lives(handle.pid)


async def test_a_process_that_is_no_engine_is_never_ended(tmp_path, monkeypatch):
    """As after a kill -9 whose process id was given away, while a child still has the lock."""
    monkeypatch.setattr(engine_module, "DEAF_S_MAX", 0.0)
    monkeypatch.setattr(engine_module, "STOP_S_MAX", 0.3)
    bystander = await asyncio.create_subprocess_exec("sleep", "60")
    files = EngineProcess(tmp_path).files
    files.pid.write_text(f"{bystander.pid}\n")
    lock = files.claim()
    try:
        with pytest.raises(EngineError, match=rf"process {bystander.pid}\) does not"):
            async with open_engine(tmp_path):
                pass
        assert lives(bystander.pid)
    finally:
        os.close(lock)
        bystander.kill()
        await bystander.wait()


async def test_an_engine_ends_with_its_user_although_the_directory_is_gone(tmp_path):
    data = tmp_path / "data"
    async with open_engine(data) as handle:
        shutil.rmtree(data)

    assert not lives(handle.pid)


async def test_a_directory_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "start.lock").mkdir()

    with pytest.raises(EngineError, match="make it writable or choose another --data"):
        async with open_engine(tmp_path):
            pass


async def test_openers_in_other_processes_survive_a_killed_starter(tmp_path):
    async with holder(tmp_path) as starter, holder(tmp_path) as joiner:
        await starter.kill()
        kill(starter.engine_pid)
        async with open_engine(tmp_path) as handle, client(handle.url) as redis:
            assert handle.started_here
            assert await redis.ping()
        assert lives(handle.pid)
        await joiner.leave()
        await wait_for(lambda: not lives(handle.pid))


async def test_connecting_to_nothing_takes_seconds_and_not_minutes(tmp_path):
    began = time.monotonic()

    with pytest.raises(EngineError, match=r"no engine answers at redis://127\.0\.0\.1:1/0:"):
        await connect("redis://user:secret@127.0.0.1:1/0?db=3")

    assert time.monotonic() - began < 5


async def test_a_server_that_is_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_S_MAX", 0.2)
    monkeypatch.setattr(connection, "LISTEN_S_MAX", 0.1)
    mute = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await mute.wait()
        out.close()

    path = Path(tmp_path) / "mute.sock"
    async with await asyncio.start_unix_server(say_nothing, path):
        with pytest.raises(EngineError, match=r"mute\.sock: silence for 0\.2 s"):
            await connect(f"unix://{path}")
        mute.set()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@db.example.org:6380/2", "redis://db.example.org:6380/2"),
        ("rediss://:secret@db.example.org", "rediss://db.example.org"),
        ("redis://[::1]:6379?password=secret", "redis://[::1]:6379"),
        ("redis://:se/cret@db.example.org", "redis://..."),
        ("redis://:6?secret@db.example.org", "redis://..."),
        ("redis://:se#cret@db.example.org", "redis://..."),
        ("unix://user:secret@/run/a@b.sock?db=1", "unix:///run/a@b.sock"),
    ],
)
async def test_a_url_is_shown_without_what_is_secret(url, shown):
    assert safe_url(url) == shown
