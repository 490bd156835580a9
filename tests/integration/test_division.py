"""Workers share partitions: one at a time has each, and what one leaves another takes soon."""

import asyncio
import contextlib
from collections import Counter

import pytest
from tests.integration import intake_load
from tests.integration.engine_kit import wait_for

from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_services import keys
from tollbook_services.division import Division, Held
from tollbook_services.fence import LeaseLostError
from tollbook_services.heartbeats import Heartbeats
from tollbook_services.leases import read_leases

pytestmark = pytest.mark.anyio

ROLE = "projector"
PARTITIONS = 6
LEASE_S = 0.4


class Place:
    """Where workers work: notes who works on what, and that nobody does so beside another."""

    def __init__(self, redis):
        self.redis = redis
        self.at_work: dict[int, str] = {}
        self.tokens: dict[int, list[int]] = {}
        self.seen: list[str] = []

    async def follow(self, held: Held) -> None:
        assert held.partition not in self.at_work, f"{self.at_work} and {held.worker}"
        self.at_work[held.partition] = held.worker
        self.tokens.setdefault(held.partition, []).append(held.lease.token)
        try:
            await held.leave.wait()
        finally:
            del self.at_work[held.partition]

    def shared(self, *counts: int) -> bool:
        """Whether all is worked on, by workers with so many each."""
        found = sorted(Counter(self.at_work.values()).values())
        return found == sorted(counts) and len(self.at_work) == PARTITIONS

    async def watch(self) -> None:
        self.seen.append("looked")

    @contextlib.asynccontextmanager
    async def worker(self, name, partitions=range(PARTITIONS), **settings):
        """One worker, ended as a command ends it."""
        stop = asyncio.Event()
        settings = {"lease_s": LEASE_S, "watch": self.watch, "worker": name, **settings}
        division = Division(self.redis, ROLE, PARTITIONS, **settings)
        task = asyncio.create_task(division.run(partitions, self.follow, stop))
        try:
            yield task
        finally:
            stop.set()
            await task


async def test_partitions_are_shared_anew_whenever_a_worker_comes_or_goes(any_redis):
    place = Place(any_redis)
    async with place.worker("a:1:x"):
        await wait_for(lambda: place.shared(6))
        async with place.worker("b:1:x"):
            await wait_for(lambda: place.shared(3, 3))
            async with place.worker("c:1:x"), place.worker("d:1:x"):
                await wait_for(lambda: place.shared(1, 1, 2, 2))
            await wait_for(lambda: place.shared(3, 3))
        await wait_for(lambda: place.shared(6))
    assert place.at_work == {}
    for tokens in place.tokens.values():
        assert tokens == sorted(set(tokens))
    left = await read_leases(any_redis, range(PARTITIONS))
    assert {lease.worker for leases in left.values() for lease in leases.values()} == {None}
    assert await any_redis.hgetall(keys.WORKERS) == {}
    assert "looked" in place.seen


async def test_what_a_killed_worker_had_is_taken_once_its_leases_end(any_redis):
    place = Place(any_redis)
    killed = Division(any_redis, ROLE, PARTITIONS, watch=place.watch, lease_s=LEASE_S, worker="k")
    killed._go = lambda: asyncio.sleep(0)
    task = asyncio.create_task(killed.run(range(PARTITIONS), place.follow, asyncio.Event()))
    await wait_for(lambda: place.shared(6))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert place.at_work == {}
    async with place.worker("b:1:x"):
        await wait_for(lambda: place.shared(6))


async def test_a_worker_that_could_not_renew_stops_by_itself_before_another_begins(any_redis):
    place = Place(any_redis)
    gate = asyncio.Event()
    gate.set()

    async def held_up():
        await gate.wait()

    async with place.worker("a:1:x", watch=held_up):
        await wait_for(lambda: place.shared(6))
        gate.clear()
        async with place.worker("b:1:x"):
            await wait_for(lambda: Counter(place.at_work.values()) == {"b:1:x": PARTITIONS})
            gate.set()
            await wait_for(lambda: place.shared(3, 3))


async def test_a_worker_with_chosen_partitions_leaves_the_others_to_the_others(any_redis):
    place = Place(any_redis)
    async with place.worker("a:1:x"), place.worker("b:1:x", partitions=[4]):
        await wait_for(lambda: place.shared(1, 5))
        assert place.at_work[4] == "b:1:x"


async def test_a_refused_write_gives_the_partition_up_and_the_worker_goes_on(any_redis):
    place, refused = Place(any_redis), []

    async def follow(held):
        if held.partition == 0 and not refused:
            refused.append(held.lease.token)
            raise LeaseLostError.of(held.fence, 0)
        await place.follow(held)

    stop = asyncio.Event()
    division = Division(any_redis, ROLE, PARTITIONS, watch=place.watch, lease_s=LEASE_S)
    task = asyncio.create_task(division.run(range(PARTITIONS), follow, stop))
    await wait_for(lambda: place.shared(6))
    stop.set()
    await task
    assert place.tokens[0][0] > refused[0]


@pytest.mark.parametrize("where", ["in the work", "in the look"])
async def test_a_failure_ends_the_worker_and_gives_back_what_it_had(any_redis, where):
    place = Place(any_redis)
    broken = CheckFailedError("the ledger was erased")

    async def follow(held):
        if held.partition == 3 and where == "in the work":
            raise broken
        await place.follow(held)

    async def watch():
        if place.at_work and where == "in the look":
            raise broken

    division = Division(any_redis, ROLE, PARTITIONS, watch=watch, lease_s=LEASE_S)
    with pytest.raises(CheckFailedError, match="was erased"):
        await asyncio.wait_for(division.run(range(PARTITIONS), follow, asyncio.Event()), 10)
    assert place.at_work == {}
    left = await read_leases(any_redis, range(PARTITIONS))
    assert all(lease.holder is None for leases in left.values() for lease in leases.values())


async def test_a_lost_engine_is_waited_for_and_no_longer_than_it_is_told(any_redis):
    place, away = Place(any_redis), []

    async def watch():
        if place.tokens:
            away.append(1)
            raise ConnectionError("refused")

    division = Division(
        any_redis, ROLE, PARTITIONS, watch=watch, lease_s=LEASE_S, engine_gone_s_max=0.7
    )
    with pytest.raises(EngineError, match="away too long: refused"):
        await asyncio.wait_for(division.run(range(PARTITIONS), place.follow, asyncio.Event()), 10)
    assert len(away) > 1


async def test_who_has_nothing_is_heard_of_no_partition_and_who_left_is_forgotten(any_redis):
    place, beats = Place(any_redis), Heartbeats(any_redis)

    async def standing_by():
        return [one.state for one in await beats.read(None)] == ["standing_by"]

    async with place.worker("a:1:x", partitions=[0]):
        await wait_for(lambda: place.at_work)
        async with place.worker("b:1:x", partitions=[0]):
            await intake_load.wait_for(standing_by, "the second at its place")
        assert await beats.read(None) == ()
