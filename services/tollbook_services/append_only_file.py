"""Has the engine write its append-only file anew, so that nothing deleted is left in it."""

import asyncio
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from tollbook_services.cluster.nodes import all_nodes

REWRITE_S_MAX: Final = 600.0
"""How long a rewrite is waited for: some ten GB."""

LOOK_S: Final = 0.05

_BY_HAND: Final = "have it rewritten (BGREWRITEAOF) by who runs the engine"


async def rewritten(redis: Redis) -> str:
    """Rewrite the file and wait for it; those of every node of a cluster.

    Returns:
        "" once it is done, else what went wrong and what to do.
    """
    try:
        async with asyncio.timeout(REWRITE_S_MAX):
            for node in await all_nodes(redis):
                if fault := await _rewritten(node):
                    return fault
    except TimeoutError:
        return f"the append-only file was not rewritten in {REWRITE_S_MAX:.0f} s: {_BY_HAND}"
    except (RedisError, KeyError) as error:
        return f"the engine did not rewrite its append-only file ({error}): {_BY_HAND}"
    return ""


async def _rewritten(redis: Redis) -> str:
    before = (await _state(redis))["aof_rewrites"]
    await _begin(redis)
    while True:
        now = await _state(redis)
        busy = now["aof_rewrite_in_progress"] or now["aof_rewrite_scheduled"]
        if not busy and now["aof_rewrites"] > before:
            break
        await asyncio.sleep(LOOK_S)
    if now["aof_last_bgrewrite_status"] != "ok":
        return f"the engine failed to rewrite its append-only file: {_BY_HAND}"
    return ""


async def _begin(redis: Redis) -> None:
    """Ask for a rewrite; one that already runs may have begun before something was deleted."""
    while True:
        try:
            await redis.bgrewriteaof()
        except ResponseError as error:
            if "in progress" not in str(error):
                raise
            await asyncio.sleep(LOOK_S)
        else:
            return


async def _state(redis: Redis) -> dict[str, Any]:
    persistence: dict[str, Any] = await redis.info("persistence")
    return persistence | await redis.info("stats")
