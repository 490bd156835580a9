"""A client that appends and reads, and notes what it was told."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.contract.ledger_kit import event
from tests.faults.history import Append, History, Place, Read

from tollbook_schemas.errors import TollbookError
from tollbook_services.ledger import Ledger

PARTITIONS = 2
EVENTS_MAX = 6
CRISES = 8


class Client:
    """Appends and reads in turn, notes what it was told, and repeats what was not answered."""

    def __init__(
        self,
        name: str,
        connected: Callable[[], Awaitable[Redis]],
        history: History,
        rng: random.Random,
    ) -> None:
        self.name, self.connected, self.history, self.rng = name, connected, history, rng
        self.redis: Redis | None = None
        self.ledger: Ledger | None = None
        self.count = 0

    async def work(self, operations: int, pause_s: float = 0.0) -> None:
        for _ in range(operations):
            await asyncio.sleep(self.rng.uniform(0.0, pause_s))
            if self.rng.random() < 0.3:
                await self.read(self.rng.randrange(PARTITIONS))
            else:
                await self.append()
        await self.leave()

    async def opened(self) -> Ledger:
        if self.ledger is None:
            self.redis = await self.connected()
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
