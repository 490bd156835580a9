"""What was worked out for a sheet and still holds, so that a page solves what it changed only."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tollbook_projections.consolidation.book import Sheet
from tollbook_projections.consolidation.draft import Value
from tollbook_projections.consolidation.grid import Grid
from tollbook_projections.consolidation.region import Region

Regions = dict[Region, None]
"""Regions in an order."""


@dataclass(slots=True)
class Kept:
    """What was worked out over one grid, as long as no series around it changes.

    Attributes:
        values: by region.
        rest: what no source has assigned, by name and scope (`buckets.py`).
        cells: the areas and the scopes that make cells, with the regions named then (`books.py`).
    """

    grid: Grid
    values: dict[Region, Value] = field(default_factory=dict)
    rest: dict[tuple[str, Region], Value | None] = field(default_factory=dict)
    cells: tuple[tuple[Region, ...], tuple[Regions, Regions]] | None = None

    def forget(self, stale: Iterable[Region]) -> None:
        """Drops the values that a change of these regions may have moved."""
        groups = self.grid.map.groups
        moved = frozenset().union(*(groups(region.areas) for region in stale))
        self.values = {
            region: value
            for region, value in self.values.items()
            if moved.isdisjoint(groups(region.areas))
        }
        self.rest = {
            key: value for key, value in self.rest.items() if moved.isdisjoint(groups(key[1].areas))
        }


def kept_of(sheet: Sheet, grid: Grid) -> Kept:
    """What still holds of a sheet's last solution; nothing where its grid is another one."""
    kept = sheet.kept
    if not isinstance(kept, Kept) or kept.grid is not grid:
        kept = sheet.kept = Kept(grid)
    elif sheet.stale:
        kept.forget(sheet.stale)
    sheet.stale.clear()
    return kept
