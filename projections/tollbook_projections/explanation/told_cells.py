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
    area_regions,
    left_of,
    open_scopes,
)
from tollbook_projections.consolidation.buckets import unspecified
from tollbook_projections.consolidation.claim import BookKey
from tollbook_projections.consolidation.phases import Dated, Narrower, narrower_of, speaker
from tollbook_projections.consolidation.ranking import best_of
from tollbook_projections.consolidation.region import Lattice
from tollbook_projections.consolidation.solver import Solver
from tollbook_projections.explanation import told_parts
from tollbook_projections.explanation.naming import Naming
from tollbook_projections.explanation.told_values import Teller
from tollbook_projections.explanation.trail import Bound, Step, Term, Told, Trail

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
    told.value = _merged(told, cell, verified, books)
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
    """One originator's value: one dated_by a phase, phases added (R17), and its segments (R10)."""
    ways = _ways(book, lattice, stock=key.counted.nature == "stock")
    narrower = narrower_of(ways)
    own, floors = _phased(told, ways, key, narrower, name)
    about = f"{told.naming.region(key.region)} ({name})"
    if key.kind == "area" and own.high.value is not None:
        inside = (key._replace(region=region) for region in narrower[key.region])
        highs = [_phased(told, ways, one, narrower, name)[0].high for one in inside]
        above = [term for term in highs if term.value is None or term.value > own.high.value]
        if above:
            says = "never below the high of a segment inside it"
            terms = [own.high, *above]
            high = told.trail.add("most", terms, rule="R10", bound="high", about=about, says=says)
            own = own._replace(high=high)
    said = [term for term in floors if term.value]
    if len(said) > 1:
        says = "phases of one originator add"
        total = told.trail.add("add", said, rule="R17", bound="low", about=about, says=says)
        return own, total
    return own, said[0] if said else Term("no partial figure", 0)


def _phased(
    told: ToldCell, ways: Sequence[Sequence[Dated]], key: CellKey, narrower: Narrower, name: str
) -> tuple[Told, list[Term]]:
    """The phases of an originator that speak of a cell, added; and what is verified in each."""
    about = f"{told.naming.region(key.region)} ({name})"
    values: list[Told] = []
    floors: list[Term] = []
    for way in ways:
        solver = _chosen(way, key, narrower)
        if solver is None:
            continue
        teller = Teller(solver, told.trail, told.naming)
        values.append(_worth(teller, key))
        floors.append(teller.verified(key.region))
    lows, bests, highs = zip(*values, strict=True)
    settled = Told(
        _settled(told, lows, "low", about),
        _settled(told, bests, "best", about),
        _settled(told, highs, "high", about),
    )
    return settled, floors


def _ways(book: Book, lattice: Lattice, *, stock: bool) -> list[list[Dated]]:
    """The solved sheets of each phase, in the order in which a cell picks a dating."""
    phases: dict[int, list[Dated]] = {}
    for dated_by in DATED_BY:
        for (how, phase), sheet in sorted(book.sheets.items(), key=lambda pair: pair[0][1]):
            if how == dated_by:
                solver = Solver(sheet, lattice, stock=stock)
                dated = Dated(solver, area_regions(solver, lattice))
                phases.setdefault(phase, []).append(dated)
    return [phases[phase] for phase in sorted(phases)]


def _chosen(way: Sequence[Dated], key: CellKey, narrower: Narrower) -> Solver | None:
    region = key.region
    solvers = [dated.solver for dated in way]
    match key.kind:
        case "area":
            return speaker(way, region, narrower)
        case "unallocated":
            scoped = next((one for one in solvers if region in open_scopes(one)), None)
            return scoped if scoped is not None and left_of(key.kind, scoped, region) else None
        case _:
            first = next((one for one in solvers if region in one.facts), None)
            return first if first is not None and unspecified(first, region) else None


def _worth(teller: Teller, key: CellKey) -> Told:
    match key.kind:
        case "area":
            return teller.value(key.region)
        case "unallocated" if len(key.region.areas) == 1:
            return told_parts.unnamed(teller, key.region)
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


def _merged(told: ToldCell, cell: Cell, verified: Sequence[Term], books: Books) -> Told:
    about = told.naming.region(cell.key.region)
    merged = cell.merged
    complete = [name for name, value in cell.originators.items() if value.complete]
    picked, _, _ = best_of(cell.originators, cell.key.region, books.policy, books.lattice)
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
