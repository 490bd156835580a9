"""Paths of a step line: the line, the band between low and high, and what is open above."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Self

from tollbook_projections.consolidation.interval import Interval
from tollbook_services.site.chart.model import Point

Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Paths:
    """The `d` of each path; empty where there is nothing of the kind.

    Attributes:
        best: the point values.
        band: between low and a high that is closed.
        opened: above the greatest number that was given, where there is no upper limit.
        edges: low and high where nobody gave a point value.
        breaks: from a value to the one after a break of the series.
    """

    best: str
    band: str
    opened: str
    edges: str
    breaks: str

    @classmethod
    def of(cls, points: Sequence[Point], x: Place, y: Place, last: float) -> Self:
        """The paths of points in order of time; the last one holds until `last`."""
        spans = list(_spans(points, x, last))
        return cls(
            best=_best(spans, y),
            band=_band(spans, y),
            opened=_opened(spans, y),
            edges=_edges(spans, y),
            breaks=_breaks(spans, y),
        )


@dataclass(frozen=True, slots=True)
class _Span:
    """A value between two places; `joined` says that a line leads to it from the one before."""

    left: float
    right: float
    value: Interval
    joined: bool
    broken: bool


def thinned(points: Sequence[Point], pixel: float) -> list[Point]:
    """Points without those that lie between others in one pixel.

    Of each pixel the first, the least, the greatest and the last are kept.

    Args:
        points: in order of time.
        pixel: seconds that one is wide.
    """
    kept = []
    for _, group in groupby(points, key=lambda point: int(point.at // pixel)):
        found = list(group)
        valued = [place for place, point in enumerate(found) if point.value is not None]
        ends = {0, len(found) - 1}
        if valued:
            ends.add(min(valued, key=lambda place: _point(found[place])))
            ends.add(max(valued, key=lambda place: _point(found[place])))
        ends.update(place for place, point in enumerate(found) if point.broken)
        kept += [found[place] for place in sorted(ends)]
    return kept


def dots(points: Sequence[Point], x: Place, y: Place) -> tuple[tuple[float, float], ...]:
    """Where each value begins, in pixels."""
    return tuple(
        (round(x(point.at), 1), round(y(point.value.point), 1))
        for point in points
        if point.value is not None
    )


def _point(point: Point) -> int:
    return 0 if point.value is None else point.value.point


def _spans(points: Sequence[Point], x: Place, last: float) -> Iterator[_Span]:
    before: Point | None = None
    for place, point in enumerate(points):
        until = points[place + 1].at if place + 1 < len(points) else last
        if point.value is not None:
            follows = before is not None and before.value is not None
            yield _Span(
                x(point.at), x(until), point.value, follows and not point.broken, point.broken
            )
        before = point


def _best(spans: Sequence[_Span], y: Place) -> str:
    parts: list[str] = []
    drawn = False
    for span in spans:
        if span.value.best is None:
            drawn = False
            continue
        height = _text(y(span.value.best))
        lead = f"V{height}" if drawn and span.joined else f"M{_text(span.left)} {height}"
        parts.append(f"{lead}H{_text(span.right)}")
        drawn = True
    return "".join(parts)


def _edges(spans: Sequence[_Span], y: Place) -> str:
    parts = []
    for span in spans:
        if span.value.best is None:
            ends = [one for one in (span.value.low, span.value.high) if one is not None]
            left, right = _text(span.left), _text(span.right)
            parts += [f"M{left} {_text(y(number))}H{right}" for number in ends]
    return "".join(parts)


def _band(spans: Sequence[_Span], y: Place) -> str:
    return "".join(
        _box(span, y(span.value.high), y(span.value.low))
        for span in spans
        if span.value.high is not None and span.value.high > span.value.low
    )


def _opened(spans: Sequence[_Span], y: Place) -> str:
    top = y(float("inf"))
    return "".join(
        _box(span, top, y(span.value.point)) for span in spans if span.value.high is None
    )


def _box(span: _Span, top: float, bottom: float) -> str:
    left, right = _text(span.left), _text(span.right)
    return f"M{left} {_text(bottom)}V{_text(top)}H{right}V{_text(bottom)}Z"


def _breaks(spans: Sequence[_Span], y: Place) -> str:
    parts = []
    for before, after in pairwise(spans):
        if after.broken:
            top, bottom = y(before.value.point), y(after.value.point)
            parts.append(f"M{_text(after.left)} {_text(top)}V{_text(bottom)}")
    return "".join(parts)


def _text(number: float) -> str:
    """A coordinate with one decimal at most: smaller than a pixel of any screen."""
    return f"{number:.1f}".removesuffix(".0")
