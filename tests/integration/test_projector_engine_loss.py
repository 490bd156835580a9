"""The projector when the engine dies under it, stays away, or is full."""

import asyncio
import os
import signal

import pytest
from tests.integration.projector_kit import (
    CountFold,
    EventFold,
    Store,
    empty_store,
    expected_rows,
    names,
    running,
    wait_for,
)

from tollbook_schemas.errors import EngineError
from tollbook_services.engine import EngineProcess, connect
from tollbook_services.ledger import Ledger
from tollbook_services.readmodels import ReadModels
from tollbook_services.replay import replay

FOLDS = (CountFold, EventFold)


async def opened(url: str) -> Store:
    redis = await connect(url)
    return Store(redis, await Ledger.open(redis, partitions=1), ReadModels(redis))


def test_a_projector_survives_an_engine_that_is_killed_and_started_again(tmp_path):
    async def scenario():
        engine = EngineProcess(tmp_path)
        store = await opened(await engine.start())
        filed = names(1_200)
        worker = store.projector(*FOLDS, page_size=5, stand_by_s=0.1)
        async with running(worker) as task:
            for start in range(0, 1_200, 300):
                await store.file(filed[start : start + 300])
                await wait_for(lambda at=start: has_passed(store, at), f"some after {start}")
                os.kill(engine.pid, signal.SIGKILL)
                await engine.wait()
                await engine.start()
            assert await worker.wait_visible(0, 1_200, timeout=20)
            assert not task.done()

        assert await store.rows() == expected_rows(filed)
        assert (await replay(store.ledger, store.readmodels, FOLDS)).identical
        await store.redis.aclose()
        await engine.stop()

    async def has_passed(store, sequence):
        return (await store.readmodels.checkpoint(0, "counts.v1")).sequence > sequence

    asyncio.run(scenario())


def test_a_projector_ends_with_an_engine_error_when_the_engine_stays_away(tmp_path):
    async def scenario():
        engine = EngineProcess(tmp_path)
        store = await opened(await engine.start())
        await store.file(names(3))
        worker = store.projector(engine_gone_s_max=0.3)
        task = asyncio.create_task(worker.run([0], asyncio.Event()))
        assert await worker.wait_visible(0, 3, timeout=10)
        os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="has been away too long"):
            await asyncio.wait_for(task, 20)
        await store.redis.aclose()
        await engine.stop()

    asyncio.run(scenario())


def test_a_full_engine_is_an_engine_error_and_no_row_is_half_written(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(10))
            await store.redis.config_set("maxmemory", "1")
            try:
                with pytest.raises(EngineError, match="memory limit"):
                    await store.projector().catch_up(0)
            finally:
                await store.redis.config_set("maxmemory", "0")
            assert await store.rows() == {}
            await store.projector().catch_up(0)
            assert await store.rows() == expected_rows(names(10))

    asyncio.run(scenario())
