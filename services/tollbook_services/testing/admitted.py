"""A ledger of one partition in memory: what it admits, refuses, and puts aside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson

from tollbook_projections.projection import Recorded
from tollbook_schemas.area import versions_from
from tollbook_schemas.canonical import canonical_bytes, content_digest
from tollbook_schemas.errors import Fault
from tollbook_schemas.event import DECISION_TYPES, GAZETTEER_PUBLISHED
from tollbook_schemas.filed import FiledEvent, filed_event
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.withholding import (
    KEY_BYTES,
    PLACE_CHARS,
    may_withhold,
    place_name,
    sensitive_in,
    withhold,
)
from tollbook_services.stored import with_recorded_time

EPOCH: Final = datetime(2025, 4, 1, tzinfo=UTC)
"""Before the first event is recorded; each takes a minute."""

_MARKED: Final = b'"sensitive":['

Given = Mapping[str, Any] | bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that was not recorded.

    Attributes:
        given: its place among the given events, from 1.
        source: of the event, as far as it can be read; so are `id` and `crisis`.
        errors: where it is wrong, and what would be right.
        first: for one in quarantine, the sequence of the event that has its source and id.
        content: of one in quarantine, SHA-256 of its canonical bytes in hex: what a decision names.
    """

    given: int
    source: str | None
    id: str | None
    crisis: str | None
    errors: tuple[Fault, ...]
    first: int | None = None
    content: str | None = None


@dataclass(slots=True)
class MemoryLedger:
    """Takes documents as a ledger does: exactly once, by source and id.

    Attributes:
        gazetteer: the built-in areas, and those of each recorded gazetteer.
        events: what was recorded, in order.
        rejected: what is no event.
        quarantined: what has the source and id of a recorded event, other content, and waits for
            a decision.
        duplicates: how many repeated a recorded event.
    """

    gazetteer: Gazetteer
    events: list[Recorded] = field(default_factory=list)
    rejected: list[Refused] = field(default_factory=list)
    quarantined: list[Refused] = field(default_factory=list)
    duplicates: int = 0
    _index: dict[tuple[str, str], tuple[bytes, int]] = field(default_factory=dict)
    _decided: set[tuple[str | None, str | None, str | None]] = field(default_factory=set)
    _tables: list[Mapping[str, Any]] = field(default_factory=list)
    _given: int = 0

    def take(self, documents: Iterable[Given]) -> None:
        """Admit documents in order, each as a JSON object or as its bytes."""
        for document in documents:
            self._given += 1
            raw = document if isinstance(document, bytes) else orjson.dumps(document)
            parsed = parse_event(raw, self.gazetteer)
            if isinstance(parsed, ParsedEvent):
                self._append(parsed)
            else:
                self.rejected.append(Refused(self._given, *_names(raw), parsed))

    def _append(self, sent: ParsedEvent) -> None:
        parsed = _kept(sent)
        content = content_digest(parsed.canonical)
        known, sequence = self._index.setdefault(parsed.key, (content, len(self.events) + 1))
        about = (*parsed.key, content.hex())
        if known != content and about not in self._decided:
            text = f"this source and id were recorded with other content at sequence {sequence}"
            fault = Fault("/id", text)
            refused = Refused(
                self._given, *parsed.key, parsed.crisis, (fault,), sequence, content.hex()
            )
            self.quarantined.append(refused)
        elif known != content or sequence <= len(self.events):
            self.duplicates += 1
        else:
            self._record(parsed.canonical, sequence)

    def _record(self, canonical: bytes, sequence: int) -> None:
        at = EPOCH + timedelta(minutes=sequence)
        stored, _ = with_recorded_time(canonical, int(at.timestamp()) * 1_000_000)
        event = filed_event(stored)
        self.events.append(Recorded(0, sequence, at, event))
        self._learn(event)

    def _learn(self, event: FiledEvent) -> None:
        """Later events may name the areas of a gazetteer; what was decided about waits no more."""
        if event.kind == GAZETTEER_PUBLISHED:
            self._tables.append(event.data)
            self.gazetteer = self.gazetteer.with_versions(versions_from(self._tables))
        if event.kind in DECISION_TYPES:
            data = event.data
            self._decided.add((data["source"], data["id"], data["content"]))
            self.quarantined = [
                one
                for one in self.quarantined
                if (one.source, one.id, one.content) not in self._decided
            ]


def _kept(parsed: ParsedEvent) -> ParsedEvent:
    """The event without the values that it marks as sensitive, which are thrown away here."""
    if _MARKED not in parsed.canonical:
        return parsed
    document = orjson.loads(parsed.canonical)
    if not may_withhold(document["type"]):
        return parsed
    withhold(document, sensitive_in(document), bytes(KEY_BYTES), _place_name)
    return ParsedEvent(parsed.key, parsed.crisis, canonical_bytes(document))


def _place_name(place: str) -> str:
    return place_name(sha256(place.encode()).hexdigest()[:PLACE_CHARS])


def _names(raw: bytes) -> tuple[str | None, str | None, str | None]:
    """Source, id and crisis that a refused document claims."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None, None, None
    if not isinstance(document, dict):
        return None, None, None
    source, name, crisis = (document.get(one) for one in ("source", "id", "subject"))
    return (
        source if isinstance(source, str) else None,
        name if isinstance(name, str) else None,
        crisis if isinstance(crisis, str) else None,
    )
