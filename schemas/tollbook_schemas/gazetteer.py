"""Areas of the world: codes, names, what lies inside what; ISO 3166 with P-codes beside it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from functools import cache, cached_property
from hashlib import sha256
from typing import Final, Self

from tollbook_schemas.area import Area, GazetteerVersion, PublishedArea, versions_from
from tollbook_schemas.area_find import AreaFinder, Found
from tollbook_schemas.area_history import AreaHistory, Table
from tollbook_schemas.area_index import AreaIndex, Match, Named, SpokenNames
from tollbook_schemas.area_names import AreaNames
from tollbook_schemas.area_overlay import AreaTable, overlay

__all__ = [
    "Area",
    "Gazetteer",
    "GazetteerVersion",
    "PublishedArea",
    "default_gazetteer",
    "versions_from",
]

_NAMED_VERSIONS_MAX: Final = 4
"""Published versions named in the text of a version; of more, a digest of their ids."""

_READINGS_KEPT_MAX: Final = 65_536
"""Distinct sets of codes whose reading is remembered: more than one crisis names."""


class Gazetteer:
    """A versioned table of areas, their other codes and their other names.

    A code that the table does not know stays what it is: it has no name but itself and lies in
    nothing, so that events admitted with an older table can still be read.
    """

    def __init__(
        self,
        version: str,
        areas: Iterable[Area],
        same: Mapping[str, str],
        also: Mapping[str, Iterable[str]],
        valid_from: Mapping[str, date] | None = None,
        *,
        spoken: Callable[[], SpokenNames] = SpokenNames,
    ) -> None:
        """Build the table.

        Args:
            version: printed with every result.
            areas: all areas; parents may come in any order.
            same: other codes of an area, to its canonical code.
            also: other names of an area, by canonical code.
            valid_from: the day of a country's areas, where it is known: reports of before may be
                read with a published table of an earlier day.
            spoken: gives more names, for `find` alone; called when it is first used.
        """
        self._built_in = AreaTable(
            {area.code: area for area in areas},
            dict(same),
            {code: tuple(names) for code, names in also.items()},
            dict(valid_from or {}),
        )
        self._name = version
        self.spoken = spoken
        self._take(self._built_in, ())

    def _take(self, table: AreaTable, versions: tuple[GazetteerVersion, ...]) -> None:
        self._versions = versions
        self._table = table
        self._areas, self._same = table.areas, table.same
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._readings: dict[tuple[str, ...], tuple[tuple[str, ...], AreaHistory | None]] = {}

    def with_versions(self, versions: Iterable[GazetteerVersion]) -> Self:
        """A gazetteer that also knows published tables, in the order in which they hold.

        Of two with the same id, country and day the later one holds. It takes about half a second
        for the 32,767 areas of the world's first two levels.
        """
        every = {(one.id, one.country, one.valid_from): one for one in self._versions}
        for one in versions:
            every.pop((one.id, one.country, one.valid_from), None)
            every[one.id, one.country, one.valid_from] = one
        made = object.__new__(type(self))
        made._built_in, made._name = self._built_in, self._name
        made.spoken = self.spoken
        made._take(overlay(self._built_in, every.values()), tuple(every.values()))
        return made

    @cached_property
    def version(self) -> str:
        """Name and version of the table, and of the published ones that were added."""
        ids = sorted({one.id for one in self._versions})
        if len(ids) > _NAMED_VERSIONS_MAX:
            digest = sha256("\n".join(ids).encode()).hexdigest()[:12]
            return f"{self._name}+{len(ids)}-published-{digest}"
        return "+".join((self._name, *ids))

    def resolve(self, code: str) -> Area | None:
        """The area of an ISO 3166-1, ISO 3166-2 or P-code; None where it is unknown."""
        return self._areas.get(code) or self._areas.get(self._same.get(code, ""))

    def canonical(self, code: str) -> str:
        """The one code an area is printed by (`SY06` and `SY-LA` are both `SY-LA`)."""
        return code if code in self._areas else self._same.get(code, code)

    def areas_at(self, codes: tuple[str, ...], instant: datetime) -> tuple[str, ...]:
        """The canonical codes of today for what a report of an instant meant.

        `Areas by time` in docs/gazetteers.md: a figure of 2006 about Bekaa (LB2) is about today's
        Bekaa and Baalbek-Hermel together.

        Args:
            codes: as the report names them.
            instant: aware, in UTC; the cut-off of the figure.
        """
        known = self._readings.get(codes)
        if known is None:
            known = self._read(codes)
        today, history = known
        if history is not None:
            at = history.at(instant)
            if len(today) == 1:
                return history.meant(today[0], at)
            return _distinct(area for code in today for area in history.meant(code, at))
        if len(today) > 1 and self._table.histories:
            return _distinct(area for code in today for area in self.areas_at((code,), instant))
        return today

    def _read(self, codes: tuple[str, ...]) -> tuple[tuple[str, ...], AreaHistory | None]:
        """Canonical codes, and the history of the country if all are of one that has several."""
        if len(self._readings) >= _READINGS_KEPT_MAX:
            self._readings.clear()
        today = _distinct(self.canonical(code) for code in codes)
        countries = {self._table.country(code) for code in today}
        history = self._histories.get(countries.pop() or "") if len(countries) == 1 else None
        self._readings[codes] = today, history
        return today, history

    def tables(self, code: str) -> tuple[Table, ...]:
        """The tables of the country an area lies in, by their days; none where there is but one."""
        history = self._histories.get(self._table.country(self.canonical(code)) or "")
        return history.tables if history else ()

    def is_former(self, code: str) -> bool:
        """Whether an area is only in tables that a later one replaced."""
        return self.canonical(code) in self._table.former

    def codes(self, code: str) -> tuple[str, ...]:
        """The other codes of an area, in code order."""
        code = self.canonical(code)
        return tuple(sorted(other for other, known in self._same.items() if known == code))

    def names(self, code: str) -> tuple[str, ...]:
        """The other names of an area."""
        return self._table.also.get(self.canonical(code), ())

    def name(self, code: str) -> str:
        """The name to print for a code; the code itself where it is unknown."""
        area = self.resolve(code)
        return area.name if area else code

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The areas around an area, the nearest first, the country last."""
        code = self.canonical(code)
        known = self._ancestors.get(code)
        if known is None:
            area = self._areas.get(code)
            parent = area.parent if area else None
            known = (parent, *self.ancestors(parent)) if parent else ()
            self._ancestors[code] = known
        return known

    def contains(self, outer: str, inner: str) -> bool:
        """Whether `inner` is `outer` or lies inside it."""
        outer, inner = self.canonical(outer), self.canonical(inner)
        return outer == inner or outer in self.ancestors(inner)

    def children(self, code: str) -> tuple[str, ...]:
        """The areas directly inside an area today, in code order."""
        return self._children.get(self.canonical(code), ())

    def areas(self) -> tuple[Area, ...]:
        """Every area that is known, in no order."""
        return tuple(self._areas.values())

    def suggest(self, text: str) -> tuple[Area, ...]:
        """The areas that a wrong code or a name most likely means, the likeliest first."""
        return self._names.suggest(text)

    def named(self, text: str) -> tuple[Area, ...]:
        """The areas with exactly this name, whatever its case and marks; larger ones first."""
        return self._names.named(text)

    def find(
        self, text: str, *, inside: str | None = None, levels: Collection[int] | None = None
    ) -> Found:
        """The one area that a text means: a code, an alias, or a name as people write it.

        docs/areas.md says how a name is understood. Nothing is guessed: of several areas none is
        taken, and names that are only like it are suggested.

        Args:
            text: a code or a name.
            inside: any code of an area that it must lie in (or be).
            levels: the levels that it may have; any where it is not given.
        """
        return self._finder.find(text, inside and self.canonical(inside), levels)

    def matches(
        self, text: str, *, inside: str | None = None, levels: Collection[int] | None = None
    ) -> tuple[Match, ...]:
        """Every area that has this name, better matches first; the arguments are those of `find`.

        Codes are no names.
        """
        return self._finder.matches(text, inside and self.canonical(inside), levels)

    @cached_property
    def _finder(self) -> AreaFinder:
        spoken = self.spoken()
        index = AreaIndex(
            Named(
                area,
                (*self._table.also.get(code, ()), *spoken.usual.get(code, ())),
                spoken.other.get(code, ()),
                former=code in self._table.former,
                published=code not in self._built_in.areas,
            )
            for code, area in self._areas.items()
        )
        return AreaFinder(self._areas, index, self.resolve, self.ancestors, self._names)

    @cached_property
    def _names(self) -> AreaNames:
        return AreaNames(self._areas, self._same, self._table.also)

    @cached_property
    def _histories(self) -> dict[str, AreaHistory]:
        current = self._areas.keys() - self._table.former
        return {
            country: AreaHistory(tables, current, self.children)
            for country, tables in self._table.histories.items()
        }

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for code in sorted(self._areas):
            parent = self._areas[code].parent
            if parent is not None and code not in self._table.former:
                found.setdefault(parent, []).append(code)
        return {parent: tuple(codes) for parent, codes in found.items()}


@cache
def default_gazetteer() -> Gazetteer:
    """ISO 3166 for the world; P-codes and districts for Syria and Lebanon. Built at first use."""
    from tollbook_schemas.world import build_world  # noqa: PLC0415 - 60 ms that --help must not pay

    return build_world()


def _distinct(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
