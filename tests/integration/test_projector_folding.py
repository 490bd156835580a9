"""The projector on a real engine: pages, crashes, rivals, poison, heartbeats."""

import asyncio
import signal
from collections import Counter

import orjson
import pytest
from tests.integration.projector_kit import (
    CRISES,
    CountFold,
    EventFold,
    PickyFold,
    empty_store,
    expected_rows,
    names,
    parsed,
    running,
    start_worker,
    wait_for,
)

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_services import heartbeats, keys, projector
from tollbook_services.heartbeats import Heartbeats
from tollbook_services.ledger import Ledger
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels


class PowerCut(BaseException):
    """The worker dies here: no handler may catch it."""


@pytest.mark.parametrize("page_size", [1, 7, 500])
def test_rows_do_not_depend_on_where_pages_are_cut(engine_url, page_size):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(100))
            worker = store.projector(CountFold, EventFold, page_size=page_size)

            assert await worker.catch_up(0) == 100

            latest = await store.rows("latest.v3")
            assert await store.rows() == expected_rows(names(100))
            assert {crisis: len(rows) for crisis, rows in latest.items()} == dict.fromkeys(
                CRISES, 3
            )
            assert latest["flood-2025"]["000000100"] == b"report-00099"

    asyncio.run(scenario())


def test_catching_up_again_goes_on_from_the_stored_rows(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(30)[:12])
            await store.projector().catch_up(0)
            await store.file(names(30)[12:])
            await store.projector().catch_up(0)
            await store.projector().catch_up(0)
            assert await store.rows() == expected_rows(names(30))

    asyncio.run(scenario())


def test_a_projection_that_is_new_starts_from_the_first_event(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(20))
            await store.projector(CountFold).catch_up(0)
            await store.file(names(30)[20:], CRISES[2:] + CRISES[:2])
            await store.projector(CountFold, EventFold).catch_up(0)
            assert await store.readmodels.positions(0, ["counts.v1", "latest.v3"]) == (30, 30)
            assert sum((await store.counts()).values()) == 30

    asyncio.run(scenario())


@pytest.mark.parametrize("written", [False, True])
def test_a_crash_between_fold_and_commit_or_its_reply_neither_skips_nor_doubles(
    engine_url, monkeypatch, written
):
    commit = ReadModels.commit

    async def cut(self, *args, **kwargs):
        if args[2].expected == 20:
            if written:
                await commit(self, *args, **kwargs)
            raise PowerCut
        return await commit(self, *args, **kwargs)

    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(50))
            monkeypatch.setattr(ReadModels, "commit", cut)
            with pytest.raises(PowerCut):
                await store.projector(page_size=10).catch_up(0)
            stands = (await store.readmodels.checkpoint(0, "counts.v1")).sequence
            assert stands == (30 if written else 20)

            monkeypatch.setattr(ReadModels, "commit", commit)
            await store.projector(page_size=10).catch_up(0)

            assert await store.rows() == expected_rows(names(50))

    asyncio.run(scenario())


@pytest.mark.parametrize("stand_by_s", [0.0, 0.2])
def test_two_projectors_at_once_on_one_partition_count_each_event_once(engine_url, stand_by_s):
    async def scenario():
        async with empty_store(engine_url) as store:
            pace = {"page_size": 50, "stand_by_s": stand_by_s}
            first = store.projector(CountFold, EventFold, **pace)
            second = store.projector(CountFold, EventFold, **pace)
            async with running(first), running(second):
                for start in range(0, 2_000, 300):
                    await store.file(names(2_000)[start : start + 300])
                assert await first.wait_visible(0, 2_000, timeout=20)

            assert await store.rows() == expected_over_batches(2_000, 300)
            assert sum((await store.counts()).values()) == 2_000

    asyncio.run(scenario())


def expected_over_batches(count: int, batch: int) -> dict[str, dict[str, bytes]]:
    assert batch % len(CRISES) == 0
    return expected_rows(names(count))


def test_a_worker_that_stalls_before_its_commit_cannot_put_old_rows_over_newer_ones(engine_url):
    class Stalled(ReadModels):
        folded, go_on = asyncio.Event(), asyncio.Event()

        async def commit(self, *args, **kwargs):
            self.folded.set()
            await self.go_on.wait()
            self.result = await super().commit(*args, **kwargs)
            raise PowerCut

    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(10), ("flood-2025",))
            await store.file(names(30)[10:], ("quake-2024",))
            stalled = Stalled(store.redis)
            pace = {"page_size": 10, "stand_by_s": 0.0}
            victim = Projector(store.ledger, stalled, (CountFold,), **pace)
            task = asyncio.create_task(asyncio.wait_for(victim.catch_up(0), 20))
            await stalled.folded.wait()
            await store.projector(**pace).catch_up(0)
            stalled.go_on.set()
            with pytest.raises(PowerCut):
                await task

            assert stalled.result == (False, 30)
            await store.projector(**pace).catch_up(0)
            assert await store.counts() == {"flood-2025": 10, "quake-2024": 20}

    asyncio.run(scenario())


def test_two_projectors_that_catch_up_at_once_both_arrive(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(600))
            workers = [store.projector(page_size=10, stand_by_s=0.1) for _ in range(2)]
            assert await asyncio.gather(*(one.catch_up(0) for one in workers)) == [600, 600]
            assert await store.rows() == expected_rows(names(600))

    asyncio.run(scenario())


def test_a_worker_killed_in_mid_run_and_started_again_counts_each_event_once(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            filed = names(1_500)
            await store.file(filed[:750])
            reached = []
            for target in (1, 300, 900):
                worker = await start_worker(engine_url, page_size=5)
                await wait_for(lambda at=target: has_passed(store, at), f"worker at {target}")
                worker.send_signal(signal.SIGKILL)
                await worker.wait()
                reached.append((await store.readmodels.checkpoint(0, "counts.v1")).sequence)
                if target == 300:
                    await store.file(filed[750:])
            assert reached[0] < 750
            await store.projector(CountFold, EventFold).catch_up(0)
            assert await store.rows() == expected_rows(filed)
            assert set(Counter(await store.counts()).values()) == {500}

    async def has_passed(store, sequence):
        return (await store.readmodels.checkpoint(0, "counts.v1")).sequence >= sequence

    asyncio.run(scenario())


def test_an_event_is_visible_soon_after_it_was_appended(engine_url):
    async def scenario():
        async with empty_store(engine_url, partitions=2) as store:
            worker = store.projector()
            async with running(worker, (0, 1)):
                partition = keys.partition_of("flood-2025", 2)
                for sequence in (1, 2):
                    await store.file([f"report-{sequence}"], ("flood-2025",))
                    assert await worker.wait_visible(partition, sequence, timeout=10)
                    read = await store.readmodels.read(partition, "counts.v1", "flood-2025")
                    assert read.rows["count"] == b"%d" % sequence
                assert not await worker.wait_visible(partition, 3, timeout=0.1)

    asyncio.run(scenario())


def test_a_poison_event_is_parked_and_the_others_are_folded(engine_url):
    async def scenario(page_size: int):
        async with empty_store(engine_url) as store:
            filed = ["a", "b", "poison-1", "c", "poison-2", "d"]
            await store.file(filed, ("flood-2025",))
            await store.projector(PickyFold, CountFold, page_size=page_size).catch_up(0)

            snapshot = await store.readmodels.snapshot(0, "picky.v1")
            assert snapshot.parked == {
                3: "ValueError: cannot fold poison-1",
                5: "ValueError: cannot fold poison-2",
            }
            assert snapshot.rows == expected_rows(["a", "b", "c", "d"], ("flood-2025",))
            assert await store.counts() == {"flood-2025": 6}
            assert await store.readmodels.parked_count(0, "counts.v1") == 0

    for page_size in (1, 2, 500):
        asyncio.run(scenario(page_size))


def test_a_stored_event_that_cannot_be_read_is_parked_by_every_projection(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(2))
            (entry,) = await store.ledger.read(0, after=1, count=1)
            stored = entry.stored.replace(b"report.filed.v1", b"of.tomorrow.v9")
            await replace_entry(store, 2, stored, leaf_hash(stored))
            await store.file(["after"])
            await store.projector(CountFold).catch_up(0)
            snapshot = await store.readmodels.snapshot(0, "counts.v1")
            assert list(snapshot.parked) == [2]
            assert snapshot.checkpoint.sequence == 3

    asyncio.run(scenario())


def test_an_event_altered_in_the_engine_is_not_folded(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(2))
            (entry,) = await store.ledger.read(0, after=1, count=1)
            await replace_entry(
                store, 2, entry.stored.replace(b'"value":1', b'"value":9'), entry.leaf
            )
            with pytest.raises(CheckFailedError, match="event 2 of partition 0"):
                await store.projector().catch_up(0)

    asyncio.run(scenario())


async def replace_entry(store, sequence: int, stored: bytes, leaf: bytes) -> None:
    """Put other bytes at the last position of partition 0."""
    stream = keys.ledger(0)
    (_, fields), *_ = await store.redis.xrange(stream, min=f"{sequence}-0", count=1)
    entries = await store.redis.xrange(stream)
    await store.redis.delete(stream)
    for entry_id, old in entries:
        new = {**fields, b"e": stored, b"h": leaf} if entry_id == b"%d-0" % sequence else old
        await store.redis.xadd(stream, new, id=entry_id)


def test_a_ledger_that_lost_an_event_is_refused(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(5))
            await store.redis.xdel(keys.ledger(0), "3-0")
            with pytest.raises(CheckFailedError, match="has 4 events, but its head is 5"):
                await store.projector().catch_up(0)

    asyncio.run(scenario())


def test_a_gap_in_the_ledger_is_an_error_and_not_skipped(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(5))
            entries = await store.redis.xrange(keys.ledger(0))
            await store.redis.delete(keys.ledger(0))
            ids = ["0-1", "1-0", "2-0", "4-0", "5-0"]
            for entry_id, (_, fields) in zip(ids, entries, strict=True):
                await store.redis.xadd(keys.ledger(0), fields, id=entry_id)
            with pytest.raises(EngineError, match="sequence 3 is missing"):
                await store.projector().catch_up(0)

    asyncio.run(scenario())


def test_a_projector_says_that_it_is_alive_and_when_it_stopped(engine_url, monkeypatch):
    monkeypatch.setattr(projector, "BEAT_INTERVAL_S", 0.05)

    async def scenario():
        async with empty_store(engine_url) as store:
            beats = Heartbeats(store.redis)
            assert not await beats.alive(0, "projector")
            await store.file(names(4))
            async with running(store.projector()):
                await wait_for(lambda: seen(beats, "running", 4), "a heartbeat at 4")
                assert await beats.alive(0, "projector")
            assert await seen(beats, "stopped", 4)
            assert not await beats.alive(0, "projector")

    async def seen(beats, state, sequence):
        return [(b.state, b.sequence) for b in await beats.read(0)] == [(state, sequence)]

    asyncio.run(scenario())


def test_a_worker_that_fell_silent_counts_as_stopped(engine_url, monkeypatch):
    monkeypatch.setattr(heartbeats, "ALIVE_S_MAX", 0.05)

    async def scenario():
        async with empty_store(engine_url) as store:
            beats = Heartbeats(store.redis)
            await beats.beat(0, "host:1", "projector", "running", 4)
            assert await beats.alive(0, "projector")
            await asyncio.sleep(0.1)
            (beat,) = await beats.read(0)
            assert (beat.state, beat.alive) == ("stopped", False)
            assert beat.age_s >= 0.1

    asyncio.run(scenario())


def test_a_silent_worker_is_forgotten_once_another_of_its_role_beats(engine_url, monkeypatch):
    monkeypatch.setattr(heartbeats, "FORGOTTEN_MS", 50)

    async def scenario():
        async with empty_store(engine_url) as store:
            beats = Heartbeats(store.redis)
            await beats.beat(0, "host:1", "projector", "running", 4)
            await beats.beat(0, "host:2", "intake", "running", 0)
            await asyncio.sleep(0.1)
            await beats.beat(0, "host:3", "projector", "running", 4)
            assert [beat.worker for beat in await beats.read(0)] == ["host:2", "host:3"]

    asyncio.run(scenario())


def test_a_ledger_that_was_replaced_underneath_is_noticed(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(3))
            await store.projector().catch_up(0)
            await store.redis.delete(keys.LEDGER, keys.ledger(0), keys.state(0), keys.INDEX)
            await Ledger.open(store.redis, partitions=1)
            with pytest.raises(CheckFailedError, match="it was replaced"):
                await store.projector().catch_up(0)
            with pytest.raises(EngineError, match="another ledger"):
                await store.readmodels.snapshot(0, "counts.v1")

    asyncio.run(scenario())


def test_stored_events_keep_what_the_sender_said(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(1))
            (entry,) = await store.ledger.read(0, after=0, count=1)
            assert orjson.loads(entry.stored)["id"] == "report-00000"

    asyncio.run(scenario())


@pytest.mark.parametrize("idle", [True, False])
def test_a_projector_whose_ledger_is_erased_ends_and_folds_nothing_anew(engine_url, idle):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(10))
            worker = store.projector()
            task = asyncio.create_task(worker.run([0], asyncio.Event()))
            assert await worker.wait_visible(0, 10, timeout=10)

            await store.redis.flushall()
            if not idle:
                anew = await Ledger.open(store.redis, partitions=1)
                await anew.append([parsed("of-another-ledger")])

            with pytest.raises(CheckFailedError, match="was erased" if idle else "was replaced"):
                await asyncio.wait_for(task, 15)
            assert await store.redis.keys("*counts*") == []

    asyncio.run(scenario())
