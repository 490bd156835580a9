"""A rebuild in several processes, on a real engine: the same rows, and no process left behind."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.integration.projector_kit import ROOT, Store, empty_store, names, wait_for

from tollbook_projections import catalogue
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services import keys
from tollbook_services.build_processes import BuildProcesses, Job
from tollbook_services.rebuild import Rebuilder

pytestmark = pytest.mark.anyio

PARTITIONS = 4
CRISES = tuple(f"crisis-{number}" for number in range(9))
FOLDS = catalogue.folds(default_gazetteer(), default_policy())
PARENT = """
import asyncio, multiprocessing, sys
from tests.integration.projector_kit import Ledger, ReadModels, connect
from tests.integration.test_rebuild_processes import FOLDS, rebuilder, Store

async def main(url):
    redis = await connect(url)
    store = Store(redis, await Ledger.open(redis), ReadModels(redis))
    task = asyncio.create_task(rebuilder(store, url).build())
    while not multiprocessing.active_children():
        await asyncio.sleep(0.01)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    await task
    await asyncio.sleep(3600)

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
"""


def rebuilder(store: Store, url: str) -> Rebuilder:
    processes = BuildProcesses(url, cores=2, events_min=1)
    return Rebuilder(store.ledger, store.readmodels, FOLDS, processes=processes)


@contextlib.asynccontextmanager
async def caught_up(url: str, events: int = 200):
    async with empty_store(url, partitions=PARTITIONS) as store:
        await store.file(names(events), CRISES)
        for partition in range(PARTITIONS):
            await store.projector(*FOLDS).catch_up(partition)
        yield store


async def generations(store: Store) -> list[tuple[int, int | None]]:
    return [await store.readmodels.generations(one, "figures.v1") for one in range(PARTITIONS)]


async def test_processes_build_the_rows_that_are_live_and_end(any_server_url):
    async with caught_up(any_server_url) as store:
        before = [await store.readmodels.snapshot(one, "figures.v1") for one in range(PARTITIONS)]
        told = []
        work = rebuilder(store, any_server_url)

        result = await work.build(lambda done, total: told.append((done, total)))
        left = multiprocessing.active_children()
        await work.swap()

        assert (result.identical, result.events, told[-1]) == (True, 200, (200, 200))
        assert left == []
        assert await generations(store) == [(2, 1)] * PARTITIONS
        after = [await store.readmodels.snapshot(one, "figures.v1") for one in range(PARTITIONS)]
        assert after == before


async def test_what_processes_find_is_what_one_process_finds(engine_url):
    async with caught_up(engine_url) as store:
        base = keys.generation(keys.partition_of("crisis-3", PARTITIONS), "figures.v1", 1)
        row = next(iter(await store.redis.hkeys(f"{base}:rows:crisis-3/figure")))
        await store.redis.hdel(f"{base}:rows:crisis-3/figure", row)

        alone = await Rebuilder(store.ledger, store.readmodels, FOLDS).build()
        together = await rebuilder(store, engine_url).build()

        assert not together.identical
        assert together == alone


async def test_a_killed_process_fails_the_rebuild_and_ends_the_others(engine_url):
    async with caught_up(engine_url) as store:
        task = asyncio.create_task(rebuilder(store, engine_url).build())

        async def started() -> bool:
            return len(multiprocessing.active_children()) == 2

        await wait_for(started, "two processes")
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

        with pytest.raises(EngineError, match="ended before it was done: nothing was swapped"):
            await task
        assert multiprocessing.active_children() == []
        assert await generations(store) == [(1, None)] * PARTITIONS


async def test_what_a_process_cannot_do_is_told_as_if_done_here(engine_url):
    async with caught_up(engine_url) as store:
        partition = store.ledger.partitions - 1
        stored = (await store.ledger.read(partition, 0, 1))[0].stored
        key = keys.ledger(partition)
        ((entry_id, fields),) = await store.redis.xrange(key, count=1)
        fields[b"e"] = stored.replace(b"sohr", b"SOHR")
        everything = await store.redis.xrange(key)
        await store.redis.delete(key)
        await store.redis.xadd(key, fields, entry_id)
        for later_id, later in everything[1:]:
            await store.redis.xadd(key, later, later_id)

        with pytest.raises(CheckFailedError, match=f"event 1 of partition {partition}"):
            await rebuilder(store, engine_url).build()
        assert multiprocessing.active_children() == []


async def test_processes_end_with_a_rebuild_that_is_killed(engine_url):
    async with caught_up(engine_url):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PARENT, engine_url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        children = [int(pid) for pid in (await process.stdout.readline()).split()]
        process.send_signal(signal.SIGKILL)
        await process.wait()

        async def gone() -> bool:
            return not any(alive(pid) for pid in children)

        assert children
        await wait_for(gone, "the end of the processes")


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("heads", "cores", "worthwhile"),
    [
        ((600, 400), 2, True),
        ((600, 399), 2, False),
        ((1_000, 0), 2, False),
        ((600, 400), 1, False),
    ],
)
def test_processes_are_for_many_events_of_some_partitions(heads, cores, worthwhile):
    processes = BuildProcesses("unix://nowhere", cores=cores, events_min=1_000)
    assert processes.worthwhile([Job({}, head) for head in heads]) is worthwhile


async def test_an_interrupt_from_the_terminal_is_left_to_the_rebuild(engine_url):
    async with caught_up(engine_url) as store:
        task = asyncio.create_task(rebuilder(store, engine_url).build())

        async def started() -> bool:
            return len(multiprocessing.active_children()) == 2

        await wait_for(started, "two processes")
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGINT)

        assert (await task).identical
