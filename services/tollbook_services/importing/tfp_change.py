"""One change of Tech for Palestine's published rows: which commit, which day and column, what."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tollbook_services.importing.cells import choice, day, needed, refused, text, whole
from tollbook_services.importing.reports import exactly
from tollbook_services.importing.rows import Document, Row
from tollbook_services.importing.tfp_fields import AREAS, FIELDS, FLASH_SOURCE, Territory

WHOLE: Final = "__row__"
"""`field` of a change of the row itself: it was deleted."""

_RENAMED: Final = ("martyred", "killed")
"""A word in the names of columns until 19 January 2024, and the one since: the same column."""

_COMMIT_CHARS: Final = 12
"""Of the commit in ids of events: 48 bits, and the day beside them."""

_TERRITORIES: Final[dict[str, Territory]] = {territory: territory for territory in AREAS}


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the file.

    Attributes:
        row: the row.
        territory: where.
        day: the report's, as an ISO date.
        commit: the first letters of the commit.
        at: when it was committed.
        committed_at: the same as it stands there.
        column: the name that the column has today.
        old: the text before; None for nothing.
        new: the text after; None for nothing.
    """

    row: Row
    territory: Territory
    day: str
    commit: str
    at: datetime
    committed_at: str
    column: str
    old: str | None
    new: str | None

    @classmethod
    def of(cls, row: Row) -> "Change":
        """Read a row.

        Raises:
            RowError: it is no change of something that was published.
        """
        territory = choice(row, "area", _TERRITORIES)
        found = day(row, "report_date")
        when = found.isoformat() if found else needed(row, "report_date")
        at = _moment(row)
        for name in ("old_value", "new_value"):
            if name not in row.cells:
                raise refused(name, "is missing: a change has a value before and one after")
        column = needed(row, "field").replace(*_RENAMED)
        change = cls(
            row=row,
            territory=territory,
            day=when,
            commit=needed(row, "commit")[:_COMMIT_CHARS],
            at=at,
            committed_at=needed(row, "committed_at"),
            column=column,
            old=text(row, "old_value"),
            new=text(row, "new_value"),
        )
        if change.counts:
            change.quantity("old_value")
            change.quantity("new_value")
        return change

    @property
    def counts(self) -> bool:
        """Whether the column counts people."""
        return self.column in FIELDS[self.territory]

    @property
    def names_source(self) -> bool:
        """Whether it is about who said the flash figures."""
        return self.territory == "west_bank" and self.column == FLASH_SOURCE

    @property
    def deletes(self) -> bool:
        """Whether the whole row was deleted."""
        return self.column == WHOLE and self.new == "deleted"

    @property
    def told(self) -> str:
        """`killed_cum: 2450 -> 2670`, by the name that the column had."""
        name = needed(self.row, "field")
        return f"{name}: {self.old or 'nothing'} -> {self.new or 'nothing'}"

    def quantity(self, side: str) -> Document | None:
        """How many stood there before or after; None for nothing.

        A number below 0 that was replaced, of people of one day, is what the publisher worked out
        from a cumulative that had fallen: it is kept as printed, and says no number.

        Args:
            side: `old_value` or `new_value`.
        """
        printed = self.old if side == "old_value" else self.new
        if printed is None:
            return None
        if side == "old_value" and printed.startswith("-") and printed[1:].isdecimal():
            return {"qualifier": "unknown", "text": printed}
        return exactly(whole(self.row, side) or 0)


def _moment(row: Row) -> datetime:
    printed = needed(row, "committed_at")
    wanted = "write it as in 2024-02-18T14:34:33-05:00"
    try:
        found = datetime.fromisoformat(printed)
    except ValueError:
        raise refused("committed_at", f"{printed!r} is no date and time: {wanted}") from None
    if found.tzinfo is None:
        raise refused("committed_at", f"{printed!r} does not say its offset: {wanted}")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise refused("committed_at", f"{printed!r} is out of range: {wanted}") from None
