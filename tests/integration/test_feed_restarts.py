"""The live feed over restarts: of the server, of the engine, and rebuilds while it is read."""

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as LostConnectionError
from tests.conftest import running_engine
from tests.integration.feed_kit import document, served, stored, until, write
from tests.integration.projector_kit import empty_store, names

from tollbook_projections.catalogue import folds
from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.engine_files import server_binary
from tollbook_services.live.ending import GONE
from tollbook_services.live.filter import Filter
from tollbook_services.live.follow import follow
from tollbook_services.live.hub import Hub
from tollbook_services.live.reader import Reader
from tollbook_services.rebuild import Rebuilder
from tollbook_services.tasks import end_tasks

pytestmark = pytest.mark.anyio

FOLDS = folds(default_gazetteer(), default_policy())


async def test_a_reader_goes_on_where_it_was_when_the_server_is_another_one(engine_url):
    async with empty_store(engine_url) as store:
        got = []
        last, asked = None, {"after": "0"}
        for number in range(4):
            async with served(engine_url) as api, api.follow(last, **asked) as reader:
                await write(store.redis, document(10 * number), document(10 * number + 1))
                got += await reader.take(2)
                last, asked = reader.last_id, {}
            await write(store.redis, document(10 * number + 2))
            if number < 3:
                async with served(engine_url) as api, api.follow(last) as reader:
                    got += await reader.take(1)
                    last = reader.last_id
        expected = await stored(store.redis, store.ledger.id)
        assert got == expected[:-1]


async def test_a_stopping_server_says_so_and_ends_every_stream(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        async with api.follow() as reader, httpx.AsyncClient(trust_env=False) as client:
            async with client.stream("GET", f"{api.url}/v1/feed") as raw:
                await write(store.redis, document(1))
                await reader.take(1)
                api.server.should_exit = True
                assert await reader.ended() == (None, 0)
                lines = [line async for line in raw.aiter_lines()]
            assert lines[-1] == ": the server stops, come back with the last id"
        await until(lambda: not api.server.server_state.tasks, "nothing is left to be waited for")


async def test_a_killed_engine_that_comes_back_loses_and_repeats_nothing():
    got = []
    with tempfile.TemporaryDirectory(prefix="tb-") as folder, ExitStack() as engines:
        url = engines.enter_context(killable_engine(Path(folder)))
        async with empty_store(url) as store, served(url) as api, api.follow() as reader:
            for number in range(3):
                await write(store.redis, document(2 * number))
                got += await reader.take(1)
                engines.close()
                engines.enter_context(killable_engine(Path(folder)))
                await write_when_back(store.redis, document(2 * number + 1))
                got += await reader.take(1)
            expected = await stored(store.redis, store.ledger.id)
            async with api.follow(got[2][0]) as late:
                assert await late.take(3) == expected[3:]
    assert got == expected


@contextmanager
def killable_engine(folder: Path) -> Iterator[str]:
    """An engine that is killed at the exit, as the kernel does it."""
    with running_engine(server_binary(), folder) as url:
        yield url
        with Redis.from_url(url) as client:
            os.kill(client.info("server")["process_id"], signal.SIGKILL)


async def write_when_back(redis, change) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await write(redis, change)
            except LostConnectionError:
                await asyncio.sleep(0.01)
            else:
                return


async def test_a_rebuild_while_the_feed_is_read_repeats_nothing(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        async with api.follow() as reader:
            await store.file(names(4))
            await store.projector(*FOLDS).catch_up(0)
            work = Rebuilder(store.ledger, store.readmodels, FOLDS)
            assert (await work.build()).identical
            await work.swap()
            await store.file(["one-more"])
            await store.projector(*FOLDS).catch_up(0)
            await work.back()
            await store.file(["and-another"])
            await store.projector(*FOLDS).catch_up(0)
            await write(store.redis, document(777))
            expected = await stored(store.redis, store.ledger.id)
            assert await reader.take(len(expected)) == expected
        assert len({token for token, _ in expected}) == len(expected)


async def test_a_reader_that_is_ahead_of_this_server_is_joined_where_it_is(engine_url):
    """Its id is of another server, which reads the same stream and was faster."""
    async with empty_store(engine_url) as store:
        hub = Hub(store.redis, store.ledger.id, areas)
        await hub.begin()
        ids = await write(store.redis, *map(document, range(1, 5)))
        reader, got = Reader(Filter()), []

        async def receive(sent: bytes) -> None:
            got.extend(re.findall(rb"event: change\ndata: .*\"best\":(\d+)", sent))

        hub.enter(reader)
        following = asyncio.create_task(follow(hub, reader, ids[1], receive))
        await until(lambda: got == [b"3", b"4"], "it has what this server has not seen yet")
        running = asyncio.create_task(hub.run())
        await write(store.redis, document(5))
        await until(lambda: len(got) == 3, "it goes on")
        reader.end(GONE)
        await following
        await end_tasks(running)
        assert got == [b"3", b"4", b"5"]
        assert reader.told == hub.place


async def areas() -> Gazetteer:
    return default_gazetteer()
