"""What a partition's archive has, and what was taken out of its stream, as the engine knows it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import keys
from tollbook_services.functions_caller import Functions

LIBRARY: Final = ("tollbook_archive_v1", "archive.lua")

_FIELDS: Final = ["place", "size", "trimmed"]


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """What is archived of one partition.

    Attributes:
        place: the folder or URL; empty where nothing was archived.
        size: how many events, from the first on, lie there and were verified.
        trimmed: how many of them the stream no longer has.
    """

    place: str = ""
    size: int = 0
    trimmed: int = 0


async def archive_state(redis: Redis, partition: int) -> ArchiveState:
    """What the engine knows of a partition's archive."""
    reply = redis.hmget(keys.archived(partition), _FIELDS)
    place, size, trimmed = await cast("Awaitable[list[bytes | None]]", reply)
    return ArchiveState((place or b"").decode(), int(size or 0), int(trimmed or 0))


class ArchiveMarks:
    """Writes the state; the engine refuses what is not so."""

    def __init__(self, redis: Redis, ledger_id: str) -> None:
        """Take the engine's client and the ledger."""
        self._redis = redis
        self._ledger = ledger_id
        self._functions = Functions(redis, LIBRARY)

    async def archived(self, partition: int, place: str, size: int) -> None:
        """Note that a place has so many events of a partition, verified.

        Raises:
            CheckFailedError: that is more than is sealed, or less than the stream lacks already.
        """
        names = [keys.archived(partition), keys.sealed(partition)]
        reply: Any = await self._functions.call(
            "tollbook_archived", names, [self._ledger, place, size]
        )
        what, known = reply[0].decode(), int(reply[1])
        if what != "archived":
            why = {
                "beyond": f"only {known:,} events are sealed",
                "short": f"{known:,} events were taken out of the stream already",
                "other_ledger": "what is sealed is of another ledger",
            }[what]
            raise CheckFailedError(f"partition {partition}: {size:,} events archived, but {why}")

    async def trim(self, partition: int, place: str, upto: int) -> int:
        """Take events up to a sequence out of the stream; how many it lacks then.

        Raises:
            CheckFailedError: the engine does not know them to be archived in that place.
        """
        names = [keys.archived(partition), keys.ledger(partition), keys.state(partition)]
        reply: Any = await self._functions.call("tollbook_trim", names, [place, upto])
        if reply[0] != b"trimmed":
            raise CheckFailedError(
                f"partition {partition}: {upto:,} events are not known to be archived in {place}: "
                "somebody archives elsewhere at the same time; nothing was trimmed"
            )
        return int(reply[1])
