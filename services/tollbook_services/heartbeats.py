"""Heartbeats: each worker says, by the engine's clock, that it still makes rounds, and where."""

import os
import socket
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import orjson
from redis.asyncio import Redis

from tollbook_services.cluster.nodes import node_of
from tollbook_services.functions_caller import Functions

BEAT_INTERVAL_S: Final = 1.0
"""A worker beats once in this time: each beat is a write that the engine syncs to disk."""

ALIVE_S_MAX: Final = 5.0
"""A worker silent for longer counts as stopped: five beats missed."""

FORGOTTEN_MS: Final = 600_000
"""A silent worker is listed for ten minutes once another one of its role beats."""

WorkerState = Literal["running", "standing_by", "memory_full", "stopped"]
"""What a worker says of itself: `memory_full` waits for the engine to take writes again."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a worker last said.

    Attributes:
        worker: `host:pid:suffix`, unique among the workers.
        role: `projector`, `intake`, ...
        state: `stopped` where it said goodbye, or has been silent for `ALIVE_S_MAX`.
        sequence: the position in the partition it had come to; 0 for a worker of no partition.
        age_s: seconds since then, by the engine's clock.
        goodbye: whether it said itself that it stops; else it was killed, or hangs.
        counts: events since its start by what became of them, where it appends.
    """

    worker: str
    role: str
    state: WorkerState
    sequence: int
    age_s: float
    goodbye: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether the worker can be expected to do its work."""
        return self.state != "stopped"


class Heartbeats:
    """The heartbeats of the workers of each partition, and of those of none, as intakes are."""

    def __init__(self, redis: Redis) -> None:
        """Take the engine's client."""
        self._redis = redis
        self._functions = Functions(redis)

    async def beat(
        self,
        partition: int | None,
        worker: str,
        role: str,
        state: WorkerState,
        sequence: int,
        *,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """Say that `worker` is in `state` and has come to `sequence`; `None` is no partition."""
        told = {"state": state, "sequence": sequence}
        body = orjson.dumps(told if counts is None else told | {"counts": dict(counts)})
        arguments: list[str | bytes | int] = [worker, FORGOTTEN_MS, role, body]
        await self._functions.call("tollbook_beat", [_key(partition)], arguments)

    async def forget(self, partition: int | None, worker: str) -> None:
        """Say no more of a worker that left the partition to another."""
        await self._redis.hdel(_key(partition), worker)

    async def read(self, partition: int | None) -> tuple[Heartbeat, ...]:
        """What every worker of a partition, or of none, last said, by role and worker."""
        now_ms = await engine_time_ms(await node_of(self._redis, _key(partition)))
        stored = await cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(_key(partition)))
        beats = (_heartbeat(worker.decode(), text, now_ms) for worker, text in stored.items())
        return tuple(sorted(beats, key=lambda beat: (beat.role, beat.worker)))

    async def alive(self, partition: int | None, role: str) -> bool:
        """Whether a worker of this role is at work on the partition."""
        return any(beat.alive and beat.role == role for beat in await self.read(partition))


def worker_name(suffix: str = "") -> str:
    """A name for this process: `host:pid`, with a suffix where it runs several workers."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    return f"{name}:{suffix}" if suffix else name


async def engine_time_ms(redis: Redis) -> int:
    """The engine's clock, in milliseconds of Unix time."""
    seconds, micros = await redis.time()
    return seconds * 1000 + micros // 1000


def _key(partition: int | None) -> str:
    if partition is None:
        return "tollbook:heartbeats"
    return f"tollbook:{{{partition}}}:heartbeats"


def _heartbeat(worker: str, text: bytes, now_ms: int) -> Heartbeat:
    beat_ms, role, body = text.split(b" ", 2)
    said: dict[str, Any] = orjson.loads(body)
    age_s = max(0, now_ms - int(beat_ms)) / 1000
    state: WorkerState = said["state"] if age_s <= ALIVE_S_MAX else "stopped"
    goodbye = said["state"] == "stopped"
    counts = said.get("counts", {})
    return Heartbeat(worker, role.decode(), state, said["sequence"], age_s, goodbye, counts)
