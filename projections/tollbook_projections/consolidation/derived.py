"""Regions without a figure of their own: derived from their parts along one axis (R9, R10)."""

from typing import TYPE_CHECKING

from tollbook_projections.consolidation.buckets import bucket
from tollbook_projections.consolidation.draft import RISING, Draft, Value, plus
from tollbook_projections.consolidation.floors import shared_areas
from tollbook_projections.consolidation.interval import add_high
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.shape import AXES
from tollbook_projections.consolidation.span import BEGINNING, END

if TYPE_CHECKING:
    from tollbook_projections.consolidation.solver import Solver

_STATUSES = ({"civilian", "combatant"}, "status")
_SEXES = ({"female", "male"}, "sex")


def derived(solver: "Solver", region: Region) -> Draft:
    """No figure of its own: the axis that explains more (R9, R10)."""
    drafts = [(axis, *found) for axis in AXES if (found := along(solver, axis, region))]
    if not drafts:
        return Draft(None, None)
    axis, _, draft = max(
        drafts,
        key=lambda found: (found[1], found[2].best is not None, found[2].high is not None),
    )
    outer = _outer(solver, axis, region)
    for part in outer:
        value = solver.value(part)
        _pass_on(value, draft)
        draft.parts |= value.parts or {part}
    if axis == "segment" and draft.parts == set(outer) and _divided(region, draft.parts):
        draft.parts = frozenset()
    return draft


def along(solver: "Solver", axis: str, region: Region) -> tuple[int, Draft] | None:
    """How many an axis explains, and the bounds it gives (R9, R10); None where it has no parts."""
    grid = solver.grid
    outer = _outer(solver, axis, region)
    if not outer:
        return None
    draft = Draft(0, 0, rules={"R9" if axis == "areas" else "R10"})
    for part in outer:
        interval = solver.value(part).interval
        draft.best = plus(draft.best, interval.best)
        draft.high = add_high(draft.high, interval.high)
    if not grid.pairwise_disjoint(outer):
        _untangle(solver, axis, outer, draft)
    if axis == "segment" and _segments_missing(region, outer):
        draft.flags.add("segments_missing")
    if axis == "areas" and grid.overhanging(region):
        draft.best = draft.high = None
    if draft.best is not None:
        return draft.best, draft
    return solver.floors.axis_low(axis, region, BEGINNING, END), draft


def _outer(solver: "Solver", axis: str, region: Region) -> tuple[Region, ...]:
    grid = solver.grid
    return grid.touched(region) if axis == "segment" else grid.outer(axis, region)


def _pass_on(value: Value, draft: Draft) -> None:
    """What a part tells the sum it is in beside its bounds."""
    draft.flags |= value.flags & RISING
    draft.rules |= value.rules
    draft.figures |= value.figures
    draft.tally |= value.tally
    draft.as_ofs += [at for at in (value.as_of, value.oldest) if at is not None]
    draft.bounding += [value.bounded_at] if value.bounded_at is not None else []


def _untangle(solver: "Solver", axis: str, outer: tuple[Region, ...], draft: Draft) -> None:
    """Overlapping multi-area scopes: buckets and the parts they share (R9)."""
    parts = solver.grid.widest([part for scope in outer for part in solver.grid.parts(axis, scope)])
    single = [scope for scope in outer if len(scope.areas) == 1]
    shared = [
        area
        for index, left in enumerate(outer)
        for right in outer[index + 1 :]
        for area in shared_areas(left, right, solver.grid)
    ]
    known = {
        area: next(
            (part for part in parts if solver.lattice.areas_inside((area,), part.areas)), None
        )
        for area in shared
    }
    draft.best = None
    if axis != "areas" or not shared:
        return
    for part in known.values():
        if part is not None and draft.high is not None:
            draft.high -= solver.value(part).interval.low
    if None in known.values() or not solver.grid.pairwise_disjoint(parts):
        return
    total: int | None = 0
    for scope in outer:
        if len(scope.areas) > 1:
            total = plus(total, bucket(solver, scope).interval.best)
    for part in dict.fromkeys((*parts, *single)):
        total = plus(total, solver.value(part).interval.best)
    draft.best = total


def _divided(region: Region, parts: frozenset[Region]) -> bool:
    """Whether parts are all the segments there can be: both statuses, or both sexes (R10)."""
    added = {frozenset(part.segment) - frozenset(region.segment) for part in parts}
    return any(
        added == {frozenset({(dimension, value)}) for value in values}
        for values, dimension in (_STATUSES, _SEXES)
    )


def _segments_missing(region: Region, parts: tuple[Region, ...]) -> bool:
    """Whether a dimension that divides everybody is only partly known (R10)."""
    for values, dimension in (_STATUSES, _SEXES):
        if any(name == dimension for name, _ in region.segment):
            continue
        known = {value for part in parts for name, value in part.segment if name == dimension}
        if known and not values <= known:
            return True
    return False
