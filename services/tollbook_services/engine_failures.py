"""What a failure of the engine means for who asked: it is away, it is full, or it refused."""

from typing import Final

from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import OutOfMemoryError, RedisError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import EngineError, EngineFullError

_CANNOT_SAVE: Final = "MISCONF"
"""How Redis and Valkey begin the refusal of a write where the one before did not reach the disk."""

_KEPT: Final = "what has a receipt is stored, and sending the same again doubles nothing"


def is_memory_full(error: BaseException) -> bool:
    """Whether a call failed because the engine is at its memory limit."""
    return isinstance(error, OutOfMemoryError) or isinstance(error.__cause__, OutOfMemoryError)


def engine_error(error: RedisError, place: str, remedy: str) -> EngineError:
    """A failure of the engine, for people.

    Args:
        error: as redis-py tells it.
        place: which engine it is.
        remedy: what to do where it cannot be reached.
    """
    if is_memory_full(error):
        return EngineFullError(
            f"{place} is at its memory limit (maxmemory) and takes no events: raise maxmemory and "
            f"try again; {_KEPT}"
        )
    if str(error).startswith(_CANNOT_SAVE):
        return EngineFullError(
            f"{place} cannot write to its disk and takes no events ({error}): make room or mend "
            f"the disk, and try again; {_KEPT}"
        )
    if isinstance(error, (LostConnectionError, EngineTimeoutError)):
        return EngineError(f"cannot reach {place} ({error}): {remedy}")
    return EngineError(f"{place} refused a command ({error}): see its log")
