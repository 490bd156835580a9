"""What an intake says of a batch: where its events are in the ledger, and whose traces they are."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import structlog

from tollbook_services.inbox_entry import InboxEntry
from tollbook_services.operations.appends import positions
from tollbook_services.operations.correlation import trace_of
from tollbook_services.receipts import Receipt

_log = structlog.get_logger("tollbook.intake")


def tell_taken(receipts: Sequence[Receipt], traceparents: Sequence[str | None]) -> None:
    """One line for each partition: counts, positions, and the sequences of each trace.

    Args:
        receipts: of the events of a batch.
        traceparents: of each of them, in the same order; None for one that has none.
    """
    partitions: dict[int | None, list[Receipt]] = {}
    traces: dict[int | None, dict[str, list[int | None]]] = {}
    for receipt, parent in zip(receipts, traceparents, strict=True):
        partitions.setdefault(receipt.partition, []).append(receipt)
        if parent is not None:
            named = traces.setdefault(receipt.partition, {})
            named.setdefault(trace_of(parent), []).append(receipt.sequence)
    for partition, own in partitions.items():
        told = {"traces": traces[partition]} if partition in traces else {}
        counts = Counter[str](one.status for one in own)
        _log.info("batch appended", partition=partition, **positions(own), **counts, **told)


def tell_refused(entries: Sequence[InboxEntry], origins: Collection[str]) -> None:
    """One line about the entries of a batch that are refused: how many, and whose traces.

    Args:
        entries: of the batch.
        origins: of those that are refused, as the rejected stream has them.
    """
    refused = [entry for entry in entries if entry.origin in origins]
    traces = [trace_of(one) for one in causes_of(entry.traceparent for entry in refused)]
    told = {"traces": traces} if traces else {}
    _log.warning("entries refused", refused=len(refused), of=len(entries), **told)


def causes_of(traceparents: Iterable[str | None]) -> list[str]:
    """The `traceparent` of each sender, once, in their order."""
    return list(dict.fromkeys(one for one in traceparents if one is not None))
