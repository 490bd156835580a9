"""The status document: heads, positions, lag, workers, inbox, and whether all of it is well."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis.asyncio import Redis

from tollbook_schemas.times import format_instant
from tollbook_schemas.views import (
    AlarmStatus,
    LeaseStatus,
    PartitionStatus,
    ProjectionStatus,
    SealedStatus,
    State,
    StatusDocument,
    WorkerStatus,
)
from tollbook_services import keys
from tollbook_services.engine_status import engine_status
from tollbook_services.heartbeats import Heartbeat, Heartbeats, engine_time_ms
from tollbook_services.inbox_status import inbox_status
from tollbook_services.leases import Lease, read_leases
from tollbook_services.ledger import Ledger
from tollbook_services.projector import ROLE as PROJECTOR
from tollbook_services.readmodels import ReadModels
from tollbook_services.sealing.sealed import SealedTree
from tollbook_services.sealing.sealer import ROLE as SEALER

LAG_S_MAX: Final = 10.0
"""A worker is behind when something has waited for longer: a page takes well under a second."""

WORST_FIRST: Final[tuple[State, ...]] = (
    "alarm",
    "stopped",
    "no_intake",
    "no_workers",
    "behind",
    "parked",
    "healthy",
)


@dataclass(frozen=True, slots=True)
class _Source:
    """What the document is read from, at the engine's time."""

    ledger: Ledger
    readmodels: ReadModels
    names: tuple[str, ...]
    now_s: float
    leases: Mapping[int, Mapping[str, Lease]]

    @property
    def redis(self) -> Redis:
        return self.readmodels.redis


async def status_document(
    ledger: Ledger, readmodels: ReadModels, projections: Iterable[str]
) -> StatusDocument:
    """How everything stands; reads only.

    Times are the engine's. `lag_seconds` is how long the first event that a projection has not
    folded has been waiting. The state of a partition, of the inbox, and overall the worst of all is

    - `alarm`: something is broken that no worker mends by itself: see `alarms`;
    - `stopped`: a worker was at work, and none is now: it has ended, was killed, or hangs;
    - `no_intake`: entries wait in the inbox, and no intake has been at work;
    - `no_workers`: no projector has been: commands fold what they need themselves;
    - `behind`: workers are at work, but something has waited for more than `LAG_S_MAX`;
    - `parked`: all is folded but for events that a fold could not take;
    - `healthy`: none of these.
    """
    redis = readmodels.redis
    now_s = await engine_time_ms(redis) / 1000
    leases = await read_leases(redis, range(ledger.partitions))
    source = _Source(ledger, readmodels, tuple(projections), now_s, leases)
    partitions = [await _partition(source, number) for number in range(ledger.partitions)]
    beats = await Heartbeats(redis).read(None)
    inbox, inbox_alarms = await inbox_status(redis, now_s, beats, LAG_S_MAX)
    engine, engine_alarms = await engine_status(redis)
    alarms = [*engine_alarms, *inbox_alarms, *_views_ahead(partitions)]
    states: set[State] = {partition["state"] for partition in partitions} | {inbox["state"]}
    state: State = "alarm" if alarms else worst(states)
    return {
        "ledger": await readmodels.ledger_id(fresh=True),
        "time": _instant(now_s),
        "state": state,
        "healthy": state == "healthy",
        "alarms": alarms,
        "engine": engine,
        "partitions": partitions,
        "inbox": inbox,
        "workers": [_worker(beat) for beat in beats],
        "rejected": await redis.xlen(keys.REJECTED),
        "quarantined": sum(partition["quarantined"] for partition in partitions),
    }


def worst(states: Iterable[State]) -> State:
    """The worst of some states; healthy where there is none."""
    return min(states, key=WORST_FIRST.index, default="healthy")


def summary(document: StatusDocument) -> str:
    """One line: the state, and what is behind it."""
    if document["healthy"]:
        events = sum(partition["head"] for partition in document["partitions"])
        return f"healthy: {events:,} events, all of them folded or in work"
    reasons = [f"{alarm['kind']}: {alarm['message']}" for alarm in document["alarms"]]
    reasons += [
        f"partition {partition['partition']} is {partition['state']}"
        f" ({_lag(partition['projections'])})"
        for partition in document["partitions"]
        if partition["state"] != "healthy"
    ]
    inbox = document["inbox"]
    if inbox["state"] != "healthy":
        waiting = f"{inbox['length']:,} entries wait"
        reasons.append(f"the inbox is {inbox['state']} ({waiting})")
    return f"{document['state']}: {'; '.join(reasons)}"


def _lag(positions: Sequence[ProjectionStatus]) -> str:
    events = max((one["lag_events"] for one in positions), default=0)
    seconds = max((one["lag_seconds"] for one in positions), default=0.0)
    return f"{events:,} events, {seconds:,.1f} s behind"


async def _partition(source: _Source, number: int) -> PartitionStatus:
    ledger, redis = source.ledger, source.redis
    head = await ledger.head(number)
    last = await ledger.read(number, after=head - 1, count=1) if head else []
    positions = [await _projection(source, number, name, head) for name in source.names]
    workers = await Heartbeats(redis).read(number)
    sealed = await _sealed(source, number, head)
    return {
        "partition": number,
        "head": head,
        "recorded_at": format_instant(last[0].recorded_at) if last else None,
        "state": _state(positions, sealed, workers),
        "projections": positions,
        "sealed": sealed,
        "workers": [_worker(beat) for beat in workers],
        "leases": [_lease(role, one, source.now_s) for role, one in source.leases[number].items()],
        "quarantined": await ledger.undecided_length(number),
    }


async def _projection(source: _Source, number: int, stored: str, head: int) -> ProjectionStatus:
    name, _, version = stored.rpartition(".v")
    readmodels = source.readmodels
    checkpoint = await readmodels.checkpoint(number, stored)
    waiting_s = await _waiting_s(source, number, checkpoint.sequence)
    return {
        "projection": name,
        "version": int(version),
        "sequence": checkpoint.sequence,
        "recorded_at": format_instant(checkpoint.recorded_at) if checkpoint.recorded_at else None,
        "lag_events": max(0, head - checkpoint.sequence),
        "lag_seconds": round(waiting_s, 3),
        "parked": await readmodels.parked_count(number, stored),
    }


async def _sealed(source: _Source, number: int, head: int) -> SealedStatus | None:
    """How far a partition is sealed; None where nothing ever was."""
    found = await SealedTree(source.redis, source.ledger.id, number).head()
    if not found.checkpoint:
        return None
    size = found.size
    waiting_s = await _waiting_s(source, number, size)
    return {
        "size": size,
        "lag_events": max(0, head - size),
        "lag_seconds": round(waiting_s, 3),
    }


async def _waiting_s(source: _Source, number: int, sequence: int) -> float:
    """Seconds for which the first event behind a sequence has waited; 0 where there is none."""
    first = await source.ledger.read(number, after=sequence, count=1)
    return max(0.0, source.now_s - first[0].recorded_at.timestamp()) if first else 0.0


def _state(
    positions: Sequence[ProjectionStatus],
    sealed: SealedStatus | None,
    workers: Sequence[Heartbeat],
) -> State:
    projectors = [beat for beat in workers if beat.role == PROJECTOR]
    sealers = [beat for beat in workers if beat.role == SEALER]
    if not any(beat.alive for beat in projectors):
        return "stopped" if projectors else "no_workers"
    if sealers and not any(beat.alive for beat in sealers):
        return "stopped"
    late = [position["lag_seconds"] for position in positions]
    if sealed is not None and sealers:
        late.append(sealed["lag_seconds"])
    if max(late, default=0.0) > LAG_S_MAX:
        return "behind"
    return "parked" if any(position["parked"] for position in positions) else "healthy"


def _views_ahead(partitions: Iterable[PartitionStatus]) -> list[AlarmStatus]:
    """Views of events that the ledger does not have: it was restored from an older copy."""
    return [
        {
            "kind": "views_ahead",
            "message": f"{position['projection']} of partition {partition['partition']} stands at "
            f"{position['sequence']:,}, but the ledger ends at {partition['head']:,}: events were "
            "lost; restore the engine's files from a newer backup, or make the views anew: "
            "`tollbook rebuild --accept`",
        }
        for partition in partitions
        for position in partition["projections"]
        if position["sequence"] > partition["head"]
    ]


def _worker(beat: Heartbeat) -> WorkerStatus:
    return {
        "worker": beat.worker,
        "role": beat.role,
        "state": beat.state,
        "sequence": beat.sequence,
        "age_seconds": round(beat.age_s, 1),
    }


def _lease(role: str, lease: Lease, now_s: float) -> LeaseStatus:
    return {
        "role": role,
        "worker": lease.worker,
        "token": lease.token,
        "held_seconds": round(max(0.0, now_s - lease.since_ms / 1000), 1) if lease.worker else 0.0,
        "left_seconds": lease.left_ms / 1000,
    }


def _instant(seconds: float) -> str:
    return format_instant(datetime.fromtimestamp(seconds).astimezone())
