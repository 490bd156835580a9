"""Sums and remainders, told: derived regions (R9, R10) and what nobody has assigned (R6, R10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tollbook_projections.consolidation import buckets
from tollbook_projections.consolidation.derived import along
from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.floors import shared_areas
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.shape import AXES
from tollbook_projections.explanation import told_news
from tollbook_projections.explanation.trail import BOUNDS, Term, Told

if TYPE_CHECKING:
    from tollbook_projections.explanation.told_values import Teller


def derived(teller: "Teller", region: Region) -> tuple[Term, Term]:
    """Best and high of a region without a figure of its own: the axis that explains more."""
    drafts = [
        (axis, draft) for axis in AXES if (draft := along(teller.solver, axis, region)) is not None
    ]
    if not drafts:
        says = "no figure says how many"
        none = teller.step("none", [], region, "best", "R9", says)
        return none, teller.step("none", [], region, "high", "R9", says)
    axis, _ = max(
        drafts,
        key=lambda found: (
            found[1][0],
            found[1][1].best is not None,
            found[1][1].high is not None,
        ),
    )
    return _told_along(teller, axis, region)


def _told_along(teller: "Teller", axis: str, region: Region) -> tuple[Term, Term]:
    grid = teller.solver.grid
    outer = grid.widest(grid.touched(region)) if axis == "segment" else grid.outer(axis, region)
    rule = "R9" if axis == "areas" else "R10"
    if axis == "areas" and grid.overhanging(region):
        says = "a figure reaches in from outside, and nobody can say how far"
        best = teller.step("none", [], region, "best", rule, says)
        return best, teller.step("none", [], region, "high", rule, says)
    values = [teller.value(part) for part in outer]
    says = f"the sum of its {_PARTS[axis]}"
    high = teller.sum_of([value.high for value in values], "high", region, rule, says)
    if grid.pairwise_disjoint(outer):
        return teller.sum_of([one.best for one in values], "best", region, rule, says), high
    return _untangled(teller, axis, region, outer, high)


def _untangled(
    teller: "Teller", axis: str, region: Region, outer: tuple[Region, ...], high: Term
) -> tuple[Term, Term]:
    """Overlapping scopes: what is left of each, and the parts they share (R9)."""
    grid, lattice = teller.solver.grid, teller.solver.lattice
    parts = grid.widest([part for scope in outer for part in grid.parts(axis, scope)])
    shared = [
        area
        for index, left in enumerate(outer)
        for right in outer[index + 1 :]
        for area in shared_areas(left, right, grid)
    ]
    known = {
        area: next((part for part in parts if lattice.areas_inside((area,), part.areas)), None)
        for area in shared
    }
    overlap = "its parts overlap: no point value"
    if axis != "areas" or not shared:
        rule = "R9" if axis == "areas" else "R10"
        return teller.step("none", [], region, "best", rule, overlap), high
    twice = [teller.value(part).low for part in known.values() if part is not None]
    if any(term.value for term in twice) and high.value is not None:
        says = "the sum of its parts, less what they share"
        high = teller.step("less", [high, *twice], region, "high", "R9", says)
    if None in known.values() or not grid.pairwise_disjoint(parts):
        return teller.step("none", [], region, "best", "R9", overlap), high
    terms = [bucket(teller, scope).best for scope in outer if len(scope.areas) > 1]
    single = [scope for scope in outer if len(scope.areas) == 1]
    terms += [teller.value(part).best for part in dict.fromkeys((*parts, *single))]
    says = "what each scope leaves, and the known parts once"
    return teller.step("add", terms, region, "best", "R9", says), high


def bucket(teller: "Teller", scope: Region) -> Told:
    """The unallocated part of a scope (R6), as `buckets.bucket` has it."""
    solver = teller.solver
    facts = solver.facts.get(scope)
    if facts is None or facts.base is None:
        if buckets.unnamed(solver, scope) is not None:
            return unnamed(teller, scope)
        return _derived_bucket(teller, scope, facts)
    base = facts.base
    if solver.conflicting(scope):
        nothing = Term("its parts exceed it: nothing is left", 0)
        return Told(nothing, nothing, nothing)
    whole = _of_step(teller, base)
    parts = solver.grid.outer("areas", scope)
    if solver.grid.pairwise_disjoint(parts):
        held = [teller.then(part, base.as_of) for part in parts]
    else:
        since = teller.floors.since(base.as_of)
        known = teller.floors.tell_axis("areas", scope, since, base.as_of)
        unknown = Term("its parts overlap: no point value", None)
        held = [Told(known, unknown, unknown)]
    of = _Remainder(teller, scope, "R6", "what its parts leave, as they stood at its own as_of")
    found = of.later(of.struck(whole, held), facts, base)
    if solver.value(scope).interval.best is None and found.best.value is not None:
        says = "the scope itself has no point value"
        best = teller.step("none", [found.best], scope, "best", "R6", says)
        found = found._replace(best=best)
    return of.ordered(found)


def unnamed(teller: "Teller", area: Region) -> Told:
    """The incidents that name only the area (R6, R11), as `buckets.unnamed` has it."""
    logs = buckets.own_logs(teller.solver, area)
    says = "incidents that no source has assigned to a part"
    return Told(
        *(
            teller.sum_of(
                [told_news.all_of(teller, area, log, bound) for log in logs],
                bound,
                area,
                "R6",
                says,
            )
            for bound in BOUNDS
        )
    )


def unspecified(teller: "Teller", region: Region) -> Told:
    """What of a total no segment explains (R10), as `buckets.unspecified` has it."""
    solver = teller.solver
    facts = solver.facts[region]
    base = facts.base
    if base is None:
        raise ValueError("only a total leaves something unspecified")
    parts = solver.grid.widest(
        [
            part
            for part in solver.grid.parts("segment", region)
            if part in solver.facts and solver.facts[part].base is not None
        ]
    )
    held = [teller.then(part, base.as_of) for part in parts]
    of = _Remainder(teller, region, "R10", "what no segment of it explains, at its own as_of")
    return of.ordered(of.struck(_of_step(teller, base), held))


def _derived_bucket(teller: "Teller", scope: Region, facts: Facts | None) -> Told:
    grid = teller.solver.grid
    if facts is not None and not facts.empty:
        held = [teller.value(part) for part in grid.outer("areas", scope)]
        of = _Remainder(teller, scope, "R6", "what its parts leave")
        return of.ordered(of.struck(teller.value(scope), held))
    segments = grid.widest(
        [
            part
            for part in grid.parts("segment", scope)
            if any(other.areas == scope.areas for other in grid.inside(part))
        ]
    )
    values = [bucket(teller, part) for part in segments]
    lows, bests, highs = (
        [value.low for value in values],
        [value.best for value in values],
        [value.high for value in values],
    )
    says = "the unallocated parts of its segments"
    high = teller.sum_of(highs, "high", scope, "R6", says)
    if grid.pairwise_disjoint(segments):
        low = teller.sum_of(lows, "low", scope, "R6", says)
        return Told(low, teller.sum_of(bests, "best", scope, "R6", says), high)
    says = "segments that overlap: the larger is the low"
    low = teller.step("most", [Term("nobody", 0), *lows], scope, "low", "R10", says)
    return Told(low, teller.step("none", bests, scope, "best", "R10", says), high)


@dataclass(frozen=True, slots=True)
class _Remainder:
    """A whole less its parts, told."""

    teller: "Teller"
    scope: Region
    rule: str
    says: str

    def struck(self, whole: Told, parts: Sequence[Told]) -> Told:
        """R6: less the parts' highs, their best or floor, and their lows."""
        if not parts:
            return whole
        points = [part.low if part.best.value is None else part.best for part in parts]
        less = [[part.high for part in parts], points, [part.low for part in parts]]
        low, best, high = (
            self.teller.step("less", [first, *rest], self.scope, bound, self.rule, self.says)
            if any(term.value != 0 for term in rest)
            else first
            for first, rest, bound in zip(whole, less, BOUNDS, strict=True)
        )
        return Told(low, best, high)

    def later(self, told: Told, facts: Facts, base: Step) -> Told:
        """After its own as_of: newly known parts come out of it, own increments go in."""
        teller, (low, best, high) = self.teller, told
        if best.value is not None:
            newly = [
                item.best
                for part in teller.solver.grid.maximal(self.scope)
                for item in told_news.told(teller, part, base.as_of)
                if item.news.excess and item.news.best is not None
            ]
            if newly:
                says = "parts first known later are taken out of it"
                best = teller.step("less", [best, *newly], self.scope, "best", "R6", says)
        for span in facts.increments:
            if span.start < base.as_of:
                continue
            inner = teller.floors.tell_parts(self.scope, span.start, span.end)
            says = "an increment of the scope, less what its parts counted in that window"
            if span.interval.best is not None and best.value is not None:
                own = [teller.figure(span.figures, span.interval.best), inner]
                more = teller.step("less", own, self.scope, "best", "R6", says)
                best = teller.step("add", [best, more], self.scope, "best", "R6", _GROWS)
            own = [teller.figure(span.figures, span.interval.high), inner]
            more = teller.step("less", own, self.scope, "high", "R6", says)
            high = teller.step("add", [high, more], self.scope, "high", "R6", _GROWS)
            if not inner.value:
                more = teller.figure(span.figures, span.interval.low)
                low = teller.step("add", [low, more], self.scope, "low", "R6", _GROWS)
        return Told(low, best, high)

    def ordered(self, told: Told) -> Told:
        """Best never below low, high never below either."""
        teller, (low, best, high) = self.teller, told
        if best.value is not None and best.value < (low.value or 0):
            says = "the minimum is above it: no point value"
            best = teller.step("none", [best, low], self.scope, "best", self.rule, says)
        floor = low if best.value is None else best
        if high.value is not None and high.value < (floor.value or 0):
            says = "never below the other bounds"
            high = teller.step("most", [high, floor], self.scope, "high", self.rule, says)
        return Told(low, best, high)


def _of_step(teller: "Teller", step: Step) -> Told:
    interval = step.interval
    values = (interval.low, interval.best, interval.high)
    return Told(*(teller.figure(step.figures, value) for value in values))


_PARTS = {"areas": "areas", "segment": "segments", "flow": "origins and destinations"}
_GROWS = "and what was counted for the scope later"
