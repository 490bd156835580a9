"""Where imported events go: into the ledger, or nowhere in a dry run that says what would be."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import orjson

from tollbook_schemas.canonical import content_digest, key_digest
from tollbook_schemas.errors import Fault
from tollbook_schemas.parse import ParsedEvent
from tollbook_services.importing.run import Outcome
from tollbook_services.ledger import Ledger, Receipt
from tollbook_services.publish import rejected_receipt
from tollbook_services.read_again import IMPORTED, foresee
from tollbook_services.rejections import Rejection


class LedgerStore:
    """Appends events, and keeps what was refused in the rejected stream, once each."""

    def __init__(self, ledger: Ledger, format_name: str, crisis: str) -> None:
        """Take an open ledger; format and crisis are part of where refusals came from."""
        self._ledger = ledger
        self._format = format_name
        self._crisis = crisis

    async def __call__(self, batch: list[Outcome]) -> list[Outcome]:
        events = [one.event for one in batch if one.event is not None]
        receipts = await self._ledger.append(events) if events else []
        await self._ledger.reject_all([self._rejection(one) for one in batch if one.faults])
        return with_receipts(batch, receipts)

    def _rejection(self, one: Outcome) -> Rejection:
        origin = f"{IMPORTED}{self._format}:{one.place}"
        return Rejection(one.raw, one.told_faults(), origin, once=self._digest(one))

    def _digest(self, one: Outcome) -> bytes:
        """Of what is refused and why: where it stood is no part of it, nor when."""
        reasons = [[fault.column, fault.message] for fault in one.faults]
        what = orjson.dumps([self._format, self._crisis, reasons])
        return sha256(b"\x00".join((what, one.raw))).digest()


class DryStore:
    """Writes nothing; receipts say what would become of each event.

    It remembers the digests of what would be appended, some 200 bytes an event, so that what the
    files themselves hold twice is foreseen too.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        """Take the ledger to look into; None where there is none yet."""
        self._ledger = ledger
        self._new: dict[bytes, bytes] = {}

    async def __call__(self, batch: list[Outcome]) -> list[Outcome]:
        events = [one.event for one in batch if one.event is not None]
        return with_receipts(batch, [await self._foreseen(event) for event in events])

    async def _foreseen(self, event: ParsedEvent) -> Receipt:
        key, content = key_digest(*event.key), content_digest(event.canonical)
        if (first := self._new.get(key)) is not None:
            return _again(event, same=first == content)
        if self._ledger is not None:
            receipt = await foresee(self._ledger, event)
            if receipt.status != "appended":
                return receipt
        self._new[key] = content
        return Receipt("appended", *event.key, event.crisis, None, None)


def _again(event: ParsedEvent, *, same: bool) -> Receipt:
    if same:
        return Receipt("duplicate", *event.key, event.crisis, None, None)
    fault = Fault("/id", "an earlier row has this id and other content")
    return Receipt("quarantined", *event.key, event.crisis, None, None, (fault,))


def with_receipts(batch: Sequence[Outcome], receipts: Sequence[Receipt]) -> list[Outcome]:
    """Outcomes with the receipts of their events, in order; refusals get their own."""
    given = iter(receipts)
    return [_with_receipt(one, next(given) if one.event is not None else None) for one in batch]


def _with_receipt(one: Outcome, receipt: Receipt | None) -> Outcome:
    if receipt is None and one.faults:
        receipt = rejected_receipt(one.raw, one.told_faults())
    return replace(one, receipt=receipt)
