"""Where everything of a chart lies: from lines to paths, ticks, marks and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tollbook_services.site.chart.model import Line, MarkKind, Point
from tollbook_services.site.chart.paths import Paths, dots, thinned
from tollbook_services.site.chart.scales import (
    DAY_S,
    HOUR_S,
    MONTHS,
    TIME_MAX,
    TIME_MIN,
    number_ticks,
    spread,
    time_ticks,
)

PATTERNS: Final = 6
"""Patterns of lines, each with a colour and a shape; with more lines they come again."""

DOTS_MAX: Final = 60
"""Points of a line that are each drawn as a dot; with more of them they would cover the line."""

LABELLED_MAX: Final = 14
"""Lines that are named at their end; the legend names all."""

_CHAR: Final = 6.7
"""Width of a character of a label of 12 pixels, about."""

_LINE_HEIGHT: Final = 15.0
_OFF_SCALE: Final = 12
"""A high so many times above every value is left to run off the top, and said in words."""

_MARK_OFF_SCALE: Final = 3
"""The same of what is marked beside the lines, such as a value that was corrected since."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a chart in pixels, and how long its names may be, in characters."""

    width: float
    height: float
    name_max: int


WIDE: Final = Frame(720.0, 320.0, 22)
NARROW: Final = Frame(340.0, 280.0, 12)


@dataclass(frozen=True, slots=True)
class Placed:
    """A text or tick and where it is."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """A mark, and the number of its step."""

    x: float
    y: float
    kind: MarkKind
    n: int


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line.

    Attributes:
        name: in full.
        pattern: from 0, below `PATTERNS`.
        paths: of the line, its band and its edges.
        dots: where values begin.
        marks: beside it.
        end: where it ends; None where it has no value.
        label: the name as written at its end, and where; None where there is no room.
    """

    name: str
    pattern: int
    paths: Paths
    dots: tuple[tuple[float, float], ...]
    marks: tuple[DrawnMark, ...]
    end: tuple[float, float] | None
    label: Placed | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart in pixels, from the top left.

    Attributes:
        left: of the plot; right, top and bottom likewise.
        moments: ticks of the time axis.
        numbers: ticks of the other one.
        lines: in the order given.
        clipped: whether a value lies beyond the top.
    """

    frame: Frame
    left: float
    right: float
    top: float
    bottom: float
    moments: tuple[Placed, ...]
    numbers: tuple[Placed, ...]
    lines: tuple[DrawnLine, ...]
    clipped: bool

    @property
    def wants_open(self) -> bool:
        """Whether a value without an upper limit is drawn."""
        return any(line.paths.opened for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From moments and numbers to pixels."""

    left: float
    right: float
    top: float
    bottom: float
    first: float
    last: float
    greatest: int

    def x(self, at: float) -> float:
        return self.left + (at - self.first) / (self.last - self.first) * (self.right - self.left)

    def y(self, number: float) -> float:
        part = min(1.0, max(0.0, number / self.greatest))
        return self.bottom - part * (self.bottom - self.top)


def drawing(
    lines: Sequence[Line], frame: Frame = WIDE, months: Sequence[str] = MONTHS
) -> Drawing | None:
    """A chart of some lines; None where there is nothing to be seen.

    Args:
        lines: each with its points in order of time.
        frame: the size.
        months: twelve short names.
    """
    moments = [at for line in lines for at in line.moments]
    if not moments:
        return None
    greatest, clipped = _greatest(lines)
    ticks = number_ticks(greatest)
    names = [_short(line.name, frame.name_max) for line in lines]
    several = len(lines) > 1
    scale = _Scale(
        left=10 + _CHAR * max(len(tick.text) for tick in ticks),
        right=frame.width - (12 + _CHAR * max(map(len, names)) if several else 16),
        top=14.0,
        bottom=frame.height - 28,
        greatest=int(ticks[-1].at),
        **_span(min(moments), max(moments)),
    )
    drawn = [_line(line, place, scale) for place, line in enumerate(lines)]
    if several:
        drawn = _labelled(drawn, names, scale)
    return Drawing(
        frame,
        scale.left,
        scale.right,
        scale.top,
        scale.bottom,
        _moments(scale, months),
        tuple(Placed(round(scale.y(tick.at), 1), tick.text) for tick in ticks),
        tuple(drawn),
        clipped,
    )


def _moments(scale: _Scale, months: Sequence[str]) -> tuple[Placed, ...]:
    """As many ticks of the time axis as can be written beside each other."""
    found: list[Placed] = []
    for count_max in range(max(2, int((scale.right - scale.left) // 40)), 1, -1):
        ticks = time_ticks(scale.first, scale.last, count_max, months)
        found = [Placed(round(scale.x(tick.at), 1), tick.text) for tick in ticks]
        if all(_apart(before, after) for before, after in pairwise(found)):
            break
    return tuple(found)


def _apart(before: Placed, after: Placed) -> bool:
    width = _CHAR * (len(before.text) + len(after.text)) / 2
    return after.at - before.at >= width + _CHAR


def _span(first: float, last: float) -> dict[str, float]:
    """The time axis: some room on both sides, a day around a single moment."""
    room = max((last - first) * 0.04, HOUR_S) if last > first else DAY_S
    return {"first": max(first - room, TIME_MIN), "last": min(last + room, TIME_MAX)}


def _greatest(lines: Sequence[Line]) -> tuple[int, bool]:
    values = [point.value for line in lines for point in line.points if point.value is not None]
    marks = [mark.value for line in lines for mark in line.marks]
    points = max((max(value.low, value.point) for value in values), default=0)
    highs = [value.high for value in values if value.high is not None]
    near = [one for one in highs if not points or one <= _OFF_SCALE * points]
    near += [one for one in marks if not points or one <= _MARK_OFF_SCALE * points]
    return max([points, *near], default=0), len(near) < len(highs) + len(marks)


def _line(line: Line, place: int, scale: _Scale) -> DrawnLine:
    points = thinned(line.points, (scale.last - scale.first) / (scale.right - scale.left))
    paths = Paths.of(points, scale.x, scale.y, scale.last)
    last = next((point for point in reversed(points[-1:]) if point.value is not None), None)
    end = None
    if last is not None and last.value is not None:
        end = (round(scale.right, 1), round(scale.y(last.value.point), 1))
    marks = tuple(
        DrawnMark(round(scale.x(one.at), 1), round(scale.y(one.value), 1), one.kind, one.n)
        for one in line.marks
    )
    shown: Sequence[Point] = points if len(points) <= DOTS_MAX else ()
    return DrawnLine(
        line.name, place % PATTERNS, paths, dots(shown, scale.x, scale.y), marks, end, None
    )


def _labelled(drawn: list[DrawnLine], names: Sequence[str], scale: _Scale) -> list[DrawnLine]:
    ending = [place for place, line in enumerate(drawn) if line.end is not None][:LABELLED_MAX]
    wanted = [line.end[1] for place in ending if (line := drawn[place]).end is not None]
    places = spread(wanted, _LINE_HEIGHT, scale.top, scale.bottom)
    labels = dict(zip(ending, places, strict=True))
    return [
        DrawnLine(
            line.name, line.pattern, line.paths, line.dots, line.marks, line.end,
            Placed(round(labels[place], 1), names[place]) if place in labels else None,
        )
        for place, line in enumerate(drawn)
    ]  # fmt: skip


def _short(name: str, count_max: int) -> str:
    return name if len(name) <= count_max else name[: count_max - 1] + "…"
