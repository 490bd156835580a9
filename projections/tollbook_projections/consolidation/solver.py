"""One originator's sheet solved: low / best / high of any region (R4-R11, R13, R14)."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from tollbook_projections.consolidation.book import Sheet
from tollbook_projections.consolidation.caps import around, base_caps, incident_caps, window_caps
from tollbook_projections.consolidation.derived import derived
from tollbook_projections.consolidation.draft import (
    SHOWN,
    Draft,
    Value,
    best_or_floor,
    plus,
    put_in_order,
)
from tollbook_projections.consolidation.facts import Facts, facts_of, wholes_of, without_history
from tollbook_projections.consolidation.floors import Floors
from tollbook_projections.consolidation.grid import Grid, grid_of
from tollbook_projections.consolidation.interval import Interval, add_high, least_high
from tollbook_projections.consolidation.kept import kept_of
from tollbook_projections.consolidation.news import NEWER, News, before, gather, own_increments
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.span import BEGINNING, END
from tollbook_projections.consolidation.stock import StockFloors
from tollbook_projections.consolidation.windows import ADJACENT

GROUND = frozenset({"R1", "R2", "R3"})
"""The rules that every value rests on."""

BASE_GROUND = GROUND | {"R4"}
STOCK_GROUND = GROUND | {"R14"}


class Solver:
    """Values over one sheet. Holds no more than it can compute again from the sheet."""

    def __init__(self, sheet: Sheet, lattice: Lattice, *, stock: bool) -> None:
        found = facts_of(sheet, lattice)
        self.named = tuple(found)
        self.facts: Mapping[Region, Facts] = without_history(found, lattice)
        self.lattice = lattice
        self.grid = grid_of(sheet, self.facts, lattice)
        self.floors: Floors = StockFloors(self.grid) if stock else Floors(self.grid)
        self.stock = stock
        self.lineage_max = sheet.lineage_max
        self._sheet = sheet
        partial = {
            region: known
            for region, facts in self.facts.items()
            if (facts.floors or facts.floor_increments) and not (known := facts.verified()).empty
        }
        grid = Grid(partial, lattice)
        self.verified = (StockFloors(grid) if stock else Floors(grid)) if partial else None
        self.kept = kept_of(sheet, self.grid)
        self._conflicts: dict[Region, bool] = {}
        self._lineages: dict[Region, _Told] = {}
        self._news: dict[tuple[Region, datetime], list[News]] = {}

    def value(self, region: Region) -> Value:
        """The value of a region now."""
        known = self.kept.values.get(region)
        if known is None:
            known = self.kept.values[region] = self._solve(region)
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
            known = base is not None and self.floors.exceeded(region, base)
            self._conflicts[region] = known
        return known

    def wholes(self, region: Region) -> set[Region]:
        """The regions around one of whose incidents figures inside it are; see `wholes_of`."""
        return wholes_of(self._sheet, self.grid.inside(region), region, self.lattice)

    def base_high(self, region: Region, base: Step) -> int | None:
        """A base's high; in a conflict the parts' sum (R6)."""
        if self.conflicting(region):
            since = self.floors.since(base.as_of)
            return self.floors.parts_low(region, since, base.as_of)
        return base.interval.high

    def then(self, part: Region, moment: datetime) -> Interval:
        """A part as it stood at a moment: exact where its figures reach it, else a floor (R6)."""
        continued = self._continued(part, moment)
        if continued is not None and continued[1] == moment:
            best, high = continued[0].best, continued[0].high
        else:
            best, high = None, self.floors.high_at(part, moment)
        low = self.floors.low(part, self.floors.since(moment), moment)
        return Interval(low, best, high)

    def _continued(self, region: Region, limit: datetime) -> tuple[Interval, datetime] | None:
        """A region's base with the increments that follow it without a gap, and until when.

        Nothing later than the limit is taken; None without a base by then.
        """
        facts = self.facts.get(region)
        step = facts.history.at(limit) if facts and facts.history else None
        if facts is None or step is None:
            return None
        total, until = step.interval, step.as_of
        for span in sorted(facts.increments, key=lambda span: span.start):
            if until <= span.start <= until + ADJACENT and span.end <= limit:
                total, until = total + span.interval, span.end
        return total, until

    def _solve(self, region: Region) -> Value:
        facts = self.facts.get(region)
        low = self.floors.low(region)
        alone = self.grid.alone(region)
        if alone is not None and not self.grid.held(region):
            return self._as_printed(alone, low)
        if facts is not None and facts.base is not None:
            draft = self._from_base(region, facts, facts.base)
        elif facts is not None and (facts.increments or facts.incidents):
            draft = self._from_windows(region)
        else:
            draft = derived(self, region)
        caps = self._bound(region, facts, draft)
        self._age(region, facts, draft)
        self._mark(region, facts, draft, low)
        return self._finish(region, draft, low, caps)

    def _bound(self, region: Region, facts: Facts | None, draft: Draft) -> list[Region]:
        """Sets high to what containing figures leave; returns these (R8)."""
        since = facts.base.as_of if facts and facts.base else BEGINNING
        caps = base_caps(self, region, since)
        own = draft.complete or draft.tally
        windows = window_caps(self, region) if not caps and not own else []
        parts = incident_caps(self, region) if not caps and not windows else []
        if parts:
            draft.best, windows = None, parts
            draft.rules.add("R11")
        if caps:
            draft.high = least_high([cap for cap, _ in caps])
        elif windows:
            most = least_high([cap for cap, _ in windows])
            known = draft.high or 0
            draft.high = None if most is None else max(known, most)
        elif own and not self.stock:
            draft.high = add_high(draft.high, around(self, region, facts.base if facts else None))
        if caps or windows:
            draft.rules.add("R8")
        return [other for _, other in (*caps, *windows)]

    def _from_base(self, region: Region, facts: Facts, base: Step) -> Draft:
        """The base, what came before it began and after it ended (R4, R5, R6)."""
        draft = self._of_base(base)
        draft.high = self.base_high(region, base)
        if self.conflicting(region):
            draft.flags.add("conflict")
            draft.rules.add("R6")
        if self.stock:
            return draft
        news = list(self.news(region, base.as_of))
        own_increments(before(facts, base), BEGINNING, news)
        self._add(draft, news)
        return draft

    def _of_base(self, base: Step) -> Draft:
        """A base as it is printed."""
        return Draft(
            base.interval.best,
            base.interval.high,
            complete=True,
            flags=set(base.flags),
            rules={"R14" if self.stock else "R4"},
            as_ofs=[base.as_of],
        )

    def _as_printed(self, base: Step, low: int) -> Value:
        """The value of a region of which one figure says everything."""
        draft = self._of_base(base)
        put_in_order(draft, low)
        if draft.high is None:
            draft.flags.add("open_high")
        return Value(
            Interval(low, draft.best, draft.high),
            complete=True,
            flags=frozenset(draft.flags),
            rules=STOCK_GROUND if self.stock else BASE_GROUND,
            figures=frozenset(base.figures),
            figures_total=len(base.figures),
            as_of=base.as_of,
            oldest=base.as_of,
        )

    def _from_windows(self, region: Region) -> Draft:
        """Increments and incidents without a base: their disjoint sum (R5, R11)."""
        draft = Draft(0, 0, tally=True, rules={"R5"})
        self._add(draft, self.news(region, BEGINNING))
        if self.grid.containing(region):
            draft.best = None
            draft.rules.add("R7")
        return draft

    def _add(self, draft: Draft, news: list[News]) -> None:
        """Adds what came later."""
        for item in news:
            draft.best = plus(draft.best, item.best)
            draft.high = add_high(draft.high, item.high)
            draft.as_ofs.append(item.end)
            draft.flags |= item.flags
            draft.rules.add("R6" if item.flags & NEWER else "R5")

    def unassigned(self, region: Region, moment: datetime) -> int:
        """What of a region's value at a moment its parts known then did not explain (R6)."""
        known = sum(best_or_floor(self.then(part, moment)) for part in self.grid.maximal(region))
        return max(0, best_or_floor(self.then(region, moment)) - known)

    def _age(self, region: Region, facts: Facts | None, draft: Draft) -> None:
        """R7: once a containing figure is later, the part's value is only its floor."""
        base = facts.base if facts else None
        if base is None:
            return
        for other in self.grid.containing(region):
            newer = self.facts[other].base
            if newer is None:
                continue
            continued = self._continued(region, newer.as_of)
            fresh = base.as_of if continued is None else max(base.as_of, continued[1])
            if fresh < newer.as_of:
                draft.rules.add("R7")
                if self.stock:
                    draft.flags.add("stale_stock")
                else:
                    draft.best = None

    def _mark(self, region: Region, facts: Facts | None, draft: Draft, low: int) -> None:
        if any(self.conflicting(other) for other in self.grid.inside(region)):
            draft.flags.add("conflict")
        floors = (*facts.floors, *facts.floor_increments) if facts is not None else ()
        if facts is not None and floors:
            draft.rules.add("R13")
            draft.flags.update(flag for span in floors for flag in span.flags)
            printed = facts.base.interval.high if facts.base else None
            if printed is not None and any(span.interval.low > printed for span in facts.floors):
                draft.flags.add("floor_above_figure")
        put_in_order(draft, low)

    def _finish(self, region: Region, draft: Draft, low: int, caps: list[Region]) -> Value:
        figures, flags = draft.figures, draft.flags
        total = 0
        dates = draft.as_ofs
        inside = self.grid.inside(region)
        for other in (*inside, *caps):
            told = self._told(other)
            figures.update(told.figures)
            total += told.total
            if told.as_of is not None and not dates:
                dates.append(told.as_of)
        for other in inside:
            flags |= self._told(other).flags
        if draft.high is None:
            flags.add("open_high")
        dates = [at for at in dates if at not in {BEGINNING, END}]
        bounding = [*draft.bounding, *(self.facts[other].cut_off for other in (*inside, *caps))]
        if dates and min(dates) != max(dates):
            flags.add("mixed_as_of")
        draft.rules |= GROUND
        return Value(
            Interval(low, draft.best, draft.high),
            complete=draft.complete,
            tally=draft.tally,
            verified=self.verified.low(region) if self.verified is not None else 0,
            floor=not draft.complete and draft.best is None and draft.high is None,
            flags=frozenset(flags),
            rules=frozenset(draft.rules),
            figures=frozenset(figures),
            figures_total=max(total, len(figures)),
            as_of=max(dates) if dates else None,
            oldest=min(dates) if dates else None,
            bounded_at=None if dates else max(bounding, default=None),
            parts=draft.parts,
        )

    def _told(self, region: Region) -> "_Told":
        """What the figures of a region pass on to every value they are part of."""
        known = self._lineages.get(region)
        if known is None:
            facts = self.facts[region]
            known = self._lineages[region] = _Told(
                facts.figures(self.lineage_max),
                facts.figures_total,
                facts.flags & SHOWN,
                facts.base.as_of if facts.base is not None else None,
            )
        return known


class _Told(NamedTuple):
    """The figures of one region: their ids, how many, their flags, the cut-off of the base."""

    figures: list[str]
    total: int
    flags: set[str]
    as_of: datetime | None
