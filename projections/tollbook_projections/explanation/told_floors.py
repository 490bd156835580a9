"""Lows, told: which disjoint figures make a lower bound, step by step (R7, R9, R11, R13)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Self, TypeVar

from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.floors import (
    BASE,
    Floors,
    narrowed,
    since,
)
from tollbook_projections.consolidation.grid import Grid
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.shape import AXES, apart
from tollbook_projections.consolidation.span import BEGINNING, END, Span
from tollbook_projections.consolidation.weights import heaviest
from tollbook_projections.consolidation.windows import Apart, Window, widest_first
from tollbook_projections.explanation.naming import Naming, window_text
from tollbook_projections.explanation.trail import Operation, Term, Trail

T = TypeVar("T")

INCIDENTS_TOLD_MAX: Final = 100
"""Incidents of one sum told one by one; the others are one term with their number."""

NOTHING: Final = Term("no figure says more", 0)


class ToldFloors(Floors):
    """The same lower bounds as `Floors`, each with the steps that lead to it."""

    def __init__(self, grid: Grid, trail: Trail, naming: Naming, *, leftovers: bool = True) -> None:
        super().__init__(grid, leftovers=leftovers)
        self._trail = trail
        self._naming = naming
        self._told: dict[tuple[str, Region, datetime, datetime], Term] = {}

    def _made_plain(self) -> Self:
        return type(self)(self._grid, self._trail, self._naming, leftovers=False)

    @property
    def _lattice(self) -> Lattice:
        return self._grid.lattice

    def tell(self, region: Region, start: datetime = BEGINNING, end: datetime = END) -> Term:
        """The step that makes `low`."""
        if not self.low(region, start, end):
            return NOTHING
        key = ("low", region, start, end)
        if key not in self._told:
            self._told[key] = self._tell_own(region, start, end)
        return self._told[key]

    def tell_parts(self, region: Region, start: datetime, end: datetime) -> Term:
        """The step that makes `parts_low`: incidents, or the parts along one axis."""
        wanted = self.parts_low(region, start, end)
        if not wanted:
            return NOTHING
        key = ("parts", region, start, end)
        if key not in self._told:
            if self._incidents(region, start, end) == wanted:
                self._told[key] = self._tell_incidents(region, start, end)
            else:
                axis = next(
                    axis for axis in AXES if self.axis_low(axis, region, start, end) == wanted
                )
                self._told[key] = self.tell_axis(axis, region, start, end)
        return self._told[key]

    def tell_axis(self, axis: str, region: Region, start: datetime, end: datetime) -> Term:
        """The step that makes `axis_low`: the heaviest disjoint parts."""
        outer = self._grid.outer(axis, region)
        chosen: Sequence[tuple[Region, bool]]
        if self._grid.pairwise_disjoint(outer):
            chosen = [(part, False) for part in outer]
        else:
            parts = self._grid.parts(axis, region)
            weighed = [((part, False), self.low(part, start, end)) for part in parts]
            if axis == "areas" and start == BEGINNING:
                weighed += [((part, True), self._leftover(part, end)) for part in parts]
            chosen = needed(weighed, lambda left, right: self._apart(axis, left, right))
        terms = [
            self._tell_leftover(part, end) if left else self.tell(part, start, end)
            for part, left in chosen
        ]
        says = f"parts along {_ALONG[axis]} that cannot be the same people add"
        rule = "R9" if axis == "areas" else "R10"
        return self._step("add", terms, region, (start, end), rule=rule, says=says)

    def tell_beside(
        self, whole: Region, part: Region, end: datetime, start: datetime = BEGINNING
    ) -> list[Term]:
        """The terms that make `beside`: lows in `whole` that cannot be in `part` (R8)."""
        wanted = self.beside(whole, part, end, start)
        if not wanted:
            return []
        for order in (AXES, tuple(reversed(AXES))):
            steps: list[tuple[str, Region]] = []
            at = whole
            for axis in order:
                steps.append((axis, at))
                at = narrowed(axis, at, part)
            if (
                sum(self._beside_along(axis, at, part, (start, end)) for axis, at in steps)
                == wanted
            ):
                return [
                    self.tell(other, start, end)
                    for axis, at in steps
                    for other in self._beside_parts(axis, at, part, (start, end))
                ]
        raise AssertionError("a sum beside a part has an order of axes")

    def tell_high_at(self, region: Region, moment: datetime) -> Term:
        """The step that makes `high_at`: what figures at or after a moment leave."""
        terms: list[Term] = []
        for other in (region, *self._grid.containing(region)):
            facts = self._grid.facts.get(other)
            step = facts.history.first_from(moment) if facts and facts.history else None
            if step is None or step.interval.high is None:
                continue
            term = self.figure(step.figures, step.interval.high)
            if other != region:
                term = self._trail.add(
                    "less",
                    [term, *self.tell_beside(other, region, moment)],
                    rule="R8",
                    bound="high",
                    about=self._naming.region(region),
                    says=f"what {self._naming.region(other)} leaves after disjoint minimums",
                )
            terms.append(term)
        about = f"{self._naming.region(region)} {window_text(BEGINNING, moment)}".strip()
        says = "the most there can have been by then: the least of these"
        return self._trail.add("least", terms, rule="R8", bound="high", about=about, says=says)

    def figure(self, figures: Sequence[str], value: int | None) -> Term:
        """A value that figures state themselves."""
        return Term(self._naming.figures(figures), value, figures=tuple(figures))

    def _tell_own(self, region: Region, start: datetime, end: datetime) -> Term:
        """The chain of windows that gives the most, else the parts alone."""
        wanted = self.low(region, start, end)
        facts = self._grid.facts.get(region)
        if facts is not None:
            for root in (*self._roots(region, facts, start, end), None):
                if self._chain(region, facts, root, start, end) == wanted:
                    return self._tell_chain(region, facts, root, (start, end))
        return self.tell_parts(region, start, end)

    def _tell_chain(self, region: Region, facts: Facts, root: Span | None, within: Window) -> Term:
        """What a root and the windows and gaps around it say, each moment counted once."""
        terms: list[Term] = []
        taken = Apart()
        if root is not None:
            taken.take((root.start, root.end))
            terms.append(self._tell_root(region, root))
        for span in widest_first((*facts.increments, *facts.floor_increments)):
            window = (span.start, span.end)
            if within[0] <= span.start and span.end <= within[1] and taken.take(window):
                terms.append(self._fuller(region, self._span(span), window))
        gaps = taken.gaps(since(root, within[0]), within[1])
        terms += [self.tell_parts(region, *gap) for gap in gaps]
        counted = [term for term in terms if term.value] or [NOTHING]
        if len(counted) == 1 and counted[0].step is not None:
            return counted[0]
        operation: Operation = "take" if len(counted) == 1 else "add"
        rule = "R5" if len(counted) > 1 else _root_rule(root)
        return self._step(
            operation, counted, region, within, rule=rule, says=_chain_says(root, counted)
        )

    def _tell_root(self, region: Region, root: Span) -> Term:
        window = (root.start, root.end)
        printed = self.figure(root.figures, self._printed_low(region, root))
        if root.start != BEGINNING and root.interval.low != printed.value:
            says = "a later total less the most there can have been before"
            terms = [printed, self.tell_high_at(region, root.start)]
            gain = self._step("less", terms, region, window, rule="R5", says=says)
            return self._fuller(region, gain, window)
        term = self._span(root)
        if self._conflicts(region, root):
            return term
        return self._fuller(region, term, window)

    def _printed_low(self, region: Region, root: Span) -> int:
        history = self._grid.facts[region].history
        step = history.at(root.end) if history is not None else None
        return step.interval.low if step is not None else root.interval.low

    def _fuller(self, region: Region, own: Term, window: Window) -> Term:
        """A region's own figure, or its parts in the same window where they say more."""
        if self.parts_low(region, *window) <= (own.value or 0):
            return own
        terms = [own, self.tell_parts(region, *window)]
        says = "its parts in the same window say more than its own figure"
        return self._step("most", terms, region, window, rule="R9", says=says)

    def _tell_incidents(self, region: Region, start: datetime, end: datetime) -> Term:
        spans = [
            span
            for other in self._grid.inside(region)
            if (log := self._grid.facts[other].incidents) is not None
            for span in log.spans
            if span.end <= end
            and (start == BEGINNING or (span.start >= start and span.end >= start))
        ]
        told, rest = spans[-INCIDENTS_TOLD_MAX:], spans[:-INCIDENTS_TOLD_MAX]
        terms = [self._span(span) for span in told]
        if rest:
            total = sum(span.interval.low for span in rest)
            terms.append(Term(f"{len(rest)} earlier incidents", total))
        says = "different incidents are different people"
        return self._step("add", terms, region, (start, end), rule="R11", says=says)

    def _tell_leftover(self, region: Region, end: datetime) -> Term:
        facts = self._grid.facts.get(region)
        step = facts.history.at(end) if facts and facts.history else None
        if not self._leftover(region, end) or step is None:
            return NOTHING
        terms = [self.figure(step.figures, step.interval.low)]
        outer = self._grid.outer("areas", region)
        terms += [self._plain.tell_high_at(part, step.as_of) for part in outer]
        says = "what cannot be in its known parts"
        return self._step("less", terms, region, (BEGINNING, end), rule="R6", says=says)

    def _beside_parts(
        self, axis: str, whole: Region, part: Region, window: Window
    ) -> Sequence[Region]:
        parts, disjoint = self._grid.beside(axis, whole, part)
        if disjoint:
            return [other for other in parts if self.low(other, *window)]
        weighed = [(other, self.low(other, *window)) for other in parts]
        return needed(weighed, lambda left, right: apart(axis, left, right, self._lattice))

    def _span(self, span: Span) -> Term:
        return self.figure(span.figures, span.interval.low)

    def _step(
        self,
        operation: Operation,
        terms: Sequence[Term],
        region: Region,
        window: Window,
        *,
        rule: str,
        says: str,
    ) -> Term:
        told = [term for term in terms if term.value or operation == "less"] or [NOTHING]
        about = f"{self._naming.region(region)} {window_text(*window)}".strip()
        return self._trail.add(operation, told, rule=rule, bound="low", about=about, says=says)


def needed(weighed: Sequence[tuple[T, int]], disjoint: Callable[[T, T], bool]) -> list[T]:
    """A heaviest disjoint set: what is left when all that can be spared has been dropped."""
    kept = [(part, weight) for part, weight in weighed if weight > 0]
    total = heaviest(kept, disjoint)
    for candidate in list(kept):
        without = [pair for pair in kept if pair is not candidate]
        if heaviest(without, disjoint) == total:
            kept = without
    return [part for part, _ in kept]


def _root_rule(root: Span | None) -> str:
    if root is None:
        return "R5"
    return "R4" if root.flags == BASE else "R7"


def _chain_says(root: Span | None, counted: Sequence[Term]) -> str:
    if root is None:
        return "what figures of disjoint windows say"
    own = "its current figure"
    if root.flags != BASE:
        own = "a minimum that stays until it is corrected"
    return own if len(counted) == 1 else f"{own}, and what was counted outside its window"


_ALONG: Final = {"areas": "areas", "segment": "segments", "flow": "origins and destinations"}
