"""Calls of server-side functions, whose library is loaded on first use."""

from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from tollbook_services.engine_failures import engine_error
from tollbook_services.functions_loader import load_library

READMODELS: Final = ("tollbook_readmodels", "readmodels.lua")
INBOX: Final = ("tollbook_inbox", "inbox.lua")
"""A library as the engine calls it, and its file in `functions/`."""

_MISSING: Final = "function not found"


class Functions:
    """The functions of one library in one engine."""

    def __init__(self, redis: Redis, library: tuple[str, str] = READMODELS) -> None:
        """Take the engine's client and a library; nothing is loaded yet."""
        self._redis = redis
        self._library = library
        self._loaded = False

    async def call(
        self,
        function: str,
        keys: Sequence[str],
        arguments: Sequence[str | bytes | int],
        *,
        read_only: bool = False,
    ) -> Any:
        """Call a function; the library is loaded before, and once more where it got lost.

        Raises:
            EngineFullError: the engine is at its memory limit.
        """
        try:
            return await self._call(function, [*keys, *arguments], len(keys), read_only=read_only)
        except OutOfMemoryError as error:
            raise engine_error(error, "the engine", "") from error

    async def _call(
        self,
        function: str,
        values: Sequence[str | bytes | int],
        keys_count: int,
        *,
        read_only: bool,
    ) -> Any:
        if not self._loaded:
            await self._load()
        fcall = self._redis.fcall_ro if read_only else self._redis.fcall
        try:
            return await fcall(function, keys_count, *values)
        except ResponseError as error:
            if _MISSING not in str(error).lower():
                raise
        await self._load()
        return await fcall(function, keys_count, *values)

    async def _load(self) -> None:
        await load_library(self._redis, *self._library)
        self._loaded = True
