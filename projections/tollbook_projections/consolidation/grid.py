"""The grid of one sheet: which regions have facts, and how these lie to each other."""

from collections.abc import Mapping

from tollbook_projections.consolidation.book import Sheet
from tollbook_projections.consolidation.facts import Facts
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.series import Step
from tollbook_projections.consolidation.shape import shape_of


def grid_of(sheet: Sheet, facts: Mapping[Region, Facts], lattice: Lattice) -> "Grid":
    """The grid of a sheet: how its regions lie is worked out again only when others come."""
    grid = sheet.grid
    if not isinstance(grid, Grid) or grid.facts.keys() != facts.keys():
        grid = sheet.grid = Grid(facts, lattice)
    grid.facts = facts
    return grid


class Grid:
    """Regions with facts, and their `Shape`."""

    def __init__(self, facts: Mapping[Region, Facts], lattice: Lattice) -> None:
        self.facts = facts
        self.lattice = lattice
        shape = self.shape = shape_of(facts, lattice)
        self.map = shape.map
        self.inside = shape.inside
        self.held = shape.held
        self.maximal = shape.maximal
        self.widest = shape.widest
        self.parts = shape.parts
        self.touched = shape.touched
        self.overhanging = shape.overhanging
        self.outer = shape.outer
        self.beside = shape.beside
        self.pairwise_disjoint = shape.pairwise_disjoint

    def containing(self, region: Region, *, with_base: bool = True) -> list[Region]:
        """The regions with a base figure that hold a region, itself left out.

        Without: those that have no base, but complete increments.
        """
        known = self.held(region)
        if not known:
            return []
        if with_base:
            return [other for other in known if self.facts[other].base is not None]
        return [
            other
            for other in known
            if self.facts[other].base is None and self.facts[other].increments
        ]

    def alone(self, region: Region) -> Step | None:
        """The base of a region that nothing else speaks of, and of no part of it; else None."""
        facts = self.facts.get(region)
        if facts is None or not facts.plain or len(self.inside(region)) != 1:
            return None
        return facts.base
