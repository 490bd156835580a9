"""The status document: what lags is behind, what stopped is never healthy."""

import asyncio
import contextlib

from tests.integration.intake_load import wait_for
from tests.integration.projector_kit import CountFold, PickyFold, empty_store, names, running

from tollbook_services import heartbeats, status
from tollbook_services.status import status_document

NAMES = ("counts.v1",)


async def document(store, projections=NAMES):
    return await status_document(store.ledger, store.readmodels, projections)


def test_a_ledger_that_nobody_projects_has_no_workers_and_is_not_healthy(engine_url):
    async def scenario():
        async with empty_store(engine_url, partitions=2) as store:
            told = await document(store)
            assert (told["state"], told["healthy"]) == ("no_workers", False)
            assert told["ledger"] == store.ledger.id
            assert [one["partition"] for one in told["partitions"]] == [0, 1]
            assert told["inbox"] == {
                "length": 0,
                "pending": 0,
                "unread": 0,
                "oldest_seconds": None,
                "oldest_pending_seconds": None,
                "consumers": 0,
                "state": "healthy",
            }

    asyncio.run(scenario())


def test_lag_is_counted_in_events_and_seconds_against_the_true_head(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(5))
            await store.projector().catch_up(0)
            await store.file(names(12)[5:])
            await asyncio.sleep(0.2)

            (partition,) = (await document(store))["partitions"]
            (position,) = partition["projections"]

            assert partition["head"] == 12
            assert (position["projection"], position["version"]) == ("counts", 1)
            assert (position["sequence"], position["lag_events"]) == (5, 7)
            assert 0.2 <= position["lag_seconds"] < 10
            await store.projector().catch_up(0)
            (partition,) = (await document(store))["partitions"]
            assert partition["projections"][0]["lag_events"] == 0
            assert partition["projections"][0]["lag_seconds"] == 0.0
            assert partition["recorded_at"] == partition["projections"][0]["recorded_at"]

    asyncio.run(scenario())


def test_a_partition_is_healthy_only_while_its_projector_works(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(3))
            worker = store.projector()
            async with running(worker):
                assert await worker.wait_visible(0, 3, timeout=10)
                told = await document(store)
                assert (told["state"], told["healthy"]) == ("healthy", True)
                (shown,) = told["partitions"][0]["workers"]
                assert (shown["role"], shown["state"]) == ("projector", "running")
            stopped = await document(store)
            assert (stopped["state"], stopped["healthy"]) == ("stopped", False)
            assert stopped["partitions"][0]["projections"][0]["lag_events"] == 0

    asyncio.run(scenario())


def test_a_worker_that_was_killed_is_not_shown_as_running(engine_url, monkeypatch):
    monkeypatch.setattr(heartbeats, "ALIVE_S_MAX", 0.1)

    async def scenario():
        async with empty_store(engine_url) as store:
            await heartbeats.Heartbeats(store.redis).beat(0, "host:1", "projector", "running", 0)
            assert (await document(store))["state"] == "healthy"
            await asyncio.sleep(0.2)
            told = await document(store)
            assert told["state"] == "stopped"
            assert told["partitions"][0]["workers"][0]["state"] == "stopped"

    asyncio.run(scenario())


def test_one_partition_without_its_projector_makes_the_whole_unhealthy(engine_url):
    async def scenario():
        async with empty_store(engine_url, partitions=2) as store:
            beats = heartbeats.Heartbeats(store.redis)
            await beats.beat(0, "host:1", "projector", "running", 0)
            await beats.beat(1, "host:1", "projector", "stopped", 0)
            told = await document(store)
            assert [one["state"] for one in told["partitions"]] == ["healthy", "stopped"]
            assert (told["state"], told["healthy"]) == ("stopped", False)

    asyncio.run(scenario())


def test_events_that_wait_too_long_and_parked_events_are_told(engine_url, monkeypatch):
    monkeypatch.setattr(status, "LAG_S_MAX", 0.05)

    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(["a", "poison"])
            await heartbeats.Heartbeats(store.redis).beat(0, "host:1", "projector", "running", 0)
            await asyncio.sleep(0.1)
            assert (await document(store, ("picky.v1",)))["state"] == "behind"
            await store.projector(PickyFold).catch_up(0)
            told = await document(store, ("picky.v1",))
            assert (told["state"], told["healthy"]) == ("parked", False)
            assert told["partitions"][0]["projections"][0]["parked"] == 1

    asyncio.run(scenario())


def test_a_standing_by_projector_is_shown_as_such_and_takes_over(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(1_000))
            first, second = (store.projector(page_size=5) for _ in range(2))
            async with contextlib.AsyncExitStack() as both:
                async with running(first):
                    assert await first.wait_visible(0, 1_000, timeout=20)
                    await both.enter_async_context(running(second))
                    await wait_for(lambda: standing_by(store), "the second at its place")
                    (held,) = (await document(store))["partitions"][0]["leases"]
                    (worker,) = await beats(store, 0)
                    assert (worker.state, worker.worker) == ("running", held["worker"])
                await store.file(names(1_010)[1_000:], ("flood-2025",))
                assert await second.wait_visible(0, 1_010, timeout=10)
            assert sum((await store.counts()).values()) == 1_010

    async def standing_by(store):
        return [one.state for one in await beats(store, None)] == ["standing_by"]

    async def beats(store, partition):
        return await heartbeats.Heartbeats(store.redis).read(partition)

    asyncio.run(scenario())


def test_a_projection_of_nothing_yet_stands_at_zero(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            (partition,) = (await document(store))["partitions"]
            assert partition["recorded_at"] is None
            (position,) = partition["projections"]
            assert (position["sequence"], position["recorded_at"]) == (0, None)
            await store.projector(CountFold).catch_up(0)
            assert await store.readmodels.positions(0, NAMES) == (0,)

    asyncio.run(scenario())
