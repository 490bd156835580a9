"""What the ledger keeps of an event: its bytes with the recorded time, and their leaf hash."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.times import format_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_RECORDED_TIME = b',"source":"'
"""The member that follows `recordedby` and `recordedtime` in sorted order. What stands behind its
last occurrence is text without unescaped quotes (source, specversion, subject, time, type), so
this is the member of the envelope and not one inside `data` or `ext`."""

_RECORDED_BY: Final = re.compile(rb',"recordedby":"([^"\\\\]*)"\Z')
"""At the end of what stands before `recordedtime`. Before it is the envelope's `id`, in which a
quote is escaped: this is no part of a text."""

KEPT_BYTES: Final = 64 * 2**10
"""Bytes that are kept of a document longer than any event: enough to see what it is."""

_GAZETTEER_KIND: Final = b"org.tollbook.gazetteer.published."
_REPORT_END: Final = b'"type":"org.tollbook.report.filed.v1"}'
_POLICY_END: Final = b'"type":"org.tollbook.policy.published.v1"}'


class StoredEntry(NamedTuple):
    """One event of the ledger as it lies in its stream.

    Attributes:
        sequence: the position in the partition, dense from 1.
        stored: canonical bytes of the event with `recordedtime`, and `recordedby` where it is
            known who published it.
        leaf: SHA-256 over 0x00 and `stored` (RFC 6962 2.1), as written beside it.
        recorded_at: when this ledger recorded it.
    """

    partition: int
    sequence: int
    stored: bytes
    leaf: bytes
    recorded_at: datetime

    def holds(self, canonical: bytes) -> bool:
        """Whether this is the event with these canonical bytes as sent."""
        try:
            return self.sent() == canonical
        except ValueError:
            return False

    def sent(self) -> bytes:
        """The canonical bytes of the event as it was sent: without what the ledger added.

        Raises:
            ValueError: the bytes have no `recordedtime`, or not that of `recorded_at`.
        """
        before, rest = self._around()
        return b"".join((_RECORDED_BY.sub(b"", before), _AFTER_RECORDED_TIME, rest))

    def recorded_by(self) -> str | None:
        """Who published it, as the server authenticated them; None where it was not by HTTP.

        Raises:
            ValueError: as for `sent`.
        """
        found = _RECORDED_BY.search(self._around()[0])
        return None if found is None else found[1].decode()

    def _around(self) -> tuple[bytes, bytes]:
        micros = (self.recorded_at - _EPOCH) // timedelta(microseconds=1)
        added = recorded_member(micros) + _AFTER_RECORDED_TIME
        before, found, rest = self.stored.rpartition(added)
        if not found:
            raise ValueError(
                f"event {self.sequence} of partition {self.partition} was altered: "
                "see `tollbook check`"
            )
        return before, rest


@dataclass(frozen=True, slots=True)
class Whole:
    """What is known of bytes of which only the beginning is kept."""

    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """Something that was refused or put aside, with everything needed to judge it again.

    Attributes:
        position: the entry id in its stream.
        raw: the bytes as sent.
        reasons: JSON pointer and message of each fault.
        origin: where it came from, such as `publish:line 3` or `inbox:<entry id>`.
        whole: where it was too long to keep, the length and digest of all of it.
        first: for what is in quarantine, partition and sequence of the event that has its key.
        by: for what is in quarantine, who published it; None where that is not known.
    """

    position: str
    raw: bytes
    reasons: tuple[tuple[str, str], ...]
    origin: str
    recorded_at: datetime
    whole: Whole | None = None
    first: tuple[int, int] | None = None
    by: str | None = None


def files_a_report(canonical: bytes) -> bool:
    """Whether an event in canonical bytes is a report, as most are: it changes no rule."""
    return canonical.endswith(_REPORT_END)


def publishes_areas(canonical: bytes) -> bool:
    """Whether an event in canonical bytes, stored or as sent, publishes a gazetteer."""
    if _GAZETTEER_KIND not in canonical:
        return False
    kind: str = orjson.loads(canonical)["type"]
    return kind.encode().startswith(_GAZETTEER_KIND)


def publishes_policy(canonical: bytes) -> bool:
    """Whether an event in canonical bytes publishes a policy."""
    return canonical.endswith(_POLICY_END)


def with_recorded_time(canonical: bytes, micros: int, by: str | None = None) -> tuple[bytes, bytes]:
    """The bytes to store for an event recorded at a time, and their leaf hash.

    Args:
        canonical: the event as sent.
        micros: when it is recorded, in microseconds since 1970.
        by: who published it, a slug of ASCII letters, digits, `.`, `_` and `-`; None where the
            server did not authenticate them.
    """
    before, after, rest = canonical.rpartition(_AFTER_RECORDED_TIME)
    if not after:
        raise ValueError("an event without a source cannot be stored")
    publisher = b"" if by is None else b',"recordedby":"%b"' % by.encode("ascii")
    stored = b"".join((before, publisher, recorded_member(micros), after, rest))
    return stored, leaf_hash(stored)


@lru_cache(maxsize=8)
def recorded_member(micros: int) -> bytes:
    """The member of the envelope that says when an event was recorded, with its comma."""
    return b',"recordedtime":"%b"' % format_instant(instant_from(micros)).encode()


@lru_cache(maxsize=8)
def instant_from(micros: int) -> datetime:
    """Microseconds since 1970 as an aware instant; a batch has one time, so a few are kept."""
    return _EPOCH + timedelta(microseconds=micros)


def entry_from(partition: int, entry_id: bytes, fields: Mapping[bytes, bytes]) -> StoredEntry:
    """A stream entry as a stored event.

    Raises:
        CheckFailedError: it is not one that an append wrote.
    """
    try:
        recorded_at = instant_from(number_from(fields[b"t"]))
        sequence = int(entry_id.removesuffix(b"-0"))
        return StoredEntry(partition, sequence, fields[b"e"], fields[b"h"], recorded_at)
    except (KeyError, ValueError, OverflowError) as error:
        raise CheckFailedError(
            f"partition {partition}, entry {entry_id.decode(errors='replace')}: it is not as an "
            f"append writes it ({error!r}): the engine's data was altered; `tollbook check` names "
            "everything that is wrong"
        ) from None


def number_from(text: bytes) -> int:
    """A number in the one form in which it is stored: digits without a sign, blanks or zeros.

    Raises:
        ValueError: it has another form.
    """
    number = int(text)
    if b"%d" % number != text:
        raise ValueError(f"{text!r} is no number as it is stored")
    return number
