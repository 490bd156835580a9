"""Decides about events in quarantine: each decision is an event, with the copy it records."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Literal

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import Fault, UsageError
from tollbook_schemas.filed import FiledEvent
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.limits import EVENT_ID_CHARS_MAX
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.times import format_instant
from tollbook_services.admission import Admission
from tollbook_services.decisions import Kind
from tollbook_services.ledger import Ledger
from tollbook_services.quarantine import Held, decision_about
from tollbook_services.receipts import Receipt
from tollbook_services.stored import StoredEntry
from tollbook_services.withheld.disclosure import restored
from tollbook_services.withheld.vault import Vault

DECIDED_AT_ONCE: Final = 100
"""Entries decided in one append: with their copies 200 events, which one call takes."""

DECIDED_BYTES: Final = 4 * 2**20
"""Bytes of entries after which an append is closed early, so that one call takes them too."""

COPY_CHARS: Final = 8
"""Hex digits of the content in the id of an accepted copy: one key has few contents."""

DIGEST_CHARS: Final = 16
"""Hex digits of a decision in its event id: 64 bits, so that two never meet."""

Outcome = Literal["accepted", "discarded", "superseded", "already", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides.

    Attributes:
        source: the desk that says it, a URI.
        as_: the id to record the event under; None for one that is made from its content.
    """

    kind: Kind
    reason: str
    source: str
    as_: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision.

    Attributes:
        outcome: `already` where it was decided the same way before.
        as_: the id of the accepted copy.
        sequence: that of the decision; None where it was refused or is only tried.
        message: why it was refused, or when it was decided before.
        copy: in a dry run, the event that would be recorded.
    """

    held: Held
    outcome: Outcome
    as_: str | None = None
    sequence: int | None = None
    message: str | None = None
    copy: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """What has to be appended for a decision: the copy first, then the decision."""

    held: Held
    as_: str | None
    copy: ParsedEvent | None
    decision: ParsedEvent | None

    @property
    def events(self) -> list[ParsedEvent]:
        """The events in the order in which they are appended."""
        return [event for event in (self.copy, self.decision) if event is not None]


async def decide(
    ledger: Ledger,
    areas: Admission,
    entries: Sequence[Held],
    verdict: Verdict,
    *,
    dry_run: bool = False,
) -> AsyncIterator[Decided]:
    """Record a decision about each entry; what became of each, in order, once it is durable.

    An accepted copy and its decision are appended in one call, the copy first: after a crash both
    are there or neither. Whatever is missing, the same decision made again adds.

    Args:
        ledger: where they go.
        areas: what the copies may name.
        entries: what is decided about.
        verdict: the decision; with an id of one's choice it is for one entry.
        dry_run: only say what would become of each.

    Raises:
        UsageError: the decision is no valid event, such as one without a reason.
    """
    if verdict.as_ is not None and len(entries) > 1:
        raise UsageError(
            f"--as gives one id, and this is about {len(entries):,} entries: "
            "name one of them by its position, or leave --as out"
        )
    for batch in _batches(entries):
        judge = _Judge(ledger, await areas.gazetteer(), verdict)
        plans = [await judge.plan(one) for one in batch]
        events = [event for plan in plans if isinstance(plan, _Step) for event in plan.events]
        receipts = iter([] if dry_run else await ledger.append(events))
        for plan in plans:
            if isinstance(plan, Decided):
                yield plan
            elif dry_run:
                copy = None if plan.copy is None else plan.copy.canonical
                yield Decided(plan.held, verdict.kind, plan.as_, copy=copy)
            else:
                yield _outcome(plan, [next(receipts) for _ in plan.events], verdict)


def copy_id(held: Held) -> str:
    """The id an accepted event is recorded under: its own, and the start of its content's digest.

    The same for the same content, so that accepting it twice records it once.
    """
    suffix = f".{held.content[:COPY_CHARS]}"
    return held.id[: EVENT_ID_CHARS_MAX - len(suffix)] + suffix


def _batches(entries: Sequence[Held]) -> Iterator[list[Held]]:
    batch: list[Held] = []
    size = 0
    for one in entries:
        batch.append(one)
        size += len(one.entry.raw)
        if len(batch) == DECIDED_AT_ONCE or size >= DECIDED_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Judge:
    """Says what a verdict takes for each entry, with the areas of one moment."""

    def __init__(self, ledger: Ledger, gazetteer: Gazetteer, verdict: Verdict) -> None:
        self._ledger = ledger
        self._gazetteer = gazetteer
        self._verdict = verdict

    async def plan(self, held: Held) -> _Step | Decided:
        """What has to be appended; or why nothing has to be, or can be."""
        found = await decision_about(self._ledger, held)
        before = None if found is None else found[1]
        if self._verdict.kind == "accepted":
            return await self._accept(held, before)
        if before is None:
            return _Step(held, None, None, self._decision(held, None))
        as_ = before.data.get("as")
        if as_ is None:
            return _already(held, before)
        remedy = f"`tollbook retract {held.source}/{as_}#FIGURE --reason ...`"
        return _refused(
            held,
            f"{_said(held, before)}: what is in the ledger stays; take its figures back with "
            f"{remedy}",
        )

    async def _accept(self, held: Held, before: FiledEvent | None) -> _Step | Decided:
        """The copy and the decision, or what is missing of them."""
        earlier: str | None = None if before is None else before.data.get("as")
        if before is not None and earlier is not None and self._verdict.as_ not in (None, earlier):
            return _refused(held, f"{_said(held, before)}: it is in the ledger once, under that id")
        as_ = earlier or self._verdict.as_ or copy_id(held)
        first = held.partition if held.entry.first is None else held.entry.first[0]
        sent = await restored(Vault(self._ledger.redis), held.partition, first, held.entry.raw)
        copy = parse_event(canonical_bytes({**sent, "id": as_}), self._gazetteer)
        if not isinstance(copy, ParsedEvent):
            return _refused(held, f"it cannot be recorded as {as_!r}: {_faults(copy)}")
        there = await self._ledger.find(held.source, as_)
        if there is not None and not await self._is(there, copy):
            return _refused(
                held,
                f"the id {as_!r} of {held.source} is taken, at sequence {there.sequence} of "
                f"partition {there.partition}: choose another one with --as",
            )
        if before is None or earlier is None:
            return _Step(held, as_, copy, self._decision(held, as_))
        return _Step(held, as_, copy, None) if there is None else _already(held, before)

    async def _is(self, there: StoredEntry, copy: ParsedEvent) -> bool:
        """Whether the copy was recorded already, in the form in which the ledger keeps it."""
        (kept,) = await self._ledger.foreseen([copy])
        return there.holds(kept.canonical)

    def _decision(self, held: Held, as_: str | None) -> ParsedEvent:
        return decision_event(held, self._verdict, as_, self._gazetteer)


def decision_event(
    held: Held, verdict: Verdict, as_: str | None, gazetteer: Gazetteer
) -> ParsedEvent:
    """A decision as an event of the crisis.

    Raises:
        UsageError: it is none; the message names each fault.
    """
    about = {"source": held.source, "id": held.id, "content": held.content}
    named = {} if as_ is None else {"as": as_}
    document: dict[str, Any] = {
        "specversion": "1.0",
        "type": f"org.tollbook.quarantine.{verdict.kind}.v1",
        "source": verdict.source,
        "subject": held.crisis,
        "time": format_instant(datetime.now(UTC)),
        "data": {**about, **named, "reason": verdict.reason},
    }
    digest = sha256(canonical_bytes(document)).hexdigest()[:DIGEST_CHARS]
    document["id"] = f"quarantine.{verdict.kind}-{digest}"
    parsed = parse_event(canonical_bytes(document), gazetteer)
    if isinstance(parsed, ParsedEvent):
        return parsed
    raise UsageError(f"the decision is no valid event: {_faults(parsed)}")


def _outcome(step: _Step, receipts: Sequence[Receipt], verdict: Verdict) -> Decided:
    for receipt in receipts:
        if receipt.status not in ("appended", "duplicate"):
            text = "; ".join(fault.message for fault in receipt.errors)
            return _refused(step.held, f"somebody was faster: {text}")
    sequence = receipts[-1].sequence if step.decision is not None else None
    return Decided(step.held, verdict.kind, step.as_, sequence)


def _refused(held: Held, message: str) -> Decided:
    return Decided(held, "refused", message=message)


def _already(held: Held, before: FiledEvent) -> Decided:
    sequence = None if held.ruling is None else held.ruling.sequence
    return Decided(held, "already", before.data.get("as"), sequence, _said(held, before))


def _said(held: Held, before: FiledEvent) -> str:
    """`was accepted as r1.0badcafe by urn:desk at ..., recorded at sequence 7 of partition 0`."""
    as_ = before.data.get("as")
    done = "discarded" if as_ is None else f"accepted as {as_}"
    sequence = "?" if held.ruling is None else held.ruling.sequence
    return (
        f"was {done} by {before.source} at {before.time}, recorded at sequence {sequence} of "
        f"partition {held.partition}"
    )


def _faults(faults: Sequence[Fault]) -> str:
    return "; ".join(f"{fault.pointer or 'the event'}: {fault.message}" for fault in faults)
