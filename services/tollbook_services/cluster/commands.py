"""Which slot of a cluster a command goes to, by its first key."""

from collections.abc import Sequence
from typing import Any, Final

from redis.crc import key_slot

_KEYLESS: Final = frozenset(
    {"ASKING", "BGREWRITEAOF", "CLIENT", "CLUSTER", "CONFIG", "DBSIZE", "FUNCTION", "INFO"}
    | {"PING", "SCAN", "TIME", "UNWATCH", "WAIT", "WAITAOF"}
)
_BEHIND_A_NUMBER: Final = frozenset({"EVAL", "EVALSHA", "FCALL", "FCALL_RO"})
_BEHIND_STREAMS: Final = frozenset({"XREAD", "XREADGROUP"})


def slot_of(command: Sequence[Any]) -> int | None:
    """The slot of the command's first key; None where it has none.

    That all its keys share this slot is for the server to see.
    """
    name = _text(command[0]).partition(" ")[0]
    if name in _KEYLESS:
        return None
    if name in _BEHIND_A_NUMBER:
        return _slot(command[3])
    if name in _BEHIND_STREAMS:
        names = [_text(part) for part in command]
        return _slot(command[names.index("STREAMS") + 1])
    return _slot(command[1])


def _slot(key: Any) -> int:
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def _text(part: Any) -> str:
    return (part.decode(errors="replace") if isinstance(part, bytes) else str(part)).upper()
