"""Two who ask Sentinels at once keep all of them; redis-py drops one."""

import asyncio

import pytest
from redis.asyncio.sentinel import Sentinel
from redis.exceptions import ConnectionError as LostConnectionError

from tollbook_services.engine_client import OrderlySentinel

pytestmark = pytest.mark.anyio


class Stub:
    """A Sentinel that is away, or that knows the primary."""

    def __init__(self, *, away: bool) -> None:
        self.away = away

    async def sentinel_masters(self):
        await asyncio.sleep(0)
        if self.away:
            raise LostConnectionError("away")
        state = {"is_master": True, "is_sdown": False, "is_odown": False}
        return {"ledger": state | {"num-other-sentinels": 1, "ip": "10.0.0.1", "port": 6379}}


async def kept(kind: type[Sentinel]) -> tuple[list[tuple[str, int]], int]:
    """What two who ask at once are told, and how many of the two Sentinels are left."""
    asked = kind([])
    asked.sentinels = [Stub(away=True), Stub(away=False)]
    told = await asyncio.gather(asked.discover_master("ledger"), asked.discover_master("ledger"))
    return told, len(set(asked.sentinels))


async def test_none_is_dropped():
    assert await kept(OrderlySentinel) == ([("10.0.0.1", 6379)] * 2, 2)


async def test_the_library_still_drops_one():
    """Once it does not, `OrderlySentinel` can go."""
    assert (await kept(Sentinel))[1] == 1
