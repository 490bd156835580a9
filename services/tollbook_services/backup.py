"""A copy of an embedded store while it is used, which is opened and verified before it counts."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_services.durability import sync_folder
from tollbook_services.engine import connect, open_engine
from tollbook_services.engine_files import EngineFiles
from tollbook_services.verify import Heads, must_be_same_ledger, read_heads, verify
from tollbook_services.wiring import Tollbook

LOOK_S: Final = 0.05

_REWRITES: Final = "auto-aof-rewrite-percentage"


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied.

    Attributes:
        folder: where to.
        events: how many events the copy has, verified.
        bytes: of its files.
    """

    folder: Path
    events: int
    bytes: int


async def back_up(book: Tollbook, folder: Path) -> Backup:
    """Copy the store, and open and verify the copy; what is published meanwhile goes on.

    Everything that was acknowledged before the call is in the copy. Private keys are not: they
    are not the engine's.

    Args:
        book: an embedded store.
        folder: where to; it must not be there yet, or be empty.

    Raises:
        UsageError: the engine is an outside one, or the folder has files.
        CheckFailedError: the copy lacks something, or has an altered event.
        OSError: the files cannot be copied.
    """
    if book.settings.redis is not None:
        raise UsageError(
            "an outside engine's files are copied where it runs: see docs/operations.md, "
            "`Backup and recovery`; `tollbook backup` is for the embedded store"
        )
    if await asyncio.to_thread(_has_files, folder):
        raise UsageError(f"{folder} has files: name a new folder for each backup")
    before = await read_heads(book.redis)
    async with _no_rewrite(book.redis):
        size = await asyncio.to_thread(_copied, await _files(book.redis), folder)
    EngineFiles(folder).remember(book.ledger.id)
    return Backup(folder, await _verified(folder, book.ledger.id, before), size)


def _has_files(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


@asynccontextmanager
async def _no_rewrite(redis: Redis) -> AsyncIterator[None]:
    """While its files are copied the engine appends to them, and replaces none."""
    known = await _setting(redis, _REWRITES)
    await redis.config_set(_REWRITES, 0)
    try:
        while True:
            state: Any = await redis.info("persistence")
            if not (state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]):
                break
            await asyncio.sleep(LOOK_S)
        yield
    finally:
        await redis.config_set(_REWRITES, known)


async def _files(redis: Redis) -> Path:
    """The folder of the engine's append-only files."""
    return Path(await _setting(redis, "dir")) / await _setting(redis, "appenddirname")


async def _setting(redis: Redis, name: str) -> str:
    found: Any = await redis.config_get(name)
    value = next(iter(found.values()))
    return value.decode() if isinstance(value, bytes) else str(value)


def _copied(source: Path, folder: Path) -> int:
    """Copy the files that the manifest names, and it last; their bytes, all on disk."""
    target = folder / source.name
    target.mkdir(mode=0o700, parents=True)
    manifests = [one for one in source.iterdir() if one.suffix == ".manifest"]
    if len(manifests) != 1:
        raise EngineError(f"{source} has {len(manifests)} manifests of append-only files, not one")
    names = [line.split()[1] for line in manifests[0].read_text().splitlines() if line.strip()]
    size = 0
    for name in [*names, manifests[0].name]:
        copy = target / name
        shutil.copyfile(source / name, copy)
        handle = os.open(copy, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        size += copy.stat().st_size
    for place in (target, folder):
        sync_folder(place)
    return size


async def _verified(folder: Path, ledger_id: str, before: Heads) -> int:
    """Open the copy in an engine of its own, and look at every event; how many it has."""
    async with open_engine(folder) as handle:
        redis = await connect(handle.url)
        try:
            await must_be_same_ledger(redis, ledger_id)
            count = await verify(redis)
            for now, then in zip(
                (await read_heads(redis)).partitions, before.partitions, strict=True
            ):
                if now.head < then.head:
                    raise CheckFailedError(
                        f"{folder}: partition {now.partition} ends at {now.head}, and ended at "
                        f"{then.head} before it was copied: make the backup again"
                    )
        finally:
            await redis.aclose()
    return count
