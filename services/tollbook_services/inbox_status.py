"""How the inbox stands: what waits, for how long, and who takes it in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tollbook_schemas.views import AlarmStatus, InboxStatus, State
from tollbook_services import keys
from tollbook_services.heartbeats import Heartbeat

INTAKE: Final = "intake"
"""The role of an intake worker among the heartbeats of no partition."""


async def inbox_status(
    redis: Redis, now_s: float, beats: Sequence[Heartbeat], lag_s_max: float
) -> tuple[InboxStatus, list[AlarmStatus]]:
    """What waits in the inbox: entries not yet read, and entries read but not yet settled.

    Args:
        redis: the engine's client.
        now_s: the engine's time, in seconds since 1970.
        beats: the heartbeats of the workers of no partition.
        lag_s_max: an entry that waits for longer makes the inbox `behind`.
    """
    length = int(await redis.xlen(keys.INBOX))
    group = await _intake_group(redis)
    intakes = [beat for beat in beats if beat.role == INTAKE]
    oldest_s = _age(now_s, await _first_id(redis))
    pending = int(group["pending"]) if group else 0
    document: InboxStatus = {
        "length": length,
        "pending": pending,
        "unread": max(0, length - pending),
        "oldest_seconds": oldest_s,
        "oldest_pending_seconds": await _oldest_pending_s(redis, now_s) if pending else None,
        "consumers": int(group["consumers"]) if group else 0,
        "state": _state(intakes, length, oldest_s, lag_s_max),
    }
    return document, _alarms(group is None, intakes)


def _state(
    intakes: Sequence[Heartbeat], length: int, oldest_s: float | None, lag_s_max: float
) -> State:
    if any(beat.alive for beat in intakes):
        return "behind" if oldest_s is not None and oldest_s > lag_s_max else "healthy"
    if any(not beat.goodbye for beat in intakes):
        return "stopped"
    if length:
        return "stopped" if intakes else "no_intake"
    return "healthy"


def _alarms(group_missing: bool, intakes: Sequence[Heartbeat]) -> list[AlarmStatus]:  # noqa: FBT001
    if not (group_missing and intakes):
        return []
    return [
        {
            "kind": "group_lost",
            "message": "the consumer group of the inbox is gone although an intake has been at "
            "work: it was destroyed; the intake makes it anew when it is started again",
        }
    ]


async def _first_id(redis: Redis) -> bytes | None:
    """The oldest entry: settled ones leave the inbox."""
    first: Any = await redis.xrange(keys.INBOX, count=1)
    return first[0][0] if first else None


async def _oldest_pending_s(redis: Redis, now_s: float) -> float | None:
    waiting: Any = await redis.xpending(keys.INBOX, keys.INTAKE_GROUP)
    return _age(now_s, waiting["min"])


async def _intake_group(redis: Redis) -> Mapping[str, Any] | None:
    try:
        groups: Any = await redis.xinfo_groups(keys.INBOX)
    except ResponseError:  # there is no inbox before the first entry
        return None
    name = keys.INTAKE_GROUP.encode()
    return next((group for group in groups if group["name"] == name), None)


def _age(now_s: float, entry_id: bytes | None) -> float | None:
    if entry_id is None:
        return None
    return round(max(0.0, now_s - int(entry_id.partition(b"-")[0]) / 1000), 1)
