"""Ends the streams of readers whose token is not taken any more."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tollbook_services.access.tokens import Tokens
from tollbook_services.live.ending import TOKEN_ENDED
from tollbook_services.live.hub import Hub
from tollbook_services.live.reader import Reader
from tollbook_services.tasks import end_tasks

LOOK_S: Final = 5.0
"""Seconds between two looks: one call of the engine for the tokens of all readers."""

_log = structlog.get_logger("tollbook.feed")


@asynccontextmanager
async def watching_tokens(hub: Hub, redis: Redis) -> AsyncIterator[None]:
    """Until the exit, a stream ends soon after its token has: it would go on for ever."""
    task = asyncio.create_task(_watch(hub, Tokens(redis)), name="feed-tokens")
    try:
        yield
    finally:
        await end_tasks(task)


async def end_refused(readers: Iterable[Reader], tokens: Tokens) -> None:
    """End the streams of those whose token was revoked or has expired, or is not there."""
    owned = [reader for reader in readers if reader.token is not None]
    taken = await tokens.in_force({reader.token for reader in owned if reader.token})
    for reader in owned:
        if reader.token not in taken:
            reader.end(TOKEN_ENDED)


async def _watch(hub: Hub, tokens: Tokens) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            await end_refused(tuple(hub.readers), tokens)
        except (RedisError, OSError) as error:
            _log.warning("tokens of readers cannot be looked up", error=str(error))
