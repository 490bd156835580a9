"""Counts what became of the rows of an import, and keeps what is worth telling."""

from collections import Counter
from typing import Any, Final

import orjson

from tollbook_services.importing.rows import CellFault, Document
from tollbook_services.importing.run import Outcome
from tollbook_services.render.words import clean, plural

STATUSES: Final = ("appended", "duplicate", "quarantined", "rejected")
COUNTED: Final = ("rows", *STATUSES, "skipped")

SHOWN_MAX: Final = 20
"""Rows not taken that are told one by one: a screen of them."""

_VALUE_CHARS_MAX: Final = 60
"""Characters of a value in a message."""


class Tally:
    """What became of rows, by file.

    Attributes:
        heads: the highest position of an event, by partition.
        told: a line for each of the first rows that were refused or went into quarantine.
        first: the first event as it was, or would be, appended.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.heads: dict[int, int] = {}
        self.told: list[str] = []
        self.first: Document | None = None
        self._counts: dict[str, Counter[str]] = {}

    def begin(self, file: str) -> None:
        """Count a file in, also where it has no rows."""
        self._counts.setdefault(file, Counter())

    def add(self, file: str, one: Outcome) -> None:
        """Count an outcome that has been stored."""
        counts = self._counts[file]
        counts["rows"] += one.rows_count
        counts["skipped"] += len(one.rows) if one.skipped else 0
        receipt = one.receipt
        if receipt is None:
            return
        counts[receipt.status] += 1
        if receipt.partition is not None and receipt.sequence is not None:
            head = self.heads.get(receipt.partition, 0)
            self.heads[receipt.partition] = max(head, receipt.sequence)
        if one.event is not None and self.first is None:
            self.first = orjson.loads(one.event.canonical)
        if len(self.told) < SHOWN_MAX and receipt.status in {"rejected", "quarantined"}:
            self.told.append(clean(_refused(file, one) if one.faults else _aside(file, one)))

    def by_file(self) -> list[dict[str, Any]]:
        """A row for each file: rows, events by status, and rows that the mapping leaves out."""
        return [
            {"file": file} | {name: counts[name] for name in COUNTED}
            for file, counts in self._counts.items()
        ]

    def count(self, *names: str) -> int:
        """How many there were of these, in all files."""
        return sum(counts[name] for counts in self._counts.values() for name in names)

    @property
    def not_taken(self) -> int:
        """Events and rows that were refused or went into quarantine."""
        return self.count("rejected", "quarantined")

    def summary(self) -> list[str]:
        """What to say at the end of the rows that were not taken."""
        lines = list(self.told)
        if self.not_taken > len(self.told):
            lines.append(f"and {self.not_taken - len(self.told):,} more were not taken")
        return lines

    def where_kept(self) -> str | None:
        """Which commands read back what was not taken; None where all was."""
        kept = []
        if count := self.count("rejected"):
            kept.append(f"{plural(count, 'refused row')}: `tollbook rejected`")
        if count := self.count("quarantined"):
            kept.append(
                f"{plural(count, 'row')} in quarantine: `tollbook quarantine list`; corrected rows "
                "are superseded, other incidents under an id that was used are accepted"
            )
        return f"nothing is lost; {'; '.join(kept)}" if kept else None


def _refused(file: str, one: Outcome) -> str:
    """`rows.csv:12:deaths: 'a few' is no whole number ...`."""
    fault = one.faults[0]
    column = f":{fault.column}" if fault.column else ""
    more = f" (and {len(one.faults) - 1} more)" if len(one.faults) > 1 else ""
    return f"{file}:{one.rows[0].line}{column}: {fault.message}{_value(one, fault)}{more}"


def _value(one: Outcome, fault: CellFault) -> str:
    """What stands there, where the message does not say it."""
    value = one.rows[0].cells.get(fault.column)
    if value in (None, "") or repr(value) in fault.message:
        return ""
    text = repr(value)
    return f" (it is {text[:_VALUE_CHARS_MAX]}{'...' if len(text) > _VALUE_CHARS_MAX else ''})"


def _aside(file: str, one: Outcome) -> str:
    """`rows.csv:40: id '2014.MMP00042' was recorded with other content (...): it waits ...`."""
    receipt = one.receipt
    if receipt is None:
        raise ValueError("only what has a receipt is in quarantine")
    known = receipt.partition is not None
    where = f"sequence {receipt.sequence} of partition {receipt.partition}" if known else "here"
    return (
        f"{file}:{one.rows[0].line}: id {receipt.id!r} has other content before ({where}): "
        "it waits in quarantine"
    )
