"""Counts what became of the rows of an import, and keeps what is worth telling."""

from collections import Counter
from typing import Any, Final

import orjson

from tollbook_services.importing.rows import CellFault, Document
from tollbook_services.importing.run import Outcome

STATUSES: Final = ("appended", "duplicate", "quarantined", "rejected")

SHOWN_MAX: Final = 20
"""Refused rows that are told one by one: a screen of them."""

_VALUE_CHARS_MAX: Final = 60
"""Characters of a value in a message."""


class Tally:
    """What became of rows, by file.

    Attributes:
        heads: the highest position of an event, by partition.
        refusals: a line for each of the first refused rows.
        first: the first event as it was, or would be, appended.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.heads: dict[int, int] = {}
        self.refusals: list[str] = []
        self.first: Document | None = None
        self._counts: dict[str, Counter[str]] = {}

    def add(self, file: str, one: Outcome) -> None:
        """Count an outcome that has its receipt."""
        counts = self._counts.setdefault(file, Counter())
        counts["rows"] += len(one.rows)
        receipt = one.receipt
        if receipt is None:
            return
        counts[receipt.status] += 1
        if receipt.partition is not None and receipt.sequence is not None:
            head = self.heads.get(receipt.partition, 0)
            self.heads[receipt.partition] = max(head, receipt.sequence)
        if one.event is not None and self.first is None:
            self.first = orjson.loads(one.event.canonical)
        if one.faults and len(self.refusals) < SHOWN_MAX:
            self.refusals.append(_told(file, one, one.faults[0]))

    def by_file(self) -> list[dict[str, Any]]:
        """A row for each file: rows, and events by status."""
        return [
            {"file": file, "rows": counts["rows"]} | {one: counts[one] for one in STATUSES}
            for file, counts in self._counts.items()
        ]

    @property
    def refused(self) -> int:
        """Refused rows, those that belong together counted once."""
        return sum(counts["rejected"] for counts in self._counts.values())

    @property
    def quarantined(self) -> int:
        """Events whose id was recorded with other content."""
        return sum(counts["quarantined"] for counts in self._counts.values())

    def where_kept(self) -> str | None:
        """Which commands read back what was not appended; None where all was."""
        places = (
            (self.refused, "`tollbook rejected`"),
            (self.quarantined, "`tollbook quarantine`"),
        )
        named = " and ".join(command for count, command in places if count)
        return f"what was not appended is kept: see {named}" if named else None


def _told(file: str, one: Outcome, fault: CellFault) -> str:
    """`rows.csv:12:deaths: 'a few' is no whole number ...`."""
    value = one.rows[0].cells.get(fault.column)
    shown = "" if value is None or repr(value) in fault.message else f" (it is {value!r})"
    if len(shown) > _VALUE_CHARS_MAX:
        shown = f"{shown[:_VALUE_CHARS_MAX]}...)"
    column = f":{fault.column}" if fault.column else ""
    more = f" (and {len(one.faults) - 1} more)" if len(one.faults) > 1 else ""
    return f"{file}:{one.rows[0].line}{column}: {fault.message}{shown}{more}"
