"""A series: the values one originator gave for the same thing, and which of them is current."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.consolidation.interval import Interval


class Step(NamedTuple):
    """A value that became current, and until when nothing replaced it.

    Attributes:
        figures: the claims it was made of.
        start: start of the window, None where not given.
    """

    as_of: datetime
    published: datetime
    start: datetime | None
    end: datetime
    interval: Interval
    figures: tuple[str, ...]
    flags: tuple[str, ...]

    def holds(self, claim: Claim) -> bool:
        """Whether it was made of a claim of its series."""
        return claim.order[:2] == (self.as_of, self.published) and claim.figure in self.figures


HELD = frozenset({"stale_relay", "held_relay"})
"""Marks of relays that change nothing (R16)."""


@dataclass(slots=True)
class Series:
    """Claims in order of as_of, with the steps they make and the marks they earn.

    A claim at the end, the usual case, costs one step; a late claim or an editorial event
    recomputes the steps after its place, in this series only.

    Attributes:
        claims: in order; a figure has several here if it says something of several moments.
        steps: the values that became current, in order.
        marks: `stale_relay`, `held_relay`, `unexplained_fall` and `ambiguous_series`, of claims.
    """

    claims: list[Claim] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    marks: dict[Claim, tuple[str, ...]] = field(default_factory=dict)
    _figures: Counter[str] | None = None
    """How often each figure is there; counted once the first part of another figure comes."""
    _seen: dict[Interval, int] | None = None
    """The step that first had a value; kept from the first relay on."""
    _wholes: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _changed: tuple[datetime, datetime] | None = None

    def put(self, claim: Claim) -> None:
        """Adds a claim in its place."""
        claims = self.claims
        if not claims or claims[-1].order <= claim.order:
            claims.append(claim)
        else:
            insort(claims, claim, key=_order)
        if claim.relay and self._seen is None:
            self._seen = {}
            self._changed = claims[0].order[:2]
        if self._figures is not None:
            self._figures[claim.figure] += 1
        elif claim.part_of is not None:
            self._figures = Counter(one.figure for one in claims)
        self._touch(claim)

    def remove(self, claim: Claim) -> None:
        """Takes a claim out; it must be there."""
        self.claims.remove(claim)
        if self._figures is not None:
            self._figures[claim.figure] -= 1
        if self.marks:
            self.marks.pop(claim, None)
        self._touch(claim)

    def last(self) -> Step | None:
        """The current value, as of now."""
        self.settle()
        return self.steps[-1] if self.steps else None

    def at(self, moment: datetime) -> Step | None:
        """The current value as of a moment: nothing later than it counts."""
        self.settle()
        index = bisect_right(self.steps, moment, key=_as_of)
        return self.steps[index - 1] if index else None

    def first_from(self, moment: datetime) -> Step | None:
        """The value at a moment, else the first one after it."""
        self.settle()
        index = bisect_right(self.steps, moment, key=_as_of)
        if index and self.steps[index - 1].as_of == moment:
            return self.steps[index - 1]
        return self.steps[index] if index < len(self.steps) else None

    def counting(self) -> Iterator[Claim]:
        """The claims that its steps were made of, in order."""
        self.settle()
        for claim in self.claims:
            held = HELD.intersection(self.marks.get(claim, ()))
            if claim.interval is not None and not held and not self._part(claim):
                yield claim

    def settle(self) -> None:
        """Brings the steps up to date with the claims."""
        if self._changed is None:
            return
        changed, self._changed = self._changed, None
        claims, steps = self.claims, self.steps
        if len(claims) == 1 and not (steps or self.marks):
            self._take(claims)
            return
        first = bisect_left(claims, changed, key=_time)
        keep = bisect_left(steps, changed, key=_step_time)
        if keep < len(steps):
            del steps[keep:]
            if self._seen is not None:
                self._seen = {value: at for value, at in self._seen.items() if at < keep}
        later = claims[first:]
        if self.marks:
            for claim in later:
                self.marks.pop(claim, None)
        for _, group in groupby(later, key=_one_time):
            self._take(list(group))

    def _touch(self, claim: Claim) -> None:
        when = claim.order[:2]
        if claim.part_of is not None:
            self._wholes[claim.part_of] = min(when, self._wholes.get(claim.part_of, when))
        if self._wholes:
            when = min(when, self._wholes.get(claim.figure, when))
        if self._changed is None or when < self._changed:
            self._changed = when

    def _part(self, claim: Claim) -> bool:
        """Whether it is part of another figure of the series, so no revision."""
        return self._figures is not None and self._figures[claim.part_of or ""] > 0

    def _take(self, group: list[Claim]) -> None:
        if self._figures is not None:
            group = [claim for claim in group if not self._part(claim)]
        value = _value_of(group)
        if value is None:
            return
        interval, flags, used = value
        current = self.steps[-1] if self.steps else None
        first = group[0]
        if first.relay and current is not None and not any(claim.forced for claim in group):
            mark = self._relay_mark(interval, current)
            if mark is not None:
                self._mark(group, mark)
                return
        if current is not None and _falls(current.interval, interval, group):
            flags = (*flags, "unexplained_fall")
            self._mark(group, "unexplained_fall")
        if "ambiguous_series" in flags:
            self._mark(group, "ambiguous_series")
        last = group[-1]
        self.steps.append(Step(*last.order[:2], _earliest(group), last.end, interval, used, flags))
        if self._seen is not None:
            self._seen.setdefault(interval, len(self.steps) - 1)

    def _relay_mark(self, interval: Interval, current: Step) -> str | None:
        if interval == current.interval:
            return None
        if self._seen is not None and interval in self._seen:
            return "stale_relay"
        return "held_relay" if interval.point < current.interval.point else None

    def _mark(self, group: list[Claim], mark: str) -> None:
        for claim in group:
            marks = self.marks.get(claim, ())
            if mark not in marks:
                self.marks[claim] = (*marks, mark)


Valued = tuple[Interval, tuple[str, ...], tuple[str, ...]]
"""What claims of one time come to: the value, its flags, and the figures it was made of."""


def _order(claim: Claim) -> tuple[datetime, datetime, bool, str, int, int]:
    return claim.order


def _time(claim: Claim) -> tuple[datetime, datetime]:
    return claim.order[:2]


def _step_time(step: Step) -> tuple[datetime, datetime]:
    return step.as_of, step.published


def _as_of(step: Step) -> datetime:
    return step.as_of


def _one_time(claim: Claim) -> tuple[object, ...]:
    """Own claims of one time stand together; each relaying report stands alone."""
    return (*claim.order[:3], claim.event if claim.relay else "")


def _earliest(group: list[Claim]) -> datetime | None:
    if len(group) == 1:
        return group[0].start
    starts = [claim.start for claim in group]
    return None if None in starts else min(start for start in starts if start is not None)


def _falls(old: Interval, new: Interval, group: list[Claim]) -> bool:
    first = group[0]
    if first.series.basis != "cumulative" or any(claim.explained for claim in group):
        return False
    return new.point < old.point


def _value_of(group: list[Claim]) -> Valued | None:
    """The value several claims of one time make: attributions added, else the hull."""
    counted = [claim for claim in group if claim.interval is not None]
    if not counted:
        return None
    first = counted[0]
    if len(counted) == 1 and first.interval is not None:
        return first.interval, first.flags, (first.figure,)
    used = tuple(claim.figure for claim in counted)
    by_attribution: dict[str | None, list[Claim]] = {}
    for claim in counted:
        by_attribution.setdefault(claim.attribution, []).append(claim)
    flags = tuple(dict.fromkeys(flag for claim in counted for flag in claim.flags))
    hulls = {key: _hull(claims) for key, claims in by_attribution.items()}
    ambiguous = any(len({claim.interval for claim in one}) > 1 for one in by_attribution.values())
    attributed = [interval for key, interval in hulls.items() if key is not None]
    total = hulls.get(None)
    if attributed:
        summed = sum(attributed[1:], start=attributed[0])
        ambiguous = ambiguous or (total is not None and total != summed)
        total = summed if total is None else total.hull(summed)
    if total is None:
        return None
    if ambiguous:
        flags = (*flags, "ambiguous_series")
        total = Interval(total.low, None, total.high)
    return total, flags, used


def _hull(claims: list[Claim]) -> Interval:
    intervals = [claim.interval for claim in claims if claim.interval is not None]
    whole = intervals[0]
    for interval in intervals[1:]:
        whole = whole.hull(interval)
    return whole
