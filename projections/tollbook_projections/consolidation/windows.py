"""Windows of time: which of them share no moment, and what lies between them (R5)."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tollbook_projections.consolidation.span import BEGINNING, Span

Window = tuple[datetime, datetime]
"""First and last moment; a moment belongs to the window that ends with it."""

ADJACENT = timedelta(seconds=1)
"""A day ends at 23:59:59 and the next begins a second later: nothing happened in between."""


class Apart:
    """Windows of which no two share a moment, in order of time."""

    def __init__(self) -> None:
        """Begin with none."""
        self.windows: list[Window] = []

    def take(self, window: Window) -> bool:
        """Takes a window up if it is clear of all that were; whether it is."""
        at = bisect_left(self.windows, window)
        if at > 0 and self.windows[at - 1][1] > window[0]:
            return False
        if at < len(self.windows) and window[1] > self.windows[at][0]:
            return False
        self.windows.insert(at, window)
        return True

    def gaps(self, start: datetime, end: datetime) -> list[Window]:
        """What of a time lies before, between and after the windows."""
        gaps: list[Window] = []
        at = start
        for first, last in self.windows:
            if first > at and (at == BEGINNING or first - at > ADJACENT):
                gaps.append((at, first))
            at = max(at, last)
        if end > at:
            gaps.append((at, end))
        return gaps


def clear_of(window: Window, others: Sequence[Window]) -> bool:
    """Whether a window overlaps none of the others."""
    return all(window[1] <= other[0] or other[1] <= window[0] for other in others)


def within(window: Window, others: Sequence[Window]) -> bool:
    """Whether a window lies wholly in one of the others."""
    return any(start <= window[0] and window[1] <= end for start, end in others)


def widest_first(spans: Iterable[Span]) -> list[Span]:
    """Longer windows before shorter, earlier before later, the larger of two for one window."""
    return sorted(spans, key=lambda span: (span.start - span.end, span.start, -span.interval.low))
