"""The contract of opening and reading, held by every engine."""

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from tests.contract.ledger_kit import another_ledger, event, events

from tollbook_schemas.errors import Fault
from tollbook_services import keys, writer
from tollbook_services.ledger import Ledger

pytestmark = pytest.mark.anyio

START = datetime(2025, 3, 11, 20, tzinfo=UTC)


async def test_the_number_of_partitions_is_fixed_when_a_ledger_is_made(any_redis):
    made = await Ledger.open(any_redis, partitions=8)

    again = await Ledger.open(any_redis, partitions=2)

    assert (again.id, again.partitions) == (made.id, 8)
    assert len(made.id) == 32


async def test_those_who_open_at_once_open_the_same_ledger(any_redis, any_engine_url):
    async def opener() -> str:
        async with another_ledger(any_engine_url) as ledger:
            return ledger.id

    assert len(set(await asyncio.gather(*(opener() for _ in range(8))))) == 1


async def test_opening_again_does_not_load_the_functions_again(any_redis):
    await Ledger.open(any_redis)
    await any_redis.config_resetstat()

    await Ledger.open(any_redis)

    assert "cmdstat_function|load" not in await any_redis.info("commandstats")


async def test_functions_of_another_version_are_replaced(any_redis):
    await any_redis.function_load(
        "#!lua name=tollbook_ledger_v7\n"
        "redis.register_function('tollbook_append_v7', function() end)"
    )
    ledger = await Ledger.open(any_redis, partitions=1)

    (receipt,) = await ledger.append([event("a")])

    assert receipt.status == "appended"


async def test_a_read_begins_behind_a_position_and_is_limited_in_count_and_position(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append(events(10))

    async def read(after: int, count: int, upto: int | None = None) -> list[int]:
        return [entry.sequence for entry in await ledger.read(0, after, count, upto)]

    assert await read(0, 3) == [1, 2, 3]
    assert await read(3, 3) == [4, 5, 6]
    assert await read(8, 5) == [9, 10]
    assert await read(10, 5) == []
    assert await read(99, 5) == []
    assert await read(2, 5, upto=4) == [3, 4]
    assert await read(4, 5, upto=4) == []
    assert await read(5, 5, upto=4) == []


async def test_an_empty_partition_has_head_0(any_redis):
    ledger = await Ledger.open(any_redis, partitions=2)

    assert await ledger.head(1) == 0
    assert await ledger.read(1, after=0, count=5) == []
    assert await ledger.sequence_at(1, datetime.now(UTC)) == 0


async def test_the_position_at_an_instant_is_the_last_recorded_at_or_before_it(
    any_redis, monkeypatch
):
    ledger = await Ledger.open(any_redis, partitions=1)
    seconds = [0, 0, 10, 10, 10, 25]
    for name, second in enumerate(seconds):
        moment = int(START.timestamp() + second) * 1_000_000
        monkeypatch.setattr(writer, "now_micros", lambda moment=moment: moment)
        await ledger.append([event(str(name))])

    async def at(second: float) -> int:
        return await ledger.sequence_at(0, START + timedelta(seconds=second))

    assert [await at(second) for second in (-1, 0, 9.9, 10, 24, 25, 1000)] == [0, 2, 2, 5, 5, 6, 6]


async def test_what_is_rejected_is_kept_byte_for_byte_with_its_reasons(any_redis):
    ledger = await Ledger.open(any_redis)
    raws = [b"\xff\x00 no UTF-8", b"", b"x" * 100_000]
    for number, raw in enumerate(raws):
        faults = (Fault("/data/ä", "this is wrong"), Fault("", "so is that"))
        await ledger.reject(raw, faults, f"publish:line {number}")

    found = await ledger.read_rejected()

    assert [entry.raw for entry in found] == raws
    assert found[0].reasons == (("/data/ä", "this is wrong"), ("", "so is that"))
    assert found[1].origin == "publish:line 1"
    assert abs(found[2].recorded_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await ledger.rejected_length() == 3


async def test_refused_entries_are_read_page_by_page(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    for number in range(5):
        await ledger.reject(str(number).encode(), (Fault("", "no"),), "test")
    await ledger.append([event("a", value) for value in range(1, 5)])

    first = await ledger.read_rejected(count=3)
    rest = await ledger.read_rejected(after=first[-1].position, count=3)
    put_aside = await ledger.read_quarantine(0, count=2)
    more = await ledger.read_quarantine(0, after=put_aside[-1].position)

    assert [entry.raw for entry in (*first, *rest)] == [b"0", b"1", b"2", b"3", b"4"]
    values = [
        orjson.loads(entry.raw)["data"]["figures"][0]["quantity"]["value"]
        for entry in (*put_aside, *more)
    ]
    assert values == [2, 3, 4]


async def test_the_inbox_is_counted(any_redis):
    ledger = await Ledger.open(any_redis)
    await any_redis.xadd(keys.INBOX, {"event": "{}"})

    assert await ledger.inbox_length() == 1


async def test_a_crisis_stays_in_its_partition_for_ever():
    crises = ("syria-coast-2025", "flood-2025", "quake")

    assert [keys.partition_of(crisis, 4) for crisis in crises] == [1, 0, 2]
    assert {keys.partition_of(f"crisis-{number}", 4) for number in range(50)} == {0, 1, 2, 3}


async def test_all_keys_of_a_partition_lie_in_one_slot_of_a_cluster():
    names = [keys.ledger(3), keys.state(3), keys.quarantine(3), keys.quarantined(3)]

    assert all(name.startswith("tollbook:{3}:") for name in names)
    assert len(set(names)) == 4
