"""A claim: one version of one figure, ready to be consolidated."""

from datetime import datetime
from typing import NamedTuple

from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.region import Region


class BookKey(NamedTuple):
    """What makes figures addable at all: one originator, one thing counted (R3).

    Attributes:
        nature: `count` (killed up to a moment) or `stock` (present at a moment).
    """

    originator: str
    measure: str
    unit: str
    nature: str


class SeriesKey(NamedTuple):
    """The series a figure belongs to: a later figure with the same key revises it (section 5)."""

    book: BookKey
    region: Region
    basis: str
    partial: bool
    place: str | None
    incident: str | None
    dated_by: str | None
    phase: int
    window: tuple[datetime | None, datetime] | None


class Claim(NamedTuple):
    """One version of a figure with its place in its series.

    Attributes:
        figure: the global figure id, `source/event#figure`.
        event: `source/event`, the report or the editorial event that made this version.
        order: decides which of two values of a series is later; arrival plays no part: as_of,
            publication, whether it is a relay, the report, the version and the place in the report.
        start: start of the window, None where the report gave none.
        end: end of the window, else `as_of`.
        interval: None for `unknown`, which is history only.
        relay: printed by somebody else than its originator (R16).
        forced: an editor reviewed it as counted or stated its value, which lifts the relay rules.
        explained: an editorial event with its reason made it or reviewed it as counted: a fall
            needs no flag (section 4).
    """

    figure: str
    event: str
    series: SeriesKey
    order: tuple[datetime, datetime, bool, str, int, int]
    start: datetime | None
    end: datetime
    as_of: datetime
    interval: Interval | None
    attribution: str | None
    part_of: str | None
    role: str
    relay: bool
    forced: bool
    explained: bool
    flags: tuple[str, ...]

    @property
    def region(self) -> Region:
        return self.series.region

    @property
    def version(self) -> int:
        """The number of the version of its figure that it is."""
        return self.order[4]
