"""A worker whose lease was taken writes nothing, although the checkpoint is the expected one."""

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from tests.contract.ledger_kit import events

from tollbook_projections.projection import RowChange
from tollbook_services import keys
from tollbook_services.checkpoint import Step
from tollbook_services.fence import Fence, LeaseLostError
from tollbook_services.leases import Lease, Leases
from tollbook_services.ledger import Ledger
from tollbook_services.readmodels import ReadModels
from tollbook_services.sealing.sealed import SealedTree

pytestmark = pytest.mark.anyio

TTL_MS = 60_000
AT = datetime(2025, 3, 11, tzinfo=UTC)


async def taken(redis: Redis, role: str, worker: str) -> Lease:
    """The lease of partition 0, just taken by a worker."""
    lease = await Leases(redis, role).acquire(0, worker, TTL_MS)
    assert lease is not None
    return lease


async def expire(redis: Redis, role: str) -> None:
    stored = await redis.hget(keys.leases(0), role)
    assert stored is not None
    await redis.hset(keys.leases(0), role, b" ".join([*stored.split(b" ")[:3], b"1"]))


def step(expected: int, fence: Fence | None, row: bytes) -> Step:
    change = RowChange("flood", "total", row)
    return Step(expected, expected + 1, AT, (change,), {}, (b"{}",), fence=fence)


async def readmodels_of(redis: Redis) -> ReadModels:
    ledger = await Ledger.open(redis, partitions=1)
    await ledger.append(events(5))
    return ReadModels(redis, ledger.id)


async def test_a_commit_is_made_by_whoever_has_the_lease_and_by_nobody_else(any_redis):
    readmodels = await readmodels_of(any_redis)

    async def commit(expected: int, lease: Lease, row: bytes) -> bool:
        fenced = step(expected, lease.fence("projector"), row)
        return (await readmodels.commit(0, "counts.v1", fenced)).committed

    first = await taken(any_redis, "projector", "a:1:x")
    assert await commit(0, first, b"1")
    await expire(any_redis, "projector")
    assert await commit(1, first, b"2")  # it expired, but nobody took it

    await expire(any_redis, "projector")
    second = await taken(any_redis, "projector", "b:1:x")
    with pytest.raises(LeaseLostError, match=rf"lease {first.token} a:1:x of partition 0"):
        await commit(2, first, b"lost")
    assert await commit(2, second, b"3")

    rows = (await readmodels.read(0, "counts.v1", "flood")).rows
    assert rows == {"total": b"3"}
    assert await any_redis.xlen(keys.CHANGES) == 3


async def test_a_commit_is_refused_after_the_lease_was_given_back_or_its_key_lost(any_redis):
    readmodels, leases = await readmodels_of(any_redis), Leases(any_redis, "projector")
    lease = await taken(any_redis, "projector", "a:1:x")
    fenced = step(0, lease.fence("projector"), b"1")

    await leases.release(0, "a:1:x", lease.token)
    with pytest.raises(LeaseLostError):
        await readmodels.commit(0, "counts.v1", fenced)

    again = await taken(any_redis, "projector", "a:1:x")
    with pytest.raises(LeaseLostError):
        await readmodels.commit(0, "counts.v1", fenced)

    await any_redis.delete(keys.leases(0))
    with pytest.raises(LeaseLostError):
        await readmodels.commit(0, "counts.v1", step(0, again.fence("projector"), b"1"))
    assert (await readmodels.checkpoint(0, "counts.v1")).sequence == 0


async def test_a_lease_of_another_role_or_longer_token_does_not_help(any_redis):
    readmodels = await readmodels_of(any_redis)
    lease = await taken(any_redis, "sealer", "a:1:x")

    for fence in (
        Fence("projector", lease.fence("sealer").held),
        Fence("sealer", str(lease.token)[:-1]),
        Fence("sealer", f"{lease.token} a:1:"),
        Fence("sealer", ""),
    ):
        with pytest.raises(LeaseLostError):
            await readmodels.commit(0, "counts.v1", step(0, fence, b"1"))


async def test_a_command_without_a_lease_folds_beside_the_holder_and_nothing_counts_twice(
    any_redis,
):
    readmodels = await readmodels_of(any_redis)
    lease = await taken(any_redis, "projector", "a:1:x")

    assert (await readmodels.commit(0, "counts.v1", step(0, None, b"1"))).committed
    stale = step(0, lease.fence("projector"), b"1")
    assert await readmodels.commit(0, "counts.v1", stale) == (False, 1)
    follows = step(1, lease.fence("projector"), b"2")
    assert (await readmodels.commit(0, "counts.v1", follows)).committed


async def test_a_seal_is_made_by_whoever_has_the_lease_and_by_nobody_else(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append(events(5))
    first = await taken(any_redis, "sealer", "a:1:x")
    of_first = SealedTree(any_redis, ledger.id, 0, first.fence("sealer"))
    assert await of_first.seal(0, 2, b"two", {})

    await expire(any_redis, "sealer")
    second = await taken(any_redis, "sealer", "b:1:x")
    with pytest.raises(LeaseLostError):
        await of_first.seal(2, 3, b"lost", {})

    assert await SealedTree(any_redis, ledger.id, 0, second.fence("sealer")).seal(2, 4, b"4", {})
    assert await SealedTree(any_redis, ledger.id, 0).seal(4, 5, b"5", {})
    assert (await of_first.head()).size == 5


async def test_a_full_engine_lets_workers_keep_what_they_have(any_server):
    leases = Leases(any_server, "projector")
    lease = await leases.acquire(0, "a:1:x", TTL_MS)
    assert lease is not None
    await any_server.config_set("maxmemory", "1")
    try:
        held = await leases.renew({0: lease.token}, "a:1:x", TTL_MS)
        assert held[0].worker == "a:1:x"
        assert await leases.announce("a:1:x", TTL_MS, None) == {"a:1:x": None}
        assert await leases.acquire(1, "a:1:x", TTL_MS)
        assert await leases.release(0, "a:1:x", lease.token)
    finally:
        await any_server.config_set("maxmemory", "0")


async def test_a_lease_from_before_the_clock_was_set_back_can_be_taken(any_server):
    leases = Leases(any_server, "projector")
    first = await taken(any_server, "projector", "a:1:x")
    stored = await any_server.hget(keys.leases(0), "projector")
    far = b"%d" % (int(stored.split(b" ")[3]) + 3_600_000)
    await any_server.hset(keys.leases(0), "projector", b" ".join([*stored.split(b" ")[:3], far]))

    second = await leases.acquire(0, "b:1:x", TTL_MS)

    assert second is not None
    assert second.token == first.token + 1
