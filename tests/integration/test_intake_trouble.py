"""The intake worker when the ledger cannot write, is broken, or reading stalls."""

import asyncio
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import OutOfMemoryError, ResponseError
from tests.integration.intake_load import (
    client,
    event,
    rejected,
    settled,
    stored_names,
    wait_for,
)

from tollbook_schemas.errors import EngineError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services import inbox_group, intake, keys
from tollbook_services.heartbeats import Heartbeats
from tollbook_services.inbox_entry import InboxEntry
from tollbook_services.inbox_status import INTAKE
from tollbook_services.intake import Intake, ensure_group
from tollbook_services.ledger import Ledger


class Troubled:
    """A ledger whose next appends fail with the given errors."""

    def __init__(self, ledger: Ledger, *errors: Exception) -> None:
        self.id = ledger.id
        self.appends = ledger.appends
        self._ledger = ledger
        self._errors = list(errors)

    async def append(self, events):
        if self._errors:
            raise self._errors.pop(0)
        return await self._ledger.append(events)

    async def reject(self, raw, faults, origin):
        return await self._ledger.reject(raw, faults, origin)


async def delivered(redis: Redis, *raws: bytes) -> list[InboxEntry]:
    """The entries as a worker named `w` gets them."""
    await ensure_group(redis)
    ids = [await redis.xadd(keys.INBOX, {"event": raw}) for raw in raws]
    await redis.xreadgroup(keys.INTAKE_GROUP, "w", {keys.INBOX: ">"})
    pairs = zip(ids, raws, strict=True)
    return [InboxEntry(id_, ((b"event", raw),)) for id_, raw in pairs]


async def worker(redis: Redis, *errors: Exception) -> Intake:
    ledger = Troubled(await Ledger.open(redis), *errors)
    return Intake(redis, ledger, default_gazetteer(), "w")


def test_a_batch_waits_until_the_engine_can_write_and_is_refused_only_once(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            errors = (LostConnectionError("gone"), OutOfMemoryError("full"))
            one = await worker(redis, *errors, ResponseError("MISCONF disk"))
            await one.on_batch(await delivered(redis, event("a"), b"rubbish"))
            await one.finish()
            assert not one.failed.done()
            assert await settled(redis)
            assert await stored_names(await Ledger.open(redis)) == ["a"]
            assert len(await rejected(redis)) == 1

    asyncio.run(scenario())


def test_a_broken_ledger_ends_the_worker_and_is_not_held_against_the_entries(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            one = await worker(redis, ResponseError("Function not found"))
            await one.on_batch(await delivered(redis, event("a")))
            await one.finish()
            with pytest.raises(ResponseError, match="Function not found"):
                one.failed.result()
            (pending,) = await redis.xpending_range(keys.INBOX, keys.INTAKE_GROUP, "-", "+", 9)
            assert pending["times_delivered"] == 0

    asyncio.run(scenario())


def test_a_bug_ends_the_worker_and_is_held_against_the_entries(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            one = await worker(redis, KeyError("a bug"))
            await one.on_batch(await delivered(redis, event("a")))
            await one.finish()
            with pytest.raises(KeyError, match="a bug"):
                one.failed.result()
            (pending,) = await redis.xpending_range(keys.INBOX, keys.INTAKE_GROUP, "-", "+", 9)
            assert pending["times_delivered"] == 1

    asyncio.run(scenario())


def test_a_batch_behind_one_that_failed_is_not_appended(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            one = await worker(redis, ResponseError("Function not found"))
            first, second = await delivered(redis, event("a"), event("b"))
            await one.on_batch([first])
            await one.on_batch([second])
            await one.finish()
            assert one.failed.exception() is not None
            assert await stored_names(await Ledger.open(redis)) == []
            pending = await redis.xpending_range(keys.INBOX, keys.INTAKE_GROUP, "-", "+", 9)
            assert [entry["times_delivered"] for entry in pending] == [0, 0]

    asyncio.run(scenario())


def test_a_stop_while_the_engine_cannot_write_leaves_the_entries_pending(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            one = await worker(redis, *[OutOfMemoryError("full")] * 50)
            await one.on_batch(await delivered(redis, event("a")))
            await asyncio.sleep(0.2)
            one.stop()
            await asyncio.wait_for(one.finish(), 1)
            pending = await redis.xpending(keys.INBOX, keys.INTAKE_GROUP)
            assert pending["pending"] == 1

    asyncio.run(scenario())


def test_a_bug_in_reading_one_entry_refuses_that_entry_only(engine_url, monkeypatch):
    def parse(raw, gazetteer, last=None):
        if b'"bug"' in raw:
            raise RecursionError("too deep")
        return real(raw, gazetteer, last)

    real = intake.parse_event
    monkeypatch.setattr(intake, "parse_event", parse)

    async def scenario():
        async with client(engine_url) as redis:
            one = await worker(redis)
            await one.on_batch(await delivered(redis, event("a"), event("bug"), event("b")))
            await one.finish()
            assert await stored_names(await Ledger.open(redis)) == ["a", "b"]
            (fields,) = await rejected(redis)
            assert b"tollbook itself failed" in b" ".join(fields.values())
            assert await settled(redis)

    asyncio.run(scenario())


def test_entries_that_nobody_reads_end_the_worker(engine_url, monkeypatch):
    monkeypatch.setattr(inbox_group, "WATCH_EVERY_S", 0.05)
    monkeypatch.setattr(inbox_group, "STALLED_S", 0.2)

    async def scenario():
        async with client(engine_url) as redis:
            one = await worker(redis)
            await ensure_group(redis)
            await redis.xadd(keys.INBOX, {"event": event("a")})
            broker = SimpleNamespace(subscribers=[SimpleNamespace(running=True)])
            with pytest.raises(EngineError, match="none was read"):
                await asyncio.wait_for(inbox_group.watch(redis, broker, one), 5)

    asyncio.run(scenario())


def test_a_worker_that_is_stuck_in_a_batch_falls_silent_and_is_ended(engine_url, monkeypatch):
    monkeypatch.setattr(inbox_group, "WATCH_EVERY_S", 0.05)
    monkeypatch.setattr(inbox_group, "SILENT_S", -1.0)
    monkeypatch.setattr(inbox_group, "STALLED_S", 0.3)

    async def scenario():
        async with client(engine_url) as redis:
            one = await worker(redis)
            await ensure_group(redis)
            broker = SimpleNamespace(subscribers=[SimpleNamespace(running=True)])
            async with one.turn:
                with pytest.raises(EngineError, match="none was read"):
                    await asyncio.wait_for(inbox_group.watch(redis, broker, one), 5)
            assert await Heartbeats(redis).read(None) == ()
            task = asyncio.create_task(inbox_group.watch(redis, broker, one))
            await wait_for(lambda: Heartbeats(redis).alive(None, INTAKE), "a free one is heard")
            task.cancel()

    asyncio.run(scenario())
