"""Incidents of one region as running sums: different incidents are different people (R11)."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.span import BEGINNING, Span

T = TypeVar("T")

LINEAGE_MAX = 100
"""Incidents of a region named in a cell's lineage, the latest ones: a cell of a long crisis
would otherwise carry every id there is, and grow with each event. `figures_total` counts all.
Books that are asked once may name all of them, see `Books`."""


@dataclass(slots=True)
class IncidentLog:
    """The incidents of one region in order of their end.

    Adding one at the end costs no more however many there are; so do the sums over all of them
    and over those after a recent moment.
    """

    spans: list[Span] = field(default_factory=list)
    figures: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    _low: int = 0
    _best: int = 0
    _no_best: int = 0
    _high: int = 0
    _open: int = 0

    def add(self, span: Span) -> None:
        """Takes up an incident."""
        spans = self.spans
        if not spans or _order(spans[-1]) <= _order(span):
            spans.append(span)
        else:
            insort(spans, span, key=_order)
        self._count(span, 1)

    def remove(self, span: Span) -> None:
        """Takes an incident out again; it must be there."""
        del self.spans[bisect_left(self.spans, _order(span), key=_order)]
        self._count(span, -1)

    def total(self) -> Interval:
        """All incidents together."""
        return Interval(
            self._low,
            None if self._no_best else self._best,
            None if self._open else self._high,
        )

    def after(self, moment: datetime) -> list[Span]:
        """The incidents that end later than a moment."""
        return self.spans[bisect_right(self.spans, moment, key=_end) :]

    def low_between(self, start: datetime, end: datetime) -> int:
        """The sum of lows over incidents wholly inside a window."""
        last = bisect_right(self.spans, end, key=_end)
        if start == BEGINNING:
            return self._low - sum(span.interval.low for span in self.spans[last:])
        first = bisect_left(self.spans, start, key=_end)
        return sum(span.interval.low for span in self.spans[first:last] if span.start >= start)

    def lineage(self, most: int | None) -> list[str]:
        """The figures of the latest incidents, so many of these at most; None for all."""
        return [figure for span in latest(self.spans, most) for figure in span.figures]

    def _count(self, span: Span, sign: int) -> None:
        interval = span.interval
        self._low += sign * interval.low
        self._best += sign * (interval.best or 0)
        self._no_best += sign * (interval.best is None)
        self._high += sign * (interval.high or 0)
        self._open += sign * (interval.high is None)
        self.figures += sign * len(span.figures)
        for flag in span.flags:
            self.flags[flag] += sign


def latest(ordered: list[T], most: int | None) -> list[T]:
    """The last of some, so many at most; None for all."""
    return ordered if most is None else ordered[-most:]


def _order(span: Span) -> tuple[datetime, datetime, tuple[str, ...]]:
    return span.end, span.start, span.figures


def _end(span: Span) -> datetime:
    return span.end
