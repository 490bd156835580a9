"""What somebody was told is recorded: receipts of `publish`, and the events that were sent."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis

from tollbook_schemas.canonical import canonical_bytes, content_digest, key_digest
from tollbook_schemas.errors import UsageError
from tollbook_schemas.event import DECISION_TYPES
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import keys
from tollbook_services.archive.reading import ArchivedEvents
from tollbook_services.archive.whole import raw_fields
from tollbook_services.decisions import quarantine_digest, ruling_from
from tollbook_services.index import index_entries
from tollbook_services.invariants import Invariant, Tally
from tollbook_services.ledger import CONTENT_BYTES
from tollbook_services.publish import split_documents
from tollbook_services.scan import as_sent

Kept = Callable[[Sequence[ParsedEvent]], Awaitable[list[ParsedEvent]]]
"""The form in which a ledger keeps events: `Ledger.foreseen`."""

LOOK_UP_MAX: Final = 500
"""Keys looked up in one call: some milliseconds of the engine's time."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One key that was acknowledged.

    Attributes:
        positions: `<partition>:<sequence>` that receipts named; one, unless other contents of the
            key were decided about or something is wrong; empty where no receipts were given.
        contents: digests of what was sent under the key, canonical; empty where that is unknown.
    """

    source: str
    id: str
    positions: frozenset[str] = frozenset()
    contents: frozenset[bytes] = frozenset()


async def read_acknowledged(
    receipts: Path | None, events: Path | None, gazetteer: Gazetteer, kept: Kept
) -> list[Acknowledged]:
    """The keys of the receipts; those of the events where there are no receipts.

    Args:
        receipts: what `tollbook publish` printed: JSON Lines.
        events: what it was given: one document, an array, or JSON Lines.
        gazetteer: to bring the events into their canonical form.
        kept: gives the form in which the ledger keeps events, without what it withholds.

    Raises:
        UsageError: a file cannot be read, or a line of the receipts is none.
    """
    try:
        sent = await _contents(events, gazetteer, kept) if events is not None else {}
        if receipts is None:
            return [
                Acknowledged(*key, contents=frozenset(contents)) for key, contents in sent.items()
            ]
        return [
            Acknowledged(*key, frozenset(positions), frozenset(sent.get(key, ())))
            for key, positions in _positions(receipts).items()
        ]
    except OSError as error:
        raise UsageError(f"cannot read {error.filename}: {error.strerror}") from error


async def check_acknowledged(redis: Redis, events: Iterable[Acknowledged]) -> list[Invariant]:
    """Look for each event that somebody was told is recorded: there, once, and byte-equal."""
    tally = Tally("acknowledged", "what was acknowledged is there, once, at its place, byte-equal")
    batch: list[Acknowledged] = []
    for event in events:
        batch.append(event)
        if len(batch) == LOOK_UP_MAX:
            await _find(redis, batch, tally)
            batch = []
    await _find(redis, batch, tally)
    return [tally.result()]


async def _find(redis: Redis, batch: Sequence[Acknowledged], tally: Tally) -> None:
    if not batch:
        return
    digests = [key_digest(event.source, event.id) for event in batch]
    entries = await index_entries(redis, digests)
    async with redis.pipeline(transaction=False) as pipe:
        for entry in entries:
            partition, _, sequence = (entry or b"")[CONTENT_BYTES:].partition(b":")
            name = keys.ledger(int(partition) if partition.isdigit() else 0)
            at = sequence.decode() if sequence.isdigit() else "0"
            pipe.execute_command("XRANGE", name, f"{at}-0", f"{at}-0")
        found = await pipe.execute()
    for event, entry, streamed in zip(batch, entries, found, strict=True):
        tally.checked += 1
        own = (entry or b"")[CONTENT_BYTES:].decode(errors="replace")
        there = streamed or await _archived(redis, own)
        other = [at for at in event.positions - {own} if not await _decided(redis, event, at)]
        if (fault := _unlike(event, entry, there, other)) is not None:
            tally.fault(f"{event.source}/{event.id}: {fault}")


async def _archived(redis: Redis, position: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The entry at a position that the stream no longer has; none where the archive has it not."""
    partition, _, sequence = position.partition(":")
    if not (partition.isdigit() and sequence.isdigit()):
        return []
    number, at = int(partition), int(sequence)
    archive = ArchivedEvents(redis)
    if not 0 < at <= await archive.trimmed(number):
        return []
    (entry,) = await archive.read(number, at - 1, 1)
    fields = raw_fields(entry)
    return [(b"", dict(zip(fields[::2], fields[1::2], strict=True)))]


async def _decided(redis: Redis, event: Acknowledged, position: str) -> bool:
    """Whether another content of the key was acknowledged there because of a decision.

    There lies the decision, or the accepted copy: what was sent but for its id.
    """
    partition, _, sequence = position.partition(":")
    number = int(partition)
    found: Any = await redis.xrange(keys.ledger(number), f"{sequence}-0", f"{sequence}-0")
    found = found or await _archived(redis, position)
    try:
        ((_, fields),) = found
        document = orjson.loads(as_sent(fields[b"e"], fields[b"t"]))
        if document["type"] in DECISION_TYPES:
            return (document["data"]["source"], document["data"]["id"]) == (event.source, event.id)
        sent = canonical_bytes({**document, "id": event.id})
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return False
    known = document["source"] == event.source
    if event.contents and content_digest(sent) not in event.contents:
        return False
    digest: Any = quarantine_digest(event.source, event.id, sent)
    decided = await cast("Awaitable[Any]", redis.hget(keys.quarantined(number), digest))
    return known and ruling_from(decided) is not None


def _unlike(
    event: Acknowledged, entry: bytes | None, there: Sequence[Any], other: Sequence[str]
) -> str | None:
    """Why the ledger does not hold what was acknowledged; None where it does.

    Args:
        event: what somebody was told.
        entry: what the index has for its key.
        there: the event at that place.
        other: positions it was acknowledged at that are explained by nothing.
    """
    if entry is None:
        return "acknowledged, but its key is not in the ledger"
    position = entry[CONTENT_BYTES:].decode(errors="replace")
    if other and len(event.positions) > 1:
        return f"acknowledged at several positions: {', '.join(sorted(event.positions))}"
    if other:
        return f"acknowledged at {other[0]}, but its key is at {position}"
    return _other_event(event, position, there[0][1] if there else {})


def _other_event(event: Acknowledged, position: str, fields: Mapping[bytes, bytes]) -> str | None:
    sent = as_sent(fields.get(b"e", b""), fields.get(b"t", b""))
    try:
        document = orjson.loads(sent)
        name = (document["source"], document["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"acknowledged, but there is no event at {position}"
    if name != (event.source, event.id):
        return f"acknowledged, but the event at {position} is {'/'.join(name)}"
    if event.contents and content_digest(sent) not in event.contents:
        return f"the event at {position} is not byte for byte what was sent"
    return None


def _positions(path: Path) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    with path.open("rb") as lines:
        for key, position in _acknowledged_lines(path, lines):
            found.setdefault(key, set()).add(position)
    return found


def _acknowledged_lines(
    path: Path, lines: Iterable[bytes]
) -> Iterator[tuple[tuple[str, str], str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            receipt: Any = orjson.loads(line)
            if receipt["status"] in ("appended", "duplicate"):
                key = (receipt["source"], receipt["id"])
                yield key, f"{receipt['partition']}:{receipt['sequence']}"
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path}, line {number} is no receipt: give what `tollbook publish` printed"
            ) from error


async def _contents(
    path: Path, gazetteer: Gazetteer, kept: Kept
) -> dict[tuple[str, str], set[bytes]]:
    found: dict[tuple[str, str], set[bytes]] = {}
    with path.open("rb") as stream:
        read = (parse_event(document.raw, gazetteer) for document in split_documents(stream))
        valid = (parsed for parsed in read if isinstance(parsed, ParsedEvent))
        while batch := list(islice(valid, LOOK_UP_MAX)):
            for parsed in await kept(batch):
                found.setdefault(parsed.key, set()).add(content_digest(parsed.canonical))
    return found
