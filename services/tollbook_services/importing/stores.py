"""Where imported events go: into the ledger, or nowhere in a dry run that says what would be."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from tollbook_schemas.parse import ParsedEvent
from tollbook_services.importing.run import Outcome
from tollbook_services.ledger import Ledger, Receipt
from tollbook_services.publish import rejected_receipt
from tollbook_services.read_again import foresee


class LedgerStore:
    """Appends events, and keeps what was refused in the rejected stream, once each."""

    def __init__(self, ledger: Ledger, format_name: str) -> None:
        """Take an open ledger; the format is part of where refusals came from."""
        self._ledger = ledger
        self._format = format_name

    async def __call__(self, batch: list[Outcome]) -> list[Outcome]:
        events = [one.event for one in batch if one.event is not None]
        receipts = await self._ledger.append(events) if events else []
        for one in batch:
            if one.event is None:
                await self._reject(one)
        return with_receipts(batch, receipts)

    async def _reject(self, one: Outcome) -> None:
        origin = f"import {self._format}:{one.place}"
        digest = sha256(self._format.encode() + b"\x00" + one.raw).digest()
        await self._ledger.reject(one.raw, one.told_faults(), origin, once=digest)


class DryStore:
    """Writes nothing; receipts say what would become of each event.

    An event that comes twice in the files is foreseen as it stands in the ledger, both times.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        """Take the ledger to look into; None where there is none yet."""
        self._ledger = ledger

    async def __call__(self, batch: list[Outcome]) -> list[Outcome]:
        events = [one.event for one in batch if one.event is not None]
        return with_receipts(batch, [await self._foreseen(event) for event in events])

    async def _foreseen(self, event: ParsedEvent) -> Receipt:
        if self._ledger is None:
            return Receipt("appended", *event.key, event.crisis, None, None)
        return await foresee(self._ledger, event)


def with_receipts(batch: Sequence[Outcome], receipts: Sequence[Receipt]) -> list[Outcome]:
    """Outcomes with the receipts of their events, in order; refusals get their own."""
    given = iter(receipts)
    return [
        replace(one, receipt=next(given))
        if one.event is not None
        else replace(one, receipt=rejected_receipt(one.raw, one.told_faults()))
        for one in batch
    ]
