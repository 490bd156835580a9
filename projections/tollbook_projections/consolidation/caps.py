"""How many at most: what the figures around a region leave it (R8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.interval import add_high
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.span import BEGINNING, END, Span
from tollbook_projections.consolidation.windows import ADJACENT, within

if TYPE_CHECKING:
    from tollbook_projections.consolidation.solver import Solver

Cap = tuple[int | None, Region]
"""A high, None for open, and the containing region it comes from."""


def base_caps(solver: "Solver", region: Region, since: datetime) -> list[Cap]:
    """What the current containing bases leave a region; see `current_bases`."""
    caps: list[Cap] = []
    for other, base in current_bases(solver, region, since):
        high = solver.base_high(other, base)
        if high is not None:
            high = max(0, high - solver.floors.beside(other, region, base.as_of))
            for item in [] if solver.stock else solver.news(region, base.as_of):
                high = add_high(high, item.high)
            high = add_high(high, 0 if solver.stock else around(solver, region, base))
        caps.append((high, other))
    return caps


def current_bases(solver: "Solver", region: Region, since: datetime) -> list[tuple[Region, Step]]:
    """The containing bases that bound a region.

    They are those of the latest as_of, if not older than the region's own: an earlier one knows
    nothing of what the later one counted since. Of these it is those that began first, and not
    after the region's own up to then: a later one knows nothing of what was counted before (R5).
    """
    bases = [
        (other, base)
        for other in solver.grid.containing(region)
        if (base := solver.facts[other].base) is not None and base.as_of >= since
    ]
    if not bases or solver.stock:
        return _latest(bases)
    current = _latest(bases)
    first = min(_began(base) for _, base in current)
    facts = solver.facts.get(region)
    if facts is not None:
        first = min(first, _own_beginning(facts, current[0][1].as_of))
    return [(other, base) for other, base in current if _began(base) <= first]


def _latest(bases: list[tuple[Region, Step]]) -> list[tuple[Region, Step]]:
    latest = max((base.as_of for _, base in bases), default=END)
    return [(other, base) for other, base in bases if base.as_of == latest]


def _own_beginning(facts: Facts, until: datetime) -> datetime:
    """Since when a region's own figures count, of those that reach a moment."""
    base = facts.base
    starts = [_began(base)] if base is not None and base.as_of >= until else []
    starts += [span.start for span in facts.increments if span.end >= until]
    return min(starts, default=END)


def window_caps(solver: "Solver", region: Region) -> list[Cap]:
    """The same for a region that only increments speak of: what the latest of them leave it."""
    caps: list[Cap] = []
    for other in current_windows(solver, region):
        high = solver.value(other).interval.high
        if high is not None:
            high = max(0, high - solver.floors.beside(other, region, END))
        caps.append((high, other))
    return caps


def current_windows(solver: "Solver", region: Region) -> list[Region]:
    """The containing regions whose increments last longest, and of these reach back furthest.

    Increments with a gap know nothing of what happened in it: they reach back to that only.
    """
    found = [
        (other, *_reach(solver.facts[other].increments))
        for other in solver.grid.containing(region, with_base=False)
    ]
    latest = max((end for _, _, end in found), default=BEGINNING)
    first = min((start for _, start, end in found if end == latest), default=END)
    return [other for other, start, end in found if (start, end) == (first, latest)]


def incident_caps(solver: "Solver", region: Region) -> list[Cap]:
    """What sums of incidents leave a region of which these have narrower figures (R11).

    An incident of three, one of them a woman, makes one woman at least, and as many at most as all
    incidents leave. Empty where anything else is said of the region or around it.
    """
    grid, lattice = solver.grid, solver.lattice
    if solver.stock or grid.containing(region) or grid.containing(region, with_base=False):
        return []
    sums = [other for other in grid.held(region) if solver.facts[other].incidents is not None]
    wholes = solver.wholes(region) if sums else set()
    caps: list[Cap] = []
    for other in sums:
        if wholes and all(lattice.inside(whole, other) for whole in wholes):
            high = solver.value(other).interval.high
            if high is not None:
                high = max(0, high - solver.floors.beside(other, region, END))
            caps.append((high, other))
    return caps


def around(solver: "Solver", region: Region, base: Step | None) -> int | None:
    """What increments of containing regions may have added to a region beside a base figure.

    A window for which the region has its own increment adds nothing.
    """
    most: int | None = 0
    for other in (
        *solver.grid.containing(region),
        *solver.grid.containing(region, with_base=False),
    ):
        high: int | None = 0
        for span in spans_beside(solver, region, other, base):
            left = span.interval.high
            if left is not None:
                beside = solver.floors.beside(other, region, span.end, span.start)
                left = max(0, left - beside)
            high = add_high(high, left)
        most = None if most is None or high is None else max(most, high)
    return most


def spans_beside(solver: "Solver", region: Region, other: Region, base: Step | None) -> list[Span]:
    """The increments of a containing region that reach beyond what a base counted.

    All of them where there is no base; none that an increment of the region itself covers.
    """
    facts = solver.facts.get(region)
    own = [(span.start, span.end) for span in facts.increments] if facts is not None else []
    since = base.as_of if base is not None else BEGINNING
    began = _began(base) if base is not None else BEGINNING
    return [
        span
        for span in solver.facts[other].increments
        if (span.end > since or span.start < began) and not within((span.start, span.end), own)
    ]


def _began(base: Step) -> datetime:
    return base.start or BEGINNING


def _reach(spans: Sequence[Span]) -> tuple[datetime, datetime]:
    """The latest time that increments cover without a gap."""
    end = max(span.end for span in spans)
    start = end
    for span in sorted(spans, key=lambda span: span.end, reverse=True):
        if span.end + ADJACENT >= start:
            start = min(start, span.start)
    return start, end
