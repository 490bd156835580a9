"""A value that holds for one window of time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.series import Step

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """A value with its window.

    Attributes:
        start: first moment of the window, `BEGINNING` where the report gave none.
        end: last moment of the window.
    """

    start: datetime
    end: datetime
    interval: Interval
    figures: tuple[str, ...]
    flags: tuple[str, ...] = ()


def span_of(step: Step) -> Span:
    """A step of an increment or an incident as a span of time."""
    return Span(step.start or BEGINNING, step.end, step.interval, step.figures, step.flags)
