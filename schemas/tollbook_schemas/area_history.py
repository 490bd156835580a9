"""What an area of a country meant at a date, said in the codes of today."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final

from tollbook_schemas.limits import AREAS_MAX

Children = Callable[[str], Sequence[str]]
"""The areas of today directly inside an area."""

_UNKNOWN: Final[frozenset[str]] = frozenset()
"""The extent of an area that today's table cannot express."""


@dataclass(frozen=True)
class Table:
    """The areas of one country from a day on.

    Attributes:
        id: which published or built-in table it is.
        parents: the area around each area; the country itself is not listed.
    """

    id: str
    valid_from: date
    country: str
    parents: Mapping[str, str]

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The areas directly inside each area that has any, in code order."""
        found: dict[str, list[str]] = {}
        for code in sorted(self.parents):
            found.setdefault(self.parents[code], []).append(code)
        return {parent: tuple(codes) for parent, codes in found.items()}

    @cached_property
    def by_level(self) -> Mapping[int, tuple[str, ...]]:
        """The codes of each level in code order, 1 being the first inside the country."""
        levels: dict[int, tuple[str, ...]] = {}
        codes = self.children.get(self.country, ())
        while codes:
            levels[len(levels) + 1] = tuple(sorted(codes))
            codes = tuple(child for code in codes for child in self.children.get(code, ()))
        return levels


class AreaHistory:
    """The tables of one country in order of their days, the last one being today's.

    Two tables are compared by the lowest areas they share: an area that is divided no further is
    taken to be the same ground wherever its code appears.
    """

    def __init__(self, tables: Sequence[Table], current: Collection[str], inside: Children) -> None:
        """Take the tables.

        Args:
            tables: at least one; the earliest also holds before its day.
            current: the areas of today, which may be more than the last table names.
            inside: what lies directly inside an area today.
        """
        self.tables = tuple(tables)
        self._starts = [table.valid_from for table in tables]
        self._current = current
        self._inside = inside
        self._leaves: dict[str, frozenset[str]] = {}
        self._meant: dict[tuple[int, str], tuple[str, ...]] = {}

    def at(self, instant: datetime) -> int:
        """Which table holds at an instant, as its place in `tables`."""
        return max(0, bisect_right(self._starts, instant.date()) - 1)

    def table_of(self, code: str, at: int) -> int | None:
        """The table that a code of a report is read with; None where none has it.

        The one that held then; if that one does not know the code, the next one that does (the
        report used a newer code), else the one before (it used an old one).
        """
        last = len(self.tables)
        order = (*range(at, last), *range(at - 1, -1, -1))
        return next((one for one in order if code in self.tables[one].parents), None)

    def meant(self, code: str, at: int) -> tuple[str, ...]:
        """The areas of today that a code meant under a table.

        The same area where its extent is that of today; else the fewest areas of today that tile
        its extent; else the code itself: where nothing is known of what lay inside it, or of
        where that lies today.
        """
        known = self._meant.get((at, code))
        if known is None:
            known = self._meant[at, code] = self._read(code, at)
        return known

    def _read(self, code: str, at: int) -> tuple[str, ...]:
        table = self.table_of(code, at)
        if table is None or table == len(self.tables) - 1:
            return (code,)
        extent = self._extent(code, table)
        if extent == _UNKNOWN or (code in self._current and extent == self._leaves_of(code)):
            return (code,)
        tiles = self._tiles(extent)
        return tiles if 0 < len(tiles) <= AREAS_MAX else (code,)

    def _extent(self, code: str, at: int) -> frozenset[str]:
        """The lowest areas of today inside an area of a table; `_UNKNOWN` if one is not known."""
        found: set[str] = set()
        waiting = [code]
        while waiting:
            one = waiting.pop()
            inside = self.tables[at].children.get(one, ())
            waiting.extend(inside)
            if not inside:
                leaves = self._leaves_of(one) if one in self._current else self._later(one, at)
                if leaves == _UNKNOWN:
                    return _UNKNOWN
                found |= leaves
        return frozenset(found)

    def _later(self, code: str, at: int) -> frozenset[str]:
        """The extent of an area that is gone today, by the next table that still has it."""
        later = range(at + 1, len(self.tables))
        table = next((one for one in later if code in self.tables[one].parents), None)
        return _UNKNOWN if table is None else self._extent(code, table)

    def _leaves_of(self, code: str) -> frozenset[str]:
        """The lowest areas of today inside an area of today."""
        known = self._leaves.get(code)
        if known is None:
            inside = self._inside(code)
            parts = [self._leaves_of(child) for child in inside] or [frozenset({code})]
            known = self._leaves[code] = frozenset().union(*parts)
        return known

    def _tiles(self, extent: frozenset[str]) -> tuple[str, ...]:
        """The fewest areas of today whose extents together are this one, in code order."""
        found: list[str] = []
        waiting = list(self._inside(self.tables[-1].country))
        while waiting:
            code = waiting.pop()
            leaves = self._leaves_of(code)
            if leaves <= extent:
                found.append(code)
            elif not leaves.isdisjoint(extent):
                waiting.extend(self._inside(code))
        return tuple(sorted(found))
