"""A figure as low / best / high, and what a printed quantity means in these terms (R2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tollbook_schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds and a point for a count of people, households or things.

    Attributes:
        low: at least this many.
        best: the point value, None where no source gave one.
        high: at most this many, None where unbounded (`open_high`).
    """

    low: int
    best: int | None
    high: int | None

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(
            self.low + other.low,
            None if self.best is None or other.best is None else self.best + other.best,
            add_high(self.high, other.high),
        )

    @property
    def point(self) -> int:
        """The number a reader would quote: best, else low."""
        return self.low if self.best is None else self.best

    def hull(self, other: "Interval") -> "Interval":
        """The narrowest bounds holding both; equal intervals keep their best."""
        if self == other:
            return self
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return Interval(min(self.low, other.low), None, high)


ZERO = Interval(0, 0, 0)
UNBOUNDED = Interval(0, None, None)


def add_high(left: int | None, right: int | None) -> int | None:
    """The sum of two highs, open where either is open."""
    return None if left is None or right is None else left + right


def least_high(highs: list[int | None]) -> int | None:
    """The least of several highs; open only if all are open (R8)."""
    closed = [high for high in highs if high is not None]
    return min(closed) if closed else None


def interval_of(
    quantity: Mapping[str, Any], policy: Policy
) -> tuple[Interval | None, tuple[str, ...]]:
    """What a printed quantity means (R2), with flags; None for `unknown` (history only).

    Args:
        quantity: the `quantity` object of an event, by its JSON names.
        policy: gives the ranges of words such as "dozens".
    """
    match quantity["qualifier"]:
        case "unknown":
            return None, ()
        case "unquantified":
            return UNBOUNDED, ("unquantified",)
        case "between":
            return _between(quantity["from"], quantity.get("value"), quantity["to"])
        case "lexical":
            low, high = policy.lexical[quantity["word"]]
            return Interval(low, None, high), ()
        case qualifier:
            return _of_number(qualifier, quantity.get("value", 0)), ()


def _of_number(qualifier: str, number: int) -> Interval:
    """A printed number with its qualifier; `none_reported` is a real zero."""
    match qualifier:
        case "at_least" | "more_than":
            return Interval(number, number, None)
        case "up_to":
            return Interval(0, None, number)
        case "less_than":
            return Interval(0, None, number - 1)
        case _:
            return Interval(number, number, number)


def _between(low: int, best: int | None, high: int) -> tuple[Interval, tuple[str, ...]]:
    ordered = low <= high and (best is None or low <= best <= high)
    return Interval(low, best, high), () if ordered else ("bounds_disordered",)
