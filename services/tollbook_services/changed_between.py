"""What changed between two moments of the ledger: each cell, and the events that moved it.

The events up to the earlier moment are folded at once, those after it one by one, as the projector
would have, and what the change feed would have told of each is collected.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tollbook_schemas.errors import UsageError
from tollbook_services.checkpoint import CommitResult, Step
from tollbook_services.folding import FoldFactory, Lane
from tollbook_services.ledger import Ledger
from tollbook_services.memory_rows import MemoryRows
from tollbook_services.page_items import page_item
from tollbook_services.pages import STEP_EVENTS, Pages
from tollbook_services.position import LedgerPosition

EVENTS_MAX: Final = 20_000
"""Events of a partition between two moments: each is folded in a step of its own, and in a crisis
with very many incidents one such step takes up to 0.1 s."""

Progress = Callable[[int, int], None]
"""Told how many events were folded, and how many there are."""

Change = dict[str, Any]
"""A document of the change feed."""


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """A cell that reads differently at two moments.

    Attributes:
        cell: what identifies it (CONTRACT, Views).
        before: its numbers and flags at the earlier moment; None where there was none.
        after: at the later one; None where there is none any more.
        steps: each change of these in between, oldest first, as the change feed tells it.
    """

    cell: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    steps: list[Change] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether the numbers and flags are others; they may have gone and come back."""
        return self.before != self.after


async def changed_between(
    ledger: Ledger,
    factory: FoldFactory,
    crisis: str,
    span: tuple[int, int, int],
    progress: Progress | None = None,
    *,
    events_max: int | None = None,
) -> list[ChangedCell]:
    """The cells of a crisis that changed, in order of their identity.

    Args:
        ledger: of the events.
        factory: makes the fold of the figures.
        crisis: whose cells.
        span: its partition, and the sequences that were known at the two moments.
        progress: told after each event.
        events_max: how many events there may be between the moments; None for `EVENTS_MAX`.

    Raises:
        UsageError: too many events lie between the moments.
    """
    partition, first, last = span
    limit = EVENTS_MAX if events_max is None else events_max
    if last - first > limit:
        raise UsageError(
            f"{last - first:,} events lie between these moments, and each is folded by itself: "
            f"choose moments with {limit:,} between them at most"
        )
    rows = _TellingRows(ledger.id)
    lane = Lane(rows, partition, factory)
    pages = Pages(ledger, partition, STEP_EVENTS)
    try:
        while lane.position < last:
            upto = first if lane.position < first else last
            entries = await pages.entries_after(lane.position, upto)
            items = [page_item(entry) for entry in entries]
            rows.telling = lane.position >= first
            for step in [[item] for item in items] if rows.telling else [items]:
                await lane.advance(step)
                if progress is not None:
                    progress(lane.position, last)
    finally:
        await pages.close()
    return _by_cell([change for change in rows.told if change["crisis"] == crisis])


class _TellingRows(MemoryRows):
    """Rows in memory that keep what the change feed would tell."""

    def __init__(self, ledger_id: str) -> None:
        super().__init__(ledger_id)
        self._id = ledger_id
        self.telling = False
        self.told: list[Change] = []

    def position(self, partition: int, sequence: int) -> str | None:
        """A token of a place, while changes are told."""
        return LedgerPosition(self._id, partition, sequence).token() if self.telling else None

    async def commit(self, partition: int, projection: str, step: Step) -> CommitResult:
        """As in memory, and keeps what the step tells."""
        self.told += map(orjson.loads, step.feed)
        return await super().commit(partition, projection, step)


def _by_cell(changes: list[Change]) -> list[ChangedCell]:
    found: dict[bytes, list[Change]] = {}
    for change in changes:
        if change["before"] == change["after"]:
            continue  # the same numbers rest on other figures
        found.setdefault(orjson.dumps(change["cell"]), []).append(change)
    cells = [
        ChangedCell(steps[0]["cell"], steps[0]["before"], steps[-1]["after"], steps)
        for _, steps in sorted(found.items())
    ]
    return [one for one in cells if one.differs]
