"""A check: two sides of one claim, and what the two sides are made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tollbook_projections.consolidation.books import Kind, kind_of
from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.consolidation.interval import ZERO, Interval
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Check:
    """Two sides of one claim.

    Attributes:
        kind: sum, part, increment, bound, restates or triangulation.
        figure: the figure that is checked.
        stated: what it says; of an increment, what was counted at its end.
        computed: what the other figures make; None where one of them is not known.
        against: the figures on the computed side, where they are few.
        stated_by: the figures on the stated side, where it is not `figure` alone.
    """

    kind: str
    figure: str
    counted: Kind
    stated: Interval
    computed: Interval | None
    holds: bool
    against: tuple[str, ...]
    stated_by: tuple[str, ...] = ()


class Said(NamedTuple):
    """What figures say by the moment that is asked for.

    Attributes:
        claims: the last claim of each figure until then, by global id.
        bodies: the fields of the version that makes this claim.
        policy: how much "about" may miss.
    """

    claims: Mapping[str, Claim]
    bodies: Mapping[str, Mapping[str, Any]]
    policy: Policy

    def tolerance(self, figures: Iterable[str]) -> int:
        """What the sides may differ by, in percent: none unless a number is approximate."""
        quantities = [self.bodies[name]["quantity"] for name in figures if name in self.bodies]
        about = any(quantity["qualifier"] == "approximately" for quantity in quantities)
        return self.policy.approximately_tolerance if about else 0


def kind_counted(claim: Claim) -> Kind:
    """What a figure counts."""
    return kind_of(claim.series.book)


def disjoint_sum(parts: Iterable[Claim], lattice: Lattice) -> Interval | None:
    """The sum of parts that cannot overlap; of parts that can, the larger (section 5)."""
    total = ZERO
    taken: list[Region] = []
    for part in sorted(parts, key=lambda claim: (-(claim.interval or ZERO).low, claim.figure)):
        if part.interval is None:
            return None
        if all(lattice.disjoint(part.region, other) for other in taken):
            taken.append(part.region)
            total += part.interval
    return total


def overlap(left: Interval, right: Interval) -> bool:
    """Whether one number may be within both."""
    return (left.high is None or right.low <= left.high) and (
        right.high is None or left.low <= right.high
    )
