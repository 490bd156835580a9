"""A ledger on a primary that Sentinels name, and what a failover does to it."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from tests.cluster_kit import until
from tests.contract.ledger_kit import event, stored_ids
from tests.integration.intake_load import event as inbox_event
from tests.integration.intake_load import intake_running, settled, wait_for
from tests.server_kit import PASSWORD, Process, SentinelProcess, process_of

from tollbook_schemas.errors import EngineError
from tollbook_services import durability, inbox_group, keys
from tollbook_services.connection import check_engine, connect
from tollbook_services.engine_files import server_binary
from tollbook_services.ledger import Ledger
from tollbook_services.verify import verify

NAME = "ledger"
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Guarded:
    """A primary, its replica, and three Sentinels that watch them."""

    primary: Process
    replica: Process
    sentinels: tuple[SentinelProcess, ...]

    def url(self, options: str = "") -> str:
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://:{PASSWORD}@{hosts}/{NAME}{options}"


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    with tempfile.TemporaryDirectory(prefix="tb-") as folder, ExitStack() as stack:
        place = Path(folder)
        binary = server_binary()
        primary = stack.enter_context(process_of(binary, place / "a", masterauth=PASSWORD))
        replica = stack.enter_context(
            process_of(
                binary,
                place / "b",
                masterauth=PASSWORD,
                replicaof=f"127.0.0.1 {primary.port}",
            )
        )
        until(lambda: linked(replica))
        sentinels = []
        for number in range(3):
            one = SentinelProcess(binary, place / f"s{number}", NAME, primary.port)
            one.start()
            stack.callback(one.kill)
            sentinels.append(one)
        until(lambda: all(knows_all(one) for one in sentinels))
        yield Guarded(primary, replica, tuple(sentinels))


def linked(replica: Process) -> bool:
    with Redis(port=replica.port, password=PASSWORD) as client:
        try:
            return bool(client.info("replication").get("master_link_status") == "up")
        except RedisError:
            return False


def knows_all(sentinel: SentinelProcess) -> bool:
    with Redis(port=sentinel.port, password=PASSWORD) as client:
        try:
            state = client.sentinel_master(NAME)
        except RedisError:
            return False
        return state["num-other-sentinels"] == 2 and state["num-slaves"] == 1


def test_a_failover_keeps_what_the_replica_confirmed_and_workers_follow(guarded, monkeypatch):
    monkeypatch.setattr(inbox_group, "WATCH_EVERY_S", 0.1)
    monkeypatch.setattr(durability, "DURABLE_MS_MAX", 1_000)

    async def scenario() -> None:
        url = guarded.url("?replicas=1")
        redis = await connect(url)
        await check_engine(redis)
        ledger = await Ledger.open(redis, partitions=2)
        receipts = await ledger.append([event(f"e{number}") for number in range(50)])
        assert {one.status for one in receipts} == {"appended"}

        async with intake_running(url) as worker:
            await redis.xadd(keys.INBOX, {"event": inbox_event("before")})
            await wait_for(lambda: settled(redis), "the first is taken in")
            guarded.primary.kill()
            await asyncio.wait([worker], timeout=PATIENCE_S)
            with pytest.raises(EngineError, match=r"served by another node|lost its engine"):
                worker.result()
        guarded.primary.start()  # comes back as a replica, without which nothing is confirmed
        later = await again(lambda: ledger.append([event("later"), event("e7")]))
        assert sorted(one.status for one in later) in (
            ["appended", "duplicate"],
            ["duplicate", "duplicate"],
        )
        await again(lambda: redis.xadd(keys.INBOX, {"event": inbox_event("after")}))
        async with intake_running(url):
            await wait_for(lambda: settled(redis), "the last is taken in", PATIENCE_S)

        found = [name for one in range(2) for name in await stored_ids(ledger, one)]
        assert len(found) == len(set(found))
        assert {f"e{number}" for number in range(50)} | {"before", "later", "after"} == set(found)
        await verify(redis)
        await redis.aclose()

    asyncio.run(scenario())


async def again(call):
    """The answer of a call that is repeated until the engine takes it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await call()
            except (RedisError, EngineError, OSError):
                await asyncio.sleep(0.1)


@pytest.mark.anyio
async def test_sentinels_that_do_not_know_the_name_are_told_apart_from_an_engine(guarded):
    with pytest.raises(EngineError, match=r"redis\+sentinel://.*/other: No master found"):
        await connect(guarded.url().replace(f"/{NAME}", "/other"))
