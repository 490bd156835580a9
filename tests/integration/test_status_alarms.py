"""Status of inbox, intake and engine: what waits, what hangs, and what raises an alarm."""

from contextlib import asynccontextmanager

import pytest
from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError
from tests.contract.ledger_kit import events

from tollbook_schemas.views import StatusDocument
from tollbook_services import heartbeats, keys
from tollbook_services.engine_status import engine_status
from tollbook_services.heartbeats import Heartbeats, engine_time_ms
from tollbook_services.inbox_status import INTAKE, inbox_status
from tollbook_services.ledger import Ledger
from tollbook_services.readmodels import ReadModels
from tollbook_services.status import WORST_FIRST, status_document, summary, worst
from tollbook_services.verify import verify_once

pytestmark = pytest.mark.anyio

LAG_S_MAX = 10.0


async def inbox(redis: Redis, *, later_s: float = 0.0):
    """How the inbox stands, as if so many seconds had passed for what waits."""
    now_s = await engine_time_ms(redis) / 1000 + later_s
    return await inbox_status(redis, now_s, await Heartbeats(redis).read(None), LAG_S_MAX)


async def add(redis: Redis, count: int) -> None:
    for value in range(count):
        await redis.xadd(keys.INBOX, {"event": str(value)})


async def beat(redis: Redis, state: heartbeats.WorkerState = "running") -> None:
    await Heartbeats(redis).beat(None, "host:1", INTAKE, state, 0)


async def group(redis: Redis) -> None:
    await redis.xgroup_create(keys.INBOX, keys.INTAKE_GROUP, id="0", mkstream=True)


async def told(redis: Redis):
    """The whole document of a ledger whose views nobody asks for."""
    ledger = await Ledger.open(redis, partitions=1)
    await Heartbeats(redis).beat(0, "host:1", "projector", "running", 0)
    return await status_document(ledger, ReadModels(redis), ())


@pytest.mark.parametrize("grouped", [True, False])
async def test_the_inbox_shows_what_waits_and_what_is_unsettled(any_redis, grouped):
    if grouped:
        await group(any_redis)
    await add(any_redis, 5)
    if grouped:
        await any_redis.xreadgroup(keys.INTAKE_GROUP, "me", {keys.INBOX: ">"}, count=2)

    shown, _ = await inbox(any_redis, later_s=3.0)

    pending = 2 if grouped else 0
    assert (shown["length"], shown["pending"], shown["unread"]) == (5, pending, 5 - pending)
    assert shown["oldest_seconds"] == pytest.approx(3.0, abs=1.0)
    assert (shown["oldest_pending_seconds"] is not None) is grouped


async def test_an_inbox_that_waits_for_an_intake_that_never_was_is_not_healthy(any_redis):
    assert (await inbox(any_redis))[0]["state"] == "healthy"
    await add(any_redis, 1)

    assert (await inbox(any_redis))[0]["state"] == "no_intake"
    assert (await told(any_redis))["state"] == "no_intake"


async def test_an_intake_that_was_killed_or_hangs_is_stopped_even_if_nothing_waits(
    any_redis, monkeypatch
):
    await group(any_redis)
    await beat(any_redis)
    assert (await inbox(any_redis))[0]["state"] == "healthy"

    monkeypatch.setattr(heartbeats, "ALIVE_S_MAX", -1.0)

    assert (await inbox(any_redis))[0]["state"] == "stopped"


async def test_an_intake_that_said_goodbye_is_missed_only_when_something_waits(any_redis):
    await group(any_redis)
    await beat(any_redis, "stopped")
    assert (await inbox(any_redis))[0]["state"] == "healthy"

    await add(any_redis, 1)

    assert (await inbox(any_redis))[0]["state"] == "stopped"


async def test_entries_that_wait_too_long_make_the_inbox_behind(any_redis):
    await group(any_redis)
    await beat(any_redis)
    await add(any_redis, 1)

    assert (await inbox(any_redis, later_s=LAG_S_MAX - 5))[0]["state"] == "healthy"
    assert (await inbox(any_redis, later_s=LAG_S_MAX + 5))[0]["state"] == "behind"


async def test_a_group_that_was_destroyed_under_an_intake_is_an_alarm(any_redis):
    await group(any_redis)
    await beat(any_redis)
    assert (await told(any_redis))["alarms"] == []

    await any_redis.xgroup_destroy(keys.INBOX, keys.INTAKE_GROUP)
    document = await told(any_redis)

    assert [alarm["kind"] for alarm in document["alarms"]] == ["group_lost"]
    assert (document["state"], document["healthy"]) == ("alarm", False)
    assert summary(document).startswith("alarm: group_lost: the consumer group of the inbox is")


async def test_views_ahead_of_their_ledger_are_an_alarm(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)

    class Ahead:
        redis = any_redis

        async def checkpoint(self, _partition, _name):
            class Checkpoint:
                sequence, recorded_at = 7, None

            return Checkpoint()

        async def parked_count(self, _partition, _name):
            return 0

        async def ledger_id(self, *, fresh):
            return ledger.id

    await ledger.append(events(5))
    document = await status_document(ledger, Ahead(), ("figures.v1",))

    (alarm,) = document["alarms"]
    assert alarm["kind"] == "views_ahead"
    assert "figures of partition 0 stands at 7, but the ledger ends at 5" in alarm["message"]


async def test_an_engine_at_its_memory_limit_is_an_alarm_and_a_worker_can_still_say_so(any_server):
    await group(any_server)
    await told(any_server)
    async with full(any_server):
        with pytest.raises(OutOfMemoryError):
            await any_server.set("more", "x")
        await beat(any_server, "memory_full")
        document = await told(any_server)

    assert [alarm["kind"] for alarm in document["alarms"]] == ["memory_full"]
    assert document["engine"]["memory_full"]
    assert document["engine"]["memory_max"] == 2**20
    assert [worker["state"] for worker in document["workers"]] == ["memory_full"]
    assert not (await told(any_server))["engine"]["memory_full"]


async def test_the_engine_says_what_it_is_and_whether_its_events_were_verified(any_redis):
    await Ledger.open(any_redis)
    before, alarms = await engine_status(any_redis)
    await verify_once(any_redis)
    after, _ = await engine_status(any_redis)

    assert alarms == []
    TypeAdapter(StatusDocument).validate_python(await told(any_redis), strict=True)
    assert (before["verified"], after["verified"]) == (False, True)
    assert (after["kind"], after["memory_max"]) in {("valkey", None), ("redis", None)}
    assert after["memory_used"] > 0


def test_the_worst_state_is_the_one_that_is_told():
    assert worst(["healthy", "behind", "stopped", "parked"]) == "stopped"
    assert worst([]) == "healthy"
    assert WORST_FIRST[0] == "alarm"
    assert WORST_FIRST[-1] == "healthy"


@asynccontextmanager
async def full(redis: Redis):
    """An engine at its memory limit, until the exit."""
    await redis.config_set("maxmemory", str(2**20))
    try:
        yield
    finally:
        await redis.config_set("maxmemory", "0")
