"""What was counted in a region after a moment: later increments, incidents and parts (R5, R6)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.incidents import IncidentLog
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.span import BEGINNING, Span
from tollbook_projections.consolidation.windows import Window, clear_of, within

if TYPE_CHECKING:
    from tollbook_projections.consolidation.solver import Solver


@dataclass(frozen=True, slots=True)
class News:
    """Something counted in one window that an earlier figure cannot hold.

    Attributes:
        best: None where it straddles another window, or has no point value.
        excess: a part's value first known after its total: the total's unassigned part explains
            it first (R6).
    """

    start: datetime
    end: datetime
    best: int | None
    high: int | None
    flags: frozenset[str] = frozenset()
    excess: bool = False

    @property
    def window(self) -> Window:
        return self.start, self.end


NEWER = frozenset({"part_newer_than_total"})
STRADDLES = frozenset({"window_straddles"})


def gather(solver: "Solver", region: Region, after: datetime) -> list[News]:
    """Everything inside a region that came after a moment, each person once at most.

    Widest first: an increment of the region holds the increments and incidents of its parts in
    its window. What straddles a window gets best None and a flag, and only widens high (R5).
    """
    facts = solver.facts.get(region)
    news: list[News] = []
    if facts is not None and facts.base is not None and facts.base.as_of > after:
        news.append(restated(solver, region, after))
        after = facts.base.as_of
    taken = own_increments(facts.increments if facts else (), after, news)
    if facts is not None and facts.incidents is not None:
        add_incidents(facts.incidents, taken, news, after)
    parts = [(part, solver.news(part, after)) for part in solver.grid.maximal(region)]
    fresh = tuple(part for part, items in parts if items)
    tangled = not solver.grid.pairwise_disjoint(fresh)
    inner: list[News] = []
    for _, items in parts:
        for item in items:
            entry = replace(item, best=None, flags=item.flags | STRADDLES) if tangled else item
            add_item(entry, taken, inner, after)
    if facts is not None and facts.base is not None:
        inner = less_unassigned(solver, region, after, inner)
    return news + inner


def less_unassigned(
    solver: "Solver", region: Region, after: datetime, items: list[News]
) -> list[News]:
    """What newly known parts add once the unassigned part of their total explained some (R6).

    Where the total told everything at that moment the rest is growth; else it is an excess that
    a wider total may explain in turn.
    """
    if not any(item.excess for item in items):
        return items
    then = solver.then(region, after)
    grown = then.best is not None and then.high is not None
    pool = solver.unassigned(region, after)
    netted: list[News] = []
    for item in items:
        best = item.best
        if item.excess and best is not None:
            explained = min(pool, best)
            pool, best = pool - explained, best - explained
        flags = item.flags | NEWER if item.excess else item.flags
        netted.append(replace(item, best=best, flags=flags, excess=item.excess and not grown))
    return netted


def own_increments(spans: tuple[Span, ...], after: datetime, news: list[News]) -> list[Window]:
    """Adds a region's own increments to its news, widest first; nested ones are checks (R5).

    Returns:
        The windows that hold whatever else was counted in them.
    """
    taken: list[Window] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if span.end <= after:
            continue
        window = (span.start, span.end)
        entry = _news(span, after)
        if within(window, taken):
            continue
        if not clear_of(window, taken):
            entry = replace(entry, best=None, flags=entry.flags | STRADDLES)
        news.append(entry)
        if entry.best is not None or not entry.flags & STRADDLES:
            taken.append(window)
    return taken


def before(facts: Facts, base: Step) -> tuple[Span, ...]:
    """The increments wholly before a base began to count: they add to it (R5)."""
    if base.start is None:
        return ()
    return tuple(span for span in facts.increments if span.end < base.start)


def add_incidents(log: IncidentLog, taken: list[Window], news: list[News], after: datetime) -> None:
    """Adds the incidents of a region: their running sum where nothing else covers any of them."""
    if after == BEGINNING and not taken:
        total, first, last = log.total(), log.spans[0], log.spans[-1]
        news.append(News(first.end, last.end, total.best, total.high, log_flags(log)))
        return
    for span in log.after(after):
        add_item(_news(span, after), taken, news, after)


def log_flags(log: IncidentLog) -> frozenset[str]:
    """The flags that any incident of a region has."""
    return frozenset(flag for flag, count in log.flags.items() if count)


def add_item(item: News, taken: list[Window], news: list[News], after: datetime) -> None:
    """Adds to the news what no wider increment holds already (R5).

    Args:
        item: what was counted.
        taken: the windows of the wider increments.
        news: where to add it.
        after: what ends by then is known already.
    """
    if item.end <= after or within(item.window, taken):
        return
    if not clear_of(item.window, taken):
        item = replace(item, best=None, flags=item.flags | STRADDLES)
    news.append(item)


def _news(span: Span, after: datetime) -> News:
    interval = span.interval
    if span.start < after:
        flags = frozenset(span.flags) | STRADDLES
        return News(span.start, span.end, None, interval.high, flags)
    return News(span.start, span.end, interval.best, interval.high, frozenset(span.flags))


def restated(solver: "Solver", region: Region, after: datetime) -> News:
    """A base later than a moment, less what was known of the region at that moment (R6)."""
    facts = solver.facts[region]
    base = facts.base
    if base is None:
        raise ValueError("a region without a base was not restated")
    if after == BEGINNING:
        interval = base.interval
        return News(after, base.as_of, interval.best, interval.high)
    then = solver.then(region, after)
    known = then.best is not None and then.high is not None
    held = then.low if then.best is None else then.best
    best = None if base.interval.best is None else max(0, base.interval.best - held)
    high = None if base.interval.high is None else max(0, base.interval.high - then.low)
    return News(after, base.as_of, best, high, excess=not known)
