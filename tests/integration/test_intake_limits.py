"""The intake at its limits: a full engine, entries that are too large, entries that kill."""

import asyncio
import json
import subprocess
import sys

import orjson
import pytest
from redis.asyncio import Redis
from tests.integration.intake_load import (
    client,
    event,
    intake_running,
    ledger_id,
    rejected,
    settled,
    stored_names,
    wait_for,
)

from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services import inbox_entry, keys, reclaim
from tollbook_services.admission import Admission
from tollbook_services.heartbeats import Heartbeats
from tollbook_services.inbox_entry import InboxEntry, keep_repeated_fields, portion
from tollbook_services.inbox_group import ensure_group
from tollbook_services.intake import Intake, run_intake
from tollbook_services.ledger import Ledger
from tollbook_services.stored import KEPT_BYTES

MIB = 2**20
KILLED = 9
MORTAL = """
import asyncio, os, sys
from tollbook_services import intake, reclaim
reclaim.RECLAIM_IDLE_MS, reclaim.RECLAIM_EVERY_S = 200, 0.05
real = intake.parse_event
def parse(raw, gazetteer, last=None):
    if b'"poison"' in raw:
        os._exit(9)
    return real(raw, gazetteer, last)
intake.parse_event = parse
asyncio.run(intake.run_intake(sys.argv[1], sys.argv[2], asyncio.Event()))
"""


@pytest.fixture
def engine_url(any_server_url):
    return any_server_url


async def processed(redis: Redis) -> None:
    await wait_for(lambda: settled(redis), "the inbox is empty and nothing is pending")


async def states(redis: Redis) -> list[str]:
    return [beat.state for beat in await Heartbeats(redis).read(None)]


def test_a_full_engine_is_waited_for_and_nothing_is_lost(engine_url):
    async def scenario():
        async with client(engine_url) as redis, intake_running(engine_url):
            await redis.xadd(keys.INBOX, {"event": event("before")})
            await processed(redis)
            wanted = [f"r{number:03}" for number in range(600)]
            async with redis.pipeline(transaction=True) as pipe:
                for name in wanted:
                    pipe.xadd(keys.INBOX, {"event": event(name)})
                pipe.config_set("maxmemory", MIB)
                await pipe.execute()
            await wait_for(lambda: says(redis, "memory_full"), "the intake says so")
            assert await stored_names(await Ledger.open(redis)) == ["before"]
            await redis.config_set("maxmemory", 0)
            await processed(redis)
            await wait_for(lambda: says(redis, "running"), "the intake says so")
            assert sorted(await stored_names(await Ledger.open(redis))) == ["before", *wanted]
            assert await rejected(redis) == []

    async def says(redis, state):
        return await states(redis) == [state]

    try:
        asyncio.run(scenario())
    finally:
        asyncio.run(unlimited(engine_url))


async def unlimited(url):
    async with client(url) as redis:
        await redis.config_set("maxmemory", 0)


def test_an_entry_of_100_mb_is_cut_and_its_neighbours_are_stored(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            large = b'{"specversion": "' + b"x" * (100 * MIB) + b'"}'
            for raw in (event("a"), large, event("b")):
                await redis.xadd(keys.INBOX, {"event": raw})
            del large
            async with intake_running(engine_url):
                await processed(redis)
            ledger = await Ledger.open(redis)
            assert sorted(await stored_names(ledger)) == ["a", "b"]
            (kept,) = await ledger.read_rejected()
            assert len(kept.raw) == KEPT_BYTES
            assert kept.whole.length == 100 * MIB + 19
            assert kept.reasons[0][1].startswith("104,857,619 bytes are more than")

    asyncio.run(scenario())


def test_bad_entries_are_refused_one_by_one_and_the_rest_goes_on(engine_url):
    bad = {
        b"9007199254740992": "2^53",
        b'1, "value": 1': "repeated",
        b'"\\ud800"': "surrogate",
        b"[" * 64 + b"]" * 64: "deep",
    }

    async def scenario():
        async with client(engine_url) as redis:
            for number, value in enumerate(bad):
                raw = event(f"bad{number}").replace(b'"value":1', b'"value":' + value)
                await redis.xadd(keys.INBOX, {"event": raw})
                await redis.xadd(keys.INBOX, {"event": event(f"good{number}")})
            async with intake_running(engine_url):
                await processed(redis)
            names = await stored_names(await Ledger.open(redis))
            assert sorted(names) == [f"good{number}" for number in range(len(bad))]
            assert len(await rejected(redis)) == len(bad)

    asyncio.run(scenario())


def test_an_entry_that_kills_its_workers_is_refused_after_five_and_spares_the_others(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            ledger = await ledger_id(engine_url)
            for name in ("a", "poison", "b"):
                await redis.xadd(keys.INBOX, {"event": event(name)})
            for _ in range(reclaim.DELIVERIES_MAX):
                worker = await mortal(ledger)
                assert await asyncio.wait_for(worker.wait(), 20) == KILLED
            worker = await mortal(ledger)
            await processed(redis)
            worker.terminate()
            await worker.wait()
            assert sorted(await stored_names(await Ledger.open(redis))) == ["a", "b"]
            (fields,) = await rejected(redis)
            assert fields[b"e"] == event("poison")

    async def mortal(ledger):
        command = (sys.executable, "-c", MORTAL, engine_url, ledger)
        return await asyncio.create_subprocess_exec(*command)

    asyncio.run(scenario())


def test_the_areas_of_the_batch_before_are_known_although_it_was_still_being_appended(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            naming = event("naming").replace(b"SY-LA", b"LB29")
            ledger = await Ledger.open(redis)
            worker = Intake(redis, ledger, Admission(ledger, default_gazetteer()), "w")
            await ensure_group(redis)
            for raw in (published("LB29"), naming):
                await redis.xadd(keys.INBOX, {"event": raw})
            keep_repeated_fields(redis)
            read = await redis.xreadgroup(keys.INTAKE_GROUP, "w", {keys.INBOX: ">"})
            for one in read[0][1]:
                await worker.on_batch([InboxEntry(*one)])
            await worker.finish()
            assert sorted(await stored_names(ledger)) == ["areas", "naming"]

    asyncio.run(scenario())


def test_publish_at_the_memory_limit_says_so_and_can_be_repeated(engine_url):
    def publish(*names):
        command = (sys.executable, "-m", "tollbook_services.cli", "publish", "-")
        return subprocess.run(
            [*command, "--redis", engine_url],
            input=b"\n".join(map(event, names)),
            capture_output=True,
            check=False,
            timeout=60,
        )

    async def limited(limit):
        async with client(engine_url) as redis:
            await redis.config_set("maxmemory", limit)

    assert publish("a").returncode == 0
    asyncio.run(limited(MIB))
    try:
        done = publish("b")
    finally:
        asyncio.run(limited(0))
    assert (done.returncode, done.stdout) == (5, b"")
    assert b"maxmemory" in done.stderr
    receipts = [json.loads(line) for line in publish("a", "b").stdout.splitlines()]
    assert [receipt["status"] for receipt in receipts] == ["duplicate", "appended"]


def test_an_area_is_known_to_the_entry_after_its_gazetteer(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            naming = event("naming").replace(b"SY-LA", b"LB29")
            for raw in (event("a"), naming, published("LB29"), naming, event("b")):
                await redis.xadd(keys.INBOX, {"event": raw})
            async with intake_running(engine_url):
                await processed(redis)
                await redis.xadd(keys.INBOX, {"event": naming.replace(b'"naming"', b'"later"')})
                await wait_for(lambda: stored(redis, "later"), "the later one is stored")
            assert len(await rejected(redis)) == 1
            assert await stored(redis, "naming")

    async def stored(redis, name):
        return name in await stored_names(await Ledger.open(redis))

    asyncio.run(scenario())


def test_an_intake_refuses_an_engine_with_another_ledger_and_makes_none(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            with pytest.raises(CheckFailedError, match="was erased"):
                await run_intake(engine_url, "0" * 32, asyncio.Event())
            assert await redis.keys() == []

    asyncio.run(scenario())


def test_an_intake_that_is_stopped_says_goodbye(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            async with intake_running(engine_url):
                await wait_for(lambda: running(redis), "the intake is heard")
            (beat,) = await Heartbeats(redis).read(None)
            assert (beat.state, beat.goodbye) == ("stopped", True)

    async def running(redis):
        return await states(redis) == ["running"]

    asyncio.run(scenario())


def test_what_is_worked_on_at_once_is_limited_by_bytes(monkeypatch):
    monkeypatch.setattr(inbox_entry, "INTAKE_BATCH_BYTES_MAX", 10)
    sizes = (4, 6, 1, 50, 3)
    entries = [InboxEntry(b"1-0", ((b"event", b"x" * size),)) for size in sizes]
    taken = []
    while entries:
        part = portion(entries)
        taken.append([len(entry.fields[0][1]) for entry in part])
        entries = entries[len(part) :]
    assert taken == [[4, 6], [1], [50], [3]]


def published(code: str) -> bytes:
    """A gazetteer with one area of Lebanon."""
    document = orjson.loads(event("areas")) | {
        "type": "org.tollbook.gazetteer.published.v1",
        "data": {
            "gazetteer": "cod/1983",
            "country": "LBN",
            "valid_from": "1983-01-01",
            "areas": [{"code": code, "name": "Nowhere", "level": 1, "parent": None}],
            "reason": "a table",
        },
    }
    return orjson.dumps(document)
