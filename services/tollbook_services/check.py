"""Looks at every stored event: dense, unaltered, at the head, and its key once in the index."""

from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from typing import Any, cast

import orjson
from redis.asyncio import Redis

from tollbook_schemas.canonical import content_digest, key_digest
from tollbook_services.archive.whole import whole
from tollbook_services.check_decisions import Decisions
from tollbook_services.invariants import Invariant, Tally
from tollbook_services.layout import layout_of
from tollbook_services.ledger import CONTENT_BYTES
from tollbook_services.scan import RawPage, as_sent, page_faults
from tollbook_services.verify import Heads, read_heads


async def check_events(redis: Redis) -> list[Invariant]:
    """Look at every stored event: `dense`, `hashes`, `heads`, `keys`, `decisions`."""
    heads = await read_heads(redis)
    dense = Tally("dense", "positions of each partition go from 1 to its head without a gap")
    hashes = Tally("hashes", "stored bytes and recorded time are those of the leaf hash")
    index = Tally("keys", "each event's key is in the index, once, with its content and position")
    decisions = Tally("decisions", "each decision about the quarantine is in its index")
    for one in heads.partitions:
        decided = Decisions()
        async with aclosing(whole(redis, one.partition, one.head, one.trimmed)) as pages:
            async for span, page in pages:
                dense.checked += len(page)
                hashes.checked += len(page)
                for fault in page_faults(one.partition, span, page):
                    (dense if fault.kind == "dense" else hashes).fault(fault.text)
                await _look_up(redis, one.partition, page, index)
                decided.take(page)
        await decided.check(redis, one.partition, decisions)
    if heads.indexed != heads.events:
        index.fault(f"the index has {heads.indexed:,} keys for {heads.events:,} events")
    found = [dense.result(), hashes.result(), _heads(heads), index.result()]
    return [*found, decisions.result()]


def _heads(heads: Heads) -> Invariant:
    tally = Tally("heads", "each partition's head and last time are those of its last event")
    for one in heads.partitions:
        tally.checked += 1
        if (fault := one.fault()) is not None:
            tally.fault(fault)
    return tally.result()


async def _look_up(redis: Redis, partition: int, page: RawPage, tally: Tally) -> None:
    """Compare the index with the events of a page.

    That every event's entry gives back its own position means that no two share a key.
    """
    wanted: dict[bytes, bytes] = {}
    for entry_id, fields in page:
        named = _named(partition, entry_id, fields)
        tally.checked += 1
        if named is None:
            tally.fault(f"partition {partition}, entry {entry_id.decode()}: no event can be read")
        elif named[0] in wanted:
            tally.fault(f"partition {partition}, entry {entry_id.decode()}: its key occurs twice")
        else:
            wanted[named[0]] = named[1]
    if not wanted:
        return
    name = layout_of(redis).index(partition)
    found = await cast("Awaitable[Any]", redis.hmget(name, list(wanted)))
    for (key, entry), there in zip(wanted.items(), found, strict=True):
        if there != entry:
            position = entry[CONTENT_BYTES:].decode()
            tally.fault(f"position {position}: {_difference(there, entry)} (key {key.hex()})")


def _named(partition: int, entry_id: bytes, fields: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The key digest of an event, and what the index should have for it."""
    values = dict(zip(fields[::2], fields[1::2], strict=False))
    try:
        stored = values[b"e"]
        document = orjson.loads(stored)
        key = key_digest(document["source"], document["id"])
    except (KeyError, TypeError, orjson.JSONDecodeError):
        return None
    content = content_digest(as_sent(stored, values.get(b"t", b"")))
    return key, content + b"%d:" % partition + entry_id.partition(b"-")[0]


def _difference(there: bytes | None, wanted: bytes) -> str:
    if there is None:
        return "the index does not have the key of this event"
    if there[CONTENT_BYTES:] != wanted[CONTENT_BYTES:]:
        place = there[CONTENT_BYTES:].decode(errors="replace")
        return f"the index has the key of this event at {place}"
    return "the index has another content for this event: one of them was altered"
