"""The contract of appending, held by every engine: once, dense, in order, durable."""

import asyncio
from datetime import UTC, datetime

import orjson
import pytest
from redis.exceptions import OutOfMemoryError
from tests.contract.ledger_kit import (
    SOURCE,
    another_ledger,
    event,
    events,
    outcomes,
    report,
    stored_ids,
)

from tollbook_schemas.canonical import canonical_bytes, leaf_hash
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.times import format_instant
from tollbook_services import durability, keys, writer
from tollbook_services.engine_client import client_of
from tollbook_services.ledger import ConflictError, Ledger
from tollbook_services.position import LedgerPosition

pytestmark = pytest.mark.anyio


async def calls(redis, command: str) -> int:
    """How often the engine has run a command."""
    stats = await redis.info("commandstats")
    return stats.get(f"cmdstat_{command}", {"calls": 0})["calls"]


async def test_receipts_come_in_the_order_of_the_events_whatever_their_partitions(any_redis):
    ledger = await Ledger.open(any_redis, partitions=4)
    crises = [f"crisis-{number % 7}" for number in range(50)]
    given = [event(f"e{number}", crisis=crisis) for number, crisis in enumerate(crises)]

    receipts = await ledger.append(given)

    assert [receipt.id for receipt in receipts] == [f"e{number}" for number in range(50)]
    assert [receipt.crisis for receipt in receipts] == crises
    assert {receipt.status for receipt in receipts} == {"appended"}
    for partition in range(4):
        mine = [receipt for receipt in receipts if receipt.partition == partition]
        assert [receipt.sequence for receipt in mine] == list(range(1, len(mine) + 1))
        assert await stored_ids(ledger, partition) == [receipt.id for receipt in mine]


async def test_what_is_stored_is_the_event_with_its_recorded_time_and_leaf_hash(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    before = datetime.now(UTC)

    await ledger.append([event("a")])

    (entry,) = await ledger.read(0, after=0, count=10)
    assert before <= entry.recorded_at <= datetime.now(UTC)
    wanted = {**report("a"), "recordedtime": format_instant(entry.recorded_at)}
    assert entry.stored == canonical_bytes(wanted)
    assert entry.leaf == leaf_hash(entry.stored)
    assert await any_redis.xrange(keys.ledger(0), "1-0", "1-0")


async def test_a_retry_gets_the_first_position_and_adds_nothing(any_redis, any_engine_url):
    ledger = await Ledger.open(any_redis, partitions=1)
    first = await ledger.append(events(3))

    async with another_ledger(any_engine_url) as other:
        again = await other.append([event("e2"), event("new"), event("e0")])

    assert outcomes(first) == [("appended", 1), ("appended", 2), ("appended", 3)]
    assert outcomes(again) == [("duplicate", 3), ("appended", 4), ("duplicate", 1)]
    assert await stored_ids(ledger) == ["e0", "e1", "e2", "new"]


async def test_the_same_event_twice_in_one_batch_is_appended_once(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)

    receipts = await ledger.append([event("a"), event("b"), event("a"), event("b", 2)])

    assert outcomes(receipts) == [
        ("appended", 1),
        ("appended", 2),
        ("duplicate", 1),
        ("quarantined", 2),
    ]
    assert await stored_ids(ledger) == ["a", "b"]


async def test_other_content_under_a_key_goes_to_quarantine_once_for_each_content(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("b")])
    (kept,) = await ledger.read(0, after=1, count=1)

    receipts = [*await ledger.append([event("b", 7), event("b", 7)])]
    receipts += await ledger.append([event("b", 7), event("b", 8)])

    assert outcomes(receipts) == [("quarantined", 2)] * 4
    document = receipts[0].document()
    assert document["errors"][0]["pointer"] == "/id"
    assert "at sequence 2" in document["errors"][0]["message"]
    assert (await ledger.read(0, after=1, count=5)) == [kept]
    found = await ledger.read_quarantine(0)
    assert [entry.raw for entry in found] == [event("b", 7).canonical, event("b", 8).canonical]
    assert found[0].reasons[0][0] == "/id"
    assert await ledger.quarantine_length(0) == 2


async def test_a_key_used_again_for_another_crisis_in_another_partition_is_the_same_key(any_redis):
    # given: the two crises lie in different partitions
    ledger = await Ledger.open(any_redis, partitions=4)
    here, there = event("a", crisis="flood-2025"), event("a", crisis="syria-coast-2025")
    (first,) = await ledger.append([here])

    # when
    (receipt,) = await ledger.append([there])

    # then: it is held against the first position, and neither partition has it
    assert (first.status, first.partition, first.sequence) == ("appended", 0, 1)
    assert (receipt.status, receipt.partition, receipt.sequence) == ("quarantined", 0, 1)
    assert [await ledger.head(number) for number in range(4)] == [1, 0, 0, 0]
    assert [entry.raw for entry in await ledger.read_quarantine(1)] == [there.canonical]


async def test_after_a_quarantine_the_first_content_is_still_a_duplicate(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])

    assert outcomes(await ledger.append([event("a")])) == [("duplicate", 1)]


async def test_batches_larger_than_a_call_keep_their_order(any_server):
    ledger = await Ledger.open(any_server, partitions=1)
    before = await calls(any_server, "fcall")

    receipts = await ledger.append(events(1201))

    assert outcomes(receipts) == [("appended", number) for number in range(1, 1202)]
    assert await stored_ids(ledger) == [f"e{number}" for number in range(1201)]
    assert await calls(any_server, "fcall") - before == 3


async def test_four_appenders_at_once_leave_dense_positions_and_no_event_twice(
    any_redis, any_engine_url
):
    ledger = await Ledger.open(any_redis, partitions=1)
    everything = events(600)

    async def appender(start: int) -> list[tuple[str, int | None]]:
        found = []
        async with another_ledger(any_engine_url) as mine:
            for at in range(start, start + 300, 20):
                found += outcomes(await mine.append(everything[at : at + 20]))
        return found

    done = await asyncio.gather(*(appender(start) for start in (0, 100, 200, 300)))

    assert sorted(await stored_ids(ledger)) == sorted(item.key[1] for item in everything)
    appended = [sequence for found in done for status, sequence in found if status == "appended"]
    assert sorted(appended) == list(range(1, 601))
    positions = {}
    for start, found in zip((0, 100, 200, 300), done, strict=True):
        for place, (_, sequence) in enumerate(found, start):
            assert positions.setdefault(place, sequence) == sequence


async def test_appends_that_wait_at_the_same_time_share_a_call(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    before = await calls(any_redis, "fcall")

    done = await asyncio.gather(*(ledger.append([item]) for item in events(200)))

    assert sorted(receipt.sequence for (receipt,) in done) == list(range(1, 201))
    assert [receipt.id for (receipt,) in done] == [f"e{number}" for number in range(200)]
    assert await calls(any_redis, "fcall") - before <= 2


async def test_a_caller_who_gives_up_does_not_take_the_others_along(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    tasks = [asyncio.create_task(ledger.append([item])) for item in events(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    done = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(item, asyncio.CancelledError) for item in done[::2])
    kept = [receipt for item in done[1::2] for receipt in item]
    assert {receipt.status for receipt in kept} == {"appended"}
    assert await stored_ids(ledger) == [f"e{number}" for number in range(1, 20, 2)]


async def test_an_expected_sequence_is_kept_to_and_a_conflict_appends_nothing(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)

    first = await ledger.append([event("a"), event("b")], expected_sequence=0)
    with pytest.raises(ConflictError, match="is at sequence 2, not at 1") as refused:
        await ledger.append([event("c")], expected_sequence=1)
    third = await ledger.append([event("c")], expected_sequence=2)

    assert outcomes(first) == [("appended", 1), ("appended", 2)]
    assert refused.value.exit_code == 3
    assert outcomes(third) == [("appended", 3)]


async def test_a_retry_with_an_expected_sequence_gets_its_first_position(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("b")], expected_sequence=0)

    again = await ledger.append([event("a"), event("b")], expected_sequence=0)

    assert outcomes(again) == [("duplicate", 1), ("duplicate", 2)]
    for changed in ([event("a"), event("c")], [event("a"), event("b", 2)]):
        with pytest.raises(ConflictError):
            await ledger.append(changed, expected_sequence=0)
    assert await ledger.quarantine_length(0) == 0


async def test_an_expected_sequence_is_for_one_partition_and_one_call(any_redis):
    ledger = await Ledger.open(any_redis, partitions=64)
    apart = [event("a", crisis="crisis-1"), event("b", crisis="crisis-2")]

    for given in (apart, events(501)):
        with pytest.raises(ValueError, match="one partition"):
            await ledger.append(given, expected_sequence=0)


async def test_of_two_who_expect_the_same_head_one_wins(any_redis, any_engine_url):
    await Ledger.open(any_redis, partitions=1)

    async def contender(name: str):
        async with another_ledger(any_engine_url) as mine:
            return await mine.append([event(name)], expected_sequence=0)

    done = await asyncio.gather(contender("a"), contender("b"), return_exceptions=True)

    assert sorted(type(item).__name__ for item in done) == ["ConflictError", "list"]


async def test_recorded_times_never_go_back_when_the_clock_does(any_redis, monkeypatch):
    ledger = await Ledger.open(any_redis, partitions=1)
    start = 1_741_723_200_000_000
    ticks = iter([start, start - 5_000_000, start - 4_000_000, start + 1, start + 2])
    monkeypatch.setattr(writer, "now_micros", lambda: next(ticks))

    for name in ("a", "b", "c"):
        await ledger.append([event(name)])

    entries = await ledger.read(0, after=0, count=10)
    times = [orjson.loads(entry.stored)["recordedtime"] for entry in entries]
    assert times == ["2025-03-11T20:00:00Z", "2025-03-11T20:00:00Z", "2025-03-11T20:00:00.000001Z"]
    assert times == [format_instant(entry.recorded_at) for entry in entries]
    assert all(entry.leaf == leaf_hash(entry.stored) for entry in entries)


async def test_when_memory_runs_out_nothing_is_appended_and_a_retry_succeeds(any_server):
    ledger = await Ledger.open(any_server, partitions=1)
    await ledger.append(events(2))
    await any_server.config_set("maxmemory", 1)
    try:
        with pytest.raises(OutOfMemoryError):
            await ledger.append(events(5))
        assert await stored_ids(ledger) == ["e0", "e1"]
    finally:
        await any_server.config_set("maxmemory", 0)

    assert [status for status, _ in outcomes(await ledger.append(events(5)))] == [
        *["duplicate"] * 2,
        *["appended"] * 3,
    ]


async def test_an_append_of_nothing_is_nothing(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)

    assert await ledger.append([]) == []
    assert await ledger.append([], expected_sequence=5) == []


@pytest.mark.parametrize(
    ("options", "reply", "why"),
    [
        ("", [0, 0], "the engine did not confirm an fsync"),
        ("?replicas=2", [0, 2], "the engine did not confirm an fsync"),
        ("?replicas=2", [1, 1], "only 1 of 2 replicas confirmed an fsync"),
    ],
)
async def test_a_wait_that_ends_without_an_fsync_is_an_error(options, reply, why):
    async with client_of(f"redis://127.0.0.1:1{options}") as redis:
        with pytest.raises(EngineError, match=why):
            durability.must_be_durable(redis, reply)


async def test_a_receipt_is_printed_as_the_contract_has_it(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)

    (receipt,) = await ledger.append([event("a")])

    assert receipt.document(ledger.id) == {
        "status": "appended",
        "source": SOURCE,
        "id": "a",
        "crisis": "flood-2025",
        "partition": 0,
        "sequence": 1,
        "position": LedgerPosition(ledger.id, 0, 1).token(),
        "leaf_index": 0,
        "errors": [],
    }


async def test_nothing_is_appended_to_an_engine_whose_ledger_was_erased(any_server):
    # given
    ledger = await Ledger.open(any_server, partitions=1)
    await ledger.append([event("a")])
    await any_server.flushall()

    # when
    with pytest.raises(CheckFailedError, match="was erased"):
        await ledger.append([event("b")])

    # then
    assert await any_server.keys("*") == []


async def test_nothing_is_appended_to_another_ledger(any_server):
    # given
    ledger = await Ledger.open(any_server, partitions=1)
    await any_server.flushall()
    other = await Ledger.open(any_server, partitions=1)

    # when
    with pytest.raises(CheckFailedError, match=other.id):
        await ledger.append([event("b")])

    # then
    assert await other.head(0) == 0


async def test_two_calls_are_in_flight_and_each_caller_keeps_its_order(any_redis):
    # given
    ledger = await Ledger.open(any_redis, partitions=1)
    parts = [[event(f"{name}{number}") for number in range(1200)] for name in "abcd"]

    # when
    answers = await asyncio.gather(*(ledger.append(part) for part in parts))

    # then: dense, and in the order of each caller
    ids = await stored_ids(ledger)
    assert len(ids) == 4800
    for name, receipts in zip("abcd", answers, strict=True):
        own = [receipt.sequence for receipt in receipts]
        assert own == sorted(own)
        assert [ids[sequence - 1] for sequence in own] == [f"{name}{n}" for n in range(1200)]
