"""Somebody deletes a part of the ledger by hand while it is used: an alarm, and never silence."""

import asyncio

import pytest
from redis.asyncio import Redis
from tests.conftest import opened
from tests.contract.ledger_kit import event
from tests.faults.checker import FOLDS, must_be_proved, must_hold

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import keys
from tollbook_services.guard import watch
from tollbook_services.layout import layout_of
from tollbook_services.ledger import Ledger
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels
from tollbook_services.replay import replay

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

EVENTS = 9
NOTICED_S_MAX = 20.0

PARTS = {
    "stream": "partition 0 has 0 events, but its head is 9: events were lost or written by hand",
    "state": "partition 0 has 9 events, but its head is 0: events were lost or written by hand",
    "index": "the index has 0 keys for 9 events: it was altered",
    "ledger": "was erased from its engine",
}


async def filled(redis: Redis) -> tuple[Ledger, dict[str, tuple[int, int]]]:
    ledger = await Ledger.open(redis, partitions=1)
    receipts = await ledger.append([event(f"e{number}") for number in range(EVENTS)])
    return ledger, {one.id: (one.partition, one.sequence or 0) for one in receipts}


def name_of(redis: Redis, part: str) -> str:
    names = {"stream": keys.ledger(0), "state": keys.state(0), "ledger": keys.LEDGER}
    return names.get(part) or layout_of(redis).index(0)


async def alarm(url: str, ledger_id: str) -> str:
    """What the guard ends with."""
    with pytest.raises(CheckFailedError) as found:
        await asyncio.wait_for(watch(url, ledger_id), NOTICED_S_MAX)
    return str(found.value)


@pytest.mark.parametrize("part", PARTS)
async def test_the_guard_names_a_part_that_was_deleted_and_all_is_well_once_it_is_back(
    any_server_url, part
):
    async with opened(any_server_url) as redis:
        ledger, places = await filled(redis)
        guard = asyncio.create_task(alarm(any_server_url, ledger.id))
        name = name_of(redis, part)
        kept = await redis.dump(name)
        await redis.delete(name)

        said = await guard
        assert PARTS[part] in said
        assert "restore" in said

        await redis.restore(name, 0, kept)
        await must_hold(redis, places)
        await must_be_proved(redis)


@pytest.mark.parametrize("part", ["stream", "state", "index"])
async def test_workers_without_a_guard_end_with_the_same_alarm(any_server_url, part):
    async with opened(any_server_url) as redis:
        ledger, _ = await filled(redis)
        await must_be_proved(redis)
        await redis.delete(name_of(redis, part))
        stop = asyncio.Event()
        projector = Projector(ledger, ReadModels(redis), FOLDS)
        with pytest.raises(CheckFailedError):
            await asyncio.wait_for(projector.run([0], stop), NOTICED_S_MAX)


async def test_a_deleted_row_is_a_difference_of_a_replay(any_server_url):
    async with opened(any_server_url) as redis:
        ledger, _ = await filled(redis)
        await must_be_proved(redis)
        rows = [name async for name in redis.scan_iter("tollbook:{0}:*figures*:rows:*")]
        rows = rows or [name async for name in redis.scan_iter("tollbook:{0}:figures.v1.g1:*")]
        assert rows
        for name in rows:
            await redis.delete(name)
        found = await replay(ledger, ReadModels(redis), FOLDS)
        assert not found.identical
        assert found.differences
