"""Ends background tasks for certain: one cancellation is not always enough."""

import asyncio
from typing import Any, Final

AGAIN_S: Final = 0.1
"""Seconds after which a task that goes on is cancelled again."""


async def end_tasks(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks until every one has ended; their outcomes are left on them.

    A cancellation that reaches a task inside a call of the Redis client can be lost there, and
    a task that loops goes on as if nothing had happened (seen: `serve` hung once in a hundred
    stops that fell into a restart of the engine). So it is repeated.
    """
    going = set(tasks)
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=AGAIN_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain of a lost one
