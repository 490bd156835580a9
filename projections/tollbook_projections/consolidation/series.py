"""A series: the values one originator gave for the same thing, and which of them is current."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice

from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.consolidation.interval import Interval


@dataclass(frozen=True, slots=True)
class Step:
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


@dataclass(slots=True)
class Series:
    """Claims in order of as_of, with the steps they make and the marks they earn.

    A claim at the end, the usual case, costs one step; a late claim or an editorial event
    recomputes the steps after its place, in this series only.
    """

    claims: list[Claim] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _figures: Counter[str] = field(default_factory=Counter)
    _seen: dict[Interval, int] = field(default_factory=dict)
    _wholes: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _changed: tuple[datetime, datetime] | None = None

    def put(self, claim: Claim) -> None:
        """Adds a claim in its place."""
        insort(self.claims, claim, key=_order)
        self._figures[claim.figure] += 1
        self._touch(claim)

    def remove(self, claim: Claim) -> None:
        """Takes a claim out; it must be there."""
        self.claims.remove(claim)
        self._figures[claim.figure] -= 1
        self.marks.pop(claim.figure, None)
        self._touch(claim)

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

    def settle(self) -> None:
        """Brings the steps up to date with the claims."""
        if self._changed is None:
            return
        changed, self._changed = self._changed, None
        first = bisect_left(self.claims, changed, key=lambda claim: claim.order[:2])
        keep = bisect_left(self.steps, changed, key=lambda step: (step.as_of, step.published))
        del self.steps[keep:]
        self._seen = {value: at for value, at in self._seen.items() if at < keep}
        for claim in self.claims[first:]:
            self.marks.pop(claim.figure, None)
        for _, group in groupby(islice(self.claims, first, None), key=_one_time):
            self._take(list(group))

    def _touch(self, claim: Claim) -> None:
        if claim.part_of is not None:
            self._wholes[claim.part_of] = min(
                claim.order[:2], self._wholes.get(claim.part_of, claim.order[:2])
            )
        when = min(claim.order[:2], self._wholes.get(claim.figure, claim.order[:2]))
        self._changed = when if self._changed is None else min(self._changed, when)

    def _take(self, group: list[Claim]) -> None:
        parts = [claim for claim in group if self._figures[claim.part_of or ""] > 0]
        group = [claim for claim in group if claim not in parts]
        value = _value_of(group)
        if value is None:
            return
        interval, flags, used = value
        current = self.steps[-1] if self.steps else None
        if group[0].relay and current is not None and not any(claim.forced for claim in group):
            mark = self._relay_mark(interval, current)
            if mark is not None:
                self._mark(group, mark)
                return
        if current is not None and not group[0].relay and _same_time(current, group[0]):
            interval, flags, used = _merge(current, interval, flags, used)
            self.steps.pop()
        elif current is not None and _falls(current.interval, interval, group):
            flags = (*flags, "unexplained_fall")
            self._mark(group, "unexplained_fall")
        if "ambiguous_series" in flags:
            self._mark(group, "ambiguous_series")
        last = group[-1]
        self.steps.append(
            Step(*last.order[:2], _earliest(group), last.end, interval, tuple(used), flags)
        )
        self._seen.setdefault(interval, len(self.steps) - 1)

    def _relay_mark(self, interval: Interval, current: Step) -> str | None:
        if interval == current.interval:
            return None
        if interval in self._seen:
            return "stale_relay"
        return "held_relay" if interval.point < current.interval.point else None

    def _mark(self, group: list[Claim], mark: str) -> None:
        for claim in group:
            marks = self.marks.get(claim.figure, ())
            if mark not in marks:
                self.marks[claim.figure] = (*marks, mark)


def _same_time(step: Step, claim: Claim) -> bool:
    return (step.as_of, step.published) == claim.order[:2]


def _order(claim: Claim) -> tuple[datetime, datetime, bool, str, str, int]:
    return claim.order


def _as_of(step: Step) -> datetime:
    return step.as_of


def _one_time(claim: Claim) -> tuple[object, ...]:
    """Own claims of one time stand together; each relaying report stands alone."""
    return (*claim.order[:3], claim.event if claim.relay else "")


def _earliest(group: list[Claim]) -> datetime | None:
    starts = [claim.start for claim in group]
    return None if None in starts else min(start for start in starts if start is not None)


def _falls(old: Interval, new: Interval, group: list[Claim]) -> bool:
    first = group[0]
    if first.series.basis != "cumulative" or any(claim.explained for claim in group):
        return False
    return new.point < old.point


def _merge(
    current: Step, interval: Interval, flags: tuple[str, ...], used: list[str]
) -> tuple[Interval, tuple[str, ...], list[str]]:
    together = list(dict.fromkeys((*current.figures, *used)))
    kept = tuple(dict.fromkeys((*current.flags, *flags)))
    if interval == current.interval:
        return interval, kept, together
    return current.interval.hull(interval), (*kept, "ambiguous_series"), together


def _value_of(group: list[Claim]) -> tuple[Interval, tuple[str, ...], list[str]] | None:
    """The value several claims of one time make: attributions added, else the hull."""
    counted = [claim for claim in group if claim.interval is not None]
    by_attribution: dict[str | None, list[Claim]] = {}
    for claim in counted:
        by_attribution.setdefault(claim.attribution, []).append(claim)
    if not by_attribution:
        return None
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
    return total, flags, [claim.figure for claim in counted]


def _hull(claims: list[Claim]) -> Interval:
    intervals = [claim.interval for claim in claims if claim.interval is not None]
    whole = intervals[0]
    for interval in intervals[1:]:
        whole = whole.hull(interval)
    return whole
