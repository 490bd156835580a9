"""Values, told: low, best and high of a region by the rules that made them (R4-R11, R13, R14)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.grid import Grid
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.solver import Solver
from tollbook_projections.consolidation.span import BEGINNING
from tollbook_projections.consolidation.windows import ADJACENT
from tollbook_projections.explanation import told_caps, told_news, told_parts
from tollbook_projections.explanation.naming import Naming, window_text
from tollbook_projections.explanation.told_floors import ToldFloors
from tollbook_projections.explanation.told_stock import ToldStockFloors
from tollbook_projections.explanation.trail import Bound, Operation, Term, Told, Trail


class Teller:
    """Tells the values of one solved sheet; what it tells, `Solver` computed the same way."""

    def __init__(self, solver: Solver, trail: Trail, naming: Naming) -> None:
        kind = ToldStockFloors if solver.stock else ToldFloors
        self.solver = solver
        self.trail = trail
        self.naming = naming
        self.floors = kind(solver.grid, trail, naming)
        verified = {region: facts.verified() for region, facts in solver.facts.items()}
        partial = {region: facts for region, facts in verified.items() if not facts.empty}
        self._verified = kind(Grid(partial, solver.lattice), trail, naming)
        self._values: dict[Region, Told] = {}

    def value(self, region: Region) -> Told:
        """The steps that make `Solver.value` of a region."""
        known = self._values.get(region)
        if known is None:
            known = self._values[region] = self._tell(region)
        return known

    def verified(self, region: Region) -> Term:
        """The step that makes what partial figures alone guarantee (R13)."""
        return self._verified.tell(region)

    def then(self, part: Region, moment: datetime) -> Told:
        """The steps that make `Solver.then`: a part as it stood at a moment."""
        since = self.floors.since(moment)
        low = self.floors.tell(part, since, moment)
        chain = self._continued(part, moment)
        about = f"{self.naming.region(part)} {window_text(since, moment)}"
        if chain is None or chain[1] != moment:
            unknown = Term(f"{about}: no point value", None)
            return Told(low, unknown, self.floors.tell_high_at(part, moment))
        says = "its figure then, with the increments that follow it"
        best = self.sum_of([one[1] for one in chain[0]], "best", about, "R5", says)
        high = self.sum_of([one[2] for one in chain[0]], "high", about, "R5", says)
        return Told(low, best, high)

    def figure(self, figures: Sequence[str], value: int | None) -> Term:
        """A value that figures state themselves."""
        return self.floors.figure(figures, value)

    def step(
        self,
        operation: Operation,
        terms: Iterable[Term],
        about: Region | str,
        bound: Bound,
        rule: str,
        says: str,
    ) -> Term:
        """One step of the trail."""
        name = about if isinstance(about, str) else self.naming.region(about)
        return self.trail.add(operation, terms, rule=rule, bound=bound, about=name, says=says)

    def sum_of(
        self, terms: Sequence[Term], bound: Bound, about: Region | str, rule: str, says: str
    ) -> Term:
        """The sum of several terms; one alone, or one beside zeros, stays what it is."""
        counted = [term for term in terms if term.value != 0]
        if len(counted) == 1:
            return counted[0]
        return self.step("add", terms, about, bound, rule, says) if terms else _zero()

    def _tell(self, region: Region) -> Told:
        facts = self.solver.facts.get(region)
        low = self.floors.tell(region)
        if facts is not None and facts.base is not None:
            best, high = self._from_base(region, facts, facts.base)
        elif facts is not None and (facts.increments or facts.incidents):
            best, high = self._from_windows(region)
        else:
            best, high = told_parts.derived(self, region)
        high = told_caps.bounded(self, region, facts, high)
        best = self._aged(region, facts, best)
        return self._ordered(region, Told(low, best, high))

    def _from_base(self, region: Region, facts: Facts, base: Step) -> tuple[Term, Term]:
        rule = "R14" if self.solver.stock else "R4"
        says = "the current figure and what was counted outside its window"
        bests = [self.figure(base.figures, base.interval.best)]
        highs = [told_caps.base_high(self, region, base)]
        if not self.solver.stock:
            news = told_news.told(self, region, base.as_of)
            for item in (*news, *told_news.earlier(self, facts, base)):
                bests.append(item.best)
                highs.append(item.high)
        rule = "R5" if len(bests) > 1 else rule
        return (
            self.sum_of(bests, "best", region, rule, says),
            self.sum_of(highs, "high", region, rule, says),
        )

    def _from_windows(self, region: Region) -> tuple[Term, Term]:
        items = told_news.told(self, region, BEGINNING)
        says = "windows and incidents that cannot be the same people add"
        high = self.sum_of([item.high for item in items], "high", region, "R5", says)
        if self.solver.grid.containing(region):
            reason = "a wider figure covers these windows: they are only a minimum"
            return self.step("none", [], region, "best", "R7", reason), high
        return self.sum_of([item.best for item in items], "best", region, "R5", says), high

    def _aged(self, region: Region, facts: Facts | None, best: Term) -> Term:
        base = facts.base if facts else None
        if base is None or best.value is None or self.solver.stock:
            return best
        for other in self.solver.grid.containing(region):
            newer = self.solver.facts[other].base
            if newer is None:
                continue
            chain = self._continued(region, newer.as_of)
            fresh = base.as_of if chain is None else max(base.as_of, chain[1])
            if fresh < newer.as_of:
                says = f"a figure of {self.naming.region(other)} is newer: this is only a minimum"
                terms = [best, self.figure(newer.figures, newer.interval.best)]
                return self.step("none", terms, region, "best", "R7", says)
        return best

    def _ordered(self, region: Region, told: Told) -> Told:
        """Bounds that contradict each other, unless they were printed so and kept."""
        low, best, high = told
        solved = self.solver.value(region).interval
        if best.value is not None and solved.best is None:
            above = (low.value or 0) > best.value
            says = "the minimum is above it: no point value" if above else _MORE
            rule = "R13" if above else "R11"
            best = self.step("none", [best, low], region, "best", rule, says)
        if high.value is not None and high.value != solved.high:
            says = "never below the other bounds"
            terms = [high, low, *([] if best.value is None else [best])]
            high = self.step("most", terms, region, "high", "R8", says)
        return Told(low, best, high)

    def _continued(
        self, region: Region, limit: datetime
    ) -> tuple[list[tuple[Any, Term, Term]], datetime] | None:
        """A region's figure by a limit and the increments that follow it without a gap."""
        facts = self.solver.facts.get(region)
        step = facts.history.at(limit) if facts and facts.history else None
        if facts is None or step is None:
            return None
        chain: list[Any] = [step]
        until = step.as_of
        for span in sorted(facts.increments, key=lambda span: span.start):
            if until <= span.start <= until + ADJACENT and span.end <= limit:
                chain.append(span)
                until = span.end
        return [
            (
                one,
                self.figure(one.figures, one.interval.best),
                self.figure(one.figures, one.interval.high),
            )
            for one in chain
        ], until


_MORE = "incidents of a wider region may have had more here: no point value"


def _zero() -> Term:
    return Term("nothing was counted", 0)
