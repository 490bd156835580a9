"""Rebuild on a real engine: beside the live rows, compared, swapped, and gone back on."""

import asyncio
import signal
import sys

import pytest
from tests.integration.projector_kit import (
    ROOT,
    CountFold,
    EventFold,
    PickyFold,
    Store,
    empty_store,
    expected_rows,
    names,
    running,
    wait_for,
)

from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.errors import EngineError, UsageError
from tollbook_services import keys
from tollbook_services.rebuild import Rebuilder
from tollbook_services.replay import replay

pytestmark = pytest.mark.anyio

FOLDS = (CountFold, EventFold)
BUILDER = """
import asyncio, sys
from tests.integration.projector_kit import CountFold, Ledger, ReadModels, connect
from tollbook_services.rebuild import Rebuilder

async def main():
    redis = await connect(sys.argv[1])
    ledger = await Ledger.open(redis, partitions=1)
    while True:
        await Rebuilder(ledger, ReadModels(redis), (CountFold,), page_size=1).build()

asyncio.run(main())
"""


class TwiceFold(CountFold):
    """The same projection with other rules: each event counts twice."""

    def apply(self, recorded: Recorded) -> None:
        super().apply(recorded)
        self._counts[recorded.event.crisis] += 1


class MendedFold(CountFold):
    """`PickyFold` as it should have been."""

    name = "picky"


def rebuilder(store: Store, *folds, page_size: int = 7, only=None) -> Rebuilder:
    made = folds or FOLDS
    return Rebuilder(store.ledger, store.readmodels, made, page_size=page_size, only=only)


async def test_equal_rows_are_built_beside_the_live_ones_and_swapped(any_server_url):
    async with empty_store(any_server_url, partitions=3) as store:
        await store.file(names(100))
        for partition in range(3):
            await store.projector(*FOLDS).catch_up(partition)
        work = rebuilder(store)

        result = await work.build()
        before = [await store.readmodels.generations(one, "counts.v1") for one in range(3)]
        await work.swap()

        assert (result.identical, result.events) == (True, 100)
        assert result.digest_live == result.digest_replayed
        assert before == [(1, None)] * 3
        assert [await store.readmodels.generations(one, "counts.v1") for one in range(3)] == [
            (2, 1)
        ] * 3
        assert (await replay(store.ledger, store.readmodels, FOLDS)).identical


async def test_rows_that_differ_are_told_and_stay_beside(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(30), ("flood-2025",))
        await store.projector().catch_up(0)

        result = await rebuilder(store, TwiceFold).build()

        assert not result.identical
        assert result.differences[0].startswith("counts.v1 flood-2025 count: live 30, replayed 60")
        assert [(one.rows, one.differing) for one in result.projections] == [(2, 1)]
        assert await store.counts() == {"flood-2025": 30}


async def test_after_a_swap_and_back_the_former_rows_have_what_came_since(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(10), ("flood-2025",))
        await store.projector().catch_up(0)
        work = rebuilder(store, TwiceFold)
        await work.build()
        await work.swap()
        assert await store.counts() == {"flood-2025": 20}
        await store.file(names(14)[10:], ("flood-2025",))
        await store.projector(TwiceFold).catch_up(0)
        assert await store.counts() == {"flood-2025": 28}

        assert await rebuilder(store, CountFold).back() == 1

        assert await store.rows() == expected_rows(names(14), ("flood-2025",))
        assert await rebuilder(store, TwiceFold).back() == 1
        assert await store.counts() == {"flood-2025": 28}


async def test_a_projector_at_work_goes_on_with_the_rows_that_were_swapped_in(engine_url):
    async with empty_store(engine_url) as store:
        filed = names(1_500)
        await store.file(filed[:600])
        worker = store.projector(*FOLDS, page_size=3, stand_by_s=0.0)
        async with running(worker):
            work = rebuilder(store, page_size=50)
            filing = asyncio.create_task(_file_slowly(store, filed[600:]))
            result = await work.build()
            await work.swap()
            await filing
            assert await worker.wait_visible(0, 1_500, timeout=20)

        assert result.identical
        assert (await store.readmodels.generations(0, "counts.v1"))[0] == 2
        assert await store.rows() == expected_rows(filed)
        assert (await replay(store.ledger, store.readmodels, FOLDS)).identical


async def _file_slowly(store: Store, filed: list[str]) -> None:
    for start in range(0, len(filed), 30):
        await store.file(filed[start : start + 30])
        await asyncio.sleep(0.005)


async def test_a_worker_that_folded_from_rows_no_longer_live_cannot_commit_them(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(6), ("flood-2025",))
        worker = store.projector(page_size=3)
        await worker.catch_up(0)
        async with worker._round(0) as stale:
            work = rebuilder(store, TwiceFold)
            await work.build()
            await work.swap()
            await store.file(names(9)[6:], ("flood-2025",))

            assert await stale.step() is None

        assert await store.counts() == {"flood-2025": 12}


async def test_a_rebuild_that_is_killed_changes_nothing_and_the_next_one_starts_over(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(400))
        await store.projector().catch_up(0)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BUILDER, engine_url, cwd=ROOT
        )
        beside = f"{keys.generation(0, 'counts.v1', 2)}:checkpoint"

        async def under_way() -> bool:
            return int(await store.redis.hget(beside, "sequence") or 0) > 20

        await wait_for(under_way, "a rebuild under way")
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert await store.rows() == expected_rows(names(400))

        work = rebuilder(store, CountFold)
        assert (await work.build()).identical
        await work.swap()
        assert await store.rows() == expected_rows(names(400))


async def test_two_rebuilds_at_once_are_noticed(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(300))
        await store.projector().catch_up(0)
        both = [rebuilder(store, CountFold, page_size=2).build() for _ in range(2)]

        results = await asyncio.gather(*both, return_exceptions=True)

        failed = [one for one in results if isinstance(one, EngineError)]
        assert failed
        assert "another rebuild is at work" in str(failed[0])


async def test_dropping_leaves_the_live_rows_and_nothing_to_go_back_to(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(12))
        await store.projector().catch_up(0)
        work = rebuilder(store, CountFold)
        await work.build()
        await work.swap()

        assert await work.drop() == 2 + len(expected_rows(names(12)))

        assert await store.rows() == expected_rows(names(12))
        assert await store.redis.keys("*:counts.v1.g1:*") == []
        with pytest.raises(UsageError, match="nothing was swapped"):
            await work.back()


async def test_a_swap_keeps_only_the_rows_before_it(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(12))
        await store.projector().catch_up(0)
        for _ in range(3):
            work = rebuilder(store, CountFold)
            await work.build()
            await work.swap()
        assert await store.readmodels.generations(0, "counts.v1") == (4, 3)
        assert await store.redis.keys("*:counts.v1.g[12]:*") == []


async def test_parked_events_are_folded_in_their_places_by_a_fold_that_takes_them(engine_url):
    async with empty_store(engine_url) as store:
        filed = ["a", "poison-1", "b", "poison-2", "c"]
        await store.file(filed, ("flood-2025",))
        await store.projector(PickyFold).catch_up(0)
        assert list(await store.readmodels.parked(0, "picky.v1")) == [2, 4]

        work = rebuilder(store, MendedFold, only={(0, "picky.v1")})
        result = await work.build()
        await work.swap()

        assert [(one.parked_live, one.parked_replayed) for one in result.projections] == [(2, 0)]
        assert await store.rows("picky.v1") == expected_rows(filed, ("flood-2025",))
        assert await store.readmodels.parked_count(0, "picky.v1") == 0


async def test_live_rows_of_events_that_were_lost_can_be_folded_anew(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(20))
        await store.projector().catch_up(0)
        await store.redis.xdel(keys.ledger(0), "20-0")
        await store.redis.hset(keys.state(0), "head", 19)

        work = rebuilder(store, CountFold)
        result = await work.build()
        await work.swap()

        assert "live stands at 20, but the ledger ends at 19" in "".join(result.differences)
        assert await store.rows() == expected_rows(names(19))


class WatchfulFold(CountFold):
    """Remembers which crises were restored."""

    restored: list[str]

    def __init__(self) -> None:
        super().__init__()
        WatchfulFold.restored = []

    def restore(self, crisis, rows) -> None:
        WatchfulFold.restored.append(crisis)
        super().restore(crisis, rows)

    def concerns_all(self, recorded: Recorded) -> bool:
        return recorded.event.id.startswith("all")

    def drain(self) -> list[RowChange]:
        return super().drain()


async def test_a_start_restores_only_the_crises_that_are_in_the_news(engine_url):
    async with empty_store(engine_url) as store:
        await store.file(names(30))
        await store.projector(WatchfulFold).catch_up(0)
        await store.file(["later"], ("coast-2025",))

        await store.projector(WatchfulFold).catch_up(0)
        assert WatchfulFold.restored == ["coast-2025"]

        await store.file(["all-1"], ("coast-2025",))
        await store.projector(WatchfulFold).catch_up(0)
        assert WatchfulFold.restored == ["coast-2025", "flood-2025", "quake-2024"]
        assert sum((await store.counts()).values()) == 32
