"""A ledger in a cluster whose nodes die, come back, and hand slots to each other."""

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.exceptions import RedisError
from tests.cluster_kit import Cluster, cluster_of, until
from tests.contract.ledger_kit import event, stored_ids
from tests.integration.intake_load import event as inbox_event
from tests.integration.intake_load import intake_running, settled, wait_for

from tollbook_schemas.errors import EngineError, TollbookError
from tollbook_services import durability, inbox_group, keys
from tollbook_services.check import check_events
from tollbook_services.connection import check_engine, connect
from tollbook_services.engine_files import server_binary
from tollbook_services.ledger import Ledger
from tollbook_services.verify import verify

pytestmark = pytest.mark.anyio

PARTITIONS = 4
CRISES = 12
PATIENCE_S = 60.0
KEYS_AT_ONCE = 10
GIVE_UP_S = 0.2


@pytest.fixture
def replicated():
    """Three primaries with a replica each."""
    with (
        tempfile.TemporaryDirectory(prefix="tb-") as folder,
        cluster_of(server_binary(), Path(folder), primaries=3, replicas=3) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def moving():
    """Three primaries whose slots are moved about."""
    with (
        tempfile.TemporaryDirectory(prefix="tb-") as folder,
        cluster_of(server_binary(), Path(folder)) as found,
    ):
        yield found


@asynccontextmanager
async def opened(url: str):
    redis = await connect(url)
    try:
        yield await Ledger.open(redis, partitions=PARTITIONS)
    finally:
        await redis.aclose()


class Load:
    """Somebody who publishes until told to stop, and sends again what was not acknowledged."""

    def __init__(self, ledger: Ledger) -> None:
        self.acknowledged: dict[str, tuple[int, int]] = {}
        self.failures: list[Exception] = []
        self._ledger = ledger
        self._stop = asyncio.Event()

    async def run(self) -> None:
        number = 0
        while not self._stop.is_set():
            batch = [
                event(f"e{number + at}", crisis=f"crisis-{(number + at) % CRISES}")
                for at in range(20)
            ]
            while not await self._sent(batch):  # noqa: ASYNC110 - as a publisher waits
                await asyncio.sleep(GIVE_UP_S)
            number += len(batch)

    def stop(self) -> None:
        self._stop.set()

    async def _sent(self, batch) -> bool:
        try:
            receipts = await self._ledger.append(batch)
        except (RedisError, TollbookError, OSError) as error:
            self.failures.append(error)
            return False
        for receipt in receipts:
            assert receipt.status in ("appended", "duplicate"), receipt
            self.acknowledged[receipt.id] = (receipt.partition, receipt.sequence)
        return True


@asynccontextmanager
async def publishing(ledger: Ledger):
    load = Load(ledger)
    task = asyncio.create_task(load.run())
    try:
        await wait_until(lambda: len(load.acknowledged) > 200)
        yield load
        before = len(load.acknowledged)
        await wait_until(lambda: len(load.acknowledged) > before + 200)
    finally:
        load.stop()
        await asyncio.wait_for(task, PATIENCE_S)


async def wait_until(holds) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - of a cluster nobody is told
            await asyncio.sleep(0.02)


async def must_have_all(ledger: Ledger, load: Load) -> None:
    """Everything acknowledged is there once, at its place; nothing else but what was in flight."""
    found = {}
    for partition in range(ledger.partitions):
        for sequence, name in enumerate(await stored_ids(ledger, partition), 1):
            assert name not in found, f"{name} is there twice"
            found[name] = (partition, sequence)
    assert load.acknowledged.items() <= found.items()
    await verify(ledger.redis)
    assert [one for one in await check_events(ledger.redis) if one.faults] == []


async def test_a_primary_is_killed_and_what_its_replica_confirmed_is_there(
    replicated: Cluster, monkeypatch
):
    monkeypatch.setattr(durability, "DURABLE_MS_MAX", 1_000)
    async with opened(replicated.url("?replicas=1")) as ledger:
        async with publishing(ledger) as load:
            lost = replicated.owner_of(keys.ledger(1))
            lost.process.kill()
            await wait_until(lambda: load.failures)
            until(lambda: replicated.owner_of(keys.ledger(1)) is not lost)
            lost.process.start()  # a primary without a replica confirms nothing
        await must_have_all(ledger, load)
        await check_engine(ledger.redis)


async def test_without_its_replica_a_primary_acknowledges_nothing(replicated: Cluster, monkeypatch):
    async with opened(replicated.url("?replicas=1")) as ledger:
        await ledger.append([event("a")])
        monkeypatch.setattr(durability, "DURABLE_MS_MAX", 300)
        for node in replicated.replicas:
            node.process.kill()
        with pytest.raises(EngineError, match="only 0 of 1 replicas confirmed an fsync"):
            await ledger.append([event("b")])
        for node in replicated.replicas:
            node.process.start()

        async def again() -> bool:
            try:
                receipts = await ledger.append([event("b")])
            except EngineError:
                return False
            return receipts[0].status == "duplicate"

        async with asyncio.timeout(PATIENCE_S):
            while not await again():  # noqa: ASYNC110 - until a replica has caught up
                await asyncio.sleep(GIVE_UP_S)


@pytest.mark.parametrize("atomic", [False, True], ids=["key by key", "atomically"])
async def test_a_partition_moves_to_another_node_while_it_is_written(
    moving: Cluster,
    atomic: bool,  # noqa: FBT001 - a parameter of the test
):
    moving.empty()
    async with opened(moving.url()) as ledger:
        async with publishing(ledger) as load:
            for partition in range(PARTITIONS):
                await asyncio.to_thread(move, moving, keys.ledger(partition), atomic=atomic)
        assert load.failures == []
        await must_have_all(ledger, load)


def move(cluster: Cluster, key: str, *, atomic: bool) -> None:
    source = cluster.owner_of(key)
    target = next(node for node in cluster.primaries if node is not source)
    if atomic:
        cluster.migrate(key, target)
    else:
        cluster.migrate_key_by_key(key, target, KEYS_AT_ONCE)
    assert cluster.owner_of(key) is target


def test_the_intake_follows_the_inbox_to_another_node(moving: Cluster, monkeypatch):
    monkeypatch.setattr(inbox_group, "WATCH_EVERY_S", 0.1)
    moving.empty()

    async def scenario() -> list[str]:
        async with opened(moving.url()) as ledger:
            redis = ledger.redis
            async with intake_running(moving.url()) as worker:
                await redis.xadd(keys.INBOX, {"event": inbox_event("before")})
                await wait_for(lambda: settled(redis), "the first is taken in")
                move(moving, keys.INBOX, atomic=True)
                with pytest.raises(EngineError, match="served by another node"):
                    await asyncio.wait_for(worker, PATIENCE_S)
            await redis.xadd(keys.INBOX, {"event": inbox_event("after")})
            async with intake_running(moving.url()):
                await wait_for(lambda: settled(redis), "the second is taken in")
            return [name for one in range(PARTITIONS) for name in await stored_ids(ledger, one)]

    assert sorted(asyncio.run(scenario())) == ["after", "before"]


async def test_a_node_is_no_server_and_a_server_is_no_cluster(cluster: Cluster, engine_url):
    port = cluster.primaries[0].port
    alone = await connect(cluster.url().replace("redis+cluster", "redis").partition(",")[0])
    with pytest.raises(EngineError, match="one node of a cluster: give redis\\+cluster"):
        await check_engine(alone)
    await alone.aclose()
    assert str(port) in cluster.url()


async def test_a_primary_that_is_not_fit_is_named(cluster: Cluster):
    node = cluster.primaries[1]
    node.redis.config_set("appendfsync", "everysec")
    try:
        redis = await connect(cluster.url())
        with pytest.raises(EngineError, match=f"127.0.0.1:{node.port}: appendfsync is everysec"):
            await check_engine(redis)
        await redis.aclose()
    finally:
        node.redis.config_set("appendfsync", "always")
