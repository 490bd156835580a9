"""Reads an inbox entry in either of its two layouts into the raw bytes of one event."""

import difflib
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson
from faststream.redis.parser import BinaryMessageFormatV1
from redis.asyncio import Redis

from tollbook_schemas.errors import Fault
from tollbook_services.operations.correlation import TRACEPARENT, traceparent_of

INTAKE_BATCH_BYTES_MAX: Final = 8 * 2**20
"""Bytes of entries that are read and appended at once, as many as one append takes."""

EVENT_FIELD = b"event"
FASTSTREAM_FIELD = b"__data__"
_TRACEPARENT_FIELD: Final = TRACEPARENT.encode()

# FastStream's `__data__`: magic, version (u16), offset of the headers (u32), offset of the
# payload (u32), the headers, the payload. Only the offset of the payload is used: FastStream
# counts characters, not bytes, in header lengths, so headers beyond ASCII cannot be walked.
_MAGIC = BinaryMessageFormatV1.IDENTITY_HEADER
_HEAD = struct.Struct(">HII")
_VERSION = 1


class InboxEntry(NamedTuple):
    """One entry of the inbox stream, as delivered.

    Attributes:
        id: the stream entry id, for example `b"1741723200000-0"`.
        fields: its fields in order, repeated names included.
        deliveries: how many times it has been handed to a worker, this time included.
    """

    id: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    deliveries: int = 1

    @property
    def origin(self) -> str:
        """Where a refusal came from, as kept in the rejected stream."""
        return f"inbox:{self.id.decode()}"

    @property
    def traceparent(self) -> str | None:
        """The trace that its sender names in a field of this name, beside its event."""
        if len(self.fields) == 1:
            return None
        given = (value for name, value in self.fields if name == _TRACEPARENT_FIELD)
        return traceparent_of(next(given, b"").decode("ascii", errors="replace"))


def event_bytes(entry: InboxEntry) -> bytes | Fault:
    """The JSON text of the entry's event, byte for byte, or why there is none.

    Fields other than `event` and `__data__` (tracing headers, say) are left alone; two carriers
    in one entry are refused, since taking either would lose the other.
    """
    if len(entry.fields) == 1 and entry.fields[0][0] == EVENT_FIELD:
        return entry.fields[0][1]
    carriers = [
        (name, value) for name, value in entry.fields if name in (EVENT_FIELD, FASTSTREAM_FIELD)
    ]
    if len(carriers) > 1:
        return Fault(
            "",
            f"the entry carries {len(carriers)} events in its fields; "
            "one entry holds one event: send one XADD for each",
        )
    if not carriers:
        return Fault("", _no_event(entry))
    name, value = carriers[0]
    return value if name == EVENT_FIELD else _faststream_payload(value)


def kept_bytes(entry: InboxEntry) -> bytes:
    r"""What the rejected stream keeps of the entry: its only field's value, or all fields as JSON.

    A value that came in one field is kept byte for byte. Several fields are kept as a JSON array
    of [name, value] pairs in which bytes that are not UTF-8 read as `\xNN`.
    """
    if len(entry.fields) == 1:
        return entry.fields[0][1]
    carriers = [v for name, v in entry.fields if name in (EVENT_FIELD, FASTSTREAM_FIELD)]
    if len(carriers) == 1:
        return carriers[0]
    return orjson.dumps([[_text(name), _text(value)] for name, value in entry.fields])


def portion(entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
    """The first entries, as many as are worked on at once; at least one."""
    size = 0
    for count, entry in enumerate(entries):
        size += sum(len(value) for _, value in entry.fields)
        if count and size > INTAKE_BATCH_BYTES_MAX:
            return entries[:count]
    return entries


def keep_repeated_fields(client: Redis) -> None:
    """Make the client answer stream reads with field pairs instead of dicts.

    A dict keeps only the last of two fields with one name, so `XADD ... event A event B` would
    lose A without a word.
    """
    client.set_response_callback("XREADGROUP", _streams)
    client.set_response_callback("XCLAIM", _entries)


def _no_event(entry: InboxEntry) -> str:
    names = sorted({_text(name) for name, _ in entry.fields})
    meant = difflib.get_close_matches("event", [name.lower() for name in names], n=1, cutoff=0.6)
    hint = " (field names are case-sensitive)" if meant else ""
    return (
        f"the entry has no field `event` holding the JSON of one event{hint}, and no `__data__` "
        f"written by FastStream; it has: {', '.join(names)}"
    )


def _faststream_payload(value: bytes) -> bytes | Fault:
    if not value.startswith(_MAGIC):
        return Fault(
            "/__data__",
            "`__data__` does not begin with FastStream's binary header; publish through "
            "FastStream's binary message format, or send the JSON in a field `event`",
        )
    if len(value) < len(_MAGIC) + _HEAD.size:
        return Fault("/__data__", "`__data__` ends inside FastStream's binary header")
    version, _, payload_at = _HEAD.unpack_from(value, len(_MAGIC))
    if version != _VERSION:
        return Fault(
            "/__data__",
            f"FastStream message format version {version} is not known here; send version "
            f"{_VERSION}, or the JSON in a field `event`",
        )
    if not len(_MAGIC) + _HEAD.size <= payload_at <= len(value):
        return Fault("/__data__", "`__data__` is cut short: its payload lies past its end")
    return value[payload_at:]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")


def _streams(response: Any, **_: Any) -> list[tuple[bytes, list[tuple[bytes, Any]]]]:
    """The reply of XREADGROUP in RESP2 (list) or RESP3 (map) as [(stream, [(id, pairs)])]."""
    streams = response.items() if isinstance(response, dict) else response or ()
    return [(name, _entries(entries)) for name, entries in streams]


def _entries(response: Any, **_: Any) -> list[tuple[bytes, Any]]:
    """[(id, pairs)]; an entry deleted since it was delivered has no pairs and is left out."""
    return [
        (entry[0], _pairs(entry[1]))
        for entry in response or ()
        if entry is not None and entry[1] is not None
    ]


def _pairs(flat: Sequence[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    if len(flat) == 2:
        return ((flat[0], flat[1]),)
    return tuple(zip(flat[::2], flat[1::2], strict=True))
