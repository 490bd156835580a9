"""The status document: heads, positions, lag, workers, inbox, and whether all of it is well."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tollbook_schemas.times import format_instant
from tollbook_services import keys
from tollbook_services.heartbeats import Heartbeat, Heartbeats, engine_time_ms
from tollbook_services.ledger import Ledger
from tollbook_services.projector import ROLE
from tollbook_services.readmodels import ReadModels

LAG_S_MAX: Final = 10.0
"""A projection is behind when an event has waited longer: a page takes well under a second."""

Document = dict[str, Any]
State = Literal["healthy", "behind", "parked", "stopped", "no_workers"]

_WORST_FIRST: Final[tuple[State, ...]] = ("stopped", "no_workers", "behind", "parked")


async def status_document(
    ledger: Ledger, readmodels: ReadModels, projections: Iterable[str]
) -> Document:
    """How everything stands; reads only.

    Times are the engine's. `lag_seconds` is how long the first event that a projection has not
    folded has been waiting. The state of a partition, and overall the worst of them, is

    - `stopped`: a projector was at work, and none is now;
    - `no_workers`: none has been: commands fold what they need themselves;
    - `behind`: a projector is at work, but an event has waited for more than `LAG_S_MAX`;
    - `parked`: all is folded but for events that a fold could not take;
    - `healthy`: none of these.
    """
    names, redis = tuple(projections), readmodels.redis
    now_s = await engine_time_ms(redis) / 1000
    partitions = [
        await _partition(ledger, readmodels, names, number, now_s)
        for number in range(ledger.partitions)
    ]
    states = {partition["state"] for partition in partitions}
    state = next((state for state in _WORST_FIRST if state in states), "healthy")
    return {
        "ledger": await readmodels.ledger_id(fresh=True),
        "time": _instant(now_s),
        "state": state,
        "healthy": state == "healthy",
        "partitions": partitions,
        "inbox": await inbox_status(redis, now_s),
        "rejected": await _length(redis, keys.REJECTED),
        "quarantined": sum(partition["quarantined"] for partition in partitions),
    }


async def inbox_status(redis: Redis, now_s: float) -> Document:
    """What waits in the inbox: entries not yet read, and entries read but not yet settled."""
    length = await _length(redis, keys.INBOX)
    group = await _intake_group(redis)
    oldest_ms = None
    if group is not None and group["pending"]:
        waiting = await redis.xpending(keys.INBOX, keys.INTAKE_GROUP)
        oldest_ms = int((waiting["min"] or b"0").split(b"-")[0])
    return {
        "length": length,
        "pending": group["pending"] if group else 0,
        "unread": group["lag"] if group else length,
        "oldest_pending_seconds": _age(now_s, oldest_ms),
        "consumers": group["consumers"] if group else 0,
    }


async def _partition(
    ledger: Ledger, readmodels: ReadModels, names: tuple[str, ...], number: int, now_s: float
) -> Document:
    head = await ledger.head(number)
    last = await ledger.read(number, after=head - 1, count=1) if head else []
    positions = [await _projection(ledger, readmodels, number, name, head, now_s) for name in names]
    workers = await Heartbeats(readmodels.redis).read(number)
    return {
        "partition": number,
        "head": head,
        "recorded_at": format_instant(last[0].recorded_at) if last else None,
        "state": _state(positions, workers),
        "projections": positions,
        "workers": [_worker(beat) for beat in workers],
        "quarantined": await _length(readmodels.redis, keys.quarantine(number)),
    }


async def _projection(
    ledger: Ledger, readmodels: ReadModels, number: int, stored: str, head: int, now_s: float
) -> Document:
    name, _, version = stored.rpartition(".v")
    checkpoint = await readmodels.checkpoint(number, stored)
    first = await ledger.read(number, after=checkpoint.sequence, count=1)
    waiting_s = max(0.0, now_s - first[0].recorded_at.timestamp()) if first else 0.0
    return {
        "projection": name,
        "version": int(version),
        "sequence": checkpoint.sequence,
        "recorded_at": format_instant(checkpoint.recorded_at) if checkpoint.recorded_at else None,
        "lag_events": max(0, head - checkpoint.sequence),
        "lag_seconds": round(waiting_s, 3),
        "parked": await readmodels.parked_count(number, stored),
    }


def _state(positions: list[Document], workers: tuple[Heartbeat, ...]) -> State:
    projectors = [beat for beat in workers if beat.role == ROLE]
    if not any(beat.alive for beat in projectors):
        return "stopped" if projectors else "no_workers"
    if any(position["lag_seconds"] > LAG_S_MAX for position in positions):
        return "behind"
    return "parked" if any(position["parked"] for position in positions) else "healthy"


def _worker(beat: Heartbeat) -> Document:
    return {
        "worker": beat.worker,
        "role": beat.role,
        "state": beat.state,
        "sequence": beat.sequence,
        "age_seconds": round(beat.age_s, 1),
    }


async def _intake_group(redis: Redis) -> Document | None:
    try:
        groups = await redis.xinfo_groups(keys.INBOX)
    except ResponseError:  # there is no inbox before the first entry
        return None
    name = keys.INTAKE_GROUP.encode()
    return next((group for group in groups if group["name"] == name), None)


async def _length(redis: Redis, key: str) -> int:
    return await redis.xlen(key)


def _age(now_s: float, since_ms: int | None) -> float | None:
    return None if since_ms is None else round(max(0.0, now_s - since_ms / 1000), 1)


def _instant(seconds: float) -> str:
    return format_instant(datetime.fromtimestamp(seconds).astimezone())
