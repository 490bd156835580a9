"""A book: everything one originator counted of one kind, kept by region and series (R3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tollbook_projections.consolidation.claim import BookKey, Claim, SeriesKey
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Series, Step

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)

SheetKey = tuple[str | None, int]
"""How deaths were dated, and the phase of the counter: never mixed in one sheet (R17)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A value that holds for one window of time.

    Attributes:
        start: first moment of the window, `BEGINNING` where the report gave none.
        end: last moment of the window.
    """

    start: datetime
    end: datetime
    interval: Interval
    figures: tuple[str, ...]
    flags: tuple[str, ...] = ()


@dataclass(slots=True)
class Node:
    """The series of one region.

    Attributes:
        base: complete cumulative or stock figures of the whole region.
        floors: partial coverage, or a named place inside the region: they only raise low.
        increments: complete figures of a window of time, by series.
        floor_increments: the same of partial coverage or a named place.
    """

    base: Series = field(default_factory=Series)
    floors: dict[SeriesKey, Series] = field(default_factory=dict)
    increments: dict[SeriesKey, Series] = field(default_factory=dict)
    floor_increments: dict[SeriesKey, Series] = field(default_factory=dict)

    def series(self, key: SeriesKey) -> Series:
        """The series of a key, made if it is new."""
        floor = key.partial or key.place is not None
        if key.window is not None:
            kept = self.floor_increments if floor else self.increments
        elif floor:
            kept = self.floors
        else:
            return self.base
        return kept.setdefault(key, Series())

    def all_series(self) -> Iterator[Series]:
        """Every series of the region."""
        yield self.base
        for kept in (self.floors, self.increments, self.floor_increments):
            yield from kept.values()


@dataclass(slots=True)
class Sheet:
    """Regions counted in one way (one dated_by, one phase), and the incidents beside them (R11)."""

    nodes: dict[Region, Node] = field(default_factory=dict)
    incidents: dict[str, "Sheet"] = field(default_factory=dict)

    def series(self, key: SeriesKey) -> Series:
        """The series of a key; figures of one incident form a sheet of their own."""
        sheet = self if key.incident is None else self.incidents.setdefault(key.incident, Sheet())
        return sheet.nodes.setdefault(key.region, Node()).series(key)

    def all_series(self) -> Iterator[Series]:
        """Every series of the sheet and of its incidents."""
        for node in self.nodes.values():
            yield from node.all_series()
        for sheet in self.incidents.values():
            yield from sheet.all_series()

    def regions(self) -> set[Region]:
        """Every region a live figure speaks of."""
        own = {
            region
            for region, node in self.nodes.items()
            if any(series.claims for series in node.all_series())
        }
        return own.union(*(sheet.regions() for sheet in self.incidents.values()))


@dataclass(slots=True)
class Book:
    """The counted figures of one originator, measure, unit and nature.

    Putting or removing a claim costs the place of that claim in its series; nothing here grows
    with the number of other series.
    """

    key: BookKey
    sheets: dict[SheetKey, Sheet] = field(default_factory=dict)

    def put(self, claim: Claim) -> None:
        """Adds a counted claim."""
        self._series(claim).put(claim)

    def remove(self, claim: Claim) -> None:
        """Takes a claim out again, after an editorial event about its figure."""
        self._series(claim).remove(claim)

    def marks(self) -> dict[str, tuple[str, ...]]:
        """What the order of values says about single figures: `stale_relay`, `held_relay`,
        `unexplained_fall`, `ambiguous_series`.
        """
        found: dict[str, tuple[str, ...]] = {}
        for sheet in self.sheets.values():
            for series in sheet.all_series():
                series.settle()
                found.update(series.marks)
        return found

    def _series(self, claim: Claim) -> Series:
        key = claim.series
        return self.sheets.setdefault((key.dated_by, key.phase), Sheet()).series(key)


def span_of(step: Step) -> Span:
    """A step of an increment or an incident as a span of time."""
    return Span(step.start or BEGINNING, step.end, step.interval, step.figures, step.flags)
