"""What an operator wants to know of the engine beside its status: files, fsync, disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tollbook_services.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """How the engine keeps what it acknowledges.

    Attributes:
        appendfsync: `always` is what acknowledgements need; None where the engine does not tell.
        last_write_ok: whether the last write of the append-only file worked.
        disk_free: bytes where the embedded engine's files are; None for an outside one.
    """

    appendfsync: str | None
    last_write_ok: bool
    disk_free: int | None


async def engine_facts(redis: Redis, settings: Settings) -> EngineFacts:
    """Ask the engine, and look at the disk."""
    info: Any = await redis.info("persistence")
    try:
        found: Any = await redis.config_get("appendfsync")
    except ResponseError:  # a managed engine may not let its settings be read
        found = {}
    return EngineFacts(
        appendfsync=found.get("appendfsync"),
        last_write_ok=info.get("aof_last_write_status", "ok") == "ok",
        disk_free=None if settings.redis else _free(settings.data),
    )


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
