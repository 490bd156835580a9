"""Figures of a region that narrow down incidents of a wider one: minimums (R11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tollbook_projections.consolidation.book import Sheet
from tollbook_projections.consolidation.interval import ZERO
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.span import Span


@dataclass(frozen=True, slots=True)
class Minimums:
    """What such figures of one region come to.

    Attributes:
        spans: a minimum for each window, in order of its end.
        wholes: what their incidents are of as a whole.
    """

    spans: tuple[Span, ...]
    wholes: frozenset[Region]


def minimums_of(sheet: Sheet, region: Region) -> Minimums:
    """The narrower figures of a region; kept in the sheet until one of their incidents changes."""
    known = sheet.minimums.get(region)
    if not isinstance(known, Minimums):
        named = sheet.beside["floor"][region]
        wholes = frozenset(
            whole for name in named for whole, _, how in sheet.summed[name] if how != "floor"
        )
        known = sheet.minimums[region] = Minimums(_by_window(named), wholes)
    return known


def _by_window(named: Mapping[str, Span]) -> tuple[Span, ...]:
    """Those of one window added: different incidents are different people."""
    found: dict[tuple[datetime, datetime], list[Span]] = {}
    for name in sorted(named):
        span = named[name]
        found.setdefault((span.end, span.start), []).append(span)
    return tuple(_added(found[window]) for window in sorted(found))


def _added(spans: Sequence[Span]) -> Span:
    if len(spans) == 1:
        return spans[0]
    interval = ZERO
    for span in spans:
        interval += span.interval
    return replace(
        spans[0],
        interval=interval,
        figures=tuple(figure for span in spans for figure in span.figures),
        flags=tuple(dict.fromkeys(flag for span in spans for flag in span.flags)),
    )
