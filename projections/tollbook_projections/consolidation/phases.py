"""Which sheet of a phase speaks of a region: what its segments count, the region counts (R17)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from tollbook_projections.consolidation.draft import Value
from tollbook_projections.consolidation.region import Areas, Flow, Region, segment_inside
from tollbook_projections.consolidation.solver import Solver

Narrower = Mapping[Region, tuple[Region, ...]]
"""Of every region of one originator those of narrower segments at the same place."""


class Dated(NamedTuple):
    """The figures of one phase that date deaths in one way, and the regions they name."""

    solver: Solver
    named: Mapping[Region, None]


def narrower_of(phases: Iterable[Sequence[Dated]]) -> Narrower:
    """Of every region that figures of any phase name those of its segments, in their order."""
    places: dict[tuple[Areas, Flow], dict[Region, None]] = {}
    for way in phases:
        for dated in way:
            for region in dated.named:
                places.setdefault((region.areas, region.flow), {})[region] = None
    return {
        region: tuple(
            other
            for other in regions
            if other != region and segment_inside(other.segment, region.segment)
        )
        for regions in places.values()
        for region in regions
    }


def speaker(way: Sequence[Dated], region: Region, narrower: Narrower) -> Solver | None:
    """What a phase says of a region: by the first dating that names it, else that bounds it.

    A phase that speaks only of one of its segments speaks of the region too, and leaves its high
    open: a total is never below one of its segments. None where a phase adds nothing.
    """
    for dated in way:
        if region in dated.named:
            return dated.solver
    for one in (region, *narrower[region]):
        found = next((dated.solver for dated in way if _bounds(dated.solver, one)), None)
        if found is not None:
            return found
    return None


def highest(value: Value, segments: Iterable[Value]) -> Value:
    """A value with a high that is not below that of any of its segments (R10).

    A segment can have a later or wider figure of its own than the region: what that figure leaves
    open of the segment is open of the region too.
    """
    high = value.interval.high
    for segment in segments:
        high = (
            None
            if segment.interval.high is None or high is None
            else max(high, segment.interval.high)
        )
    if high == value.interval.high:
        return value
    flags = value.flags | {"open_high"} if high is None else value.flags
    interval = replace(value.interval, high=high)
    return replace(value, interval=interval, flags=flags, rules=value.rules | {"R10"})


def _bounds(solver: Solver, region: Region) -> bool:
    """Whether a figure around the region bounds it, or bounds or counts a segment of it."""
    return _held(solver, region) or any(
        _held(solver, part) or solver.grid.inside(part) for part in solver.grid.touched(region)
    )


def _held(solver: Solver, region: Region) -> bool:
    grid = solver.grid
    return bool(grid.containing(region) or grid.containing(region, with_base=False))
