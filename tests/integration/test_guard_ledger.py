"""The ledger that is expected has to be there: erased, replaced or unknown ones are refused."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.contract.ledger_kit import events
from tests.integration.engine_kit import client, kill

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_services import guard, keys
from tollbook_services.child import Command
from tollbook_services.engine import EngineProcess, open_engine
from tollbook_services.guard import watch
from tollbook_services.ledger import Ledger
from tollbook_services.settings import Settings, read_settings
from tollbook_services.supervisor import serve
from tollbook_services.verify import must_be_same_ledger
from tollbook_services.wiring import open_tollbook

pytestmark = pytest.mark.anyio


async def opened_id(settings: Settings, *, create: bool = True) -> str:
    async with open_tollbook(settings, create=create) as book:
        return book.ledger.id


async def test_a_data_directory_remembers_its_ledger_outside_the_engine(tmp_path):
    made = await opened_id(Settings(data=tmp_path))

    assert (tmp_path / "ledger.id").read_text() == f"{made}\n"
    assert await opened_id(Settings(data=tmp_path)) == made


async def test_a_directory_whose_ledger_was_erased_is_refused_until_its_note_is_removed(tmp_path):
    settings = Settings(data=tmp_path)
    made = await opened_id(settings)
    async with open_engine(tmp_path) as handle, client(handle.url) as redis:
        await redis.flushall()

    with pytest.raises(CheckFailedError, match=f"should hold the ledger {made}, but has no") as no:
        await opened_id(settings)
    assert "remove" in str(no.value)
    assert "ledger.id" in str(no.value)

    (tmp_path / "ledger.id").unlink()
    assert await opened_id(settings) != made


async def test_a_directory_with_the_files_of_another_ledger_is_refused(tmp_path):
    settings = Settings(data=tmp_path)
    made = await opened_id(settings)
    async with open_engine(tmp_path) as handle, client(handle.url) as redis:
        await redis.flushall()
        other = await Ledger.open(redis)

    with pytest.raises(CheckFailedError, match=f"{made}, but holds the ledger {other.id}"):
        await opened_id(settings)


async def test_another_number_of_partitions_than_the_ledger_has_is_refused(tmp_path):
    made = await opened_id(Settings(data=tmp_path, partitions=3))

    with pytest.raises(UsageError, match=r"TOLLBOOK_PARTITIONS=8, but the ledger in .* with 3"):
        await opened_id(Settings(data=tmp_path, partitions=8))

    assert await opened_id(Settings(data=tmp_path, partitions=3)) == made
    assert await opened_id(Settings(data=tmp_path)) == made


async def test_a_directory_from_before_notes_were_made_is_taken_as_it_is(tmp_path):
    settings = Settings(data=tmp_path)
    made = await opened_id(settings)
    (tmp_path / "ledger.id").unlink()

    assert await opened_id(settings) == made
    assert (tmp_path / "ledger.id").exists()


async def test_an_outside_engine_must_hold_the_ledger_that_was_named(any_server_url):
    made = await opened_id(Settings(redis=any_server_url))

    assert await opened_id(Settings(redis=any_server_url, ledger=made), create=False) == made
    with pytest.raises(CheckFailedError, match=f"should hold the ledger abc, but holds.*{made}"):
        await opened_id(Settings(redis=any_server_url, ledger="abc"))


async def test_a_named_ledger_is_never_made_anew(any_server_url):
    with pytest.raises(CheckFailedError, match="should hold the ledger abc, but has no ledger"):
        await opened_id(Settings(redis=any_server_url, ledger="abc"))

    async with client(any_server_url) as redis:
        assert not await redis.exists(keys.LEDGER)


async def test_a_command_that_only_reads_makes_no_ledger(any_server_url):
    with pytest.raises(EngineError, match=r"there is no ledger in (unix|redis)://"):
        await opened_id(Settings(redis=any_server_url), create=False)

    async with client(any_server_url) as redis:
        assert not await redis.exists(keys.LEDGER)


def test_a_directory_given_on_the_command_line_is_not_held_to_the_ledger_of_a_variable(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("TOLLBOOK_LEDGER", "abc")

    assert read_settings(data=tmp_path).ledger is None
    assert read_settings(redis="redis://localhost").ledger == "abc"
    assert read_settings(data=tmp_path, ledger="def").ledger == "def"


async def test_the_same_ledger_on_a_fit_engine_is_let_be(any_server):
    ledger = await Ledger.open(any_server)

    await must_be_same_ledger(any_server, ledger.id)


async def test_a_worker_learns_that_its_ledger_was_erased_or_replaced(any_server):
    ledger = await Ledger.open(any_server)
    await any_server.flushall()

    with pytest.raises(CheckFailedError, match=rf"{ledger.id} was erased.*FLUSHALL"):
        await must_be_same_ledger(any_server, ledger.id)
    other = await Ledger.open(any_server)
    with pytest.raises(CheckFailedError, match=f"holds the ledger {other.id} and not {ledger.id}"):
        await must_be_same_ledger(any_server, ledger.id)


@pytest.mark.parametrize(
    ("setting", "weak", "right"),
    [("appendfsync", "everysec", "always"), ("maxmemory-policy", "allkeys-lru", "noeviction")],
)
async def test_a_worker_learns_that_the_engine_was_made_unfit(any_server, setting, weak, right):
    ledger = await Ledger.open(any_server)
    await any_server.config_set(setting, weak)
    try:
        with pytest.raises(EngineError, match=f"{setting} is {weak}, set it to {right}"):
            await must_be_same_ledger(any_server, ledger.id)
    finally:
        await any_server.config_set(setting, right)


async def test_the_watch_outlives_a_restart_and_sees_what_was_altered_in_between(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(guard, "WATCH_S", 0.05)
    engine = EngineProcess(tmp_path)
    url = await engine.start()
    try:
        async with client(url) as redis:
            ledger = await Ledger.open(redis, partitions=1)
            await ledger.append(events(5))
        watching = asyncio.create_task(watch(url, ledger.id))
        for altered in (b"", b'"id":"e2"'):
            await asyncio.sleep(0.3)
            assert not watching.done()
            kill(engine.pid)
            await engine.wait()
            alter_first(tmp_path, altered)
            await engine.start()
        with pytest.raises(CheckFailedError, match="partition 0, sequence 3"):
            await asyncio.wait_for(watching, 10)
    finally:
        await engine.stop()


ERASING_CHILD = """
import os, sys
from redis import Redis
Redis.from_url(os.environ["TOLLBOOK_REDIS"]).flushall()
sys.exit(4)
"""


async def test_serve_names_the_fault_that_a_child_noticed_before_its_guard(tmp_path):
    child = Command("projector", (sys.executable, "-c", ERASING_CHILD))
    with pytest.raises(CheckFailedError, match="was erased from its engine"):
        await asyncio.wait_for(
            serve(Settings(data=tmp_path), asyncio.Event(), commands=(child,)), 30
        )


async def test_serve_points_at_the_log_of_a_child_whose_fault_the_ledger_does_not_show(tmp_path):
    child = Command("projector", (sys.executable, "-c", "import sys; sys.exit(4)"))
    with pytest.raises(CheckFailedError, match="projector ended because a check failed"):
        await asyncio.wait_for(
            serve(Settings(data=tmp_path), asyncio.Event(), commands=(child,)), 30
        )


def alter_first(data: Path, text: bytes) -> None:
    """Changes the last character inside the quotes of a text in the append-only file."""
    (aof,) = (data / "appendonlydir").glob("*.incr.aof")
    content = aof.read_bytes()
    aof.write_bytes(content.replace(text, text[:-2] + b'3"', 1) if text else content)
