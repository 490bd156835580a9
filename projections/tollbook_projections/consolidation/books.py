"""All books of a crisis, and the cells they make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tollbook_projections.consolidation.book import Book
from tollbook_projections.consolidation.buckets import bucket, unspecified
from tollbook_projections.consolidation.claim import BookKey, Claim
from tollbook_projections.consolidation.draft import Value
from tollbook_projections.consolidation.merge import Merged, add_phases, merge
from tollbook_projections.consolidation.region import (
    Flow,
    Lattice,
    Pairs,
    Region,
    segment_inside,
    wider_segments,
)
from tollbook_projections.consolidation.solver import Solver
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy

DATED_BY = (None, "documentation", "publication", "occurrence")
"""The order in which a cell picks how its deaths were dated (R17)."""


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """What is counted: cells of different kinds never mix."""

    measure: str
    unit: str
    nature: str


@dataclass(frozen=True, slots=True)
class CellKey:
    """What identifies a cell (section 5): kind, areas, segment, origin and destination.

    Attributes:
        kind: `area`; `unallocated`, the part of a multi-area figure no source has assigned; or
            `unspecified`, the part of a total no segment explains (R10).
    """

    kind: str
    counted: Kind
    region: Region


@dataclass(frozen=True, slots=True)
class Cell:
    """A consolidated cell with every originator's own value."""

    key: CellKey
    merged: Merged
    originators: dict[str, Value]


@dataclass(slots=True)
class Books:
    """The counted figures of one crisis by originator and kind, kept up to date claim by claim."""

    gazetteer: Gazetteer
    policy: Policy
    books: dict[BookKey, Book] = field(default_factory=dict)
    claims: dict[str, tuple[Claim, ...]] = field(default_factory=dict)
    _lattice: Lattice | None = None
    _solved: dict[BookKey, list[tuple[CellKey, Value]]] = field(default_factory=dict)

    @property
    def lattice(self) -> Lattice:
        """The order of regions, remembered over all questions to these books."""
        if self._lattice is None:
            self._lattice = Lattice(self.gazetteer)
        return self._lattice

    def replace(self, figure: str, claims: Iterable[Claim]) -> set[Kind]:
        """Sets the claims of a figure, removing those it had; returns the kinds that changed."""
        old = self.claims.pop(figure, ())
        new = tuple(claims)
        for claim in old:
            if claim.role == "counted":
                self.books[claim.series.book].remove(claim)
        for claim in new:
            if claim.role == "counted":
                book = self.books.setdefault(claim.series.book, Book(claim.series.book))
                book.put(claim)
        if new:
            self.claims[figure] = new
        for claim in (*old, *new):
            self._solved.pop(claim.series.book, None)
        return {kind_of(claim.series.book) for claim in (*old, *new)}

    def kinds(self) -> list[Kind]:
        """What is counted in this crisis, in order."""
        return sorted({kind_of(key) for key in self.books})

    def cells(self, kind: Kind) -> list[Cell]:
        """The consolidated cells of one kind, in order."""
        found: dict[CellKey, dict[str, Value]] = {}
        for key in sorted(self.books, key=lambda key: key.originator):
            if kind_of(key) == kind:
                for cell, value in self._book_cells(key, kind):
                    found.setdefault(cell, {})[key.originator] = value
        return [
            Cell(key, merge(values, self.policy), values)
            for key, values in sorted(found.items(), key=lambda pair: _cell_order(pair[0]))
        ]

    def _book_cells(self, key: BookKey, kind: Kind) -> list[tuple[CellKey, Value]]:
        """One originator's cells, kept until one of its figures changes."""
        known = self._solved.get(key)
        if known is None:
            known = list(_book_cells(self.books[key], kind, self.lattice))
            self._solved[key] = known
        return known

    def marks(self) -> dict[str, tuple[str, ...]]:
        """What the order of values says about single figures, by figure."""
        found: dict[str, tuple[str, ...]] = {}
        for book in self.books.values():
            found.update(book.marks())
        return found


def kind_of(key: BookKey) -> Kind:
    """The kind of cell a book feeds."""
    return Kind(key.measure, key.unit, key.nature)


def _book_cells(book: Book, kind: Kind, lattice: Lattice) -> Iterator[tuple[CellKey, Value]]:
    """One originator's cells: one dated_by a cell, phases added (R17)."""
    phases: dict[int, list[_Counted]] = {}
    for dated_by in DATED_BY:
        for (how, phase), sheet in sorted(book.sheets.items(), key=lambda pair: pair[0][1]):
            if how == dated_by:
                counted = _Counted(Solver(sheet, lattice, stock=kind.nature == "stock"), lattice)
                phases.setdefault(phase, []).append(counted)
    ways = [phases[phase] for phase in sorted(phases)]
    for region in dict.fromkeys(key for way in ways for one in way for key in one.areas):
        values = [value for way in ways if (value := _area_value(way, region)) is not None]
        yield CellKey("area", kind, region), add_phases(values)
    for name, worth in (("unallocated", bucket), ("unspecified", unspecified)):
        for region in dict.fromkeys(key for way in ways for one in way for key in one.rest[name]):
            first = [next((one for one in way if region in one.rest[name]), None) for way in ways]
            found = [worth(one.solver, region) for one in first if one is not None]
            values = [value for value in found if value is not None]
            if values:
                yield CellKey(name, kind, region), add_phases(values)


class _Counted:
    """A solved sheet with the regions it makes cells for."""

    def __init__(self, solver: Solver, lattice: Lattice) -> None:
        self.solver = solver
        self.areas = _area_regions(solver, lattice)
        self.rest = {"unallocated": _scopes(solver), "unspecified": dict.fromkeys(solver.facts)}


def _area_value(way: list[_Counted], region: Region) -> Value | None:
    """The value of one phase: by the first dating that names the region, else that bounds it."""
    for one in way:
        if region in one.areas:
            return one.solver.value(region)
    for one in way:
        grid = one.solver.grid
        if grid.containing(region) or grid.containing(region, with_base=False):
            return one.solver.value(region)
    return None


def _area_regions(solver: Solver, lattice: Lattice) -> dict[Region, None]:
    """Single areas a figure names or lies inside, for its segment and the wider ones."""
    wider = _wider(region.segment for region in solver.named)
    regions: dict[Region, None] = {}
    for named in solver.named:
        for area in named.areas:
            for code in (area, *lattice.ancestors(area)):
                for segment in wider[named.segment]:
                    regions.setdefault(Region((code,), segment, named.flow))
    return regions


def _scopes(solver: Solver) -> dict[Region, None]:
    """Multi-area scopes with live figures, for their segments and the wider ones."""
    wider = _wider(region.segment for region in solver.named)
    scopes: dict[Region, None] = {}
    for region in solver.facts:
        if len(region.areas) > 1:
            for segment in wider[region.segment]:
                scopes.setdefault(region._replace(segment=segment))
    return scopes


def _wider(segments: Iterable[Pairs]) -> dict[Pairs, tuple[Pairs, ...]]:
    """For each segment those it makes cells for: its status, `all`, and named ones it lies in."""
    named = tuple(dict.fromkeys(segments))
    return {
        segment: tuple(
            dict.fromkeys(
                (
                    *wider_segments(segment),
                    *(other for other in named if segment_inside(segment, other)),
                )
            )
        )
        for segment in named
    }


def _cell_order(key: CellKey) -> tuple[object, ...]:
    region = key.region
    return (key.kind, region.areas, region.segment, _flow_order(region.flow))


def _flow_order(flow: Flow) -> tuple[object, ...]:
    return (flow.origin or (), flow.destination or ())
