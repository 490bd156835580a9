"""Lays published tables over the built-in one: what is known today, and what was known before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

from tollbook_schemas.area import Area, GazetteerVersion, PublishedArea
from tollbook_schemas.area_history import Table

BUILT_IN: Final = "built-in"
"""The id of the built-in table of a country, where it has a day."""


@dataclass(frozen=True, slots=True)
class AreaTable:
    """The tables of a gazetteer.

    Attributes:
        areas: by canonical code.
        same: other codes, to the canonical one.
        also: other names, by canonical code.
        valid_from: the day from which the areas of a country are as this table says, where known.
        former: codes of areas that only older tables have; they lie in their country alone.
        histories: by country, its tables in order of their days, where there are several.
    """

    areas: Mapping[str, Area]
    same: Mapping[str, str]
    also: Mapping[str, tuple[str, ...]]
    valid_from: Mapping[str, date] = field(default_factory=dict)
    former: frozenset[str] = frozenset()
    histories: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)

    def canonical(self, code: str) -> str:
        """The one code of an area; the code itself where it is unknown."""
        return code if code in self.areas else self.same.get(code, code)

    def country(self, code: str) -> str | None:
        """The country a canonical code lies in; None where the code is unknown."""
        area = self.areas.get(code)
        while area is not None and area.parent is not None:
            area = self.areas.get(area.parent)
        return area.code if area else None


def overlay(base: AreaTable, versions: Iterable[GazetteerVersion]) -> AreaTable:
    """The built-in table with published ones over it.

    The last table of a country says how its areas lie today. Built-in areas it does not name stay
    where they are. Areas that only earlier tables name stay known: in their old place or, where
    that is not sure, in the country.
    """
    made = _Overlay(base)
    for country, days in sorted(_by_country(base, versions).items()):
        made.add(country, days)
    return AreaTable(
        made.areas,
        made.same,
        {code: tuple(names) for code, names in made.also.items()},
        base.valid_from,
        frozenset(made.former),
        made.histories,
    )


Days = dict[date, list[GazetteerVersion]]


def _by_country(base: AreaTable, versions: Iterable[GazetteerVersion]) -> dict[str, Days]:
    found: dict[str, Days] = {}
    for version in versions:
        days = found.setdefault(base.canonical(version.country), {})
        days.setdefault(version.valid_from, []).append(version)
    return found


@dataclass(slots=True)
class _Rows:
    """The rows of one table in canonical codes."""

    parents: dict[str, str] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)


class _Overlay:
    """The tables while they are being put together."""

    def __init__(self, base: AreaTable) -> None:
        self._base = base
        self._published: set[str] = set()
        self.areas = dict(base.areas)
        self.same = dict(base.same)
        self.also = {code: list(names) for code, names in base.also.items()}
        self.former: set[str] = set()
        self.histories: dict[str, tuple[Table, ...]] = {}

    def add(self, country: str, days: Days) -> None:
        """Take the published tables of a country."""
        self.areas.setdefault(country, Area(country, country, 0, None))
        rows = {day: self._rows(country, parts) for day, parts in days.items()}
        tables = self._tables(country, days, rows)
        last = tables[-1]
        if last.valid_from in rows:
            self._place(last, rows[last.valid_from])
        for table in reversed(tables[:-1]):
            self._keep(table, last, rows.get(table.valid_from, _Rows()))
        for day in sorted(rows, reverse=True):
            self._name(rows[day])
        self._published.update(code for one in rows.values() for code in one.parents)
        if len(tables) > 1:
            self.histories[country] = tuple(tables)

    def _rows(self, country: str, parts: Iterable[GazetteerVersion]) -> _Rows:
        rows = _Rows()
        for part in parts:
            for area in part.areas:
                code = self._code(area, country)
                if code is None:
                    continue
                rows.names.setdefault(code, []).extend((area.name, *area.also))
                rows.same |= dict.fromkeys((area.code, *area.same), code)
        for part in parts:
            for area in part.areas:
                code = self._code(area, country)
                parent = self._parent(area, country, rows)
                if code is not None and code not in (parent, country):
                    rows.parents[code] = parent
                    self._go_between(code, country, rows)
        for code in rows.names.keys() - {country}:
            rows.parents.setdefault(code, country)
        for code in [code for code in rows.parents if _in_a_circle(code, rows.parents)]:
            rows.parents[code] = country
        return rows

    def _code(self, area: PublishedArea, country: str) -> str | None:
        """Its canonical code: what the built-in table says of any of its codes, else its own.

        None for a code of another country: no table may move what is not its own.
        """
        for code in (area.code, *area.same):
            known = self._base.canonical(code)
            if known in self._base.areas:
                return known if self._base.country(known) == country else None
        return None if area.code in self._published else area.code

    def _parent(self, area: PublishedArea, country: str, rows: _Rows) -> str:
        if area.parent is None:
            return country
        return rows.same.get(area.parent, country)

    def _go_between(self, code: str, country: str, rows: _Rows) -> None:
        """Leave an area in the built-in area around it, where the table does not have that one.

        MMR014 is said to lie in MMR; it lies in MM-17, which the P-codes do not have.
        """
        while rows.parents[code] == country and code in self._base.areas:
            around = self._base.areas[code].parent
            if around is None or around == country or around in rows.names:
                return
            rows.parents[code] = around
            rows.parents.setdefault(around, country)
            code = around

    def _tables(self, country: str, days: Days, rows: Mapping[date, _Rows]) -> list[Table]:
        """All tables of a country; the built-in one is one of them where its day is known."""
        built_in = self._base.valid_from.get(country)
        found = {
            day: Table(
                "+".join(dict.fromkeys(part.id for part in days[day])),
                day,
                country,
                {
                    **(self._built_in.get(country, {}) if day == built_in else {}),
                    **rows[day].parents,
                },
            )
            for day in days
        }
        if built_in is not None and built_in not in found:
            found[built_in] = Table(BUILT_IN, built_in, country, self._built_in.get(country, {}))
        return [found[day] for day in sorted(found)]

    @cached_property
    def _built_in(self) -> Mapping[str, dict[str, str]]:
        """The parents of the built-in areas, by country."""
        found: dict[str, dict[str, str]] = {}
        for area in self._base.areas.values():
            if area.parent is not None:
                country = self._base.country(area.code) or area.code
                found.setdefault(country, {})[area.code] = area.parent
        return found

    def _place(self, table: Table, rows: _Rows) -> None:
        """Put the areas of a country where today's table says, the higher levels first."""
        parents = {**self._built_in.get(table.country, {}), **rows.parents}
        together = Table(table.id, table.valid_from, table.country, parents)
        for codes in together.by_level.values():
            for code in codes:
                known = self._base.areas.get(code)
                self._put(code, known.name if known else rows.names[code][0], parents[code])

    def _keep(self, table: Table, last: Table, rows: _Rows) -> None:
        """Keep what only an earlier table has.

        It stays where it was if the level around it has the same areas in today's table; else all
        that is sure is its country. It is a former area if today's table has its level at all,
        and else only deeper than that table goes.
        """
        for level, codes in table.by_level.items():
            around = last.by_level.get(level - 1)
            unchanged = around is None or around == table.by_level[level - 1]
            for code in (code for code in codes if code not in self.areas):
                parent = table.parents[code]
                sure = unchanged and parent not in self.former
                if not sure or level in last.by_level:
                    self.former.add(code)
                self._put(code, rows.names[code][0], parent if sure else table.country)

    def _put(self, code: str, name: str, parent: str) -> None:
        self.areas[code] = Area(code, name, self.areas[parent].level + 1, parent)

    def _name(self, rows: _Rows) -> None:
        """Add other codes and other names; what is known already stays."""
        for code, known in rows.same.items():
            if code not in self.areas:
                self.same.setdefault(code, known)
        for code, names in rows.names.items():
            if code in self.areas:
                listed = self.also.setdefault(code, [])
                new = dict.fromkeys(name for name in names if name != self.areas[code].name)
                listed.extend(name for name in new if name not in listed)


def _in_a_circle(code: str, parents: Mapping[str, str]) -> bool:
    """Whether an area lies in itself."""
    seen: set[str] = set()
    at: str | None = code
    while at is not None and at not in seen:
        seen.add(at)
        at = parents.get(at)
    return at == code
