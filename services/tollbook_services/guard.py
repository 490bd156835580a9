"""What is looked at before an engine is used, and while `tollbook serve` uses it."""

import asyncio
import sys
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, Self, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_services import keys
from tollbook_services.connection import check_engine, connect
from tollbook_services.engine_files import EngineFiles
from tollbook_services.settings import Settings
from tollbook_services.verify import (
    ledger_id_in,
    must_be_same_ledger,
    run_id,
    verify_once,
)

WATCH_S: Final = 1.0
"""Seconds between two looks at ledger and settings: what is appended meanwhile may be lost."""

METER_AFTER_S: Final = 1.0
"""A verification that takes longer says on a terminal how far it is."""

_METER_EVERY_S: Final = 0.2

_log = structlog.get_logger("tollbook.guard")


async def admit(redis: Redis, settings: Settings, *, create: bool, sound: bool = True) -> bool:
    """Refuse an engine that is unfit, that holds another ledger, or whose events were altered.

    The ledger that is expected is the one the settings name; for an embedded engine else the one
    that its data directory remembers.

    Args:
        redis: the engine's client.
        settings: where the ledger is, and which.
        create: whether an engine without a ledger may get one.
        sound: whether the stored events have to be verified, once in each run of the engine.

    Returns:
        Whether there is none, so that one may be made; who finds one never makes another.

    Raises:
        EngineError: the engine is unfit, or has no ledger although none is to be made.
        CheckFailedError: the expected ledger is not there, or a stored event was altered.
        UsageError: the settings name another number of partitions than the ledger has.
    """
    await check_engine(redis)
    found, expected = await ledger_id_in(redis), _expected(settings)
    if expected is not None and found != expected:
        raise CheckFailedError(_other_ledger(settings, expected, found))
    if found is None:
        if not create:
            raise EngineError(
                f"there is no ledger in {settings.place}: publish something first, "
                "or name the directory with --data or the server with --redis"
            )
    else:
        await _must_have_as_many_partitions(redis, settings)
        if sound:
            with _Meter() as meter:
                await verify_once(redis, meter.show)
    return found is None


async def _must_have_as_many_partitions(redis: Redis, settings: Settings) -> None:
    """Where the settings say how many, they say it of a ledger to be made, or say the truth."""
    stored = await cast("Awaitable[bytes | None]", redis.hget(keys.LEDGER, "partitions"))
    if "partitions" in settings.model_fields_set and int(stored or 0) != settings.partitions:
        raise UsageError(
            f"TOLLBOOK_PARTITIONS={settings.partitions}, but the ledger in {settings.place} was "
            f"made with {int(stored or 0)}, and has them for ever: set it to that, or leave it out"
        )


def remember(settings: Settings, ledger_id: str) -> None:
    """Note in the data directory of an embedded engine which ledger it holds."""
    if settings.redis is None:
        EngineFiles(settings.data.resolve()).remember(ledger_id)


async def watch(url: str, ledger_id: str) -> None:
    """Look at the ledger and at the engine's settings until something is wrong with them.

    An engine that is away is waited for: who restarts it is somebody else. When it is back, its
    events are verified before anything else is believed.

    Raises:
        CheckFailedError: the ledger was erased or replaced, or a stored event was altered.
        EngineError: the engine is no longer set up to keep what it acknowledges.
    """
    redis = await connect(url)
    seen = None
    try:
        while True:
            try:
                await must_be_same_ledger(redis, ledger_id)
                if (run := await run_id(redis)) != seen:
                    await verify_once(redis)
                    seen = run
            except (RedisError, OSError) as error:
                _log.warning("engine does not answer", error=str(error))
            await asyncio.sleep(WATCH_S)
    finally:
        await redis.aclose()


async def name_the_fault(url: str, ledger_id: str) -> None:
    """Look once at the ledger and at the engine's settings; an engine that is away says nothing.

    Raises:
        CheckFailedError: the ledger was erased or replaced.
        EngineError: the engine is no longer set up to keep what it acknowledges.
    """
    try:
        redis = await connect(url)
    except EngineError:
        return
    try:
        with suppress(RedisError, OSError):
            await must_be_same_ledger(redis, ledger_id)
    finally:
        await redis.aclose()


def _expected(settings: Settings) -> str | None:
    if settings.ledger is not None or settings.redis is not None:
        return settings.ledger
    return EngineFiles(settings.data.resolve()).remembered()


def _other_ledger(settings: Settings, expected: str, found: str | None) -> str:
    holds = "has no ledger" if found is None else f"holds the ledger {found}"
    if settings.ledger is not None:
        anew = "name the ledger that is there with --ledger or TOLLBOOK_LEDGER, or leave it out"
    else:
        file = EngineFiles(settings.data).ledger
        anew = f"remove {file} to go on with what is there"
    return (
        f"{settings.place} should hold the ledger {expected}, but {holds}: it was erased or "
        f"replaced. Restore the engine's files from a backup; or {anew}"
    )


class _Meter:
    """One line on a terminal that says how far a long verification is."""

    def __init__(self) -> None:
        self._due_s = time.monotonic() + METER_AFTER_S
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")

    def show(self, done: int, total: int) -> None:
        """Say it, where it is due."""
        if time.monotonic() >= self._due_s and sys.stderr.isatty():
            sys.stderr.write(f"\rverifying stored events: {done:,} of {total:,}")
            sys.stderr.flush()
            self._shown = True
            self._due_s = time.monotonic() + _METER_EVERY_S
