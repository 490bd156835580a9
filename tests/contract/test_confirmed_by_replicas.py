"""What no replica confirmed is neither acknowledged when it is sent again, nor signed."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from redis import Redis
from redis.exceptions import RedisError
from tests.cluster_kit import until
from tests.contract.ledger_kit import event, events, outcomes
from tests.server_kit import PASSWORD, Process, process_of
from tests.unit.tlog_kit import LOG

from tollbook_schemas.errors import EngineError
from tollbook_services import durability
from tollbook_services.connection import connect
from tollbook_services.engine_files import server_binary
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.sealed import SealedTree
from tollbook_services.sealing.sealer import Sealer

pytestmark = pytest.mark.anyio

UNCONFIRMED = "only 0 of 1 replicas confirmed an fsync"


@dataclass(frozen=True)
class Pair:
    """A primary and its replica, which can stand still while it is still connected."""

    primary: Process
    replica: Process

    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.primary.port}?replicas=1"

    def halt(self) -> None:
        os.kill(self.replica.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.replica.pid, signal.SIGCONT)


@pytest.fixture
def pair(tmp_path) -> Iterator[Pair]:
    binary = server_binary()
    with process_of(binary, tmp_path / "a", masterauth=PASSWORD) as primary:
        of = f"127.0.0.1 {primary.port}"
        with process_of(binary, tmp_path / "b", masterauth=PASSWORD, replicaof=of) as replica:
            until(lambda: linked(replica))
            found = Pair(primary, replica)
            try:
                yield found
            finally:
                found.go_on()


@asynccontextmanager
async def ledger_of(pair: Pair) -> AsyncIterator[Ledger]:
    redis = await connect(pair.url())
    try:
        yield await Ledger.open(redis, partitions=1)
    finally:
        await redis.aclose()


def linked(replica: Process) -> bool:
    with Redis(port=replica.port, password=PASSWORD) as client:
        try:
            return client.info("replication").get("master_link_status") == "up"
        except RedisError:
            return False


async def test_a_duplicate_is_acknowledged_as_late_as_the_event_that_it_repeats(pair, monkeypatch):
    # Given an event that only the primary has on disk, and a sender who was told so
    async with ledger_of(pair) as ledger:
        await ledger.append(events(2))
        pair.halt()
        monkeypatch.setattr(durability, "DURABLE_MS_MAX", 100)
        with pytest.raises(EngineError, match=UNCONFIRMED):
            await ledger.append([event("new")])
    # When it is sent again by a connection that writes nothing
    async with ledger_of(pair) as ledger:
        # Then that it is there already is no reason to acknowledge it
        with pytest.raises(EngineError, match=UNCONFIRMED):
            await ledger.append([event("new")])
        # Until the replica has it
        pair.go_on()
        monkeypatch.undo()
        assert outcomes(await ledger.append([event("new")])) == [("duplicate", 3)]


async def test_what_no_replica_has_is_not_signed(pair, monkeypatch):
    # Given events of which the replica has the first two
    async with ledger_of(pair) as ledger:
        await ledger.append(events(2))
        assert await Sealer(ledger, LOG).catch_up(0) == 2
        pair.halt()
        monkeypatch.setattr(durability, "DURABLE_MS_MAX", 100)
        with pytest.raises(EngineError, match=UNCONFIRMED):
            await ledger.append([event("new")])
        # When the third is to be sealed, Then nothing is signed that a failover would contradict
        with pytest.raises(EngineError, match=UNCONFIRMED):
            await Sealer(ledger, LOG).catch_up(0)
        assert (await SealedTree(ledger.redis, ledger.id, 0).head()).size == 2
        # Until the replica has it
        pair.go_on()
        monkeypatch.undo()
        assert await Sealer(ledger, LOG).catch_up(0) == 3
