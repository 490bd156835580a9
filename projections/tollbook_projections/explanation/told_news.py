"""What came after a figure, told: later totals, increments, incidents and parts (R5, R6)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.incidents import IncidentLog
from tollbook_projections.consolidation.news import (
    STRADDLES,
    News,
    add_incidents,
    add_item,
    before,
    less_unassigned,
    own_increments,
    restated,
)
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.span import BEGINNING, Span
from tollbook_projections.explanation.naming import window_text
from tollbook_projections.explanation.told_floors import INCIDENTS_TOLD_MAX
from tollbook_projections.explanation.trail import Bound, Term

if TYPE_CHECKING:
    from tollbook_projections.explanation.told_values import Teller


class ToldNews(NamedTuple):
    """One piece of news with the terms that make it."""

    news: News
    best: Term
    high: Term


def told(teller: "Teller", region: Region, after: datetime) -> list[ToldNews]:
    """The same as `news.gather`, each with where it comes from."""
    facts = teller.solver.facts.get(region)
    found: list[ToldNews] = []
    base = facts.base if facts is not None else None
    if base is not None and base.as_of > after:
        found.append(_told_restated(teller, region, after))
        after = base.as_of
    own: list[News] = []
    spans = facts.increments if facts is not None else ()
    taken = own_increments(spans, after, own)
    found += [_of_span(teller, item, spans) for item in own]
    if facts is not None and facts.incidents is not None:
        found += _told_incidents(teller, region, facts.incidents, taken, after)
    return found + _told_inner(teller, region, facts, taken, after)


def earlier(teller: "Teller", facts: Facts, base: Step) -> list[ToldNews]:
    """What was counted wholly before a base began (R5)."""
    items: list[News] = []
    spans = before(facts, base)
    own_increments(spans, BEGINNING, items)
    return [_of_span(teller, item, spans) for item in items]


def _told_inner(
    teller: "Teller",
    region: Region,
    facts: Facts | None,
    taken: list[tuple[datetime, datetime]],
    after: datetime,
) -> list[ToldNews]:
    """What the parts of a region add, once wider increments and the total hold their share."""
    solver = teller.solver
    parts = [(part, told(teller, part, after)) for part in solver.grid.maximal(region)]
    fresh = tuple(part for part, items in parts if items)
    tangled = not solver.grid.pairwise_disjoint(fresh)
    inner: list[ToldNews] = []
    for part, items in parts:
        for item in items:
            news = item.news
            if tangled:
                news = replace(news, best=None, flags=news.flags | STRADDLES)
            placed: list[News] = []
            add_item(news, taken, placed, after)
            inner += [_changed(teller, part, item, one) for one in placed]
    if facts is None or facts.base is None:
        return inner
    netted = less_unassigned(solver, region, after, [item.news for item in inner])
    return [_netted(teller, region, *pair) for pair in zip(inner, netted, strict=True)]


def _changed(teller: "Teller", part: Region, item: ToldNews, news: News) -> ToldNews:
    """News whose point was lost because its window or its people overlap others."""
    if news.best == item.news.best:
        return ToldNews(news, item.best, item.high)
    says = "it may hold the same people as another window or part: no point value"
    best = teller.step("none", [item.best], part, "best", "R5", says)
    return ToldNews(news, best, item.high)


def _netted(teller: "Teller", region: Region, item: ToldNews, news: News) -> ToldNews:
    """A part first known after its total: the unassigned part of the total explains it first."""
    if news.best == item.news.best or news.best is None or item.news.best is None:
        return ToldNews(news, item.best, item.high)
    share = Term("explained by what was unassigned in the total", item.news.best - news.best)
    says = "a part first known after its total is taken out of what was unassigned first"
    best = teller.step("less", [item.best, share], region, "best", "R6", says)
    return ToldNews(news, best, item.high)


def _told_restated(teller: "Teller", region: Region, after: datetime) -> ToldNews:
    facts = teller.solver.facts[region]
    item = restated(teller.solver, region, after)
    base = facts.base
    if base is None:
        raise ValueError("a region without a base was not restated")
    best = teller.figure(base.figures, base.interval.best)
    high = teller.figure(base.figures, base.interval.high)
    if after == BEGINNING:
        return ToldNews(item, best, high)
    then = teller.then(region, after)
    held = then.low if then.best.value is None else then.best
    says = f"a later figure, less what was known {window_text(BEGINNING, after)}"
    return ToldNews(
        item,
        teller.step("less", [best, held], region, "best", "R6", says),
        teller.step("less", [high, then.low], region, "high", "R6", says),
    )


def _told_incidents(
    teller: "Teller",
    region: Region,
    log: IncidentLog,
    taken: list[tuple[datetime, datetime]],
    after: datetime,
) -> list[ToldNews]:
    summed = after == BEGINNING and not taken
    items: list[News] = []
    add_incidents(log, taken, items, after)
    if not summed:
        return [_of_span(teller, item, log.spans) for item in items]
    (item,) = items
    return [
        ToldNews(item, all_of(teller, region, log, "best"), all_of(teller, region, log, "high"))
    ]


def all_of(teller: "Teller", region: Region, log: IncidentLog, bound: Bound) -> Term:
    """The sum over all incidents of a region, the latest of them one by one."""
    told_ones, rest = log.spans[-INCIDENTS_TOLD_MAX:], log.spans[:-INCIDENTS_TOLD_MAX]
    terms = [teller.figure(span.figures, getattr(span.interval, bound)) for span in told_ones]
    if rest:
        values = [getattr(span.interval, bound) for span in rest]
        total = None if None in values else sum(values)
        terms.append(Term(f"{len(rest)} earlier incidents", total))
    says = "different incidents are different people"
    return teller.sum_of(terms, bound, region, "R11", says)


def _of_span(teller: "Teller", item: News, spans: Sequence[Span]) -> ToldNews:
    """News made of one increment or incident of the region itself."""
    figures = next(
        span.figures
        for span in spans
        if (span.start, span.end, span.interval.high) == (item.start, item.end, item.high)
    )
    best = teller.figure(figures, item.best)
    if item.best is None and item.flags & STRADDLES:
        best = Term(f"{best.says}, whose window straddles another", None, figures=figures)
    return ToldNews(item, best, teller.figure(figures, item.high))
