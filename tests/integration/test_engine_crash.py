"""The embedded engine under kill -9: what was acknowledged is there, exactly once."""

import asyncio
from collections import Counter

import pytest
from redis.exceptions import RedisError
from tests.contract.ledger_kit import events, outcomes, stored_ids
from tests.integration.engine_kit import client, kill, lives, wait_for

from tollbook_schemas.errors import EngineError
from tollbook_schemas.parse import ParsedEvent
from tollbook_services.engine import EngineProcess, connect, open_engine
from tollbook_services.ledger import Ledger

pytestmark = pytest.mark.anyio


async def test_files_of_a_killed_engine_do_not_stand_in_the_way(tmp_path):
    engine = EngineProcess(tmp_path)
    await engine.start()
    killed = engine.pid
    kill(killed)
    assert await engine.wait() == -9
    await engine.stop()
    assert (tmp_path / "engine.sock").exists()
    assert (tmp_path / "engine.pid").exists()

    async with open_engine(tmp_path) as handle:
        assert handle.started_here
        assert handle.pid != killed


@pytest.mark.parametrize("content", [b"1", b"", b"not a number", b"999999999"])
async def test_whatever_a_stale_pid_file_says_an_engine_is_started(tmp_path, content):
    (tmp_path / "engine.pid").write_bytes(content)
    (tmp_path / "engine.sock").write_bytes(b"no socket")

    async with open_engine(tmp_path) as handle:
        assert handle.started_here


async def test_who_keeps_an_engine_running_starts_it_again_with_its_data(tmp_path):
    engine = EngineProcess(tmp_path)
    url = await engine.start()
    try:
        for turn in range(3):
            async with client(url) as redis:
                assert await redis.incr("turns") == turn + 1
            kill(engine.pid)
            assert await asyncio.wait_for(engine.wait(), 10) == -9
            assert not engine.started_here
            assert await engine.start() == url
            assert engine.started_here
    finally:
        await engine.stop()
    assert not lives(engine.pid)


async def test_who_joined_an_engine_notices_its_death_and_can_start_it_again(tmp_path):
    starter, joined = EngineProcess(tmp_path), EngineProcess(tmp_path)
    await starter.start()
    await joined.start()
    try:
        waiting = asyncio.create_task(joined.wait())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        kill(joined.pid)
        assert await asyncio.wait_for(waiting, 10) is None

        await joined.start()
        await starter.start()
        assert (joined.started_here, starter.started_here) == (True, False)
        assert joined.pid == starter.pid
    finally:
        await starter.stop()
        await joined.stop()
    assert not lives(joined.pid)


async def test_kill_9_in_mid_append_loses_no_acknowledged_event_and_doubles_none(tmp_path):
    everything = [events(3000, f"writer{writer}-") for writer in range(3)]
    engine = EngineProcess(tmp_path)
    url = await engine.start()
    acknowledged: dict[str, int] = {}
    try:
        for _ in range(3):
            await _append_until_killed(url, engine, everything, acknowledged)
            await engine.start()
            async with client(url) as redis:
                ledger = await Ledger.open(redis, partitions=1)
                found = await stored_ids(ledger)
                assert all(found[at - 1] == name for name, at in acknowledged.items())
                assert max(Counter(found).values()) == 1

        async with client(url) as redis:
            ledger = await Ledger.open(redis, partitions=1)
            before = dict(acknowledged)
            for own in everything:
                _note(await ledger.append(own), acknowledged)
            assert acknowledged.items() >= before.items()
            found = await stored_ids(ledger)
            assert sorted(found) == sorted(item.key[1] for own in everything for item in own)
    finally:
        await engine.stop()


async def test_an_append_to_a_dead_engine_is_an_error_and_not_silence(tmp_path):
    engine = EngineProcess(tmp_path)
    url = await engine.start()
    try:
        async with client(url) as redis:
            ledger = await Ledger.open(redis, partitions=1)
            kill(engine.pid)
            await engine.wait()
            with pytest.raises(RedisError):
                await ledger.append(events(1))

            await engine.start()
            assert outcomes(await ledger.append(events(1))) == [("appended", 1)]
    finally:
        await engine.stop()


async def test_connecting_to_nothing_is_an_error_that_names_the_url_without_its_password(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tollbook_services.connection.LISTEN_S_MAX", 0.2)

    with pytest.raises(EngineError, match=r"no engine answers at unix://.*nothing\.sock"):
        await connect(f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(EngineError) as refused:
        await connect("redis://user:secret@127.0.0.1:1/0")
    assert "secret" not in str(refused.value)
    with pytest.raises(EngineError, match="give redis://host:port, unix:///path"):
        await connect("http://example.org")


async def _append_until_killed(
    url: str,
    engine: EngineProcess,
    everything: list[list[ParsedEvent]],
    acknowledged: dict[str, int],
) -> None:
    """Three writers append the same as before and then more, until the engine dies under them."""
    goal = len(acknowledged) + 700

    async def writer(own: list[ParsedEvent]) -> None:
        async with client(url) as redis:
            ledger = await Ledger.open(redis, partitions=1)
            for at in range(0, len(own), 50):
                _note(await ledger.append(own[at : at + 50]), acknowledged)

    writers = [asyncio.create_task(writer(own)) for own in everything]
    await wait_for(lambda: len(acknowledged) >= goal, 30)
    kill(engine.pid)
    done = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(item, RedisError | OSError | EngineError) for item in done), done
    await engine.wait()


def _note(receipts, acknowledged: dict[str, int]) -> None:
    """What a client was told; the same event must get the same position each time."""
    for receipt in receipts:
        assert acknowledged.setdefault(receipt.id, receipt.sequence) == receipt.sequence
