"""How the engine stands: kind, memory, and whether what it loaded was verified."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from redis.asyncio import Redis

from tollbook_schemas.views import AlarmStatus, EngineStatus
from tollbook_services.cluster.nodes import primaries
from tollbook_services.verify import run_id, verified_run

FREE_BYTES_MIN: Final = 2**20
"""With less than one event of the largest size to spare an engine counts as full: writes of
larger batches fail while it still takes small ones."""


async def engine_status(redis: Redis) -> tuple[EngineStatus, list[AlarmStatus]]:
    """What the engine says of itself, and an alarm where it takes no more writes.

    Of a cluster: the memory of all primaries together, and full where one of them is.
    """
    nodes = [await node.info("server", "memory") for node in await primaries(redis)]
    info: Mapping[str, Any] = nodes[0]
    kind: Literal["valkey", "redis"] = "valkey" if "valkey_version" in info else "redis"
    run = await run_id(redis)
    full = [node for node in nodes if _is_full(node)]
    limits = [int(node["maxmemory"]) for node in nodes]
    document: EngineStatus = {
        "kind": kind,
        "version": str(info[f"{kind}_version"]),
        "run": run,
        "verified": await verified_run(redis) == run,
        "memory_used": sum(int(node["used_memory"]) for node in nodes),
        "memory_max": sum(limits) if all(limits) else None,
        "memory_full": bool(full),
    }
    return document, [_full(int(one["used_memory"]), int(one["maxmemory"])) for one in full[:1]]


def _is_full(info: Mapping[str, Any]) -> bool:
    used, limit = int(info["used_memory"]), int(info["maxmemory"])
    counted = used - int(info.get("mem_not_counted_for_evict", 0))
    return 0 < limit < counted + FREE_BYTES_MIN


def _full(used: int, limit: int) -> AlarmStatus:
    return {
        "kind": "memory_full",
        "message": f"the engine uses {used / 2**20:,.1f} MiB and may use {limit / 2**20:,.1f} MiB: "
        "it takes no events and no rows; raise maxmemory, nothing is lost meanwhile",
    }
