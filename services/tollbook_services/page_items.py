"""What folds take of a stored event: the event as filed, or why it cannot be read."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from tollbook_projections.projection import Recorded
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.event import DATA_MODELS
from tollbook_schemas.filed import filed_event
from tollbook_schemas.times import format_instant
from tollbook_services.ledger import StoredEntry

REASON_CHARS_MAX: Final = 500
"""Enough of an error to know it by; a validation error can quote the whole event."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event in the ledger that this version cannot read: parked by every projection."""

    sequence: int
    recorded_at: datetime
    reason: str


PageItem = Recorded | Unreadable


def page_item(entry: StoredEntry) -> PageItem:
    """A stored entry as folds take it."""
    try:
        event = filed_event(entry.stored)
    except CheckFailedError as error:
        return Unreadable(entry.sequence, entry.recorded_at, reason_of(error))
    if event.kind not in DATA_MODELS:
        reason = f"the type {event.kind!r} is not known to this version"
        return Unreadable(entry.sequence, entry.recorded_at, reason)
    return Recorded(entry.partition, entry.sequence, entry.recorded_at, event)


def altered(entry: StoredEntry) -> bool:
    """Whether the stored bytes or the time are no longer those of the leaf hash beside them."""
    leaf = sha256(b"\x00" + entry.stored).digest()
    return leaf != entry.leaf or _time_member(entry.recorded_at) not in entry.stored


def reason_of(error: Exception) -> str:
    """An error as parked events keep it."""
    return f"{type(error).__name__}: {error}"[:REASON_CHARS_MAX]


@lru_cache(maxsize=8)
def _time_member(recorded_at: datetime) -> bytes:
    """Events of one batch have one time, so a few are enough."""
    return f'"recordedtime":"{format_instant(recorded_at)}"'.encode()
