"""What a reader asks of a read model, and the position it was answered at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tollbook_projections.filing import Document
from tollbook_projections.selection import Moment
from tollbook_schemas.times import format_instant

MOVEMENTS: Final = frozenset(
    {"displaced", "displaced_across_border", "returned", "sheltering", "arrivals"}
)
"""Measures of where people are or went: the view `displacement` shows these, `tolls` the rest."""


@dataclass(frozen=True, slots=True)
class Query:
    """Filters and the three clocks (section 2); None asks for everything, or for now.

    Attributes:
        area: a canonical code; cells and series of it and inside it, and scopes that touch it.
        as_of: the originators' cut-off.
        published_as_of: what had been published by then.
        known_as_of: the ledger sequence up to which events had been recorded.
        known_time: the time that sequence was asked for by, if it was; printed only.
        policy: the id of the policy asked for instead of the one in force.
        persons: say households in persons beside their own number (R15).
    """

    measure: str | None = None
    area: str | None = None
    originator: str | None = None
    as_of: datetime | None = None
    published_as_of: datetime | None = None
    known_as_of: int | None = None
    known_time: datetime | None = None
    policy: str | None = None
    persons: bool = False

    @property
    def moment(self) -> Moment:
        """The clocks of the question."""
        return Moment(self.as_of, self.published_as_of, self.known_as_of)

    @property
    def live(self) -> bool:
        """Whether the question is about now and everybody, so that stored cells answer it."""
        return self.moment == Moment() and self.originator is None and self.policy is None


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the partition the rows were read: sequence and the time it was recorded."""

    sequence: int
    recorded_at: datetime | None


def clocks(query: Query, position: Position) -> Document:
    """The three clocks as every view prints them."""
    sequence, at = position.sequence, position.recorded_at
    if query.known_as_of is not None and query.known_as_of <= sequence:
        sequence, at = query.known_as_of, query.known_time
    return {
        "as_of": _text(query.as_of),
        "published_as_of": _text(query.published_as_of),
        "known_as_of": {"sequence": sequence, "time": _text(at)},
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
