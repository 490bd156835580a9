"""One answer from several originators, cell by cell (R12)."""

from dataclasses import dataclass, replace
from datetime import datetime

from tollbook_projections.consolidation.draft import Value
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.ranking import best_of, parts_missing
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Merged:
    """The consolidated value of a cell.

    Attributes:
        as_of: the cut-off of the originator that gave best, None where nobody did.
        oldest: the earliest cut-off that went into that best.
        supplier: who gave best.
    """

    interval: Interval
    as_of: datetime | None
    oldest: datetime | None
    supplier: str | None
    flags: frozenset[str]
    rules: frozenset[str]
    figures: frozenset[str]
    figures_total: int


_OWN_BOUNDS = frozenset({"open_high", "mixed_as_of"})
"""Flags about one originator's value that say nothing of a cell merged from several."""


def merge(values: dict[str, Value], region: Region, policy: Policy, lattice: Lattice) -> Merged:
    """Consolidates the values of several originators; numbers are never added across them."""
    supplier, best, flags = best_of(values, region, policy, lattice)
    complete = {name: value for name, value in values.items() if value.complete}
    comparable = dict(complete)
    if supplier is not None:
        comparable[supplier] = values[supplier]
    interval = Interval(_low(values, comparable), best, _high(values, complete))
    if not _disordered(values):
        interval = _in_order(interval, flags)
    own = values[supplier] if supplier is not None else None
    said = values.values() if own is None else (own,)
    if not complete and any(parts_missing(one, values.values(), lattice) for one in said):
        flags.add("parts_missing")
    for value in values.values():
        flags |= value.flags - _OWN_BOUNDS
    if interval.high is None:
        flags.add("open_high")
    if own is not None and "mixed_as_of" in own.flags:
        flags.add("mixed_as_of")
    return Merged(
        interval=interval,
        as_of=own.as_of if own and interval.best is not None else None,
        oldest=own.oldest if own and interval.best is not None else None,
        supplier=supplier if interval.best is not None else None,
        flags=frozenset(flags),
        rules=frozenset().union(*(value.rules for value in values.values()), {"R12"}),
        figures=frozenset().union(*(value.figures for value in values.values())),
        figures_total=sum(value.figures_total for value in values.values()),
    )


def _in_order(interval: Interval, flags: set[str]) -> Interval:
    """A low above best takes it away; high is never below the rest."""
    if interval.best is not None and interval.low > interval.best:
        interval = replace(interval, best=None)
        flags.add("floor_above_best")
    if interval.high is None:
        return interval
    return replace(interval, high=max(interval.high, interval.point, interval.low))


def add_phases(phases: list[Value]) -> Value:
    """The phases of one originator added (R17): a counter that restarted counts new people."""
    total = phases[0]
    for value in phases[1:]:
        dates = [at for at in (total.as_of, value.as_of) if at is not None]
        oldest = [at for at in (total.oldest, value.oldest) if at is not None]
        bounded = [at for at in (total.bounded_at, value.bounded_at) if at is not None]
        total = Value(
            total.interval + value.interval,
            complete=total.complete and value.complete,
            tally=total.tally or value.tally,
            verified=total.verified + value.verified,
            floor=total.floor and value.floor,
            flags=total.flags | value.flags | {"phases_added"},
            rules=total.rules | value.rules | {"R17"},
            figures=total.figures | value.figures,
            figures_total=total.figures_total + value.figures_total,
            as_of=max(dates, default=None),
            oldest=min(oldest, default=None),
            bounded_at=max(bounded, default=None),
            parts=total.parts & value.parts,
        )
    if total.interval.high is not None and "open_high" in total.flags:
        return replace(total, flags=total.flags - {"open_high"})
    return total


def _low(values: dict[str, Value], comparable: dict[str, Value]) -> int:
    floors = [value.verified for value in values.values()]
    if comparable:
        floors.append(min(value.interval.low for value in comparable.values()))
    else:
        floors.extend(value.interval.low for value in values.values())
    return max(floors, default=0)


def _high(values: dict[str, Value], complete: dict[str, Value]) -> int | None:
    chosen = complete or {name: value for name, value in values.items() if not value.floor}
    high: int | None = 0 if chosen else None
    for value in chosen.values():
        if high is None or value.interval.high is None:
            return None
        high = max(high, value.interval.high)
    return high


def _disordered(values: dict[str, Value]) -> bool:
    return any("bounds_disordered" in value.flags for value in values.values())
