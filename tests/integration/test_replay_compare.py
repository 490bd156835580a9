"""Replay on a real engine: identical rows, and every way in which they may differ."""

import asyncio

import pytest
from tests.integration.projector_kit import (
    CountFold,
    EventFold,
    PickyFold,
    empty_store,
    names,
    running,
)

from tollbook_services import comparison, keys, replay
from tollbook_services.comparison import Digest

FOLDS = (CountFold, EventFold)
COUNTS_OF_FLOOD = "tollbook:{0}:counts.v1.g1:rows:flood-2025/"


async def replayed(store, folds=FOLDS, progress=None):
    return await replay.replay(store.ledger, store.readmodels, folds, progress)


def test_a_replay_of_untouched_rows_is_identical(engine_url):
    async def scenario():
        async with empty_store(engine_url, partitions=3) as store:
            await store.file(names(1_200))
            for partition in range(3):
                await store.projector(*FOLDS, page_size=7).catch_up(partition)
            told = []

            result = await replayed(store, progress=lambda done, total: told.append((done, total)))

            assert result.identical
            assert result.digest_live == result.digest_replayed
            assert (result.events, result.differences, result.behind) == (1_200, [], 0)
            assert [one.projection for one in result.projections] == ["counts.v1", "latest.v3"]
            assert [one.rows for one in result.projections] == [6, 9]
            assert told[-1] == (1_200, 1_200)
            assert told == sorted(told)

    asyncio.run(scenario())


def test_a_replay_of_an_empty_ledger_is_identical(engine_url):
    async def scenario():
        async with empty_store(engine_url, partitions=2) as store:
            result = await replayed(store)
            assert result.identical
            assert result.events == 0

    asyncio.run(scenario())


def test_a_replay_changes_nothing_in_the_engine(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(60))
            await store.projector(*FOLDS).catch_up(0)
            before = await contents(store.redis)
            await replayed(store)
            assert await contents(store.redis) == before

    async def contents(redis):
        return {key: await redis.dump(key) async for key in redis.scan_iter()}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("count", b"7", "counts.v1 flood-2025 count: live 7, replayed 20"),
        ("count", None, "counts.v1 flood-2025 count: live no row, replayed 20"),
        ("extra", b"\xff", "counts.v1 flood-2025 extra: live \\xff, replayed no row"),
    ],
)
def test_a_row_that_was_tampered_with_is_shown_as_it_is_and_as_it_should_be(
    engine_url, key, value, shown
):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(60))
            await store.projector(*FOLDS).catch_up(0)
            if value is None:
                await store.redis.hdel(COUNTS_OF_FLOOD, key)
            else:
                await store.redis.hset(COUNTS_OF_FLOOD, key, value)

            result = await replayed(store)

            assert not result.identical
            assert result.differences == [shown]
            assert result.digest_live != result.digest_replayed
            same = [one.digest_live == one.digest_replayed for one in result.projections]
            assert same == [False, True]

    asyncio.run(scenario())


def test_rows_of_a_crisis_that_no_event_names_are_a_difference(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(6))
            await store.projector(CountFold).catch_up(0)
            await store.redis.hset("tollbook:{0}:counts.v1.g1:rows:ghost/", "count", "1")
            await store.redis.sadd("tollbook:{0}:counts.v1.g1:places", "ghost/")
            result = await replayed(store, (CountFold,))
            assert result.differences == ["counts.v1 ghost count: live 1, replayed no row"]

    asyncio.run(scenario())


def test_only_the_first_differences_are_kept_and_all_are_counted(engine_url, monkeypatch):
    monkeypatch.setattr(comparison, "DIFFERENCES_MAX", 2)

    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(6))
            await store.projector(CountFold).catch_up(0)
            await store.redis.hset(COUNTS_OF_FLOOD, mapping=dict.fromkeys("abcde", "x"))
            result = await replayed(store, (CountFold,))
            assert len(result.differences) == 2
            assert result.differences_count == 5

    asyncio.run(scenario())


def test_a_read_model_that_lags_is_compared_where_it_stands_and_the_lag_is_told(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(30))
            await store.projector(*FOLDS).catch_up(0)
            await store.file(names(40)[30:])
            await store.projector(CountFold).catch_up(0)

            result = await replayed(store)

            assert result.identical
            assert result.events == 40
            assert [one.behind for one in result.projections] == [0, 10]
            assert result.behind == 10

    asyncio.run(scenario())


def test_read_models_that_move_during_a_replay_are_compared_at_one_moment(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(300))
            worker = store.projector(*FOLDS, page_size=5)
            async with running(worker):
                for start in range(300, 1_500, 300):
                    filing = asyncio.create_task(store.file(names(1_500)[start : start + 300]))
                    result = await replayed(store)
                    assert (result.identical, result.differences) == (True, [])
                    await filing

    asyncio.run(scenario())


def test_an_altered_event_is_found_even_where_no_row_shows_it(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(3))
            await store.projector(*FOLDS).catch_up(0)
            entries = await store.redis.xrange(keys.ledger(0))
            await store.redis.delete(keys.ledger(0))
            for entry_id, fields in entries:
                stored = fields[b"e"]
                if entry_id == b"2-0":
                    stored = stored.replace(b'"value":1', b'"value":9')
                    assert stored != fields[b"e"]
                await store.redis.xadd(keys.ledger(0), {**fields, b"e": stored}, id=entry_id)

            result = await replayed(store)

            assert not result.identical
            assert result.digest_live == result.digest_replayed
            (difference,) = result.differences
            assert difference.startswith("partition 0, sequence 2: the stored event does not match")

    asyncio.run(scenario())


def test_parked_events_are_parked_again_and_a_fold_that_learned_shows(engine_url):
    class LearnedFold(CountFold):
        name = PickyFold.name

    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(["a", "poison", "b"], ("flood-2025",))
            await store.projector(PickyFold).catch_up(0)

            assert (await replayed(store, (PickyFold,))).identical

            learned = await replayed(store, (LearnedFold,))
            assert learned.differences[-1] == (
                "picky.v1 partition 0, sequence 2: live ValueError: cannot fold poison, "
                "replayed folded"
            )

    asyncio.run(scenario())


def test_the_digest_depends_on_rows_and_not_on_their_order_or_partition():
    first, second = Digest(), Digest()
    first.add("a", {"x": b"1", "y": b"2"})
    first.add("b", {"z": b""})
    second.add("b", {"z": b""})
    second.add("empty", {})
    second.add("a", {"y": b"2", "x": b"1"})
    assert first.hexdigest() == second.hexdigest()


@pytest.mark.parametrize(
    "rows",
    [{"x": b"12"}, {"x": b"", "1": b"2"}, {"x1": b"2"}, {"x": b"1", "2": b""}, {}],
)
def test_rows_that_differ_in_any_way_have_different_digests(rows):
    one, other = Digest(), Digest()
    one.add("a", {"x": b"1", "y": b"2"})
    other.add("a", rows)
    assert one.hexdigest() != other.hexdigest()
