"""Appends documents to the ledger, with one receipt for each."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson

from tollbook_schemas.decode import size_fault
from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.admission import Admission, Outcome, areas_now, read_until_unsure
from tollbook_services.documents import Document, split_documents
from tollbook_services.ledger import Ledger, Receipt
from tollbook_services.today import last_day_now

PUBLISH_BATCH: Final = 500
"""Documents per append: the batch at which one fsync costs almost nothing per event."""

PUBLISH_BYTES: Final = 8 * 2**20
"""Bytes after which a batch is closed early, so that large reports do not pile up in memory."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes over HTTP.

    Attributes:
        name: what the events record as `recordedby`.
        faults: why an event may not be published by them; empty where it may.
    """

    name: str
    faults: Callable[[ParsedEvent], tuple[Fault, ...]]


async def publish(
    documents: Iterable[Document],
    ledger: Ledger,
    areas: Gazetteer | Admission,
    *,
    origin: str = "publish",
    publisher: Publisher | None = None,
    on_receipts: Callable[[Sequence[Receipt]], None] | None = None,
) -> list[Receipt]:
    """Append every document; a receipt for each, in input order, once they are durable.

    A document that cannot be an event is kept in `tollbook:rejected` and does not stop the rest.
    A document may name the areas of a gazetteer that comes before it.

    Args:
        documents: in their order.
        ledger: that is appended to.
        areas: what events may name.
        origin: what refused documents are said to come from.
        publisher: who publishes, where the server authenticated them.
        on_receipts: called after each batch, for progress.
    """
    receipts: list[Receipt] = []
    async for batch in publish_batches(
        documents, ledger, areas, origin=origin, publisher=publisher
    ):
        receipts.extend(batch)
        if on_receipts is not None:
            on_receipts(batch)
    return receipts


async def publish_batches(
    documents: Iterable[Document],
    ledger: Ledger,
    areas: Gazetteer | Admission,
    *,
    origin: str = "publish",
    publisher: Publisher | None = None,
) -> AsyncIterator[list[Receipt]]:
    """`publish`, a batch of up to 500 receipts at a time, for input of any length."""
    for batch in _batches(documents):
        rest = batch
        while rest:
            known = await areas_now(areas)
            read = partial(_read, gazetteer=known, publisher=publisher)
            done = await read_until_unsure(rest, read)
            yield await _publish_batch(done, ledger, origin, publisher)
            rest = rest[len(done) :]


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.raw)
        if len(batch) == PUBLISH_BATCH or size >= PUBLISH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read(document: Document, gazetteer: Gazetteer, publisher: Publisher | None) -> Outcome:
    if document.whole is not None:
        return (size_fault(document.whole.length),)
    outcome = parse_event(document.raw, gazetteer, last_day_now())
    if publisher is None or not isinstance(outcome, ParsedEvent):
        return outcome
    return publisher.faults(outcome) or outcome


async def _publish_batch(
    batch: Sequence[tuple[Document, Outcome]],
    ledger: Ledger,
    origin: str,
    publisher: Publisher | None,
) -> list[Receipt]:
    events = [outcome for _, outcome in batch if isinstance(outcome, ParsedEvent)]
    by = None if publisher is None else publisher.name
    appended = iter(await ledger.append(events, by=by) if events else [])
    receipts = []
    for document, outcome in batch:
        if isinstance(outcome, ParsedEvent):
            receipts.append(next(appended))
        else:
            receipts.append(await _refuse(document, outcome, ledger, origin))
    return receipts


async def _refuse(
    document: Document, faults: tuple[Fault, ...], ledger: Ledger, origin: str
) -> Receipt:
    where = f"document {document.index}, line {document.line} of the input"
    placed = tuple(Fault(fault.pointer, f"{fault.message} ({where})") for fault in faults)
    await ledger.reject(document.raw, placed, f"{origin}:line {document.line}", document.whole)
    return rejected_receipt(document.raw, placed)


def rejected_receipt(raw: bytes, faults: tuple[Fault, ...]) -> Receipt:
    """A receipt that names the refused event as far as its document can be read."""
    source, id_, crisis = _claimed_names(raw)
    return Receipt(
        status="rejected",
        source=source,
        id=id_,
        crisis=crisis,
        partition=None,
        sequence=None,
        errors=faults,
    )


def _claimed_names(raw: bytes) -> tuple[str | None, str | None, str | None]:
    try:
        document: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None, None, None
    if not isinstance(document, dict):
        return None, None, None
    source, id_, subject = (document.get(name) for name in ("source", "id", "subject"))
    return (
        source if isinstance(source, str) else None,
        id_ if isinstance(id_, str) else None,
        subject if isinstance(subject, str) else None,
    )


__all__ = [
    "Document",
    "Publisher",
    "publish",
    "publish_batches",
    "rejected_receipt",
    "split_documents",
]
