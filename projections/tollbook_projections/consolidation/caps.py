"""How many at most: what the figures around a region leave it (R8)."""

from datetime import datetime
from typing import TYPE_CHECKING

from tollbook_projections.consolidation.floors import within
from tollbook_projections.consolidation.interval import add_high
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.span import BEGINNING, END

if TYPE_CHECKING:
    from tollbook_projections.consolidation.solver import Solver

Cap = tuple[int | None, Region]
"""A high, None for open, and the containing region it comes from."""


def base_caps(solver: "Solver", region: Region, since: datetime) -> list[Cap]:
    """What the current containing bases leave a region.

    Current are those of the latest as_of, if not older than the region's own: an earlier one
    knows nothing of what the later one counted since.
    """
    bases = [
        (other, base)
        for other in solver.grid.containing(region)
        if (base := solver.facts[other].base) is not None and base.as_of >= since
    ]
    latest = max((base.as_of for _, base in bases), default=since)
    caps: list[Cap] = []
    for other, base in bases:
        if base.as_of < latest:
            continue
        high = solver.base_high(other, base)
        if high is not None:
            high = max(0, high - solver.floors.beside(other, region, base.as_of))
            for item in [] if solver.stock else solver.news(region, base.as_of):
                high = add_high(high, item.high)
            high = add_high(high, 0 if solver.stock else around(solver, region, base.as_of))
        caps.append((high, other))
    return caps


def window_caps(solver: "Solver", region: Region) -> list[Cap]:
    """The same for a region that only increments speak of: what the latest of them leave it."""
    windows = [
        (other, max(span.end for span in solver.facts[other].increments))
        for other in solver.grid.containing(region, with_base=False)
    ]
    latest = max((end for _, end in windows), default=BEGINNING)
    caps: list[Cap] = []
    for other, end in windows:
        if end == latest:
            high = solver.value(other).interval.high
            if high is not None:
                high = max(0, high - solver.floors.beside(other, region, END))
            caps.append((high, other))
    return caps


def around(solver: "Solver", region: Region, since: datetime) -> int | None:
    """What increments of containing regions may have added to a region after a moment.

    A window for which the region has its own increment adds nothing.
    """
    facts = solver.facts.get(region)
    own = [(span.start, span.end) for span in facts.increments] if facts is not None else []
    most: int | None = 0
    for other in (
        *solver.grid.containing(region),
        *solver.grid.containing(region, with_base=False),
    ):
        high: int | None = 0
        for span in solver.facts[other].increments:
            if span.end > since and not within((span.start, span.end), own):
                left = span.interval.high
                if left is not None:
                    beside = solver.floors.beside(other, region, span.end, span.start)
                    left = max(0, left - beside)
                high = add_high(high, left)
        most = None if most is None or high is None else max(most, high)
    return most
