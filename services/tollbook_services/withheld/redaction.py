"""Redaction: destroys the key of a report's withheld fields, and what else is left of them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from redis.asyncio import Redis

from tollbook_projections.filing import FIGURE_ROW, REDACTION_ROW, decode
from tollbook_schemas.canonical import key_digest
from tollbook_schemas.errors import UsageError
from tollbook_schemas.filed import FiledEvent, filed_event
from tollbook_schemas.withholding import place_names_in, withheld_in
from tollbook_services import keys
from tollbook_services.append_only_file import rewritten
from tollbook_services.functions_caller import Functions
from tollbook_services.publish import rejected_receipt
from tollbook_services.stored import RefusedEntry, StoredEntry
from tollbook_services.wiring import Tollbook

REFUSED: Final = ("tollbook_refused", "refused.lua")
"""The library that writes the rejected stream anew."""

COPIED_AT_ONCE: Final = 100
"""Refused documents copied in one call of the engine, for which all others wait."""

INBOX_S_MAX: Final = 10.0
"""How long the inbox is given to become empty: what lies in it lies there as it was sent."""

_LOOK_S: Final = 0.05

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Purged:
    """What was destroyed beside the key.

    Attributes:
        refused: refused documents that named the same source and id.
        inbox_empty: nothing waits in the inbox, where the report could lie once more.
        rewritten: the engine wrote its append-only file anew; else what to do, in words.
    """

    refused: int
    inbox_empty: bool
    rewritten: bool
    advice: str = ""


async def withheld_event(book: Tollbook, source: str, event_id: str) -> StoredEntry | None:
    """The event whose fields are to be redacted; None where only refused documents name it.

    Raises:
        UsageError: there is neither, or no field of the event is withheld.
    """
    entry = await book.ledger.find(source, event_id)
    if entry is None:
        if await _refused_named(book, source, event_id):
            return None
        raise UsageError(
            f"this ledger has no event {event_id!r} of {source!r}: `tollbook events` lists them"
        )
    if not withheld_in(_document(entry)):
        raise UsageError(
            f"no field of {source}/{event_id} is withheld: what it says is part of the immutable "
            "event, and cannot be taken out without breaking the proofs. Fields are withheld where "
            "`sensitive` of the report, or the policy in force, names them (docs/redaction.md)"
        )
    return entry


async def redacted_by(book: Tollbook, crisis: str, event: str) -> Document | None:
    """The redaction of an event, by its global id; None where it was not redacted."""
    partition = book.partition_of(crisis)
    await book.catch_up([partition])
    found = await book.read(partition, "figures", crisis, tables=("redaction",))
    rows = [decode(row) for key, row in found.rows.items() if key.startswith(REDACTION_ROW)]
    return next((row for row in rows if row["event"] == event), None)


async def claimed_crisis(book: Tollbook, source: str, event_id: str) -> str | None:
    """The crisis that refused documents of this source and id claim to be about."""
    named = await _refused_named(book, source, event_id)
    found = {rejected_receipt(one.raw, ()).crisis for one in named}
    return found.pop() if len(found) == 1 else None


async def purge(book: Tollbook, source: str, event_id: str) -> Purged:
    """Destroy what is left of withheld fields whose key is gone; harmless to repeat.

    That is: what was encrypted, the names of places that no other report speaks of, refused
    documents of the same source and id, and what the engine's append-only file still has.
    """
    redis = book.redis
    report = key_digest(source, event_id)
    for partition in range(book.ledger.partitions):
        await _drop(redis, keys.withheld(partition), lambda name, _: name.startswith(report))
    entry = await book.ledger.find(source, event_id)
    if entry is not None:
        await _forget_places(book, entry)
    refused = await _refused_named(book, source, event_id)
    if refused:
        await redis.xdel(keys.REJECTED, *(one.position for one in refused))
        await _write_anew(redis, keys.REJECTED)
    empty = await _inbox_empties(redis)
    advice = await rewritten(redis)
    return Purged(len(refused), empty, not advice, advice)


async def _forget_places(book: Tollbook, entry: StoredEntry) -> None:
    """Drop the names of places that no report speaks of whose fields can still be read."""
    document = _document(entry)
    names = set(place_names_in(document))
    if not names:
        return
    crisis, partition = document["subject"], entry.partition
    await book.catch_up([partition])
    found = await book.read(partition, "figures", crisis, tables=("figure", "redaction"))
    rows = [(key, decode(row)) for key, row in found.rows.items()]
    gone = {row["event"] for key, row in rows if key.startswith(REDACTION_ROW)}
    for key, row in rows:
        if key.startswith(FIGURE_ROW) and row["event"] not in gone:
            names.discard(row["figure"].get("place"))
    tokens = {name.removeprefix("[place ").removesuffix("]").encode() for name in names}
    await _drop(book.redis, keys.places(partition), lambda _, token: token in tokens)


async def _drop(redis: Redis, name: str, unwanted: Any) -> None:
    """Delete the fields of a hash that are not wanted any more."""
    found = [
        field
        async for field, value in redis.hscan_iter(name, count=1_000)
        if unwanted(field, value)
    ]
    if found:
        await redis.hdel(name, *found)


async def _refused_named(book: Tollbook, source: str, event_id: str) -> list[RefusedEntry]:
    """The refused documents with this source and id, as far as they can be read."""
    return [one async for one in _refused(book) if _names(one, source, event_id)]


async def _refused(book: Tollbook) -> AsyncIterator[RefusedEntry]:
    after = "0"
    while page := await book.ledger.read_rejected(after):
        for one in page:
            yield one
        after = page[-1].position


def _names(entry: RefusedEntry, source: str, event_id: str) -> bool:
    named = rejected_receipt(entry.raw, ())
    if named.id is not None:
        return (named.source, named.id) == (source, event_id)
    return source.encode() in entry.raw and orjson.dumps(event_id) in entry.raw


async def _write_anew(redis: Redis, stream: str) -> None:
    functions = Functions(redis, REFUSED)
    at: str | bytes = "-"
    while at:
        names = (stream, f"{stream}:copy" if "{" in stream else f"{{{stream}}}:copy")
        at = await functions.call("tollbook_refused_copy", names, (at, COPIED_AT_ONCE))


async def _inbox_empties(redis: Redis) -> bool:
    until = asyncio.get_running_loop().time() + INBOX_S_MAX
    while await redis.xlen(keys.INBOX):
        if asyncio.get_running_loop().time() >= until:
            return False
        await asyncio.sleep(_LOOK_S)
    return True


def _document(entry: StoredEntry) -> Document:
    document: Document = orjson.loads(entry.stored)
    return document


def event_of(entry: StoredEntry) -> FiledEvent:
    """The event of a stored entry."""
    return filed_event(entry.stored)
