"""What an operator wants to know beside the status: files, fsync, disk, generations, outcomes."""

import shutil
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tollbook_services import keys
from tollbook_services.cluster.nodes import primaries
from tollbook_services.heartbeats import Heartbeats
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """How the engine keeps what it acknowledges, and what was done with it.

    Attributes:
        appendfsync: `always` is what acknowledgements need; None where the engine does not tell.
        last_write_ok: whether the last write of the append-only file worked.
        disk_free: bytes where the engine's files are, if they are on this machine; else None.
        generation: the highest generation of a view that is read; 1 before the first rebuild.
        taken_in: what each intake did since its start, as it last said: events by outcome.
    """

    appendfsync: str | None
    last_write_ok: bool
    disk_free: int | None
    generation: int = 1
    taken_in: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


async def engine_facts(book: Tollbook) -> EngineFacts:
    """Ask the engine, of a cluster every primary, and look at the disk."""
    redis = book.redis
    nodes = await primaries(redis)
    written = [await node.info("persistence") for node in nodes]
    told = [await _settings(node) for node in nodes]
    settings = next((one for one in told if one.get("appendfsync") != "always"), told[0])
    beats = await Heartbeats(redis).read(None)
    folder = _folder(book.settings, settings.get("dir"))
    return EngineFacts(
        appendfsync=settings.get("appendfsync"),
        last_write_ok=all(one.get("aof_last_write_status", "ok") == "ok" for one in written),
        disk_free=None if folder is None else _free(folder),
        generation=await _generation(redis, book.ledger.partitions),
        taken_in={beat.worker: beat.counts for beat in beats if beat.counts},
    )


async def _settings(redis: Redis) -> dict[str, str]:
    try:
        found: Any = await redis.config_get("appendfsync", "dir")
    except ResponseError:  # a managed engine may not let its settings be read
        return {}
    return {_text(name): _text(value) for name, value in found.items()}


async def _generation(redis: Redis, partitions: int) -> int:
    highest = 1
    for partition in range(partitions):
        stored = redis.hgetall(keys.live(partition))
        live = await cast("Awaitable[dict[bytes, bytes]]", stored)
        numbers = [int(number) for name, number in live.items() if not name.endswith(b":back")]
        highest = max([highest, *numbers])
    return highest


def _folder(settings: Settings, told: str | None) -> Path | None:
    """Where the engine's files are, if it is on this machine: the workers of `serve` have a URL."""
    if settings.redis is None:
        return settings.data
    return Path(told) if told and settings.redis.startswith("unix:") else None


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
