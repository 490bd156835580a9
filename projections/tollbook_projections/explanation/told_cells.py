"""A cell, told: each originator's value, and how the several values become one (R12, R17)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tollbook_projections.consolidation.book import Book
from tollbook_projections.consolidation.books import (
    DATED_BY,
    Books,
    Cell,
    CellKey,
    _area_regions,
    _scopes,
)
from tollbook_projections.consolidation.buckets import unspecified
from tollbook_projections.consolidation.claim import BookKey
from tollbook_projections.consolidation.merge import _best
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.solver import Solver
from tollbook_projections.explanation import told_parts
from tollbook_projections.explanation.naming import Naming
from tollbook_projections.explanation.told_values import Teller
from tollbook_projections.explanation.trail import Bound, Step, Term, Told, Trail
from tollbook_schemas.policy import Policy

MERGED: Final = ""
"""The owner of steps that belong to no originator alone."""

_SETTLED: Final = {"low": "its minimum", "best": "its point value", "high": "its maximum"}


@dataclass(slots=True)
class ToldCell:
    """A cell with its trail.

    Attributes:
        owners: the originator of each step, `MERGED` for those of the cell.
        own: what each originator comes to.
        value: what the cell comes to.
    """

    naming: Naming
    trail: Trail = field(default_factory=Trail)
    owners: list[str] = field(default_factory=list)
    own: dict[str, Told] = field(default_factory=dict)
    value: Told | None = None

    def roots(self) -> list[Term]:
        """The results that the trail has to lead to."""
        found = [term for told in self.own.values() for term in told]
        return [*found, *(self.value or ())]


def tell_cell(books: Books, cell: Cell, naming: Naming) -> ToldCell:
    """Every step to the value of a cell, originator by originator, then across them."""
    told = ToldCell(naming)
    verified: list[Term] = []
    for name in sorted(cell.originators):
        counted = cell.key.counted
        book = books.books[BookKey(name, counted.measure, counted.unit, counted.nature)]
        own, floor = _originator(told, book, cell.key, books.lattice, name)
        told.own[name] = own
        verified += [floor] if floor.value else []
        told.owners += [name] * (len(told.trail.steps) - len(told.owners))
    told.value = _merged(told, cell, verified, books.policy)
    told.owners += [MERGED] * (len(told.trail.steps) - len(told.owners))
    return told


def kept_steps(told: ToldCell) -> list[Step]:
    """The steps that lead to a result, in order; what was only looked at is left out."""
    by_number = {step.number: step for step in told.trail.steps}
    waiting = [term.step for term in told.roots()]
    kept: set[int] = set()
    while waiting:
        number = waiting.pop()
        if number is not None and number not in kept:
            kept.add(number)
            waiting += [term.step for term in by_number[number].terms]
    return [step for step in told.trail.steps if step.number in kept]


def _originator(
    told: ToldCell, book: Book, key: CellKey, lattice: Lattice, name: str
) -> tuple[Told, Term]:
    """One originator's value: one dated_by a phase, phases added (R17)."""
    stock = key.counted.nature == "stock"
    about = f"{told.naming.region(key.region)} ({name})"
    values: list[Told] = []
    floors: list[Term] = []
    for way in _ways(book, lattice, stock=stock):
        solver = _chosen(way, key, lattice)
        if solver is None:
            continue
        teller = Teller(solver, told.trail, told.naming)
        values.append(_worth(teller, key))
        floors.append(teller.verified(key.region))
    lows, bests, highs = zip(*values, strict=True)
    own = Told(
        _settled(told, lows, "low", about),
        _settled(told, bests, "best", about),
        _settled(told, highs, "high", about),
    )
    said = [term for term in floors if term.value]
    if len(said) > 1:
        says = "phases of one originator add"
        total = told.trail.add("add", said, rule="R17", bound="low", about=about, says=says)
        return own, total
    return own, said[0] if said else Term("no partial figure", 0)


def _ways(book: Book, lattice: Lattice, *, stock: bool) -> list[list[Solver]]:
    """The solved sheets of each phase, in the order in which a cell picks a dating."""
    phases: dict[int, list[Solver]] = {}
    for dated_by in DATED_BY:
        for (how, phase), sheet in sorted(book.sheets.items(), key=lambda pair: pair[0][1]):
            if how == dated_by:
                phases.setdefault(phase, []).append(Solver(sheet, lattice, stock=stock))
    return [phases[phase] for phase in sorted(phases)]


def _chosen(way: Sequence[Solver], key: CellKey, lattice: Lattice) -> Solver | None:
    region = key.region
    match key.kind:
        case "area":
            named = (one for one in way if region in _area_regions(one, lattice))
            return next(named, None) or next((one for one in way if _bounds(one, region)), None)
        case "unallocated":
            return next((one for one in way if region in _scopes(one)), None)
        case _:
            first = next((one for one in way if region in one.facts), None)
            return first if first is not None and unspecified(first, region) else None


def _bounds(solver: Solver, region: Region) -> bool:
    grid = solver.grid
    return bool(grid.containing(region) or grid.containing(region, with_base=False))


def _worth(teller: Teller, key: CellKey) -> Told:
    match key.kind:
        case "area":
            return teller.value(key.region)
        case "unallocated":
            return told_parts.bucket(teller, key.region)
        case _:
            return told_parts.unspecified(teller, key.region)


def _settled(told: ToldCell, terms: Sequence[Term], bound: Bound, about: str) -> Term:
    """The last step of an originator's bound."""
    if len(terms) > 1:
        says = "phases of one originator add"
        return told.trail.add("add", terms, rule="R17", bound=bound, about=about, says=says)
    says = f"{_SETTLED[bound]}, from its own figures alone"
    return told.trail.add("take", terms, rule="R3", bound=bound, about=about, says=says)


def _merged(told: ToldCell, cell: Cell, verified: Sequence[Term], policy: Policy) -> Told:
    about = told.naming.region(cell.key.region)
    merged = cell.merged
    complete = [name for name, value in cell.originators.items() if value.complete]
    picked, _, _ = _best(cell.originators, policy)
    comparable = {*complete, *(() if picked is None else (picked,))}
    low = _merged_low(told, about, sorted(comparable), verified)
    best = _merged_best(told, about, cell)
    floors = {name for name, value in cell.originators.items() if not value.floor}
    high = _merged_high(told, about, sorted(complete or floors))
    disordered = any("bounds_disordered" in one.flags for one in cell.originators.values())
    if merged.interval.high is not None and not disordered and high.value is not None:
        least = max(low.value or 0, best.value or 0)
        if high.value < least:
            says = "never below the other bounds"
            terms = [high, low, *([] if best.value is None else [best])]
            high = told.trail.add("most", terms, rule="R12", bound="high", about=about, says=says)
    return Told(low, best, high)


def _merged_low(
    told: ToldCell, about: str, comparable: Sequence[str], verified: Sequence[Term]
) -> Term:
    if comparable:
        lows = [told.own[name].low for name in comparable]
        says = "the least low of those with a complete figure and of who gave best"
        low = told.trail.add("least", lows, rule="R12", bound="low", about=about, says=says)
        if not any((term.value or 0) > (low.value or 0) for term in verified):
            return low
        says = "a verified minimum raises it"
        terms = [low, *verified]
        return told.trail.add("most", terms, rule="R13", bound="low", about=about, says=says)
    lows = [*(one.low for one in told.own.values()), *verified]
    says = "nobody has a complete figure: the greatest minimum"
    return told.trail.add("most", lows, rule="R12", bound="low", about=about, says=says)


def _merged_best(told: ToldCell, about: str, cell: Cell) -> Term:
    supplier = cell.merged.supplier
    if supplier is not None:
        says = f"{supplier}: first in rank whose best is not below the low of a better ranked one"
        terms = [told.own[supplier].best]
        return told.trail.add("take", terms, rule="R12", bound="best", about=about, says=says)
    given = [one.best for one in told.own.values() if one.best.value is not None]
    if "floor_above_best" in cell.merged.flags and given:
        says = "a minimum is above the best: no point value"
    elif given:
        says = "every best is below the low of a better ranked originator"
    else:
        says = "nobody gave a point value"
    return told.trail.add("none", given, rule="R12", bound="best", about=about, says=says)


def _merged_high(told: ToldCell, about: str, chosen: Sequence[str]) -> Term:
    if not chosen:
        says = "only minimums: nobody says how many at most"
        return told.trail.add("none", [], rule="R12", bound="high", about=about, says=says)
    highs = [told.own[name].high for name in chosen]
    says = "the greatest high of those with a complete figure"
    return told.trail.add("most", highs, rule="R12", bound="high", about=about, says=says)
