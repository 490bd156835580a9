"""What became of the events that a process handed to its ledger: counted, and told in its log."""

from collections import Counter
from collections.abc import Iterable, Sequence

import structlog

from tollbook_services.operations.tracing import FIRST, LAST, Noted
from tollbook_services.receipts import Receipt

_log = structlog.get_logger("tollbook.ledger")

Positions = dict[str, int]


class Appends:
    """The appends of one ledger in one process.

    Attributes:
        counts: events since the start, by what became of them.
        tells: whether each append is a line of the log; so in workers and servers, not in commands.
    """

    def __init__(self) -> None:
        """Begin at zero, without a word."""
        self.counts: Counter[str] = Counter()
        self.tells = False

    def appended(self, partition: int, receipts: Sequence[Receipt], noted: Noted) -> None:
        """Note one append to a partition, which is durable by now."""
        counts = Counter[str](one.status for one in receipts)
        self.counts.update(counts)
        if not self.tells and noted.trace is None:
            return
        places = positions(receipts)
        if places:
            noted.set({FIRST: places["first"], LAST: places["last"]})
        if self.tells:
            _log.info("events appended", partition=partition, **places, **counts)

    def rejected(self, count: int) -> None:
        """Note documents that could not be events."""
        self.counts["rejected"] += count


def positions(receipts: Iterable[Receipt]) -> Positions:
    """The first and the last sequence that were given to events of one partition, if any were.

    Those in between may be events of others that were appended at the same time.
    """
    given = [one.sequence for one in receipts if one.status == "appended" and one.sequence]
    return {"first": min(given), "last": max(given)} if given else {}
