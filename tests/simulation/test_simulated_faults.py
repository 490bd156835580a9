"""Ledger, projector and sealer on a simulated store: every crash, and what a network can do."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.contract.ledger_kit import event, stored_ids
from tests.faults.checker import FOLDS, must_be_proved, must_hold
from tests.faults.clients import PARTITIONS, Client
from tests.faults.history import History
from tests.simulation.world import StuckError, Weather, World
from tests.unit.tlog_kit import LOG

from tollbook_schemas.errors import EngineError
from tollbook_services.ledger import Ledger
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels
from tollbook_services.sealing.sealer import Sealer

FILED = (
    [event("a1", crisis="flood-2025"), event("a2", crisis="syria-coast-2025")],
    [event("a1", crisis="flood-2025"), event("a2", 7, crisis="syria-coast-2025"), event("b1")],
)
READING = frozenset({
    "CLIENT", "CONFIG", "EXISTS", "FCALL_RO", "HELLO", "HGET", "HGETALL", "HLEN", "HMGET", "INFO",
    "LRANGE", "MULTI", "PING", "TIME", "WAITAOF", "XLEN", "XRANGE", "XREVRANGE",
})  # fmt: skip
NAMES = {one.key[1] for batch in FILED for one in batch}
STORMY = Weather(lost=15, unanswered=15, slow=60, stalled=10)
CLIENTS, OPERATIONS, PAUSE_S, RESTART_S = 4, 15, 6.0, 0.5


async def publish_fold_and_seal(redis: Redis, acknowledged: dict[str, tuple[int, int]]) -> None:
    """What one process of the product does, from an empty store to signed heads."""
    ledger = await Ledger.open(redis, partitions=PARTITIONS)
    for batch in FILED:
        for receipt in await ledger.append(batch):
            if receipt.status != "quarantined":
                acknowledged[receipt.id] = (receipt.partition, receipt.sequence)
        for partition in range(PARTITIONS):
            await Projector(ledger, ReadModels(redis), FOLDS).catch_up(partition)
            await Sealer(ledger, LOG).catch_up(partition)


def steps_of_a_whole_run() -> list[str]:
    world = World()

    async def scenario():
        await publish_fold_and_seal(world.client(), {})

    world.run(scenario)
    return world.steps


STEPS = steps_of_a_whole_run()
WRITES = [number for number, name in enumerate(STEPS, 1) if name.split()[0] not in READING]


def test_a_process_dies_before_each_step_and_the_next_one_completes_its_work():
    for step in range(1, len(STEPS) + 1):
        assert died_at(step, after=False), f"there is no step {step}"
    assert not died_at(len(STEPS) + 1, after=False)


def test_a_process_dies_after_each_write_whose_answer_it_did_not_get():
    for step in WRITES:
        assert died_at(step, after=True), f"there is no step {step}"


def died_at(step: int, *, after: bool) -> bool:
    world = World(crash_at=step, crash_after=after)

    async def scenario():
        acknowledged: dict[str, tuple[int, int]] = {}

        async def process() -> None:
            await publish_fold_and_seal(world.client(), acknowledged)

        died = await world.until_it_dies(process)
        world.crash_at = 0
        known = dict(acknowledged)
        async with AsyncExitStack() as stack:
            redis = world.client()
            stack.push_async_callback(redis.aclose)
            await publish_fold_and_seal(redis, acknowledged)
            assert acknowledged.items() >= known.items(), "an acknowledged event moved"
            assert await must_hold(redis, acknowledged) == len(NAMES)
            await must_be_proved(redis)
        return died

    return world.run(scenario)


def test_these_are_the_steps_of_the_product():
    called = {name for name in STEPS if name.startswith("FCALL ")}
    assert {"FCALL tollbook_append_v7", "FCALL tollbook_readmodel_commit"} <= called
    assert {"FCALL tollbook_seal", "FCALL tollbook_log_key"} <= called
    assert {STEPS[number - 1] for number in WRITES} - called <= {
        "EXEC",
        "FUNCTION",
        "HSET",
        "HSETNX",
    }
    assert len(WRITES) > 20


class Run:
    """Clients and workers in a storm, and what became of it."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed, STORMY)
        self.world.after_step = self.positions_only_grow
        self.history = History()
        self.restarts = 0
        self.reached: dict[bytes, int] = {}
        self.went_back: list[str] = []

    async def weather_it(self) -> list[str]:
        """What the checker of histories has to say at the end."""
        world, chance = self.world, random.Random(self.world.seed)
        world.weather, storm = Weather(), world.weather
        await Ledger.open(world.client(), partitions=PARTITIONS)
        world.weather = storm

        async def connected() -> Redis:
            return world.client()

        stop = asyncio.Event()
        workers = [
            asyncio.create_task(self.always(work, stop))
            for work in (self.project, self.project, self.seal)
        ]
        clients = [
            Client(f"c{number}", connected, self.history, random.Random(chance.random()))
            for number in range(CLIENTS)
        ]
        await asyncio.gather(*(client.work(OPERATIONS, PAUSE_S) for client in clients))
        stop.set()
        await asyncio.gather(*workers)
        world.weather = Weather()
        redis = world.client()
        ledger = await Ledger.open(redis, create=False)
        logs = {number: await stored_ids(ledger, number) for number in range(PARTITIONS)}
        await must_be_proved(redis)
        await redis.aclose()
        return [*self.went_back, *self.history.faults(logs)]

    def positions_only_grow(self) -> None:
        """How far read models and sealed trees are never goes back, whoever comes late."""
        for key, value in self.world.store.data.items():
            if key.endswith((b":checkpoint", b":sealed")):
                now = int(value.get(b"sequence" if key.endswith(b":checkpoint") else b"size", 0))
                if now < self.reached.get(key, 0):
                    self.went_back.append(f"{key.decode()} from {self.reached[key]} to {now}")
                self.reached[key] = now

    async def always(
        self, work: Callable[[Redis, asyncio.Event], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        """As whoever runs the workers does: one that ends with an error is started again."""
        while not stop.is_set():
            redis = self.world.client()
            try:
                await work(redis, stop)
            except (RedisError, EngineError, OSError):
                self.restarts += 1
                await asyncio.sleep(RESTART_S)
            finally:
                await redis.aclose()

    async def project(self, redis: Redis, stop: asyncio.Event) -> None:
        ledger = await Ledger.open(redis, create=False)
        await Projector(ledger, ReadModels(redis), FOLDS).run(range(PARTITIONS), stop)

    async def seal(self, redis: Redis, stop: asyncio.Event) -> None:
        ledger = await Ledger.open(redis, create=False)
        await Sealer(ledger, LOG).run(range(PARTITIONS), stop)


@pytest.mark.parametrize("seed", range(12))
def test_in_a_storm_clients_and_workers_make_one_history(seed):
    run = Run(seed)

    found = run.world.run(run.weather_it)

    assert found == [], f"seed {seed}; its steps: {len(run.world.trace)}"
    assert [one for one in run.history.appends if one.ended is None], "nothing was ever lost"


def test_the_same_seed_takes_the_same_steps():
    def trace(seed: int) -> list[str]:
        run = Run(seed)
        run.world.run(run.weather_it)
        return run.world.trace

    first = trace(3)
    assert first == trace(3)
    assert first != trace(4)


def test_who_waits_for_ever_is_noticed():
    async def scenario():
        await asyncio.Event().wait()

    with pytest.raises(StuckError, match="nothing is due"):
        World().run(scenario)
