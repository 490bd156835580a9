"""The intake worker on real engines, Valkey and Redis: what gets in, and what is never lost."""

import asyncio
import os
import signal
import warnings

import orjson
import pytest
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from tests.integration.intake_load import (
    client,
    event,
    intake_running,
    rejected,
    settled,
    start_worker,
    stored_names,
    wait_for,
)

from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import inbox_group, keys, reclaim
from tollbook_services.cluster.nodes import primaries
from tollbook_services.engine_client import url_of_key
from tollbook_services.intake import ensure_group
from tollbook_services.ledger import Ledger


async def processed(redis: Redis) -> None:
    await wait_for(lambda: settled(redis), "the inbox is empty and nothing is pending")


async def deliver_to_a_dead_worker(redis: Redis, *raws: bytes, deliveries: int = 1) -> list[bytes]:
    await ensure_group(redis)
    ids = [await redis.xadd(keys.INBOX, {"event": raw}) for raw in raws]
    await redis.xreadgroup(keys.INTAKE_GROUP, "dead", {keys.INBOX: ">"})
    await redis.xclaim(
        keys.INBOX, keys.INTAKE_GROUP, "dead", 0, ids, retrycount=deliveries, justid=True
    )
    return ids


@pytest.fixture
def engine_url(any_engine_url):
    return any_engine_url


@pytest.fixture
def quick_reclaim(monkeypatch):
    monkeypatch.setattr(reclaim, "RECLAIM_IDLE_MS", 100)
    monkeypatch.setattr(reclaim, "RECLAIM_EVERY_S", 0.05)


def test_a_client_that_only_knows_xadd_gets_its_report_into_the_ledger(engine_url):
    async def scenario():
        async with client(engine_url) as redis, intake_running(engine_url):
            await redis.execute_command("XADD", keys.INBOX, "*", "event", event("x"))
            await processed_once(redis)
            assert await stored_names(await Ledger.open(redis)) == ["x"]

    async def processed_once(redis):
        await wait_for(lambda: has_head(redis), "the event is in the ledger")
        await processed(redis)

    async def has_head(redis):
        return await stored_names(await Ledger.open(redis))

    asyncio.run(scenario())


def test_what_faststream_publishes_gets_into_the_ledger_whichever_type_it_has(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                place = await url_of_key(engine_url, redis, keys.INBOX)
                async with RedisBroker(place, logger=None) as broker:
                    await broker.publish(orjson.loads(event("d")), stream=keys.INBOX)
                    await broker.publish(event("b"), stream=keys.INBOX)
                    await broker.publish(event("s").decode(), stream=keys.INBOX)
            async with intake_running(engine_url):
                await wait_for(lambda: redis.exists(keys.INBOX), "the inbox is there")
                await processed(redis)
            assert sorted(await stored_names(await Ledger.open(redis))) == ["b", "d", "s"]

    asyncio.run(scenario())


def test_one_bad_entry_among_500_good_ones_is_refused_and_the_rest_go_on(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            for number in range(501):
                raw = b'{"specversion": NaN' if number == 250 else event(f"r{number:03}")
                await redis.xadd(keys.INBOX, {"event": raw})
            async with intake_running(engine_url):
                await processed(redis)
            names = await stored_names(await Ledger.open(redis))
            assert sorted(names) == [f"r{n:03}" for n in range(501) if n != 250]
            (bad,) = await rejected(redis)
            assert b'{"specversion": NaN' in bad.values()

    asyncio.run(scenario())


def test_entries_without_an_event_or_with_two_are_refused_with_the_reason(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            await redis.xadd(keys.INBOX, {"Event": event("x")})
            await redis.xadd(keys.INBOX, {"__data__": b"rubbish"})
            await redis.execute_command(
                "XADD", keys.INBOX, "*", "event", event("one"), "event", event("two")
            )
            await redis.xadd(keys.INBOX, {"event": event("good")})
            async with intake_running(engine_url):
                await processed(redis)
            assert await stored_names(await Ledger.open(redis)) == ["good"]
            texts = [b" ".join(fields.values()) for fields in await rejected(redis)]
            assert len(texts) == 3
            assert b"case-sensitive" in texts[0]
            assert b"/__data__" in texts[1]
            assert b"one XADD for each" in texts[2]

    asyncio.run(scenario())


def test_kill_9_in_the_middle_of_a_load_loses_nothing_and_doubles_nothing(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            wanted = [f"r{number:04}" for number in range(4_000)]
            feed = asyncio.create_task(publish_slowly(redis, wanted))
            for _ in range(3):
                worker = await start_worker(engine_url)
                head = len(await stored_names(await Ledger.open(redis)))
                await wait_for(lambda head=head: moved(redis, head), "the worker moves entries")
                os.kill(worker.pid, signal.SIGKILL)
                await worker.wait()
            async with intake_running(engine_url):
                await feed
                await processed(redis)
            assert sorted(await stored_names(await Ledger.open(redis))) == wanted
            assert await rejected(redis) == []

    async def publish_slowly(redis, names):
        for begin in range(0, len(names), 100):
            async with redis.pipeline(transaction=False) as pipe:
                for name in names[begin : begin + 100]:
                    pipe.xadd(keys.INBOX, {"event": event(name)})
                await pipe.execute()
            await asyncio.sleep(0.1)

    async def moved(redis, head):
        return len(await stored_names(await Ledger.open(redis))) > head

    asyncio.run(scenario())


def test_two_workers_at_once_store_each_event_once(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            wanted = [f"r{number:04}" for number in range(2_000)]
            async with intake_running(engine_url), intake_running(engine_url):
                for name in wanted:
                    await redis.xadd(keys.INBOX, {"event": event(name)})
                await processed(redis)
            assert sorted(await stored_names(await Ledger.open(redis))) == wanted

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick_reclaim")
def test_entries_of_a_dead_consumer_are_taken_over_good_and_bad(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            await deliver_to_a_dead_worker(redis, event("a"), b"{", event("b"), deliveries=1)
            await deliver_to_a_dead_worker(redis, event("c"), deliveries=3)
            async with intake_running(engine_url):
                await processed(redis)
            assert sorted(await stored_names(await Ledger.open(redis))) == ["a", "b", "c"]
            assert len(await rejected(redis)) == 1

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick_reclaim")
def test_a_crash_between_append_and_acknowledgement_stores_the_event_once(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            parsed = parse_event(event("a"), default_gazetteer())
            assert isinstance(parsed, ParsedEvent)
            ledger = await Ledger.open(redis)
            await deliver_to_a_dead_worker(redis, event("a"))
            await ledger.append([parsed])
            async with intake_running(engine_url):
                await processed(redis)
            assert await stored_names(ledger) == ["a"]
            assert await rejected(redis) == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick_reclaim")
def test_an_entry_that_keeps_killing_its_workers_ends_in_the_rejected_stream(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            poison = event("poison")
            await deliver_to_a_dead_worker(redis, poison, deliveries=reclaim.DELIVERIES_MAX)
            await deliver_to_a_dead_worker(redis, event("good"))
            async with intake_running(engine_url):
                await processed(redis)
            assert await stored_names(await Ledger.open(redis)) == ["good"]
            (fields,) = await rejected(redis)
            assert poison in fields.values()
            assert b"5 times and never finished" in b" ".join(fields.values())

    asyncio.run(scenario())


def test_a_consumer_that_stopped_long_ago_is_taken_off_the_group(engine_url, monkeypatch):
    monkeypatch.setattr(reclaim, "FORGET_CONSUMER_MS", 50)

    async def scenario():
        async with client(engine_url) as redis:
            await deliver_to_a_dead_worker(redis, event("held"))
            await redis.xgroup_createconsumer(keys.INBOX, keys.INTAKE_GROUP, "gone")
            await asyncio.sleep(0.1)
            await reclaim.forget_consumers(redis)
            consumers = await redis.xinfo_consumers(keys.INBOX, keys.INTAKE_GROUP)
            assert [consumer["name"] for consumer in consumers] == [b"dead"]

    asyncio.run(scenario())


def test_a_worker_that_stops_leaves_no_consumer_behind(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            await redis.xadd(keys.INBOX, {"event": event("x")})
            async with intake_running(engine_url):
                await processed(redis)
            assert await redis.xinfo_consumers(keys.INBOX, keys.INTAKE_GROUP) == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("loss", "error", "reason"),
    [
        (("XGROUP", "DESTROY", keys.INBOX, keys.INTAKE_GROUP), EngineError, "group"),
        (("FLUSHALL",), CheckFailedError, "was erased"),
    ],
)
def test_a_worker_whose_group_vanishes_ends_and_the_next_one_reads_everything(
    engine_url, monkeypatch, loss, error, reason
):
    monkeypatch.setattr(inbox_group, "WATCH_EVERY_S", 0.1)

    async def scenario():
        async with client(engine_url) as redis:
            async with intake_running(engine_url) as worker:
                await wait_for(lambda: reading(redis), "the worker reads")
                for node in await primaries(redis) if loss[0] == "FLUSHALL" else [redis]:
                    await node.execute_command(*loss)
                with pytest.raises(error, match=reason):
                    await asyncio.wait_for(worker, 10)
            await redis.xadd(keys.INBOX, {"event": event("after")})
            async with intake_running(engine_url):
                await processed(redis)
            assert "after" in await stored_names(await Ledger.open(redis))

    async def reading(redis):
        if not await redis.exists(keys.INBOX):
            return False
        groups = await redis.xinfo_groups(keys.INBOX)
        return bool(groups and groups[0]["consumers"])

    asyncio.run(scenario())
