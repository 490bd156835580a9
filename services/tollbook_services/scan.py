"""Reads all stored events of a partition fast, and says what is wrong with any of them."""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple

from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.cluster.nodes import node_of
from tollbook_services.stored import recorded_member

PAGE_BYTES: Final = 512 * 2**10
"""Bytes of events that are asked for at once: some milliseconds of the engine's time."""

PAGE_EVENTS_MAX: Final = 2_000
"""Events asked for at once, however small they are."""

_PAGE_EVENTS_FIRST: Final = 100
_AHEAD: Final = 2
"""Pages asked for ahead, so that the engine reads while this process hashes."""

_NAMES: Final = (b"e", b"h", b"t")
_AFTER_MEMBER: Final = b',"source":"'

_ALTERED: Final = (
    "the stored event does not match the leaf hash stored with it: one of them was altered"
)
_OTHER_TIME: Final = "the recorded time beside the event is not the one inside it"

RawPage = Sequence[tuple[bytes, Sequence[bytes]]]
"""Entries as the engine sends them: the id, and names and values in turn."""


class EntryFault(NamedTuple):
    """What is wrong with an entry; the text names partition and sequence."""

    kind: Literal["dense", "hash"]
    text: str


async def scan(
    redis: Redis, partition: int, upto: int, after: int = 0
) -> AsyncGenerator[tuple[range, RawPage], None]:
    """Every entry of a partition's stream behind one sequence and up to another; to be closed.

    Reads over a connection of its own and past the client library's own parsing, which costs
    more than the hashing does. A page holds `PAGE_BYTES` if the next events are like the last.

    Yields:
        The sequences that were asked for, and the entries that are there.
    """
    pool: Any = (await node_of(redis, keys.ledger(partition))).connection_pool
    connection = await pool.get_connection()
    waiting: deque[range] = deque()
    asked, size = after, _PAGE_EVENTS_FIRST
    try:
        while waiting or asked < upto:
            while len(waiting) < _AHEAD and asked < upto:
                span = range(asked + 1, min(asked + size, upto) + 1)
                await connection.send_command(
                    "XRANGE", keys.ledger(partition), f"{span[0]}-0", str(span[-1])
                )
                waiting.append(span)
                asked = span[-1]
            page: Any = await connection.read_response(disable_decoding=True)
            yield waiting.popleft(), page
            size = _next_size(page, size)
    finally:
        if waiting:  # what is still to be read must not answer somebody else's command
            await connection.disconnect()
        await pool.release(connection)


def page_faults(partition: int, span: range, page: RawPage) -> list[EntryFault]:
    """What is wrong with the entries of a page: gaps, fields, hashes, recorded times.

    What is checked is what an append wrote: an id `<sequence>-0`, the leaf hash over the stored
    bytes (RFC 6962 2.1), and one recorded time inside the event and beside it.
    """
    faults: list[EntryFault] = []
    expected, member_time, member = span.start, b"", b""
    for entry_id, fields in page:
        if entry_id != b"%d-0" % expected:
            faults.append(_gap(partition, expected, entry_id))
            expected = max(_sequence(entry_id), expected)
        if tuple(fields[::2]) != _NAMES:
            faults.append(_wrong(partition, expected, "its fields are not e, h and t"))
        else:
            stored, leaf, recorded = fields[1], fields[3], fields[5]
            if recorded != member_time:
                member_time, member = recorded, _member(recorded)
            if sha256(b"\x00" + stored).digest() != leaf:
                faults.append(_wrong(partition, expected, _ALTERED))
            elif not _holds(stored, member):
                faults.append(_wrong(partition, expected, _OTHER_TIME))
        expected += 1
    if expected < span.stop:
        faults.append(_missing(partition, expected, span.stop - 1))
    return faults


def as_sent(stored: bytes, recorded: bytes) -> bytes:
    """The canonical bytes of an event before it was recorded; as stored where the time is wrong."""
    member = _member(recorded)
    if not _holds(stored, member):
        return stored
    at = stored.rfind(_AFTER_MEMBER)
    return stored[: at - len(member)] + stored[at:]


def _holds(stored: bytes, member: bytes) -> bool:
    at = stored.rfind(_AFTER_MEMBER)
    return bool(member) and stored[max(0, at - len(member)) : at] == member


def _gap(partition: int, expected: int, found: bytes) -> EntryFault:
    sequence = _sequence(found)
    if not found.endswith(b"-0") or sequence < expected:
        text = found.decode(errors="replace")
        return EntryFault(
            "dense", f"{_place(partition, expected)}: an entry has the id {text}, no position"
        )
    return _missing(partition, expected, sequence - 1)


def _missing(partition: int, first: int, last: int) -> EntryFault:
    if first == last:
        return EntryFault("dense", f"{_place(partition, first)}: the event is missing")
    return EntryFault("dense", f"{_place(partition, first)} to {last}: the events are missing")


def _wrong(partition: int, sequence: int, text: str) -> EntryFault:
    return EntryFault("hash", f"{_place(partition, sequence)}: {text}")


def _place(partition: int, sequence: int) -> str:
    return f"partition {partition}, sequence {sequence}"


def _sequence(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


def _member(recorded: bytes) -> bytes:
    """The member of the envelope that says this time, or nothing where it is no time."""
    try:
        return recorded_member(int(recorded))
    except (ValueError, OverflowError):
        return b""


def _next_size(page: RawPage, size: int) -> int:
    """How many events like these are `PAGE_BYTES`; never more than twice as many as now."""
    if not page:
        return size
    mean = sum(len(fields[1]) for _, fields in page) // len(page) + 1
    return max(1, min(PAGE_BYTES // mean, 2 * size, PAGE_EVENTS_MAX))
