"""Takes the sensitive fields out of events before they are appended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tollbook_schemas.canonical import canonical_bytes, content_digest, key_digest
from tollbook_schemas.parse import ParsedEvent
from tollbook_schemas.pointers import value_at
from tollbook_schemas.withholding import (
    PLACE_CHARS,
    is_place,
    may_withhold,
    named_in,
    open_part,
    place_name,
    sensitive_in,
    withheld_in,
    withhold,
)
from tollbook_services import keys
from tollbook_services.references import list_of
from tollbook_services.withheld.rules import Events, FieldRules
from tollbook_services.withheld.vault import Vault, encrypted

_MARKED: Final = b'"sensitive":['
_NO_COMMITMENT: Final = "0" * 64
"""In the place of commitments to what must not be kept: its key was destroyed."""

_NO_PLACE: Final = place_name("0" * PLACE_CHARS)

Document = dict[str, Any]


@dataclass(slots=True)
class _Item:
    """An event with fields to withhold.

    Attributes:
        at: its place among the events that are appended.
        partition: that of its crisis.
        spots: JSON pointers of these fields.
        key: the key of its report; None until it is known.
        holder: the partition in which that key lies.
    """

    at: int
    parsed: ParsedEvent
    document: Document
    partition: int
    holder: int
    spots: list[str]
    key: bytes | None = None
    report: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.report = key_digest(*self.parsed.key)

    def places(self) -> list[tuple[str, str]]:
        """Crisis and name of each place that is to be withheld."""
        values = [value_at(self.document, at) for at in self.spots if is_place(at)]
        return [(self.parsed.crisis, value) for value in values if isinstance(value, str)]

    def withheld(self, document: Document) -> ParsedEvent:
        """The event as the ledger keeps it."""
        return ParsedEvent(self.parsed.key, self.parsed.crisis, canonical_bytes(document))


class Withholder:
    """What every append goes through.

    The form that the ledger keeps is made with the key of the report, so the same report always
    becomes the same bytes, whoever sends it again, and another value another commitment. Once
    that key was destroyed nothing of a repetition is kept.
    """

    def __init__(self, ledger: Events) -> None:
        """Take the ledger that is appended to."""
        self._ledger = ledger
        self._rules = FieldRules(ledger)
        self._vault = Vault(ledger.redis)

    @property
    def policies(self) -> int:
        """How many policies are known: the engine says where there are others."""
        return self._rules.count

    def concerns(self, events: Sequence[ParsedEvent]) -> bool:
        """Whether `applied` has something to do, as far as is known without asking the engine."""
        return any(_MARKED in one.canonical or self._rules.names(one.crisis) for one in events)

    async def applied(
        self, events: Sequence[ParsedEvent], *, keep: bool = True
    ) -> list[ParsedEvent]:
        """The events as they are to be appended; most are what they were.

        Args:
            events: of any crises.
            keep: False to write nothing: keys and names that are not there yet are thrown away.

        Raises:
            RedisError: the engine cannot keep the fields; nothing was appended.
        """
        kept = list(events)
        items = await self._items(events)
        fresh = []
        for item in items:
            known = await self._as_recorded(item)
            if known is None:
                fresh.append(item)
            else:
                kept[item.at] = known
        for partition in sorted({item.holder for item in fresh}):
            held = [item for item in fresh if item.holder == partition]
            reports = [item.report for item in held]
            made = await self._vault.made_keys(partition, reports, keep=keep)
            for item, key in zip(held, made, strict=True):
                item.key = key
        for partition in sorted({item.partition for item in fresh}):
            own = [item for item in fresh if item.partition == partition]
            taken = await self._taken(partition, own, keep=keep)
            for item, parsed in zip(own, taken, strict=True):
                kept[item.at] = parsed
        return kept

    async def _items(self, events: Sequence[ParsedEvent]) -> list[_Item]:
        """The events that have something to withhold, or had when they were first sent."""
        partitions = [keys.partition_of(one.crisis, self._ledger.partitions) for one in events]
        known = await self._known_keys(events, partitions)
        items = []
        for at, (parsed, partition) in enumerate(zip(events, partitions, strict=True)):
            names = self._rules.names(parsed.crisis)
            if not (names or at in known or _MARKED in parsed.canonical):
                continue
            document = orjson.loads(parsed.canonical)
            if not may_withhold(document["type"]):
                continue
            spots = [*sensitive_in(document), *named_in(document, names)]
            if spots or at in known:
                item = _Item(at, parsed, document, partition, partition, spots)
                item.key = known.get(at)
                items.append(item)
        return items

    async def _known_keys(
        self, events: Sequence[ParsedEvent], partitions: Sequence[int]
    ) -> dict[int, bytes]:
        """The keys of those events that have one already; looks up which policies there are."""
        used = sorted(set(partitions))
        async with self._ledger.redis.pipeline(transaction=False) as pipe:
            for partition in used:
                pipe.hlen(list_of(self._ledger.redis, "policies", partition))
                pipe.hlen(keys.secrets(partition))
            lengths = await pipe.execute()
        policies, counts = lengths[::2], lengths[1::2]
        for count in policies:
            await self._rules.refresh(count)
        found: dict[int, bytes] = {}
        for partition in (one for one, count in zip(used, counts, strict=True) if count):
            places = [at for at, own in enumerate(partitions) if own == partition]
            reports = [key_digest(*events[at].key) for at in places]
            known = await self._vault.keys_of(partition, reports)
            found |= {at: key for at, key in zip(places, known, strict=True) if key is not None}
        return found

    async def _as_recorded(self, item: _Item) -> ParsedEvent | None:
        """What to append where the report's key is in the ledger already; None where to go on.

        A report that was recorded before these fields were withheld stays as it was recorded. One
        that was redacted is a duplicate if it says the same otherwise; what it withheld is
        dropped in any case.
        """
        stored = await self._stored(item)
        if stored is None:
            return None
        sent, partition = stored
        if sent == item.parsed.canonical:
            return item.parsed
        before = orjson.loads(sent)
        then = withheld_in(before)
        item.spots = list(dict.fromkeys((*then, *item.spots)))
        item.holder = partition
        if not then:
            return None
        (item.key,) = await self._vault.keys_of(partition, [item.report])
        if item.key is not None:
            return None
        withhold(item.document, item.spots, b"", lambda _: _NO_PLACE)
        for one in item.document["data"].get("withheld", ()):
            one["commitment"] = _NO_COMMITMENT
        if open_part(item.document) == open_part(before):
            return ParsedEvent(item.parsed.key, item.parsed.crisis, sent)
        return item.withheld(item.document)

    async def _stored(self, item: _Item) -> tuple[bytes, int] | None:
        """The recorded event with this source and id as it was sent, and its partition."""
        found = await self._ledger.find(*item.parsed.key)
        return None if found is None else (found.sent(), found.partition)

    async def _taken(
        self, partition: int, items: Sequence[_Item], *, keep: bool
    ) -> list[ParsedEvent]:
        """The events without their sensitive values, which are kept first."""
        names = await self._vault.place_names(partition, _all_places(items), keep=keep)
        done, sealed = [], dict[bytes, bytes]()
        for item in items:
            if item.key is None:
                raise AssertionError("a report without a key")
            crisis = item.parsed.crisis
            values = withhold(
                item.document,
                item.spots,
                item.key,
                lambda place, crisis=crisis: names[crisis, place],  # type: ignore[misc]
            )
            parsed = item.withheld(item.document)
            if values:
                about = item.report + content_digest(parsed.canonical)
                sealed[about] = encrypted(item.key, about, values)
            done.append(parsed)
        if keep:
            await self._vault.keep(partition, sealed)
        return done


def _all_places(items: Iterable[_Item]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(place for item in items for place in item.places()))
