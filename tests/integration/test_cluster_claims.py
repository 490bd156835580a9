"""In a cluster a key is recorded once in the ledger, whoever dies in between."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest
from redis.exceptions import ConnectionError as LostConnectionError
from tests.contract.ledger_kit import event, outcomes, stored_ids
from tests.integration.projector_kit import wait_for

from tollbook_schemas.canonical import key_digest
from tollbook_schemas.errors import CheckFailedError
from tollbook_services import claims, keys
from tollbook_services.check import check_events
from tollbook_services.claims import Claims
from tollbook_services.cluster.pipeline import ClusterPipeline
from tollbook_services.connection import connect
from tollbook_services.index import index_entries
from tollbook_services.ledger import Ledger
from tollbook_services.verify import must_be_same_ledger, verify

pytestmark = pytest.mark.anyio

PARTITIONS = 8
HERE, THERE = "flood-2025", "syria-coast-2025"


@pytest.fixture
async def redis(cluster, anyio_backend):
    cluster.empty()
    client = await connect(cluster.url())
    yield client
    await client.aclose()


@pytest.fixture
async def ledger(redis):
    return await Ledger.open(redis, partitions=PARTITIONS)


@pytest.fixture
def impatient(monkeypatch):
    """Those who died are not waited for."""
    monkeypatch.setattr(claims, "PATIENCE_S", 0.0)


async def recorded(ledger: Ledger) -> list[tuple[int, str]]:
    """Partition and id of every event."""
    return [
        (partition, name)
        for partition in range(ledger.partitions)
        for name in await stored_ids(ledger, partition)
    ]


async def must_be_sound(ledger: Ledger) -> None:
    await verify(ledger.redis)
    assert [one.name for one in await check_events(ledger.redis) if one.faults] == []


class DiedError(LostConnectionError):
    """The sender was killed: nothing of it goes on."""


@contextmanager
def dies_at(step: int, monkeypatch, *, sent: bool) -> Iterator[list[str]]:
    """Ends whoever calls the engine at its call of a number, before or after it was made."""
    calls: list[str] = []
    execute = ClusterPipeline.execute

    async def counted(self, raise_on_error=True):  # noqa: FBT002 - as redis-py has it
        named = [str(args[1]) for args, _ in self.command_stack if args[0] == "FCALL"]
        calls.extend(named)
        die = bool(named) and len(calls) == step
        if die and not sent:
            raise DiedError
        answers = await execute(self, raise_on_error)
        if die:
            raise DiedError
        return answers

    with monkeypatch.context() as patch:
        patch.setattr(ClusterPipeline, "execute", counted)
        yield calls


async def test_a_key_with_two_crises_is_recorded_once_and_the_other_is_kept(ledger):
    (first,) = await ledger.append([event("a", crisis=HERE)])
    (second,) = await ledger.append([event("a", crisis=THERE)])
    (again,) = await ledger.append([event("a", crisis=THERE)])

    assert (first.status, second.status, again.status) == ("appended", "quarantined", "quarantined")
    assert (second.partition, second.sequence) == (first.partition, first.sequence)
    there = keys.partition_of(THERE, PARTITIONS)
    assert await ledger.quarantine_length(there) == 1
    assert (await ledger.read_quarantine(there))[0].first == (first.partition, first.sequence)
    await must_be_sound(ledger)


async def test_of_many_who_use_a_key_at_once_one_is_recorded(ledger, cluster, monkeypatch):
    monkeypatch.setattr(claims, "PATIENCE_S", 0.2)
    wanted = [event(f"k{number}", crisis=f"crisis-{number % 7}") for number in range(30)]
    disputed = [event(f"k{number}", crisis=f"crisis-{number % 5}") for number in range(30)]
    async with AsyncExitStack() as clients:
        ledgers = [ledger]
        for _ in range(4):
            redis = await connect(cluster.url())
            clients.push_async_callback(redis.aclose)
            ledgers.append(await Ledger.open(redis))

        done = await asyncio.gather(
            *(one.append(some) for one in ledgers for some in (wanted, disputed, wanted[::-1]))
        )

    assert sorted(name for _, name in await recorded(ledger)) == sorted(f"k{n}" for n in range(30))
    statuses = {receipt.status for receipts in done for receipt in receipts}
    assert statuses == {"appended", "duplicate", "quarantined"}
    appended = [one for receipts in done for one in receipts if one.status == "appended"]
    assert len(appended) == 30
    await must_be_sound(ledger)


async def test_who_waits_for_a_claim_of_another_holds_none_meanwhile(ledger, monkeypatch):
    """Or two senders, who each have what the other waits for, would take it in turns for ever."""
    monkeypatch.setattr(claims, "PATIENCE_S", 60.0)
    own, disputed = event("own", crisis=HERE), event("disputed", crisis=HERE)
    rival = event("disputed", crisis=THERE)
    there = Claims(ledger.redis, ledger.id, keys.partition_of(THERE, PARTITIONS), PARTITIONS)
    await there.claim([key_digest(*rival.key)])

    sender = asyncio.create_task(ledger.append([disputed, own]))
    await wait_for(lambda: ledger.find(*own.key), "what nobody else claimed is recorded")
    assert not sender.done()
    (taken,) = await ledger.append([rival])

    assert [one.status for one in await sender] == ["quarantined", "appended"]
    assert taken.status == "appended"
    await must_be_sound(ledger)


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
async def test_whenever_a_sender_dies_its_retry_and_its_rival_agree(
    ledger, impatient, monkeypatch, sent
):
    """Killed at each call of claiming and appending; then the rival, then the sender again."""
    step, died = 0, True
    while died:
        step += 1
        name, died = f"k{step}-{sent}", False
        own, rival = event(name, crisis=HERE), event(name, crisis=THERE)
        with dies_at(step, monkeypatch, sent=sent) as calls:
            try:
                await ledger.append([own])
            except DiedError:
                died = True

        (second,) = await ledger.append([rival])
        (third,) = await ledger.append([own])

        assert sorted([second.status, third.status]) in (
            ["appended", "quarantined"],
            ["duplicate", "quarantined"],
        )
        assert [one for _, one in await recorded(ledger)].count(name) == 1
    assert {"tollbook_claim", "tollbook_append_v7"} <= set(calls)
    assert step > 2
    await must_be_sound(ledger)


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
async def test_whenever_a_rival_dies_while_it_takes_over_one_is_recorded(
    ledger, impatient, monkeypatch, sent
):
    """The first sender died with a claim and no event; its rival dies at each of its calls."""
    step, died, seen = 0, True, set()
    while died:
        step += 1
        name, died = f"r{step}-{sent}", False
        own, rival = event(name, crisis=HERE), event(name, crisis=THERE)
        with dies_at(1, monkeypatch, sent=True), pytest.raises(DiedError):
            await ledger.append([own])
        with dies_at(step, monkeypatch, sent=sent) as calls:
            try:
                await ledger.append([rival])
            except DiedError:
                died = True
        seen.update(calls)

        receipts = [*await ledger.append([own]), *await ledger.append([rival])]

        assert [one for _, one in await recorded(ledger)].count(name) == 1
        assert max(one.status for one in receipts) == "quarantined"
    assert seen == {"tollbook_claim", "tollbook_void", "tollbook_reclaim", "tollbook_append_v7"}
    await must_be_sound(ledger)


async def test_who_claimed_and_slept_while_a_rival_took_over_is_told(
    ledger, impatient, monkeypatch
):
    """A sender that goes on after its claim was taken over does not record what it claimed."""
    own, rival = event("s", crisis=HERE), event("s", crisis=THERE)
    claim, woken = Claims.claim, asyncio.Event()
    asleep = asyncio.Event()

    async def slow(self, wanted):
        found = await claim(self, wanted)
        if not asleep.is_set():
            asleep.set()
            await woken.wait()
        return found

    monkeypatch.setattr(Claims, "claim", slow)
    sleeper = asyncio.create_task(ledger.append([own]))
    await asleep.wait()
    (taken,) = await ledger.append([rival])
    woken.set()
    (told,) = await sleeper

    assert (taken.status, told.status) == ("appended", "quarantined")
    assert (told.partition, told.sequence) == (taken.partition, taken.sequence)
    await must_be_sound(ledger)


async def test_a_key_can_come_back_to_the_partition_that_gave_it_up(ledger, impatient):
    """Claimed here, taken over there by a sender that died, and taken over here again."""
    own, rival = event("b", crisis=HERE), event("b", crisis=THERE)
    for sender in (own, rival, own, rival):
        partition = keys.partition_of(sender.crisis, PARTITIONS)
        claimant = Claims(ledger.redis, ledger.id, partition, PARTITIONS)
        key = key_digest(*sender.key)
        _, pending = await claimant.claim([key])
        for _ in pending:
            await claimant.settle(key)

    receipts = await ledger.append([own])

    assert outcomes(receipts) == [("appended", 1)]
    assert (await ledger.append([rival]))[0].status == "quarantined"
    assert (await ledger.find(*own.key)).sequence == 1
    await must_be_sound(ledger)


async def test_keys_that_were_never_sent_have_no_entry(ledger):
    await ledger.append([event("a")])

    found = await index_entries(ledger.redis, [key_digest(*event("a").key), bytes(16)])

    assert found[0] is not None
    assert found[1] is None
    assert await index_entries(ledger.redis, []) == []


async def test_a_partition_whose_node_lost_it_is_noticed_and_takes_nothing(ledger):
    lost = keys.partition_of(HERE, PARTITIONS)
    await ledger.append([event("a", crisis=HERE)])
    async for key in ledger.redis.scan_iter(f"tollbook:{{{lost}}}:*"):
        await ledger.redis.delete(key)

    with pytest.raises(CheckFailedError, match=f"partition {lost} .*erased"):
        await must_be_same_ledger(ledger.redis, ledger.id)
    with pytest.raises(CheckFailedError, match="erased"):
        await ledger.append([event("b", crisis=HERE)])


async def test_a_ledger_that_was_being_made_is_completed(redis, monkeypatch):
    """Whoever makes a ledger dies after it was named, before its partitions know."""
    await redis.hset(keys.LEDGER, mapping={"id": "0" * 32, "partitions": "8", "layout": "cluster"})

    ledger = await Ledger.open(redis, partitions=3)

    assert (ledger.id, ledger.partitions) == ("0" * 32, 8)
    await must_be_same_ledger(redis, ledger.id)
    assert (await ledger.append([event("a")]))[0].status == "appended"


async def test_a_ledger_of_one_server_is_not_taken_for_one_of_a_cluster(redis):
    await redis.hset(keys.LEDGER, mapping={"id": "0" * 32, "partitions": "4"})

    with pytest.raises(CheckFailedError, match="is laid out for one server"):
        await Ledger.open(redis)


async def test_a_node_that_is_away_is_a_lost_connection(ledger, monkeypatch):
    async def refused(self, *_):
        raise LostConnectionError("refused")

    monkeypatch.setattr(type(ledger.redis.topology), "of_slot", refused)

    with pytest.raises(LostConnectionError):
        await ledger.append([event("a")])
