"""An originator's value of a region, made and in the making."""

from dataclasses import dataclass, field
from datetime import datetime

from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.region import Region

RISING = frozenset(
    {
        "bounds_disordered",
        "conflict",
        "part_newer_than_total",
        "segments_missing",
        "unexplained_fall",
        "place_floor",
        "verified_floor",
        "window_straddles",
    }
)
SHOWN = frozenset({"unquantified", "bounds_disordered", "as_of_assumed", "ambiguous_series"})


@dataclass(frozen=True, slots=True)
class Value:
    """What one originator's figures say of a region.

    Attributes:
        complete: a complete figure speaks of exactly this region (R12, comparable).
        tally: a sum of windows or incidents that no total stands behind; totals come first.
        verified: what figures of partial coverage alone guarantee (R13).
        rules: the rules that made it, by number.
        figures: the figures it rests on, of many incidents the latest ones only.
        figures_total: how many they are.
        as_of: the latest cut-off among the totals and tallies behind it, by which R12 ranks; None
            where minimums, or windows of a wider area, are all there is.
        oldest: the earliest cut-off among them.
        bounded_at: the latest cut-off of those minimums and windows, where as_of is None.
        floor: partial or placed figures only.
        parts: what was added up in the end, empty where a figure, or a sum over all there can be,
            says the whole (R9, R10); see `ranking.py`.
    """

    interval: Interval
    complete: bool = False
    tally: bool = False
    verified: int = 0
    floor: bool = False
    flags: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    figures: frozenset[str] = frozenset()
    figures_total: int = 0
    as_of: datetime | None = None
    oldest: datetime | None = None
    bounded_at: datetime | None = None
    parts: frozenset[Region] = frozenset()


@dataclass(slots=True)
class Draft:
    """A value under construction."""

    best: int | None
    high: int | None
    complete: bool = False
    tally: bool = False
    flags: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    as_ofs: list[datetime] = field(default_factory=list)
    bounding: list[datetime] = field(default_factory=list)
    figures: set[str] = field(default_factory=set)
    parts: frozenset[Region] = frozenset()


def put_in_order(draft: Draft, low: int) -> None:
    """Best is not below low, and high below neither; what was printed out of order stays."""
    if "bounds_disordered" in draft.flags:
        return
    if draft.best is not None:
        if draft.best < low:
            draft.best = None
            draft.flags.add("floor_above_best")
        elif draft.high is not None and draft.high < draft.best:
            draft.high = draft.best
    if draft.high is not None and draft.high < low:
        draft.high = low


def plus(left: int | None, right: int | None) -> int | None:
    """The sum of two points, None where either is."""
    return None if left is None or right is None else left + right


def best_or_floor(interval: Interval) -> int:
    """What a residual takes off for a part: its best, or its floor where it has none (R6)."""
    return interval.low if interval.best is None else interval.best
