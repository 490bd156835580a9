"""A book: everything one originator counted of one kind, kept by region and series (R3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tollbook_projections.consolidation.claim import BookKey, Claim, SeriesKey
from tollbook_projections.consolidation.incidents import LINEAGE_MAX, IncidentLog
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Series
from tollbook_projections.consolidation.span import Span

SheetKey = tuple[str | None, int]
"""How deaths were dated, and the phase of the counter: never mixed in one sheet (R17)."""


@dataclass(slots=True)
class Node:
    """The series of one region.

    Attributes:
        base: complete cumulative or stock figures of the whole region.
        floors: partial coverage, or a named place inside the region: they only raise low.
        increments: complete figures of a window of time, by series.
        floor_increments: the same of partial coverage or a named place.
        current: what `facts.py` made of them, None since a series changed.
    """

    base: Series = field(default_factory=Series)
    floors: dict[SeriesKey, Series] = field(default_factory=dict)
    increments: dict[SeriesKey, Series] = field(default_factory=dict)
    floor_increments: dict[SeriesKey, Series] = field(default_factory=dict)
    current: object | None = None

    def series(self, key: SeriesKey) -> Series:
        """The series of a key, made if it is new."""
        floor = key.partial or key.place is not None
        if key.window is not None:
            kept = self.floor_increments if floor else self.increments
        elif floor:
            kept = self.floors
        else:
            return self.base
        found = kept.get(key)
        if found is None:
            found = kept[key] = Series()
        return found

    def all_series(self) -> Iterator[Series]:
        """Every series of the region."""
        yield self.base
        for kept in (self.floors, self.increments, self.floor_increments):
            yield from kept.values()


IncidentPart = tuple[Region, Span, Literal["sum", "window", "floor"]]
"""What an incident contributes to a region, and how it adds."""


@dataclass(slots=True)
class Sheet:
    """Regions counted in one way (one dated_by, one phase), and the incidents beside them (R11).

    Attributes:
        nodes: the series of each region.
        incidents: the series of each region of each incident, by its id.
        logs: what the incidents come to, region by region, as `facts.py` last summed them up.
        summed: the spans each incident contributed to the logs, or to `beside`.
        beside: spans that are not summed: floors inside a wider region of the same incident,
            and windows that overlap another one of it.
        minimums: what the floors among them come to, as `incident_minimums.py` last worked it out.
        changed: incidents to sum up again.
        stale: regions whose series changed since the sheet was last solved.
        grid: how its regions lie to each other, as `grid.py` last worked it out.
        kept: values that `solver.py` worked out and nothing has changed since.
        lineage_max: incidents of a region that a value names in its lineage; None for all.
    """

    nodes: dict[Region, Node] = field(default_factory=dict)
    incidents: dict[str, dict[Region, Node]] = field(default_factory=dict)
    logs: dict[Region, IncidentLog] = field(default_factory=dict)
    summed: dict[str, list["IncidentPart"]] = field(default_factory=dict)
    beside: dict[str, dict[Region, dict[str, Span]]] = field(
        default_factory=lambda: {"floor": {}, "window": {}}
    )
    minimums: dict[Region, object] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    stale: set[Region] = field(default_factory=set)
    grid: object | None = None
    kept: object | None = None
    lineage_max: int | None = LINEAGE_MAX

    def series(self, key: SeriesKey) -> Series:
        """The series of a key, about to change; figures of one incident stand by themselves."""
        nodes, region = self.nodes, key.region
        if key.incident is None:
            self.stale.add(region)
        else:
            self.changed.add(key.incident)
            found = self.incidents.get(key.incident)
            nodes = self.incidents[key.incident] = {} if found is None else found
        node = nodes.get(region)
        if node is None:
            node = nodes[region] = Node()
        node.current = None
        return node.series(key)

    def all_series(self) -> Iterator[Series]:
        """Every series of the sheet and of its incidents."""
        for nodes in (self.nodes, *self.incidents.values()):
            for node in nodes.values():
                yield from node.all_series()


@dataclass(slots=True)
class Book:
    """The counted figures of one originator, measure, unit and nature.

    Putting or removing a claim costs the place of that claim in its series; nothing here grows
    with the number of other series.

    Attributes:
        sheets: by dating and phase.
        places: the regions of its cells and how they lie, as `books.py` last worked it out.
        lineage_max: see `Sheet`.
    """

    key: BookKey
    sheets: dict[SheetKey, Sheet] = field(default_factory=dict)
    places: object | None = None
    lineage_max: int | None = LINEAGE_MAX

    def put(self, claim: Claim) -> None:
        """Adds a counted claim."""
        self._series(claim).put(claim)

    def remove(self, claim: Claim) -> None:
        """Takes a claim out again, after an editorial event about its figure."""
        self._series(claim).remove(claim)

    def all_series(self) -> Iterator[Series]:
        """Every series, brought up to date."""
        for sheet in self.sheets.values():
            for series in sheet.all_series():
                series.settle()
                yield series

    def _series(self, claim: Claim) -> Series:
        key = claim.series
        way = (key.dated_by, key.phase)
        sheet = self.sheets.get(way)
        if sheet is None:
            sheet = self.sheets[way] = Sheet(lineage_max=self.lineage_max)
        return sheet.series(key)
