"""Whose value is the best of a cell: the order of originators (R12)."""

from collections.abc import Iterable, Mapping

from tollbook_projections.consolidation.draft import Value
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.span import BEGINNING
from tollbook_schemas.policy import Policy


def best_of(
    values: Mapping[str, Value], region: Region, policy: Policy, lattice: Lattice
) -> tuple[str | None, int | None, set[str]]:
    """The first in rank whose value is not below the low of a better ranked one (R12).

    Totals come before tallies of windows or incidents (R11), before sums over some segments only
    (R10), and before sums that lack a part and come to less (R9, R10). Originators the policy does
    not rank follow by latest as_of, then name: that is their rank.

    Args:
        values: each originator's value of one cell, by its name.
        region: of that cell.
        policy: its source rank.
        lattice: tells which parts lie in which.

    Returns:
        Who gives best and that best, None where nobody does; then, where one was passed over, with
        the flag `below_ranked_floor`.
    """
    rank = {name: place for place, name in enumerate(policy.source_rank)}

    def order(name: str) -> tuple[int, int, float, str]:
        value = values[name]
        age = -((value.as_of or BEGINNING) - BEGINNING).total_seconds()
        partial = value.tally or "segments_missing" in value.flags
        lacking = any(_lacks(value, other, region, lattice) for other in values.values())
        return partial + lacking, rank.get(name, len(rank)), age, name

    flags: set[str] = set()
    floor = 0
    for name in sorted(values, key=order):
        best = values[name].interval.best
        if best is not None and best >= floor:
            return name, best, set()
        if best is not None:
            flags.add("below_ranked_floor")
        floor = max(floor, values[name].interval.low)
    return None, None, flags


def _lacks(value: Value, other: Value, region: Region, lattice: Lattice) -> bool:
    """Whether a sum comes to less than another count that speaks of a part it does not have.

    Armed groups and provinces are never known to be complete: such a sum is no answer to a stated
    total, nor to a sum over other parts, above it. One over the same parts is.
    """
    if not value.parts or other.floor:
        return False
    if value.interval.point >= other.interval.low:
        return False
    return not _inside(other.parts or (region,), value.parts, lattice)


def parts_missing(value: Value, values: Iterable[Value], lattice: Lattice) -> bool:
    """Whether others counted people that cannot be among those of a value."""
    return any(_beyond(value, other, lattice) for other in values)


def _beyond(value: Value, other: Value, lattice: Lattice) -> bool:
    """Whether another sum has somebody, and a part disjoint from all parts of a sum."""
    return bool(value.parts and other.interval.low) and any(
        part not in value.parts and all(lattice.disjoint(part, own) for own in value.parts)
        for part in other.parts
    )


def _inside(parts: Iterable[Region], others: Iterable[Region], lattice: Lattice) -> bool:
    return all(any(lattice.inside(part, other) for other in others) for part in parts)
