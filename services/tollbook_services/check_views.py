"""Looks at the views: positions, and that every way of folding the ledger gives the same rows."""

from collections.abc import Iterable
from typing import Final

from tollbook_services.invariants import Invariant, Tally
from tollbook_services.replay import Progress, replay
from tollbook_services.wiring import Tollbook

PAGE_SIZES: Final = (1, 7, 97, 500)
"""Events folded in one step: where pages are cut must make no difference to any row."""

PAGES_MAX: Final = 1_000
"""Pages of one fold, but for the largest: each costs a solution of the crises that it touches."""


def page_sizes(events: int) -> tuple[int, ...]:
    """The page sizes to fold a ledger of so many events with."""
    *small, largest = PAGE_SIZES
    return (*(size for size in small if events <= size * PAGES_MAX), largest)


async def check_positions(book: Tollbook) -> list[Invariant]:
    """Look at each projection's position: of this ledger, and not beyond its head."""
    tally = Tally("positions", "no view is of another ledger or of events that are not there")
    for partition in range(book.ledger.partitions):
        head = await book.ledger.head(partition)
        for name in book.projections.values():
            tally.checked += 1
            position = (await book.readmodels.checkpoint(partition, name)).sequence
            if position > head:
                tally.fault(
                    f"{name} of partition {partition} stands at {position:,}, the head is {head:,}"
                )
    return [tally.result()]


async def check_folds(
    book: Tollbook, sizes: Iterable[int], progress: Progress | None = None
) -> list[Invariant]:
    """Fold all events anew, once for each page size, and compare with the live rows.

    What no fold can take has to be parked live and anew, at the same sequences.
    """
    found = []
    for size in sizes:
        tally = Tally(
            f"views, pages of {size:,}",
            "live rows are those of a fold from the first event on",
        )
        result = await replay(book.ledger, book.readmodels, book.folds, progress, page_size=size)
        tally.checked = result.events
        for difference in result.differences:
            tally.fault(difference)
        for _ in range(result.differences_count - len(result.differences)):
            tally.fault("a further difference")
        if result.behind:
            tally.fault(f"the views have not folded the last {result.behind:,} events")
        found.append(tally.result())
    return found
