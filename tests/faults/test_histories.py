"""Clients at once, whose connections break at any moment: what they were told is one history."""

import asyncio
import random
from contextlib import AsyncExitStack, suppress

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.conftest import opened
from tests.contract.ledger_kit import event, stored_ids
from tests.faults.checker import must_be_proved
from tests.faults.history import Append, History, Place, Read
from tests.faults.lossy import lossy_way
from tests.server_kit import PASSWORD, Process, answers

from tollbook_schemas.errors import TollbookError
from tollbook_services.connection import connect
from tollbook_services.ledger import Ledger

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

PARTITIONS = 2
CLIENTS = 5
OPERATIONS = 60
LOSSES = 0.04
EVENTS_MAX = 6
CRISES = 8
PATIENCE_S = 60.0


class Client:
    """Appends and reads in turn, notes what it was told, and repeats what was not answered."""

    def __init__(self, name: str, url: str, history: History, rng: random.Random) -> None:
        self.name, self.url, self.history, self.rng = name, url, history, rng
        self.redis = self.ledger = None
        self.count = 0

    async def work(self) -> None:
        for _ in range(OPERATIONS):
            if self.rng.random() < 0.3:
                await self.read(self.rng.randrange(PARTITIONS))
            else:
                await self.append()
        await self.leave()

    async def opened(self) -> Ledger:
        if self.ledger is None:
            self.redis = await connect(self.url)
            self.ledger = await Ledger.open(self.redis, create=False)
        return self.ledger

    async def leave(self) -> None:
        redis, self.redis, self.ledger = self.redis, None, None
        if redis is not None:
            with suppress(RedisError, OSError):
                await redis.aclose()

    async def append(self) -> None:
        names = []
        for _ in range(self.rng.randrange(1, EVENTS_MAX)):
            self.count += 1
            names.append(f"{self.name}-{self.count}")
        crisis = f"crisis-{self.rng.randrange(CRISES)}"
        events = [event(name, crisis=crisis) for name in names]
        answered = False
        while not answered:
            began = self.history.now()
            try:
                receipts = await (await self.opened()).append(events)
            except (RedisError, TollbookError, OSError):
                self.history.appends.append(Append(self.name, began, None, tuple(names)))
                await self.leave()
            else:
                answered = True
                places = tuple(
                    Place(one.partition, one.sequence, one.status == "appended") for one in receipts
                )
                ended = self.history.now()
                self.history.appends.append(Append(self.name, began, ended, tuple(names), places))

    async def read(self, partition: int) -> None:
        began, after = self.history.now(), self.rng.randrange(20)
        names: list[str] = []
        try:
            ledger = await self.opened()
            while page := await ledger.read(partition, after=after + len(names), count=100):
                names += [orjson.loads(one.stored)["id"] for one in page]
        except (RedisError, TollbookError, OSError):
            await self.leave()
            return
        if names:
            ended = self.history.now()
            self.history.reads.append(Read(self.name, began, ended, partition, after, tuple(names)))


async def until_it_answers(port: int) -> None:
    client = Redis(host="127.0.0.1", port=port, password=PASSWORD)
    try:
        await answers(client)
    finally:
        await client.aclose()


async def die_now_and_then(engine: Process, rng: random.Random) -> None:
    """End the engine without warning, and start it again."""
    while True:
        await asyncio.sleep(rng.uniform(0.3, 0.8))
        engine.kill()
        engine.start()
        await until_it_answers(engine.port)


@pytest.mark.parametrize("dies", [False, True], ids=["connections break", "and the engine dies"])
@pytest.mark.parametrize("seed", range(2))
async def test_what_concurrent_clients_were_told_is_one_history(any_binary, tmp_path, seed, dies):
    rng, history = random.Random(seed), History()
    engine = Process(any_binary, tmp_path / "engine")
    engine.start()
    async with AsyncExitStack() as stack:
        stack.callback(engine.kill)
        await until_it_answers(engine.port)
        url = "redis://:{}@127.0.0.1:{}/0"
        direct = url.format(PASSWORD, engine.port)
        async with opened(direct) as redis:
            await Ledger.open(redis, partitions=PARTITIONS)
        way, port = await stack.enter_async_context(lossy_way(engine.port, seed))
        clients = [
            Client(f"c{number}", url.format(PASSWORD, port), history, random.Random(rng.random()))
            for number in range(CLIENTS)
        ]
        way.part = LOSSES
        death = asyncio.create_task(die_now_and_then(engine, rng)) if dies else None
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(client.work() for client in clients))
        if death is not None:
            death.cancel()
            with suppress(asyncio.CancelledError):
                await death
            engine.kill()
            engine.start()
            await until_it_answers(engine.port)

        redis = await stack.enter_async_context(opened(direct))
        ledger = await Ledger.open(redis, create=False)
        logs = {number: await stored_ids(ledger, number) for number in range(PARTITIONS)}
        assert history.faults(logs) == []
        assert way.lost > 10
        unanswered = [one for one in history.appends if one.ended is None]
        again = [place for one in history.appends for place in one.places if not place.new]
        assert unanswered
        assert again, "no answer was lost of what had been done"
        await must_be_proved(redis)
