"""Which stored events are asked for, and reads them in order of their partitions."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import orjson

from tollbook_schemas.errors import OptionError
from tollbook_services.history import positions_until
from tollbook_services.ledger import StoredEntry
from tollbook_services.moments import moment_of
from tollbook_services.wiring import Tollbook

PAGE: Final = 500
"""Entries read at once: a page of the largest events stays below a few megabytes."""


def wanted_partitions(book: Tollbook, partition: int | None, crisis: str | None) -> list[int]:
    """The partitions to read: one that was asked for, that of a crisis, or all.

    Raises:
        OptionError: the ledger has no such partition.
    """
    count = book.ledger.partitions
    if partition is not None and not 0 <= partition < count:
        raise OptionError("partition", f"the ledger has 0 to {count - 1}, not {partition}")
    wanted = list(range(count)) if partition is None else [partition]
    if crisis is None:
        return wanted
    return [number for number in wanted if number == book.partition_of(crisis)]


async def last_wanted(
    book: Tollbook, partitions: list[int], to: int | None, known_as_of: str | None
) -> dict[int, int | None]:
    """The last sequence of each partition to read; None for its head.

    Raises:
        OptionError: the moment is none.
    """
    if known_as_of is None:
        return dict.fromkeys(partitions, to)
    if len(partitions) == 1:
        moment = await moment_of(book.ledger, partitions[0], known_as_of, "known-as-of")
        known = {partitions[0]: moment.sequence}
    else:
        known = dict(enumerate(await positions_until(book.ledger, [known_as_of], "--known-as-of")))
    return {number: min(known[number], to or known[number]) for number in partitions}


async def listed_events(
    book: Tollbook, partitions: Mapping[int, int | None], first: int, crisis: str | None
) -> AsyncIterator[tuple[StoredEntry, dict[str, Any]]]:
    """Stored events with their documents, partition by partition.

    Args:
        book: the ledger.
        partitions: those to read, each with its last sequence, None for the head.
        first: the first sequence of each.
        crisis: only its events; None for all.
    """
    for partition, last in partitions.items():
        after = first - 1
        while page := await book.ledger.read(partition, after=after, count=PAGE, upto=last):
            for entry in page:
                event = orjson.loads(entry.stored)
                if crisis is None or event.get("subject") == crisis:
                    yield entry, event
            after = page[-1].sequence
