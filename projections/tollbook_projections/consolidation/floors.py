"""How many at least: lower bounds from sets of figures that cannot be the same people (R9)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from tollbook_projections.consolidation.facts import Facts, contradicts
from tollbook_projections.consolidation.grid import Grid
from tollbook_projections.consolidation.interval import Interval, least_high
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.shape import AXES, apart
from tollbook_projections.consolidation.span import BEGINNING, END, Span
from tollbook_projections.consolidation.weights import heaviest
from tollbook_projections.consolidation.windows import Apart, Window, widest_first

BASE = ("base",)
"""Marks the span made of a region's base figure."""


class Floors:
    """Lower bounds over a grid, remembered by region and window.

    Every bound is the sum of figures (or of differences of figures) whose regions or windows are
    disjoint, so it can never exceed the truth if the figures are true.
    """

    def __init__(self, grid: Grid, *, leftovers: bool = True) -> None:
        """Take a grid.

        Args:
            grid: the figures.
            leftovers: whether what a total has beyond its parts counts. The highs that a leftover
                is worked out with are found without: a leftover would need leftovers of the same
                moment, and those it, without end. Lows that are smaller make highs larger and
                leftovers smaller, so it stays a lower bound.
        """
        self._grid = grid
        self._leftovers = leftovers
        self._without: Self | None = None
        self._low: dict[tuple[Region, datetime, datetime], int] = {}
        self._parts: dict[tuple[Region, datetime, datetime], int] = {}
        self._logs = any(facts.incidents is not None for facts in grid.facts.values())

    def low(self, region: Region, start: datetime = BEGINNING, end: datetime = END) -> int:
        """The least that figures wholly inside a window say of a region."""
        if start >= end:
            return 0
        key = (region, start, end)
        known = self._low.get(key)
        if known is None:
            base = self._grid.alone(region) if start is BEGINNING and end is END else None
            if base is not None:
                known = base.interval.low
            elif self._grid.inside(region):
                known = self._own_low(region, start, end)
            else:
                known = 0
            self._low[key] = known
        return known

    def parts_low(self, region: Region, start: datetime, end: datetime) -> int:
        """The same from the parts of a region alone."""
        if start >= end:
            return 0
        inside = self._grid.inside(region)
        alone = len(inside) == 0 or (len(inside) == 1 and inside[0] == region)
        if alone and (not inside or self._grid.facts[region].incidents is None):
            return 0
        key = (region, start, end)
        known = self._parts.get(key)
        if known is None:
            best = self._incidents(region, start, end) if self._logs else 0
            for axis in () if alone else AXES:
                best = max(best, self.axis_low(axis, region, start, end))
            known = self._parts[key] = best
        return known

    def axis_low(self, axis: str, region: Region, start: datetime, end: datetime) -> int:
        """The heaviest disjoint parts along one axis, leftovers of overlapping ones included."""
        outer = self._grid.outer(axis, region)
        if not outer:
            return 0
        if self._grid.pairwise_disjoint(outer):
            return sum([self.low(part, start, end) for part in outer])
        parts = self._grid.parts(axis, region)
        weighed = [((part, False), self.low(part, start, end)) for part in parts]
        if axis == "areas" and start == BEGINNING:
            weighed += [((part, True), self._leftover(part, end)) for part in parts]

        def disjoint(left: tuple[Region, bool], right: tuple[Region, bool]) -> bool:
            return self._apart(axis, left, right)

        return heaviest(weighed, disjoint)

    def beside(
        self, whole: Region, part: Region, end: datetime, start: datetime = BEGINNING
    ) -> int:
        """The least in `whole` that cannot be in `part`, in a window (R8)."""
        best = 0
        for order in (AXES, tuple(reversed(AXES))):
            total, at = 0, whole
            for axis in order:
                total += self._beside_along(axis, at, part, (start, end))
                at = narrowed(axis, at, part)
            best = max(best, total)
        return best

    def _beside_along(self, axis: str, whole: Region, part: Region, window: Window) -> int:
        lattice = self._grid.lattice
        parts, disjoint = self._grid.beside(axis, whole, part)
        if disjoint:
            return sum(self.low(other, *window) for other in parts)
        weighed = [(other, self.low(other, *window)) for other in parts]
        return heaviest(weighed, lambda left, right: apart(axis, left, right, lattice))

    def high_at(self, region: Region, moment: datetime) -> int | None:
        """The most there can have been by a moment: what figures at or after it leave."""
        highs: list[int | None] = []
        for other in (region, *self._grid.containing(region)):
            facts = self._grid.facts.get(other)
            step = facts.history.first_from(moment) if facts and facts.history else None
            if step is None or step.interval.high is None:
                continue
            beside = 0 if other == region else self.beside(other, region, moment)
            highs.append(max(0, step.interval.high - beside))
        return least_high(highs)

    def _own_low(self, region: Region, start: datetime, end: datetime) -> int:
        best = self.parts_low(region, start, end)
        facts = self._grid.facts.get(region)
        if facts is None:
            return best
        best = max(best, self._chain(region, facts, None, start, end))
        for root in self._roots(region, facts, start, end):
            chain = self._chain(region, facts, root, start, end)
            if self._conflicts(region, root):
                return chain
            best = max(best, chain)
        return best

    def since(self, moment: datetime) -> datetime:  # noqa: ARG002 - a stock asks for it
        """From when on figures say how many there were at a moment: a count never falls."""
        return BEGINNING

    def exceeded(self, region: Region, base: Step) -> bool:
        """Whether the parts known at a base's own as_of already exceed it (R6).

        What the parts may have counted before the base began to count is no part of it (R5).
        """
        high = base.interval.high
        if high is None:
            return False
        return self.parts_low(region, base.start or BEGINNING, base.as_of) > high

    def _conflicts(self, region: Region, root: Span) -> bool:
        """Parts that exceed a base: its low stays as printed (R6)."""
        if root.flags != BASE:
            return False
        history = self._grid.facts[region].history
        base = history.at(root.end) if history is not None else None
        return base is not None and self.exceeded(region, base)

    def _roots(
        self, region: Region, facts: Facts, start: datetime, end: datetime
    ) -> Iterable[Span]:
        """Cumulative values to build on: floors, then the base; from a later start the gain.

        A base that says when it began is looked at twice: with what was counted wholly before it
        (R5), and as one that began with its parts (decision 0008).
        """
        step = facts.history.at(end) if facts.history else None
        if start == BEGINNING:
            yield from (
                span for span in facts.floors if span.end <= end and not contradicts(span, step)
            )
        if facts.base is None or step is None or step.as_of <= start:
            return
        if start == BEGINNING:
            if step.start is not None:
                yield Span(step.start, step.as_of, step.interval, step.figures, BASE)
            yield Span(BEGINNING, step.as_of, step.interval, step.figures, BASE)
            return
        if step.start is not None and step.start >= start:
            yield Span(step.start, step.as_of, step.interval, step.figures, ())
            return
        before = self.high_at(region, start)
        if before is None or not self._same_beginning(region, step.start, start):
            return
        gain = step.interval.low - before
        if gain > 0:
            interval = Interval(gain, None, None)
            yield Span(start, step.as_of, interval, step.figures, ())

    def _same_beginning(self, region: Region, began: datetime | None, moment: datetime) -> bool:
        """Whether no figure used as the earlier bound began counting after this one."""
        for other in (region, *self._grid.containing(region)):
            facts = self._grid.facts.get(other)
            step = facts.history.first_from(moment) if facts and facts.history else None
            if step is None or step.start is None:
                continue
            if began is None or step.start > began:
                return False
        return True

    def _chain(
        self, region: Region, facts: Facts, root: Span | None, start: datetime, end: datetime
    ) -> int:
        taken, total = Apart(), 0
        if root is not None:
            taken.take((root.start, root.end))
            total += self._root_low(region, root)
        for span in widest_first((*facts.increments, *facts.floor_increments)):
            if start <= span.start and span.end <= end and taken.take((span.start, span.end)):
                inner = self.parts_low(region, span.start, span.end)
                total += max(span.interval.low, inner)
        gaps = taken.gaps(since(root, start), end)
        return total + sum(self.parts_low(region, *gap) for gap in gaps)

    def _root_low(self, region: Region, root: Span) -> int:
        if self._conflicts(region, root):
            return root.interval.low
        return max(root.interval.low, self.parts_low(region, root.start, root.end))

    def _incidents(self, region: Region, start: datetime, end: datetime) -> int:
        """Different incidents are different people, wherever they were (R11)."""
        logs = (self._grid.facts[other].incidents for other in self._grid.inside(region))
        return sum(log.low_between(start, end) for log in logs if log is not None)

    @property
    def _plain(self) -> Self:
        """The same bounds without leftovers."""
        if self._without is None:
            self._without = self._made_plain()
        return self._without

    def _made_plain(self) -> Self:
        return type(self)(self._grid, leftovers=False)

    def _leftover(self, region: Region, end: datetime) -> int:
        """What of a multi-area base cannot be in its known parts (R6), where that is certain."""
        if not self._leftovers:
            return 0
        facts = self._grid.facts.get(region)
        step = facts.history.at(end) if facts and facts.base and facts.history else None
        if step is None or len(region.areas) == 1:
            return 0
        left = step.interval.low
        for part in self._grid.outer("areas", region):
            high = self._plain.high_at(part, step.as_of)
            if high is None or not self._same_beginning(part, step.start, step.as_of):
                return 0
            left -= high
        return max(0, left)

    def _apart(self, axis: str, left: tuple[Region, bool], right: tuple[Region, bool]) -> bool:
        (one, one_left), (two, two_left) = left, right
        if apart(axis, one, two, self._grid.lattice):
            return True
        if one == two or not (one_left or two_left):
            return False
        return (one_left and self._covered(one, two)) or (two_left and self._covered(two, one))

    def _covered(self, whole: Region, other: Region) -> bool:
        """Whether all that two area sets share lies in known parts of the first."""
        lattice = self._grid.lattice
        known = self._grid.outer("areas", whole)
        for shared in shared_areas(whole, other, self._grid):
            if not any(lattice.areas_inside((shared,), part.areas) for part in known):
                return False
        return True


def shared_areas(left: Region, right: Region, grid: Grid) -> list[str]:
    """The areas two area sets have in common, at the deeper of the two levels."""
    contains = grid.lattice.contains
    shared = []
    for one in left.areas:
        for two in right.areas:
            if contains(one, two):
                shared.append(two)
            elif contains(two, one):
                shared.append(one)
    return shared


def since(root: Span | None, start: datetime) -> datetime:
    """Since when parts add to a root: figures of theirs that say no beginning began with it."""
    return root.start if root is not None and root.flags == BASE else start


def narrowed(axis: str, at: Region, part: Region) -> Region:
    """A region with one axis (`AXES`) of another."""
    match axis:
        case "areas":
            return at._replace(areas=part.areas)
        case "segment":
            return at._replace(segment=part.segment)
        case _:
            return at._replace(flow=part.flow)
