"""Hands the changes of partitions on to the one change feed of a cluster, each exactly once.

A commit writes its changes to a stream in the partition's own slot. From there they are handed on
with the mark that says how far, in one call; so neither a crash nor a second hand loses or repeats
one, and those of a partition keep their order.
"""

from typing import Any, Final

from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.functions_caller import Functions
from tollbook_services.layout import layout_of

LIBRARY: Final = ("tollbook_changes_v1", "changes.lua")

PAGE: Final = 500
"""Changes handed on in one call: some milliseconds of the engine's time."""

_NONE: Final = b"0-0"


async def hand_on(redis: Redis, partition: int, entries_max: int) -> None:
    """Hand on what a partition's own stream has; nothing on one server, which needs none of it.

    Args:
        redis: the engine's client.
        partition: whose changes.
        entries_max: entries that the feed keeps, about.
    """
    if not layout_of(redis).spread:
        return
    functions, own = Functions(redis, LIBRARY), keys.own_changes(partition)
    names = (keys.CHANGES, keys.CHANGES_TAKEN)
    while True:
        page: Any = await redis.xrange(own, count=PAGE)
        if not page:
            return
        last: Any = redis.hget(keys.CHANGES_TAKEN, str(partition))
        taken = await last or _NONE
        fresh = [one for one in page if _order(one[0]) > _order(taken)]
        if fresh:
            documents = [fields[b"change"] for _, fields in fresh]
            arguments = [partition, taken, fresh[-1][0], entries_max, *documents]
            reached = await functions.call("tollbook_changes_hand_on", names, arguments)
            if reached != fresh[-1][0]:
                continue
        await redis.xdel(own, *(entry_id for entry_id, _ in page))


def _order(entry_id: bytes) -> tuple[int, int]:
    time, _, number = entry_id.partition(b"-")
    return int(time), int(number)
