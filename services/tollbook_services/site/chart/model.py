"""What a step line shows: values from a moment on, marks beside them, one line each originator."""

from dataclasses import dataclass
from typing import Literal

from tollbook_projections.consolidation.interval import Interval

MarkKind = Literal[
    "fall", "unexplained_fall", "break", "corrected", "retracted", "review", "uncounted"
]
"""What is marked: a lower value, one without a reason, a break of the series, a value that was
corrected since, one that was taken back, a review, and a value that is not added."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value and since when it is in force.

    Attributes:
        at: seconds since 1970; negative before.
        value: None where from then on nothing is in force.
        n: the number of its step; None where it is no step of a table.
        broken: whether the series breaks here, so that no line leads to it.
    """

    at: float
    value: Interval | None
    n: int | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to be seen at a moment and a number.

    Attributes:
        at: seconds since 1970.
        value: the number it stands beside.
        kind: what it marks.
        n: the number of its step.
    """

    at: float
    value: int
    kind: MarkKind
    n: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line, in order of time.

    Attributes:
        name: what it is called, in the legend and at its end.
        points: each holds until the next one.
        marks: beside it.
    """

    name: str
    points: tuple[Point, ...]
    marks: tuple[Mark, ...] = ()

    @property
    def moments(self) -> list[float]:
        """Every moment that it needs room for."""
        return [*(one.at for one in self.points), *(one.at for one in self.marks)]
