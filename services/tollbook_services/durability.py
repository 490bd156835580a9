"""What is durable: the answer to an fsync of the engine, and folders of files made here."""

import os
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from tollbook_schemas.errors import EngineError
from tollbook_services.cluster.nodes import replicas_of

DURABLE_MS_MAX: Final = 20_000
"""How long an fsync may take before an append is reported as not durable."""


_ASKED_AGAIN_MS: Final = (1, 1, 2, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


def wait_for_disks(pipe: Pipeline, redis: Redis, behind: str | None = None) -> None:
    """Let a pipeline end by waiting until what it wrote is on disk; its last answer tells.

    What others wrote before is not waited for, such as the event that is a duplicate now: WAITAOF
    is about the last write of its own connection. `behind` names a hash in the same slot, in which
    nothing is changed by a write, behind which all of it is.

    On the server's own disk, and on those of as many replicas as the engine's URL asks for. Each
    WAITAOF asks the replicas once, who answer with what was on their disks before; the next they
    would say by themselves a second later (measured: 1,007 ms on Valkey 9 and Redis 8, 1 ms where
    they are asked again). So they are asked again and again; once they have confirmed, the rest
    of the waits end at once.
    """
    replicas = replicas_of(redis)
    if replicas and behind is not None:
        pipe.execute_command("HINCRBY", behind, "asked", 0)
    for wait_ms in (*(_ASKED_AGAIN_MS if replicas else ()), DURABLE_MS_MAX):
        pipe.execute_command("WAITAOF", 1, replicas, wait_ms)


def must_be_durable(redis: Redis, reply: Any) -> None:
    """Refuse the last answer to `wait_for_disks` where it confirms too little.

    Raises:
        EngineError: the fsync was not confirmed in time.
    """
    own, replicas = int(reply[0]), int(reply[1])
    wanted = replicas_of(redis)
    if own < 1:
        raise EngineError(
            f"the engine did not confirm an fsync within {DURABLE_MS_MAX // 1000} s: check its "
            "disk; sending the same events again is safe"
        )
    if replicas < wanted:
        raise EngineError(
            f"only {replicas} of {wanted} replicas confirmed an fsync within "
            f"{DURABLE_MS_MAX // 1000} s: the events are on the primary's disk and could be lost "
            "by a failover; bring the replicas back, sending the same events again is safe"
        )


async def must_be_confirmed(redis: Redis, behind: str) -> None:
    """See that the replicas have all of a slot on disk, whoever wrote it.

    Raises:
        EngineError: they do not confirm it in time.
    """
    if not replicas_of(redis):
        return
    async with redis.pipeline(transaction=False) as pipe:
        wait_for_disks(pipe, redis, behind)
        replies = await pipe.execute()
    must_be_durable(redis, replies[-1])


def sync_folder(folder: Path) -> None:
    """Make what was made, renamed or removed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
