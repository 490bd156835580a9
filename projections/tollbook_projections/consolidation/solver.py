"""One originator's sheet solved: low / best / high of any region (R4-R11, R13, R14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tollbook_projections.consolidation.book import BEGINNING, END, Sheet
from tollbook_projections.consolidation.facts import Facts, facts_of, without_history
from tollbook_projections.consolidation.floors import ADJACENT, Floors, shared_areas
from tollbook_projections.consolidation.grid import AXES, Grid, widest
from tollbook_projections.consolidation.interval import Interval, add_high, least_high
from tollbook_projections.consolidation.news import News, gather
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.stock import StockFloors


@dataclass(frozen=True, slots=True)
class Value:
    """What one originator's figures say of a region.

    Attributes:
        complete: a complete figure speaks of exactly this region (R12, comparable).
        rules: the rules that made it, by number.
        figures: the figures it rests on.
        as_of: the latest cut-off among them, None where there is none.
        oldest: the earliest cut-off among them.
        floor: partial or placed figures only.
    """

    interval: Interval
    complete: bool = False
    floor: bool = False
    flags: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    figures: frozenset[str] = frozenset()
    as_of: datetime | None = None
    oldest: datetime | None = None


@dataclass(slots=True)
class _Draft:
    """A value under construction."""

    best: int | None
    high: int | None
    complete: bool = False
    flags: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    as_ofs: list[datetime] = field(default_factory=list)


class Solver:
    """Values over one sheet. Holds no more than it can compute again from the sheet."""

    def __init__(self, sheet: Sheet, lattice: Lattice, *, stock: bool) -> None:
        found = facts_of(sheet, lattice)
        self.named = tuple(found)
        self.facts: Mapping[Region, Facts] = without_history(found, lattice)
        self.lattice = lattice
        self.grid = Grid(self.facts, lattice)
        self.floors: Floors = StockFloors(self.grid) if stock else Floors(self.grid)
        self.stock = stock
        self._values: dict[Region, Value] = {}
        self._conflicts: dict[Region, bool] = {}
        self._news: dict[tuple[Region, datetime], list[News]] = {}

    def value(self, region: Region) -> Value:
        """The value of a region now."""
        known = self._values.get(region)
        if known is None:
            known = self._values[region] = self._solve(region)
        return known

    def news(self, region: Region, after: datetime) -> list[News]:
        """What was counted inside a region after a moment; see `news.gather`."""
        known = self._news.get((region, after))
        if known is None:
            known = self._news[region, after] = gather(self, region, after)
        return known

    def conflicting(self, region: Region) -> bool:
        """Whether the parts known at a base's own as_of already exceed it (R6)."""
        known = self._conflicts.get(region)
        if known is None:
            facts = self.facts.get(region)
            base = facts.base if facts else None
            known = self._conflicts[region] = (
                base is not None
                and base.interval.high is not None
                and self.floors.parts_low(region, BEGINNING, base.as_of) > base.interval.high
            )
        return known

    def base_high(self, region: Region, base: Step) -> int | None:
        """A base's high; in a conflict the parts' sum (R6)."""
        if self.conflicting(region):
            return self.floors.parts_low(region, BEGINNING, base.as_of)
        return base.interval.high

    def fresh_until(self, region: Region, limit: datetime = END) -> datetime | None:
        """Until when a region's own figures tell everything: its base, then increments that
        follow without a gap; None without a base.
        """
        facts = self.facts.get(region)
        step = facts.history.at(limit) if facts and facts.history else None
        if facts is None or step is None:
            return None
        at = step.as_of
        for span in sorted(facts.increments, key=lambda span: span.start):
            if at <= span.start <= at + ADJACENT and span.end <= limit:
                at = span.end
        return at

    def then(self, part: Region, moment: datetime) -> Interval:
        """A part as it stood at a moment: exact where its figures reach it, else a floor (R6)."""
        low = self.floors.low(part, BEGINNING, moment)
        facts = self.facts.get(part)
        step = facts.history.at(moment) if facts and facts.history else None
        if facts is None or step is None or self.fresh_until(part, moment) != moment:
            return Interval(low, None, self.floors.high_at(part, moment))
        best, high, at = step.interval.best, step.interval.high, step.as_of
        for span in sorted(facts.increments, key=lambda span: span.start):
            if at <= span.start <= at + ADJACENT and span.end <= moment:
                at = span.end
                best = None if best is None else _plus(best, span.interval.best)
                high = add_high(high, span.interval.high)
        return Interval(low, best, high)

    def _solve(self, region: Region) -> Value:
        facts = self.facts.get(region)
        low = self.floors.low(region)
        if facts is not None and facts.base is not None:
            draft = self._from_base(region, facts, facts.base)
        elif facts is not None and (facts.increments or facts.incidents):
            draft = self._from_windows(region)
        else:
            draft = self._from_parts(region)
        caps = self._caps(region, facts.base.as_of if facts and facts.base else BEGINNING)
        if caps:
            draft.high = least_high([cap for cap, _ in caps])
            draft.rules.add("R8")
        self._age(region, facts, draft)
        self._mark(region, facts, draft, low)
        return self._finish(region, draft, low, [other for _, other in caps])

    def _from_base(self, region: Region, facts: Facts, base: Step) -> _Draft:
        """The base, what came before it began and after it ended (R4, R5, R6)."""
        draft = _Draft(base.interval.best, self.base_high(region, base), complete=True)
        draft.as_ofs.append(base.as_of)
        draft.flags.update(base.flags)
        draft.rules.add("R14" if self.stock else "R4")
        if self.conflicting(region):
            draft.flags.add("conflict")
            draft.rules.add("R6")
        if self.stock:
            return draft
        news = list(self.news(region, base.as_of))
        for span in facts.increments:
            if base.start is not None and span.end < base.start:
                interval = span.interval
                news.append(News(span.start, span.end, interval.best, interval.high, span.figures))
        self._add(draft, news, self._unassigned(region, base))
        return draft

    def _from_windows(self, region: Region) -> _Draft:
        """Increments and incidents without a base: their disjoint sum (R5, R11)."""
        draft = _Draft(0, 0, complete=True, rules={"R5"})
        self._add(draft, self.news(region, BEGINNING), 0)
        if self.grid.containing(region):
            draft.best = None
            draft.rules.add("R7")
        return draft

    def _from_parts(self, region: Region) -> _Draft:
        """No figure of its own: the axis that explains more (R9, R10)."""
        drafts = [
            draft for axis in AXES if (draft := self._along(axis, region)) is not None
        ]
        if not drafts:
            return _Draft(None, None)
        return max(
            drafts,
            key=lambda pair: (pair[0], pair[1].best is not None, pair[1].high is not None),
        )[1]

    def _along(self, axis: str, region: Region) -> tuple[int, _Draft] | None:
        grid = self.grid
        parts = grid.touched(region) if axis == "segment" else grid.parts(axis, region)
        outer = widest(parts, self.lattice)
        if not outer:
            return None
        values = [self.value(part) for part in outer]
        draft = _Draft(0, 0, rules={"R9" if axis == "areas" else "R10"})
        for value in values:
            draft.best = _plus(draft.best, value.interval.best)
            draft.high = add_high(draft.high, value.interval.high)
            draft.flags |= value.flags & _RISING
            draft.rules |= value.rules
            draft.as_ofs += [at for at in (value.as_of, value.oldest) if at is not None]
        if not grid.pairwise_disjoint(outer):
            self._untangle(axis, outer, draft)
        if axis == "segment" and _segments_missing(region, outer):
            draft.flags.add("segments_missing")
        if axis == "areas" and grid.overhanging(region):
            draft.best = draft.high = None
        low = self.floors.axis_low(axis, region, BEGINNING, END)
        return (draft.best if draft.best is not None else low), draft

    def _untangle(self, axis: str, outer: tuple[Region, ...], draft: _Draft) -> None:
        """Overlapping multi-area scopes: buckets and the parts they share (R9)."""
        parts = widest(
            [part for scope in outer for part in self.grid.parts(axis, scope)], self.lattice
        )
        single = [scope for scope in outer if len(scope.areas) == 1]
        shared = [
            area
            for index, left in enumerate(outer)
            for right in outer[index + 1 :]
            for area in shared_areas(left, right, self.grid)
        ]
        known = {
            area: next(
                (part for part in parts if self.lattice.areas_inside((area,), part.areas)), None
            )
            for area in shared
        }
        draft.best = None
        if axis != "areas" or not shared:
            return
        for part in known.values():
            if part is not None and draft.high is not None:
                draft.high -= self.value(part).interval.low
        if None in known.values() or not self.grid.pairwise_disjoint(parts):
            return
        total: int | None = 0
        for scope in outer:
            if len(scope.areas) > 1:
                total = _plus(total, self.bucket(scope).interval.best)
        for part in dict.fromkeys((*parts, *single)):
            total = _plus(total, self.value(part).interval.best)
        draft.best = total

    def _add(self, draft: _Draft, news: list[News], pool: int) -> None:
        """Adds what came later; what a newly known part explains comes out of the pool first."""
        excess = 0
        for item in news:
            draft.high = add_high(draft.high, item.high)
            draft.as_ofs.append(item.end)
            draft.flags |= item.flags
            draft.rules.add("R6" if item.excess else "R5")
            if item.best is None or draft.best is None:
                draft.best = None
            elif item.excess:
                excess += item.best
            else:
                draft.best += item.best
        if any(item.excess for item in news):
            draft.flags.add("part_newer_than_total")
        if draft.best is not None:
            draft.best += max(0, excess - pool)

    def _unassigned(self, region: Region, base: Step) -> int:
        """What of a base its parts did not explain when it was struck (R6)."""
        if base.interval.best is None:
            return 0
        known = sum(
            _best_or_floor(self.then(part, base.as_of)) for part in self.grid.maximal(region)
        )
        return max(0, base.interval.best - known)

    def _caps(self, region: Region, since: datetime) -> list[tuple[int | None, Region]]:
        """What the current containing bases leave a region (R8).

        Current are those of the latest as_of, if not older than the region's own: an earlier one
        knows nothing of what the later one counted since.
        """
        bases = [
            (other, base)
            for other in self.grid.containing(region)
            if (base := self.facts[other].base) is not None and base.as_of >= since
        ]
        latest = max((base.as_of for _, base in bases), default=since)
        caps: list[tuple[int | None, Region]] = []
        for other, base in bases:
            if base.as_of < latest:
                continue
            high = self.base_high(other, base)
            if high is not None:
                high = max(0, high - self.floors.beside(other, region, base.as_of))
                for item in [] if self.stock else self.news(region, base.as_of):
                    high = add_high(high, item.high)
            caps.append((high, other))
        return caps

    def _age(self, region: Region, facts: Facts | None, draft: _Draft) -> None:
        """R7: once a containing figure is later, the part's value is only its floor."""
        base = facts.base if facts else None
        if base is None:
            return
        for other in self.grid.containing(region):
            newer = self.facts[other].base
            if newer is None:
                continue
            if (self.fresh_until(region, newer.as_of) or base.as_of) < newer.as_of and (
                base.as_of < newer.as_of
            ):
                draft.rules.add("R7")
                if self.stock:
                    draft.flags.add("stale_stock")
                else:
                    draft.best = None

    def _mark(self, region: Region, facts: Facts | None, draft: _Draft, low: int) -> None:
        if any(self.conflicting(other) for other in self.grid.inside(region)):
            draft.flags.add("conflict")
        if facts is not None and facts.floors:
            draft.rules.add("R13")
            draft.flags.update(flag for span in facts.floors for flag in span.flags)
            printed = facts.base.interval.high if facts.base else None
            if printed is not None and any(
                span.interval.low > printed for span in facts.floors
            ):
                draft.flags.add("floor_above_figure")
        if draft.best is not None and "bounds_disordered" not in draft.flags:
            if draft.best < low:
                draft.best = None
                draft.flags.add("floor_above_best")
            elif draft.high is not None and draft.high < draft.best:
                draft.high = draft.best
        if draft.high is not None and draft.high < low and "bounds_disordered" not in draft.flags:
            draft.high = low

    def _finish(
        self, region: Region, draft: _Draft, low: int, caps: list[Region]
    ) -> Value:
        figures: set[str] = set()
        dates = list(draft.as_ofs)
        for other in (*self.grid.inside(region), *caps):
            facts = self.facts[other]
            figures.update(facts.figures())
            if facts.base is not None and not dates:
                dates.append(facts.base.as_of)
        inside = [self.facts[other] for other in self.grid.inside(region)]
        flags = set(draft.flags)
        for facts in inside:
            for span in (*facts.increments, *facts.incidents, *facts.floors):
                flags |= set(span.flags) & _SHOWN
        if draft.high is None:
            flags.add("open_high")
        dates = [at for at in dates if at not in {BEGINNING, END}]
        if dates and min(dates) != max(dates):
            flags.add("mixed_as_of")
        return Value(
            Interval(low, draft.best, draft.high),
            complete=draft.complete,
            floor=not draft.complete and draft.best is None and draft.high is None,
            flags=frozenset(flags),
            rules=frozenset(draft.rules | {"R1", "R2", "R3"}),
            figures=frozenset(figures),
            as_of=max(dates) if dates else None,
            oldest=min(dates) if dates else None,
        )

    def bucket(self, scope: Region) -> Value:
        """The unallocated part of a multi-area scope (R6). Never split."""
        facts = self.facts.get(scope)
        value = self.value(scope)
        parts = widest(self.grid.parts("areas", scope), self.lattice)
        if facts is None or facts.base is None:
            return self._derived_bucket(scope, value, parts)
        base = facts.base
        rules = value.rules | {"R6"}
        if self.conflicting(scope):
            return replace(value, interval=Interval(0, 0, 0), rules=rules)
        held = [self.then(part, base.as_of) for part in parts]
        low = _left(base.interval.low, [interval.high for interval in held])
        best = base.interval.best
        if best is not None:
            best = max(0, best - sum(map(_best_or_floor, held)))
        high = base.interval.high
        if high is not None:
            high = max(0, high - sum(interval.low for interval in held))
        interval = self._later(scope, facts, base, Interval(low, best, high))
        if value.interval.best is None:
            interval = replace(interval, best=None)
        return replace(value, interval=_ordered(interval), rules=rules)

    def unspecified(self, region: Region) -> Value | None:
        """What of a total no segment of the same areas explains (R10); None without segments."""
        facts = self.facts.get(region)
        if facts is None or facts.base is None:
            return None
        parts = widest(
            [
                part
                for part in self.grid.parts("segment", region)
                if part in self.facts and self.facts[part].base is not None
            ],
            self.lattice,
        )
        if not parts or not self.grid.pairwise_disjoint(parts):
            return None
        base, held = facts.base, [self.then(part, facts.base.as_of) for part in parts]
        best = base.interval.best
        if best is not None:
            best = max(0, best - sum(map(_best_or_floor, held)))
        high = base.interval.high
        if high is not None:
            high = max(0, high - sum(interval.low for interval in held))
        low = _left(base.interval.low, [interval.high for interval in held])
        value = self.value(region)
        return replace(
            value, interval=_ordered(Interval(low, best, high)), rules=value.rules | {"R10"}
        )

    def _later(self, scope: Region, facts: Facts, base: Step, then: Interval) -> Interval:
        """A bucket after its base: newly known parts come out of it, own increments go in."""
        low, best, high = then.low, then.best, then.high
        for item in self.news(scope, base.as_of):
            if item.excess and item.best is not None and best is not None:
                best = max(0, best - item.best)
        own = [span for span in facts.increments if span.start >= base.as_of]
        for span in own:
            inner = self.floors.parts_low(scope, span.start, span.end)
            high = None if span.interval.high is None else add_high(
                high, max(0, span.interval.high - inner)
            )
            if best is not None and span.interval.best is not None:
                best += max(0, span.interval.best - inner)
            if not inner:
                low += span.interval.low
        return Interval(low, best, high)

    def _derived_bucket(
        self, scope: Region, value: Value, parts: tuple[Region, ...]
    ) -> Value:
        facts = self.facts.get(scope)
        if facts is not None and not facts.empty:
            held = [self.value(part).interval for part in parts]
            best = value.interval.best
            if best is not None:
                best = max(0, best - sum(map(_best_or_floor, held)))
            low = _left(value.interval.low, [interval.high for interval in held])
            high = value.interval.high
            if high is not None:
                high = max(0, high - sum(interval.low for interval in held))
            return replace(value, interval=_ordered(Interval(low, best, high)))
        segments = widest(
            [
                part
                for part in self.grid.parts("segment", scope)
                if any(other.areas == scope.areas for other in self.grid.inside(part))
            ],
            self.lattice,
        )
        total = Interval(0, 0, 0)
        for part in segments:
            total += self.bucket(part).interval
        if not self.grid.pairwise_disjoint(segments):
            lows = [self.bucket(part).interval.low for part in segments]
            total = Interval(max(lows, default=0), None, total.high)
        return replace(value, interval=total)


_RISING = frozenset(
    {
        "conflict",
        "part_newer_than_total",
        "segments_missing",
        "unexplained_fall",
        "place_floor",
        "verified_floor",
        "window_straddles",
    }
)
_SHOWN = frozenset({"unquantified", "bounds_disordered", "as_of_assumed", "ambiguous_series"})
_STATUSES = ({"civilian", "combatant"}, "status")
_SEXES = ({"female", "male"}, "sex")


def _segments_missing(region: Region, parts: tuple[Region, ...]) -> bool:
    """Whether a dimension that divides everybody is only partly known (R10)."""
    for values, dimension in (_STATUSES, _SEXES):
        if any(name == dimension for name, _ in region.segment):
            continue
        known = {value for part in parts for name, value in part.segment if name == dimension}
        if known and not values <= known:
            return True
    return False


def _plus(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _best_or_floor(interval: Interval) -> int:
    return interval.low if interval.best is None else interval.best


def _left(whole: int, highs: list[int | None]) -> int:
    total = 0
    for high in highs:
        if high is None:
            return 0
        total += high
    return max(0, whole - total)


def _ordered(interval: Interval) -> Interval:
    best, high = interval.best, interval.high
    if best is not None and best < interval.low:
        best = None
    floor = interval.low if best is None else best
    return Interval(interval.low, best, None if high is None else max(high, floor))
