"""Highs, told: what the figures around a region leave it (R8)."""

from datetime import datetime
from typing import TYPE_CHECKING

from tollbook_projections.consolidation.caps import (
    current_bases,
    current_windows,
    incident_caps,
    spans_beside,
)
from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.span import BEGINNING, END
from tollbook_projections.explanation import told_news
from tollbook_projections.explanation.trail import Term

if TYPE_CHECKING:
    from tollbook_projections.explanation.told_values import Teller


def base_high(teller: "Teller", region: Region, base: Step) -> Term:
    """A figure's high; where its parts exceed it, their sum (R6)."""
    if not teller.solver.conflicting(region):
        return teller.figure(base.figures, base.interval.high)
    since = teller.floors.since(base.as_of)
    parts = teller.floors.tell_parts(region, since, base.as_of)
    says = "conflict: its parts exceed it, so that it may be as many as they are"
    return teller.step("take", [parts], region, "high", "R6", says)


def bounded(teller: "Teller", region: Region, facts: Facts | None, high: Term) -> Term:
    """The high of a region after what containing figures leave it."""
    base = facts.base if facts else None
    since = base.as_of if base else BEGINNING
    solved = teller.solver.value(region)
    own = solved.complete or solved.tally
    caps = _base_caps(teller, region, since)
    windows = _window_caps(teller, region) if not caps and not own else []
    windows = windows or ([] if caps else _incident_caps(teller, region))
    if caps or windows:
        says = "the least that any current figure around it leaves"
        least = teller.step("least", caps or windows, region, "high", "R8", says)
        if caps or high.value is None:
            return least
        says = "the windows around it may hold more than its parts"
        return teller.step("most", [high, least], region, "high", "R8", says)
    if own and not teller.solver.stock:
        more = _around(teller, region, base)
        says = "and what increments of wider areas may have added"
        return teller.sum_of([high, *more], "high", region, "R8", says) if more else high
    return high


def _base_caps(teller: "Teller", region: Region, since: datetime) -> list[Term]:
    bases = current_bases(teller.solver, region, since)
    return [_base_cap(teller, region, other, base) for other, base in bases]


def _base_cap(teller: "Teller", region: Region, other: Region, base: Step) -> Term:
    whole = base_high(teller, other, base)
    if whole.value is None:
        return whole
    beside = teller.floors.tell_beside(other, region, base.as_of)
    if beside:
        says = f"what {teller.naming.region(other)} leaves after disjoint minimums"
        whole = teller.step("less", [whole, *beside], region, "high", "R8", says)
    if teller.solver.stock:
        return whole
    later = [item.high for item in told_news.told(teller, region, base.as_of)]
    later += _around(teller, region, base)
    says = "and what was counted here later"
    return teller.sum_of([whole, *later], "high", region, "R8", says) if later else whole


def _window_caps(teller: "Teller", region: Region) -> list[Term]:
    windows = current_windows(teller.solver, region)
    return [_left_by(teller, region, other, "R8") for other in windows]


def _incident_caps(teller: "Teller", region: Region) -> list[Term]:
    caps = incident_caps(teller.solver, region)
    return [_left_by(teller, region, other, "R11") for _, other in caps]


def _left_by(teller: "Teller", region: Region, other: Region, rule: str) -> Term:
    """What the value of a containing region leaves."""
    whole = teller.value(other).high
    beside = teller.floors.tell_beside(other, region, END)
    if whole.value is None or not beside:
        return whole
    says = f"what {teller.naming.region(other)} leaves after disjoint minimums"
    return teller.step("less", [whole, *beside], region, "high", rule, says)


def _around(teller: "Teller", region: Region, base: Step | None) -> list[Term]:
    """What increments of containing regions may have added; empty where they add nothing."""
    solver = teller.solver
    sums: list[Term] = []
    for other in (
        *solver.grid.containing(region),
        *solver.grid.containing(region, with_base=False),
    ):
        terms: list[Term] = []
        for span in spans_beside(solver, region, other, base):
            term = teller.figure(span.figures, span.interval.high)
            beside = teller.floors.tell_beside(other, region, span.end, span.start)
            if term.value is not None and beside:
                says = "what an increment of a wider area leaves after disjoint minimums"
                term = teller.step("less", [term, *beside], region, "high", "R8", says)
            terms.append(term)
        if terms:
            says = f"increments of {teller.naming.region(other)}"
            sums.append(teller.sum_of(terms, "high", region, "R8", says))
    if len(sums) < 2:
        return sums
    says = "the most that any of these may have added"
    return [teller.step("most", sums, region, "high", "R8", says)]
