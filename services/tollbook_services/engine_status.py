"""How the engine stands: kind, memory, and whether what it loaded was verified."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from redis.asyncio import Redis

from tollbook_schemas.views import AlarmStatus, EngineStatus
from tollbook_services.verify import verified_run

FREE_BYTES_MIN: Final = 2**20
"""With less than one event of the largest size to spare an engine counts as full: writes of
larger batches fail while it still takes small ones."""


async def engine_status(redis: Redis) -> tuple[EngineStatus, list[AlarmStatus]]:
    """What the engine says of itself, and an alarm where it takes no more writes."""
    info: Mapping[str, Any] = await redis.info("server", "memory")
    kind: Literal["valkey", "redis"] = "valkey" if "valkey_version" in info else "redis"
    used, limit = int(info["used_memory"]), int(info["maxmemory"])
    counted = used - int(info.get("mem_not_counted_for_evict", 0))
    full = 0 < limit < counted + FREE_BYTES_MIN
    document: EngineStatus = {
        "kind": kind,
        "version": str(info[f"{kind}_version"]),
        "run": str(info["run_id"]),
        "verified": await verified_run(redis) == info["run_id"],
        "memory_used": used,
        "memory_max": limit or None,
        "memory_full": full,
    }
    return document, [_full(used, limit)] if full else []


def _full(used: int, limit: int) -> AlarmStatus:
    return {
        "kind": "memory_full",
        "message": f"the engine uses {used / 2**20:,.1f} MiB and may use {limit / 2**20:,.1f} MiB: "
        "it takes no events and no rows; raise maxmemory, nothing is lost meanwhile",
    }
