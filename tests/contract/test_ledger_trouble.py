"""The contract under trouble: full memory, lost functions, slow writers, large events."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import orjson
import pytest
from redis.exceptions import ConnectionError as LostConnectionError
from tests.contract.ledger_kit import another_ledger, event, events, outcomes, report, stored_ids
from tests.integration.engine_kit import client

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.parse import ParsedEvent
from tollbook_schemas.times import format_instant
from tollbook_services import keys, writer
from tollbook_services.connection import check_engine
from tollbook_services.layout import LAYOUT
from tollbook_services.ledger import Ledger
from tollbook_services.stored import instant_from

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
APPENDER = """
import asyncio, sys
from tests.contract.ledger_kit import another_ledger, events, outcomes

async def append(url, start):
    async with another_ledger(url) as ledger:
        for at in range(start, start + 400, 40):
            for _, sequence in outcomes(await ledger.append(events(800)[at : at + 40])):
                print(sequence)

asyncio.run(append(sys.argv[1], int(sys.argv[2])))
"""


def with_ext(name: str, ext: dict[str, object]) -> ParsedEvent:
    """An event with more in its bytes, of which the ledger must not lose any."""
    bare = event(name)
    return ParsedEvent(bare.key, bare.crisis, canonical_bytes({**report(name), "ext": ext}))


async def test_four_processes_with_half_their_events_in_common_leave_each_event_once(
    any_redis, any_engine_url
):
    ledger = await Ledger.open(any_redis, partitions=1)
    starts = (0, 0, 200, 400)

    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", APPENDER, any_engine_url, str(start), stdout=PIPE, cwd=ROOT
        )
        for start in starts
    ]
    printed = [(await process.communicate())[0].split() for process in processes]

    ids = await stored_ids(ledger)
    assert sorted(ids) == sorted(f"e{number}" for number in range(800))
    for start, sequences in zip(starts, printed, strict=True):
        told = [ids[int(sequence) - 1] for sequence in sequences]
        assert told == [f"e{number}" for number in range(start, start + 400)]


async def test_large_batches_come_through_while_others_append_one_by_one(any_redis, any_engine_url):
    ledger = await Ledger.open(any_redis, partitions=1)
    stop = asyncio.Event()

    async def small(name: str) -> int:
        count = 0
        async with another_ledger(any_engine_url) as mine:
            while not stop.is_set():
                await mine.append([event(f"{name}-{count}")])
                count += 1
        return count

    others = [asyncio.create_task(small(name)) for name in "abc"]
    large = [with_ext(f"large{number}", {"pad": "x" * 2000}) for number in range(2500)]
    receipts = await ledger.append(large)
    stop.set()
    counts = await asyncio.gather(*others)

    assert {receipt.status for receipt in receipts} == {"appended"}
    assert len(await stored_ids(ledger)) == 2500 + sum(counts)
    times = [entry.recorded_at for entry in await ledger.read(0, after=0, count=1_000_000)]
    assert times == sorted(times)


async def test_a_writer_who_is_overtaken_again_and_again_is_stamped_later_each_time(
    any_redis, monkeypatch
):
    """The engine's side is real; only the clock says that each try takes a millisecond."""
    ledger = await Ledger.open(any_redis, partitions=1)
    start = 1_741_723_200_000_000
    clock = iter(range(start, start + 100_000, 1000))
    monkeypatch.setattr(writer, "now_micros", lambda: next(clock))
    fcall, stamps = writer.Writer._fcall, []

    async def overtaken(self, arguments):
        stamps.append(next(one for one in arguments if isinstance(one, int) and one >= start))
        return [b"clock", b"%d" % start] if len(stamps) < 5 else await fcall(self, arguments)

    monkeypatch.setattr(writer.Writer, "_fcall", overtaken)

    assert outcomes(await ledger.append([event("a")])) == [("appended", 1)]
    leads = [stamp - start - 1000 * at for at, stamp in enumerate(stamps)]
    assert leads == [0, 0, 1000, 2000, 3000]


async def test_calls_are_limited_in_bytes_too(any_server):
    ledger = await Ledger.open(any_server, partitions=1)
    large = [with_ext(f"e{number}", {"pad": "x" * 3_000_000}) for number in range(7)]
    before = (await any_server.info("commandstats")).get("cmdstat_fcall", {"calls": 0})["calls"]

    receipts = await ledger.append(large)

    assert outcomes(receipts) == [("appended", number) for number in range(1, 8)]
    after = (await any_server.info("commandstats"))["cmdstat_fcall"]["calls"]
    assert after - before == 4
    (last,) = await ledger.read(0, after=6, count=1)
    assert len(last.stored) > 3_000_000
    with pytest.raises(ValueError, match="8 MiB"):
        await ledger.append(large, expected_sequence=7)


async def test_a_ledger_is_opened_and_read_while_memory_is_full(any_redis):
    await (await Ledger.open(any_redis, partitions=2)).append(events(3))
    await any_redis.config_set("maxmemory", 1)
    try:
        ledger = await Ledger.open(any_redis)
        assert await stored_ids(ledger) == ["e0", "e1", "e2"]
    finally:
        await any_redis.config_set("maxmemory", 0)


async def test_functions_that_the_engine_lost_are_loaded_again(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await any_redis.function_flush()

    assert outcomes(await ledger.append([event("a")])) == [("appended", 1)]


async def test_functions_of_an_older_layout_are_left_alone(any_server):
    older = "#!lua name=tollbook_ledger\nredis.register_function('tollbook_append', function() end)"
    await any_server.function_load(older)

    ledger = await Ledger.open(any_server, partitions=1)

    assert outcomes(await ledger.append([event("a")])) == [("appended", 1)]
    assert await any_server.fcall("tollbook_append", 0) is None


async def test_what_is_put_aside_is_as_it_was_sent_even_if_it_looks_like_a_recorded_event(
    any_redis, monkeypatch
):
    ledger = await Ledger.open(any_redis, partitions=1)
    micros = 1_741_723_200_000_001
    monkeypatch.setattr(writer, "now_micros", lambda: micros)
    recorded = format_instant(instant_from(micros))
    mimic = {"a": 1, "recordedtime": recorded, "source": "b", "x": f',"recordedtime":"{recorded}"'}
    given = with_ext("a", {**mimic, "list": [mimic]})

    receipts = await ledger.append([event("a"), given])

    assert outcomes(receipts) == [("appended", 1), ("quarantined", 1)]
    assert [entry.raw for entry in await ledger.read_quarantine(0)] == [given.canonical]


async def test_a_caller_who_gives_up_in_mid_call_leaves_no_answer_behind_for_the_next(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    for turn in range(20):
        task = asyncio.create_task(ledger.append(events(50, f"turn{turn}-"), await ledger.head(0)))
        for _ in range(turn):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert outcomes(await ledger.append([event(f"after{turn}")]))[0][0] == "appended"

    ids = await stored_ids(ledger)
    assert [name for name in ids if name.startswith("after")] == [f"after{n}" for n in range(20)]
    assert (len(ids) - 20) % 50 == 0


async def test_of_two_calls_in_flight_the_first_may_fail_and_the_second_holds(
    any_server, monkeypatch
):
    # given: the first call is lost on its way, after the second was answered
    ledger = await Ledger.open(any_server, partitions=1)
    fcall, answered, calls = writer.Writer._fcall, asyncio.Event(), []

    async def lossy(self, arguments):
        calls.append(arguments)
        if len(calls) == 1:
            await answered.wait()
            raise LostConnectionError("lost")
        reply = await fcall(self, arguments)
        answered.set()
        return reply

    monkeypatch.setattr(writer.Writer, "_fcall", lossy)

    # when
    first = asyncio.create_task(ledger.append(events(3, "first")))
    await asyncio.sleep(0)
    second = asyncio.create_task(ledger.append(events(3, "second")))
    async with asyncio.timeout(10):
        done = await asyncio.gather(first, second, return_exceptions=True)

    # then: only the first caller is told, nothing of it was stored, and a retry follows densely
    assert isinstance(done[0], LostConnectionError)
    assert outcomes(done[1]) == [("appended", 1), ("appended", 2), ("appended", 3)]
    assert outcomes(await ledger.append(events(3, "first"))) == [
        ("appended", 4),
        ("appended", 5),
        ("appended", 6),
    ]
    assert len(await stored_ids(ledger)) == 6


async def test_of_two_calls_in_flight_one_whose_answer_is_lost_is_a_duplicate_when_sent_again(
    any_server, monkeypatch
):
    # given: the first call is done, but its answer is lost while the second is under way
    ledger = await Ledger.open(any_server, partitions=1)
    fcall, calls = writer.Writer._fcall, []

    async def deaf(self, arguments):
        calls.append(arguments)
        lost = len(calls) == 1
        reply = await fcall(self, arguments)
        if lost:
            raise LostConnectionError("lost")
        return reply

    monkeypatch.setattr(writer.Writer, "_fcall", deaf)

    # when
    first = asyncio.create_task(ledger.append(events(3, "first")))
    await asyncio.sleep(0)
    second = asyncio.create_task(ledger.append(events(3, "second")))
    async with asyncio.timeout(10):
        done = await asyncio.gather(first, second, return_exceptions=True)
    again = await ledger.append(events(3, "first"))

    # then
    assert isinstance(done[0], LostConnectionError)
    assert {status for status, _ in outcomes(done[1])} == {"appended"}
    assert {status for status, _ in outcomes(again)} == {"duplicate"}
    places = sorted(place for part in (done[1], again) for _, place in outcomes(part))
    assert places == [1, 2, 3, 4, 5, 6]
    assert len(await stored_ids(ledger)) == 6


@pytest.mark.parametrize("protocol", [2, 3])
async def test_both_protocols_of_the_engines_are_spoken(any_server_url, protocol):
    async with client(f"{any_server_url}?protocol={protocol}") as redis:
        await check_engine(redis)
        ledger = await Ledger.open(redis, partitions=1)
        receipts = await ledger.append([event("a"), event("a", 2)])
        await redis.config_resetstat()
        again = await Ledger.open(redis)

        assert outcomes(receipts) == [("appended", 1), ("quarantined", 1)]
        assert "cmdstat_function|load" not in await redis.info("commandstats")
        assert (again.id, again.partitions) == (ledger.id, 1)
        (entry,) = await ledger.read(0, after=0, count=5)
        assert orjson.loads(entry.stored)["id"] == "a"
        (aside,) = await ledger.read_quarantine(0)
        assert aside.raw == event("a", 2).canonical
        await ledger.reject(b"\xff", (), "test")
        assert [item.raw for item in await ledger.read_rejected()] == [b"\xff"]


async def test_a_client_repeats_nothing_by_itself(any_server):
    assert any_server.get_retry().get_retries() == 0


async def test_who_found_a_ledger_makes_no_other_when_it_is_erased_meanwhile(any_server):
    # given an engine whose ledger was erased after a worker looked at it
    await Ledger.open(any_server)
    await any_server.flushall()

    # when the worker opens it, Then it is refused, and nothing is made
    with pytest.raises(CheckFailedError, match="no ledger any more: it was erased"):
        await Ledger.open(any_server, create=False)
    assert await any_server.keys("*") == []


async def test_a_layout_of_a_newer_version_is_refused(any_redis):
    await Ledger.open(any_redis)
    await any_redis.hset(keys.LEDGER, LAYOUT, "spiral")
    with pytest.raises(CheckFailedError, match="'spiral', which this version does not know"):
        await Ledger.open(any_redis)
