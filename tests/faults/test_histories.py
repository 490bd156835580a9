"""Clients at once, whose connections break at any moment: what they were told is one history."""

import asyncio
import random
from contextlib import AsyncExitStack, suppress

import pytest
from redis.asyncio import Redis
from tests.conftest import opened
from tests.contract.ledger_kit import stored_ids
from tests.faults.checker import must_be_proved
from tests.faults.clients import PARTITIONS, Client
from tests.faults.history import History
from tests.faults.lossy import lossy_way
from tests.server_kit import PASSWORD, Process, answers

from tollbook_services.connection import connect
from tollbook_services.ledger import Ledger

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

CLIENTS = 5
OPERATIONS = 60
LOSSES = 0.04
PATIENCE_S = 60.0


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

        async def through() -> Redis:
            return await connect(url.format(PASSWORD, port))

        clients = [
            Client(f"c{number}", through, history, random.Random(rng.random()))
            for number in range(CLIENTS)
        ]
        way.part = LOSSES
        death = asyncio.create_task(die_now_and_then(engine, rng)) if dies else None
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(client.work(OPERATIONS) for client in clients))
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
