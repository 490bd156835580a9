"""What no source has assigned: unallocated areas (R6), unspecified segments (R10)."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tollbook_projections.consolidation.draft import SHOWN, Value, best_or_floor
from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.incidents import IncidentLog
from tollbook_projections.consolidation.interval import Interval, add_high
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step

if TYPE_CHECKING:
    from tollbook_projections.consolidation.solver import Solver


def bucket(solver: "Solver", scope: Region) -> Value:
    """The unallocated part of a multi-area scope (R6). Never split."""
    facts = solver.facts.get(scope)
    value = solver.value(scope)
    parts = solver.grid.outer("areas", scope)
    if facts is None or facts.base is None:
        return unnamed(solver, scope) or _derived_bucket(solver, scope, value, parts)
    base = facts.base
    if solver.conflicting(scope):
        return _valued(value, Interval(0, 0, 0), "R6")
    held = [solver.then(part, base.as_of) for part in parts]
    if solver.grid.pairwise_disjoint(parts):
        then = _residual(base.interval, held)
    else:
        since = solver.floors.since(base.as_of)
        known = solver.floors.axis_low("areas", scope, since, base.as_of)
        then = _residual(base.interval, [Interval(known, None, None)])
    interval = _later(solver, scope, facts, base, then)
    if value.interval.best is None:
        interval = replace(interval, best=None)
    return _valued(value, _ordered(interval), "R6")


def unnamed(solver: "Solver", area: Region) -> Value | None:
    """What incidents of an area, or of several, no source has assigned to parts (R6, R11).

    They are other people than those of the incidents in its parts. None where anything else is
    said of the area or inside it: then what is left of a total is for the total to say.
    """
    inside = solver.grid.inside(area)
    logs = own_logs(solver, area)
    if not logs or not all(solver.facts[other].counted for other in inside):
        return None
    total = Interval(0, 0, 0)
    for log in logs:
        total += log.total()
    first, last = min(log.spans[0].end for log in logs), max(log.spans[-1].end for log in logs)
    flags = {flag for log in logs for flag, count in log.flags.items() if count} & SHOWN
    flags |= {"open_high"} if total.high is None else set()
    flags |= {"mixed_as_of"} if first != last else set()
    return Value(
        total,
        tally=True,
        flags=frozenset(flags),
        rules=frozenset({"R1", "R2", "R3", "R6", "R11"}),
        figures=frozenset(name for log in logs for name in log.lineage(solver.lineage_max)),
        figures_total=sum(log.figures for log in logs),
        as_of=last,
        oldest=first,
    )


def own_logs(solver: "Solver", area: Region) -> list[IncidentLog]:
    """The incidents of exactly these areas, by segment."""
    return [
        log
        for other in solver.grid.inside(area)
        if other.areas == area.areas and (log := solver.facts[other].incidents) is not None
    ]


def unspecified(solver: "Solver", region: Region) -> Value | None:
    """What of a total no segment of the same areas explains (R10); None without segments."""
    facts = solver.facts.get(region)
    if facts is None or facts.base is None:
        return None
    parts = solver.grid.widest(
        [
            part
            for part in solver.grid.parts("segment", region)
            if part in solver.facts and solver.facts[part].base is not None
        ],
    )
    if not parts or not solver.grid.pairwise_disjoint(parts):
        return None
    base, held = facts.base, [solver.then(part, facts.base.as_of) for part in parts]
    return _valued(solver.value(region), _ordered(_residual(base.interval, held)), "R10")


def _later(solver: "Solver", scope: Region, facts: Facts, base: Step, then: Interval) -> Interval:
    """A bucket after its base: newly known parts come out of it, own increments go in."""
    low, best, high = then.low, then.best, then.high
    if best is not None:
        newly = [
            item.best
            for part in solver.grid.maximal(scope)
            for item in solver.news(part, base.as_of)
            if item.excess and item.best is not None
        ]
        best = max(0, best - sum(newly))
    own = [span for span in facts.increments if span.start >= base.as_of]
    for span in own:
        inner = solver.floors.parts_low(scope, span.start, span.end)
        high = (
            None
            if span.interval.high is None
            else add_high(high, max(0, span.interval.high - inner))
        )
        if best is not None and span.interval.best is not None:
            best += max(0, span.interval.best - inner)
        if not inner:
            low += span.interval.low
    return Interval(low, best, high)


def _derived_bucket(
    solver: "Solver", scope: Region, value: Value, parts: tuple[Region, ...]
) -> Value:
    facts = solver.facts.get(scope)
    if facts is not None and not facts.empty:
        held = [solver.value(part).interval for part in parts]
        return _valued(value, _ordered(_residual(value.interval, held)), "R6")
    segments = solver.grid.widest(
        [
            part
            for part in solver.grid.parts("segment", scope)
            if any(other.areas == scope.areas for other in solver.grid.inside(part))
        ],
    )
    values = [bucket(solver, part) for part in segments]
    total = Interval(0, 0, 0)
    for one in values:
        total += one.interval
    if not solver.grid.pairwise_disjoint(segments):
        lows = [one.interval.low for one in values]
        total = Interval(max(lows, default=0), None, total.high)
    return _dated(_valued(value, total, "R6"), values)


def _dated(total: Value, parts: list[Value]) -> Value:
    """A sum of buckets has their cut-offs, not those of what was assigned to areas (R18)."""
    latest = [part.as_of for part in parts if part.as_of is not None]
    oldest = [part.oldest for part in parts if part.oldest is not None]
    if not latest or not oldest:
        return total
    mixed = {"mixed_as_of"} if max(latest) != min(oldest) else set()
    flags = total.flags - {"mixed_as_of"} | mixed
    return replace(total, as_of=max(latest), oldest=min(oldest), flags=flags)


def _residual(whole: Interval, parts: list[Interval]) -> Interval:
    """A whole less its disjoint parts: their highs, their best or floor, their lows (R6)."""
    low, best, high = _left(whole.low, [part.high for part in parts]), whole.best, whole.high
    if best is not None:
        best = max(0, best - sum(map(best_or_floor, parts)))
    if high is not None:
        high = max(0, high - sum(part.low for part in parts))
    return Interval(low, best, high)


def _valued(value: Value, interval: Interval, rule: str) -> Value:
    """A value with other bounds, and the flag that goes with an open high."""
    flags = value.flags - {"open_high"} | ({"open_high"} if interval.high is None else set())
    return replace(value, interval=interval, flags=flags, rules=value.rules | {rule})


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
