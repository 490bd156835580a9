"""What is in quarantine: its entries, how they are named, and what was decided about them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from tollbook_schemas.canonical import content_digest
from tollbook_schemas.errors import UsageError
from tollbook_schemas.filed import FiledEvent, filed_event
from tollbook_schemas.nearest import nearest
from tollbook_schemas.times import format_instant
from tollbook_services.decisions import Ruling, quarantine_digest
from tollbook_services.ledger import Ledger
from tollbook_services.stored import RefusedEntry, StoredEntry

QUARANTINE_PAGE: Final = 500
"""Entries of the quarantine read at once."""

_DIGITS_MAX: Final = 20
"""Digits of a number in an entry id, which has 64 bits."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """An event in quarantine.

    Attributes:
        partition: the partition of its crisis, which decisions about it belong to as well.
        entry: its bytes as sent, when it came, and which event was recorded first.
        event: the document in these bytes.
        ruling: what was decided about it; None while it waits.
    """

    partition: int
    entry: RefusedEntry
    event: Document
    ruling: Ruling | None

    @property
    def position(self) -> str:
        """What it is called by on the command line: `<partition>:<entry id>`."""
        return f"{self.partition}:{self.entry.position}"

    @property
    def source(self) -> str:
        """The `source` it was sent with."""
        source: str = self.event["source"]
        return source

    @property
    def id(self) -> str:
        """The `id` it was sent with, which the recorded event has."""
        event_id: str = self.event["id"]
        return event_id

    @property
    def crisis(self) -> str:
        """The crisis it is about."""
        crisis: str = self.event["subject"]
        return crisis

    @property
    def name(self) -> str:
        """`source/id`, which all contents of the key share."""
        return f"{self.source}/{self.id}"

    @property
    def content(self) -> str:
        """SHA-256 of its canonical bytes as sent, in hex."""
        return content_digest(self.entry.raw).hex()


async def held_events(ledger: Ledger, partitions: Iterable[int]) -> AsyncIterator[Held]:
    """Everything that is in the quarantine of some partitions, oldest first in each."""
    for partition in partitions:
        after = "0"
        while page := await ledger.read_quarantine(partition, after, QUARANTINE_PAGE):
            for one in await _held(ledger, partition, page):
                yield one
            after = page[-1].position


async def find_held(ledger: Ledger, names: Sequence[str]) -> list[Held]:
    """The events in quarantine that are called so, each once, in the order of the names.

    Args:
        ledger: whose quarantine.
        names: positions `<partition>:<entry id>`, or `source/id`, which stands for every content
            of that key.

    Raises:
        UsageError: nothing in quarantine is called so; the message names what is near.
    """
    by_name = await _by_name(ledger) if any("/" in name for name in names) else {}
    found: dict[str, Held] = {}
    for name in names:
        there = by_name.get(name, []) if "/" in name else await _at(ledger, name)
        if not there:
            near = nearest(name, await _names_like(ledger, name))
            raise UsageError(
                f"{name!r} is not in quarantine{near}: `tollbook quarantine list --all` prints "
                "what is, by position and by source/id"
            )
        found |= {one.position: one for one in there}
    return list(found.values())


async def recorded_first(ledger: Ledger, held: Held) -> StoredEntry | None:
    """The event that was recorded with the source and id of one in quarantine."""
    if held.entry.first is None:
        return None
    partition, sequence = held.entry.first
    entries = await ledger.read(partition, sequence - 1, 1, upto=sequence)
    return entries[0] if entries else None


async def decision_about(ledger: Ledger, held: Held) -> tuple[StoredEntry, FiledEvent] | None:
    """The decision that holds about an event in quarantine, as it was recorded."""
    if held.ruling is None:
        return None
    sequence = held.ruling.sequence
    (entry,) = await ledger.read(held.partition, sequence - 1, 1, upto=sequence)
    return entry, filed_event(entry.stored)


async def held_document(ledger: Ledger, held: Held) -> Document:
    """An event in quarantine as commands print it, with the decision about it, or null."""
    first = held.entry.first
    return {
        "position": held.position,
        "recorded_at": format_instant(held.entry.recorded_at),
        "source": held.source,
        "id": held.id,
        "crisis": held.crisis,
        "content": held.content,
        "first": None if first is None else {"partition": first[0], "sequence": first[1]},
        "decision": await _decision_document(ledger, held),
        "errors": [{"pointer": pointer, "message": text} for pointer, text in held.entry.reasons],
        "raw": held.entry.raw.decode(),
    }


async def waiting_documents(
    ledger: Ledger, partition: int, crisis: str, upto: int, before: datetime | None
) -> list[Document]:
    """What waits for a decision, as the view `conflicts` takes it.

    Args:
        ledger: whose quarantine.
        partition: that of the crisis.
        crisis: its slug.
        upto: only decisions up to this sequence count.
        before: only what came before then; None for all.
    """
    found = []
    async for one in held_events(ledger, [partition]):
        decided = one.ruling is not None and one.ruling.since <= upto
        late = before is not None and one.entry.recorded_at >= before
        if one.crisis == crisis and not decided and not late:
            found.append(
                {
                    "source": one.source,
                    "id": one.id,
                    "recorded_at": format_instant(one.entry.recorded_at),
                    "reason": one.entry.reasons[0][1],
                    "sequence": None if one.entry.first is None else one.entry.first[1],
                }
            )
    return found


async def _held(ledger: Ledger, partition: int, page: Sequence[RefusedEntry]) -> list[Held]:
    events = [orjson.loads(entry.raw) for entry in page]
    digests = [
        quarantine_digest(event["source"], event["id"], entry.raw)
        for event, entry in zip(events, page, strict=True)
    ]
    rulings = await ledger.rulings(partition, digests)
    rows = zip(page, events, rulings, strict=True)
    return [Held(partition, entry, event, ruling) for entry, event, ruling in rows]


async def _at(ledger: Ledger, position: str) -> list[Held]:
    """What stands at a position; nothing where it is none."""
    number, _, entry_id = position.partition(":")
    time, _, counter = entry_id.partition("-")
    parts = (number, time, counter)
    if not all(part.isascii() and part.isdigit() and len(part) < _DIGITS_MAX for part in parts):
        return []
    entry = await ledger.find_quarantined(int(number), entry_id)
    return [] if entry is None else await _held(ledger, int(number), [entry])


async def _by_name(ledger: Ledger) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = defaultdict(list)
    async for one in held_events(ledger, range(ledger.partitions)):
        found[one.name].append(one)
    return found


async def _names_like(ledger: Ledger, name: str) -> list[str]:
    """What entries are called by, in the way in which this one was."""
    entries = held_events(ledger, range(ledger.partitions))
    return sorted({one.name if "/" in name else one.position async for one in entries})


async def _decision_document(ledger: Ledger, held: Held) -> Document | None:
    found = await decision_about(ledger, held)
    if found is None or held.ruling is None:
        return None
    entry, event = found
    return {
        "kind": held.ruling.kind,
        "as": event.data.get("as"),
        "reason": event.data["reason"],
        "event": event.global_id,
        "time": event.time,
        "partition": entry.partition,
        "sequence": entry.sequence,
        "recorded_at": format_instant(entry.recorded_at),
    }
