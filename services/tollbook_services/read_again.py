"""Reads refused documents again, with the contract and the areas of today, and appends them."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from tollbook_schemas.decode import size_fault
from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.admission import Admission, Outcome, read_until_unsure
from tollbook_services.decisions import quarantine_digest
from tollbook_services.keys import partition_of
from tollbook_services.ledger import Ledger
from tollbook_services.publish import PUBLISH_BATCH, rejected_receipt
from tollbook_services.receipts import Receipt
from tollbook_services.stored import RefusedEntry
from tollbook_services.today import last_day_now
from tollbook_services.writer import other_content

SETTLED: Final = ("appended", "duplicate")
"""The outcomes of a document after which its event is in the ledger."""

IMPORTED: Final = "import "
"""What the origin of refused rows begins with."""


async def read_again(
    entries: AsyncIterator[RefusedEntry], ledger: Ledger, areas: Admission, *, dry_run: bool
) -> AsyncIterator[tuple[RefusedEntry, Receipt]]:
    """Append every refused document that is a valid event now; a receipt for each, in order.

    What is still refused stays where it is and is not kept a second time. A document that was
    appended before, or sent again by its sender, is a duplicate, so this can be repeated.

    Args:
        entries: what the rejected stream holds.
        ledger: where they go.
        areas: what they may name.
        dry_run: write nothing; the receipts foresee what would become of each, without positions
            for what would be appended, and without the areas of gazetteers among them.
    """
    append = partial(_foreseen, ledger) if dry_run else ledger.append
    async for batch in _batches(entries):
        rest = batch
        while rest:
            read = partial(_read, gazetteer=await areas.gazetteer())
            done = (
                [(one, read(one)) for one in rest]
                if dry_run
                else await read_until_unsure(rest, read)
            )
            valid = [outcome for _, outcome in done if isinstance(outcome, ParsedEvent)]
            receipts = iter(await append(valid) if valid else ())
            for entry, outcome in done:
                if isinstance(outcome, ParsedEvent):
                    yield entry, next(receipts)
                else:
                    yield entry, rejected_receipt(entry.raw, outcome)
            rest = rest[len(done) :]


async def _batches(entries: AsyncIterator[RefusedEntry]) -> AsyncIterator[list[RefusedEntry]]:
    batch: list[RefusedEntry] = []
    async for entry in entries:
        batch.append(entry)
        if len(batch) == PUBLISH_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _read(entry: RefusedEntry, gazetteer: Gazetteer) -> Outcome:
    if entry.whole is not None:
        return (size_fault(entry.whole.length),)
    outcome = parse_event(entry.raw, gazetteer, last_day_now())
    if not isinstance(outcome, ParsedEvent) and _is_row(entry):
        return (Fault("", "this is a row of a table: import its file again"),)
    return outcome


def _is_row(entry: RefusedEntry) -> bool:
    """Whether it is a row of which an import could not make an event."""
    return entry.origin.startswith(IMPORTED) and b'"specversion"' not in entry.raw


async def _foreseen(ledger: Ledger, events: Sequence[ParsedEvent]) -> list[Receipt]:
    """What an append would answer now."""
    return [await foresee(ledger, parsed) for parsed in events]


async def foresee(ledger: Ledger, parsed: ParsedEvent) -> Receipt:
    """What an append of one event would answer now, without a position where it is new."""
    found = await ledger.find(*parsed.key)
    if found is None:
        return Receipt("appended", *parsed.key, parsed.crisis, None, None)
    at = (found.partition, found.sequence)
    (parsed,) = await ledger.foreseen([parsed])
    if found.holds(parsed.canonical):
        return Receipt("duplicate", *parsed.key, parsed.crisis, *at)
    digest = quarantine_digest(*parsed.key, parsed.canonical)
    (ruling,) = await ledger.rulings(partition_of(parsed.crisis, ledger.partitions), [digest])
    if ruling is not None:
        return Receipt("duplicate", *parsed.key, parsed.crisis, *ruling.position)
    return Receipt("quarantined", *parsed.key, parsed.crisis, *at, (other_content(*at),))
