"""A sequence of appends, compared with a dictionary that does the same in memory."""

import asyncio
from dataclasses import dataclass, field

import orjson
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from tests.conftest import emptied, opened
from tests.contract.ledger_kit import event
from tests.simulation.world import World

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.parse import ParsedEvent
from tollbook_schemas.times import format_instant
from tollbook_services import keys
from tollbook_services.ledger import ConflictError, Ledger

PARTITIONS = 2
CRISES = ("flood-2025", "syria-coast-2025", "quake", "crisis-7")
CONFLICT = "conflict"

batches = st.tuples(
    st.sampled_from(CRISES),
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 3)), max_size=6),
    st.none() | st.integers(0, 6),
)


@dataclass
class Model:
    """What a ledger is meant to be: keys, positions, and what was put aside."""

    index: dict[tuple[str, str], tuple[bytes, int, int]] = field(default_factory=dict)
    ledger: list[list[bytes]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    aside: list[list[bytes]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])

    def append(self, crisis: str, events: list[ParsedEvent], expected: int | None):
        here = keys.partition_of(crisis, PARTITIONS)
        known = all(self._content(item) == item.canonical for item in events)
        if expected not in (None, len(self.ledger[here])) and not known:
            return CONFLICT
        return [self._append(here, item) for item in events]

    def _content(self, item: ParsedEvent) -> bytes | None:
        return self.index.get(item.key, (None,))[0]

    def _append(self, here: int, item: ParsedEvent) -> tuple[str, int, int]:
        if item.key not in self.index:
            self.ledger[here].append(item.canonical)
            self.index[item.key] = (item.canonical, here, len(self.ledger[here]))
            return "appended", *self.index[item.key][1:]
        content, *position = self.index[item.key]
        if content == item.canonical:
            return "duplicate", *position
        if item.canonical not in self.aside[here]:
            self.aside[here].append(item.canonical)
        return "quarantined", *position


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(batches, max_size=8))
def test_whatever_is_appended_the_ledger_is_what_the_model_is(any_server_url, steps):
    async def scenario():
        async with opened(emptied(any_server_url)) as redis:
            await compare(redis, steps)

    asyncio.run(scenario())


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(batches, max_size=8), seed=st.integers(0, 2**32))
def test_on_a_simulated_store_too(steps, seed):
    world = World(seed)

    async def scenario():
        redis = world.client()
        await compare(redis, steps)
        await redis.aclose()

    world.run(scenario)


async def compare(redis: Redis, steps) -> None:
    model = Model()
    ledger = await Ledger.open(redis, partitions=PARTITIONS)
    for crisis, names, expected in steps:
        events = [event(name, value, crisis) for name, value in names]
        assert await answer(ledger, events, expected) == model.append(crisis, events, expected)
    for partition in range(PARTITIONS):
        entries = await ledger.read(partition, after=0, count=1000)
        assert [sent(entry.stored) for entry in entries] == model.ledger[partition]
        assert [entry.sequence for entry in entries] == [*range(1, len(entries) + 1)]
        assert all(entry.leaf == leaf_hash(entry.stored) for entry in entries)
        times = [orjson.loads(entry.stored)["recordedtime"] for entry in entries]
        assert times == [format_instant(entry.recorded_at) for entry in entries]
        instants = [entry.recorded_at for entry in entries]
        assert instants == sorted(instants)
        aside = await ledger.read_quarantine(partition)
        assert [entry.raw for entry in aside] == model.aside[partition]


async def answer(ledger: Ledger, events: list[ParsedEvent], expected: int | None):
    try:
        receipts = await ledger.append(events, expected)
    except ConflictError:
        return CONFLICT
    return [(receipt.status, receipt.partition, receipt.sequence) for receipt in receipts]


def sent(stored: bytes) -> bytes:
    """The event as it was sent, by an implementation of RFC 8785 that is not ours."""
    document = orjson.loads(stored)
    assert rfc8785.dumps(document) == stored
    del document["recordedtime"]
    return rfc8785.dumps(document)


@pytest.mark.anyio
async def test_the_crises_of_the_model_lie_in_both_partitions():
    assert {keys.partition_of(crisis, PARTITIONS) for crisis in CRISES} == set(range(PARTITIONS))
