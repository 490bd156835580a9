"""All books of a crisis, and the cells they make."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tollbook_projections.consolidation.book import Book
from tollbook_projections.consolidation.buckets import bucket, unnamed, unspecified
from tollbook_projections.consolidation.claim import BookKey, Claim
from tollbook_projections.consolidation.draft import Value
from tollbook_projections.consolidation.incidents import LINEAGE_MAX
from tollbook_projections.consolidation.merge import Merged, add_phases, merge
from tollbook_projections.consolidation.phases import (
    Dated,
    Narrower,
    highest,
    narrower_of,
    speaker,
)
from tollbook_projections.consolidation.region import (
    Flow,
    Lattice,
    Pairs,
    Region,
    segment_inside,
    wider_segments,
)
from tollbook_projections.consolidation.series import Series
from tollbook_projections.consolidation.solver import Solver
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy

DATED_BY = (None, "documentation", "publication", "occurrence")
"""The order in which a cell picks how its deaths were dated (R17)."""


class Kind(NamedTuple):
    """What is counted: cells of different kinds never mix."""

    measure: str
    unit: str
    nature: str


class CellKey(NamedTuple):
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


class Books:
    """The counted figures of one crisis by originator and kind, kept up to date claim by claim."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        policy: Policy,
        *,
        lineage_max: int | None = LINEAGE_MAX,
        lattice: Lattice | None = None,
    ) -> None:
        """Begin with no figures.

        Args:
            gazetteer: tells how areas lie.
            policy: tells which source comes first.
            lineage_max: incidents of a region that a cell names; None for all of them, which
                books that are kept up to date cannot afford.
            lattice: of the same gazetteer, where other books have one already.
        """
        self.lineage_max = lineage_max
        self.gazetteer = gazetteer
        self.policy = policy
        self.lattice = Lattice(gazetteer) if lattice is None else lattice
        self.books: dict[BookKey, Book] = {}
        self.claims: dict[str, tuple[Claim, ...]] = {}
        self._values: dict[BookKey, dict[CellKey, Value]] = {}
        self._changed: set[BookKey] = set()

    def replace(self, figure: str, claims: Iterable[Claim]) -> None:
        """Sets the claims of a figure, removing those it had."""
        old = self.claims.pop(figure, None)
        if old is not None:
            for claim in old:
                self._changed.add(claim.series.book)
                if claim.role == "counted":
                    self.books[claim.series.book].remove(claim)
        new = tuple(claims)
        if not new:
            return
        self.claims[figure] = new
        for claim in new:
            key = claim.series.book
            self._changed.add(key)
            if claim.role == "counted":
                book = self.books.get(key)
                if book is None:
                    book = self.books[key] = Book(key, lineage_max=self.lineage_max)
                book.put(claim)

    def kinds(self) -> list[Kind]:
        """What is counted in this crisis, in order."""
        return sorted({kind_of(key) for key in self.books})

    def changed_kinds(self) -> list[Kind]:
        """The kinds with figures that changed since their cells were last asked for, in order."""
        return sorted({kind_of(key) for key in self._changed})

    def settled(self) -> None:
        """Takes the figures as they are for known: only later ones are changes."""
        self._changed.clear()

    def members(self) -> dict[str, list[str]]:
        """The figures of each incident."""
        found: dict[str, list[str]] = {}
        for figure, claims in self.claims.items():
            incident = claims[0].series.incident
            if incident is not None:
                found.setdefault(incident, []).append(figure)
        return found

    def cells(self, kind: Kind) -> list[Cell]:
        """The consolidated cells of one kind, in order."""
        self.changed_cells(kind)
        books = self._of(kind)
        keys = {cell for book in books for cell in self._values[book]}
        return [self._merged(key, books) for key in sorted(keys, key=_cell_order)]

    def changed_cells(self, kind: Kind) -> dict[CellKey, Cell | None]:
        """The cells of a kind that changed since this was last asked, None for those gone.

        All of them the first time.
        """
        touched: dict[CellKey, bool] = {}
        books = self._of(kind)
        for key in books:
            if key in self._values and key not in self._changed:
                continue
            old = self._values.get(key, {})
            new = self._values[key] = dict(_book_cells(self.books[key], kind, self.lattice))
            for cell, value in new.items():
                known = old.get(cell)
                if known is not value and known != value:
                    touched[cell] = True
            for cell in old.keys() - new.keys():
                touched.setdefault(cell, False)
        self._changed = {key for key in self._changed if kind_of(key) != kind}
        return {
            cell: self._merged(cell, books)
            if there or any(cell in self._values[key] for key in books)
            else None
            for cell, there in touched.items()
        }

    def _of(self, kind: Kind) -> list[BookKey]:
        return sorted((key for key in self.books if kind_of(key) == kind), key=_originator)

    def _merged(self, cell: CellKey, books: Iterable[BookKey]) -> Cell:
        values = {
            key.originator: value
            for key in books
            if (value := self._values[key].get(cell)) is not None
        }
        merged = merge(values, cell.region, self.policy, self.lattice)
        return Cell(cell, merged, values)

    def all_series(self) -> Iterator[Series]:
        """Every series, brought up to date, book by book in order."""
        for key in sorted(self.books):
            yield from self.books[key].all_series()

    def marks(self) -> dict[Claim, tuple[str, ...]]:
        """What the order of values says about single values of figures (`Series.marks`)."""
        return {
            claim: marks for series in self.all_series() for claim, marks in series.marks.items()
        }


def kind_of(key: BookKey) -> Kind:
    """The kind of cell a book feeds."""
    return Kind(key.measure, key.unit, key.nature)


def _originator(key: BookKey) -> str:
    return key.originator


def _book_cells(book: Book, kind: Kind, lattice: Lattice) -> Iterator[tuple[CellKey, Value]]:
    """One originator's cells: one dated_by a cell, phases added (R17)."""
    phases: dict[int, list[_Counted]] = {}
    for dated_by in DATED_BY:
        for (how, phase), sheet in sorted(book.sheets.items(), key=lambda pair: pair[0][1]):
            if how == dated_by:
                counted = _Counted(Solver(sheet, lattice, stock=kind.nature == "stock"), lattice)
                phases.setdefault(phase, []).append(counted)
    ways = [phases[phase] for phase in sorted(phases)]
    dated = [[Dated(one.solver, one.areas) for one in way] for way in ways]
    yield from _area_values(book, kind, dated)
    for name in ("unallocated", "unspecified"):
        for region in dict.fromkeys(key for way in ways for one in way for key in one.rest[name]):
            first = [next((one for one in way if region in one.rest[name]), None) for way in ways]
            found = [one.left(name, region) for one in first if one is not None]
            values = [value for value in found if value is not None]
            if values:
                yield CellKey(name, kind, region), add_phases(values)


def _area_values(
    book: Book, kind: Kind, ways: list[list[Dated]]
) -> Iterator[tuple[CellKey, Value]]:
    """The value of every region that is named: the phases that speak of it, added (R17)."""
    places = _places(book, kind, ways)
    values: dict[Region, Value] = {}
    only = ways[0][0].solver if len(ways) == len(ways[0]) == 1 else None
    for region in places.narrower:
        if only is not None:
            values[region] = only.value(region)
            continue
        said = [speaker(way, region, places.narrower) for way in ways]
        found = [solver.value(region) for solver in said if solver is not None]
        values[region] = add_phases(found)
    for region, inside in places.narrower.items():
        value = values[region]
        if inside and value.interval.high is not None:
            value = highest(value, [values[other] for other in inside])
        yield places.keys[region], value


def _places(book: Book, kind: Kind, ways: list[list[Dated]]) -> "_Places":
    """How the regions lie; worked out again only when figures name others."""
    maps = [dated.named for way in ways for dated in way]
    kept = book.places
    if not isinstance(kept, _Places) or list(map(id, kept.maps)) != list(map(id, maps)):
        narrower = narrower_of(ways)
        keys = {region: CellKey("area", kind, region) for region in narrower}
        kept = book.places = _Places(maps, narrower, keys)
    return kept


class _Places(NamedTuple):
    """The regions of a book's cells, how they lie, and the names it was worked out for."""

    maps: list[Mapping[Region, None]]
    narrower: Narrower
    keys: Mapping[Region, CellKey]


class _Counted:
    """A solved sheet with the regions it makes cells for."""

    def __init__(self, solver: Solver, lattice: Lattice) -> None:
        self.solver = solver
        kept = solver.kept
        if kept.cells is None or kept.cells[0] != solver.named:
            kept.cells = (solver.named, (area_regions(solver, lattice), open_scopes(solver)))
        self.areas, scopes = kept.cells[1]
        self.rest = {"unallocated": scopes, "unspecified": dict.fromkeys(solver.facts)}

    def left(self, name: str, region: Region) -> Value | None:
        """What of a region no source has assigned: `unallocated` or `unspecified`."""
        rest, key = self.solver.kept.rest, (name, region)
        if key not in rest:
            rest[key] = left_of(name, self.solver, region)
        return rest[key]


def left_of(name: str, solver: Solver, region: Region) -> Value | None:
    """What of a region no source has assigned; None where there is no such cell."""
    if name == "unspecified":
        return unspecified(solver, region)
    return bucket(solver, region) if len(region.areas) > 1 else unnamed(solver, region)


def area_regions(solver: Solver, lattice: Lattice) -> dict[Region, None]:
    """Single areas a figure names or lies inside, for its segment and the wider ones."""
    wider = _wider(region.segment for region in solver.named)
    regions: dict[Region, None] = {}
    for named in solver.named:
        for area in named.areas:
            for code in (area, *lattice.ancestors(area)):
                for segment in wider[named.segment]:
                    regions.setdefault(Region((code,), segment, named.flow))
    return regions


def open_scopes(solver: Solver) -> dict[Region, None]:
    """Scopes whose figures may be of any of their parts, for their segments and the wider ones.

    Those of several areas, and single areas with parts that figures name too.
    """
    wider = _wider(region.segment for region in solver.named)
    scopes: dict[Region, None] = {}
    for region in solver.facts:
        if len(region.areas) > 1 or _has_parts(solver, region):
            for segment in wider[region.segment]:
                scopes.setdefault(region._replace(segment=segment))
    return scopes


def _has_parts(solver: Solver, region: Region) -> bool:
    return any(areas != region.areas for areas in solver.grid.map.within(region.areas))


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
