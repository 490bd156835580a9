"""Areas of the world: codes, names, what lies inside what; ISO 3166 with P-codes beside it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, cached_property
from typing import Final

_SUGGESTED_MAX: Final = 4
"""Areas in one suggestion: what fits a line of a message."""

_SUGGESTION_CHARS_MAX: Final = 64
"""Characters of a wrong code that are compared: longer texts are no area."""

_LIKENESS_MIN: Final = 0.6
"""How alike (difflib ratio) a name must be to be suggested."""

_CODE_LIKE: Final = re.compile(r"[A-Za-z]{2}([A-Za-z]?|[-_].*|[ A-Za-z]?\d\S*)")
"""What looks like an attempt at a code rather than at a name."""


@dataclass(frozen=True, slots=True)
class Area:
    """One area.

    Attributes:
        code: the canonical code: ISO 3166 where one exists, else the P-code.
        name: the name to print.
        level: 0 for a country, 1 for its first level, and so on.
        parent: code of the area around it; None for a country.
    """

    code: str
    name: str
    level: int
    parent: str | None


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
    ) -> None:
        """Build the table.

        Args:
            version: printed with every result.
            areas: all areas; parents may come in any order.
            same: other codes of an area, to its canonical code.
            also: other names of an area, by canonical code.
        """
        self._version = version
        self._areas = {area.code: area for area in areas}
        self._same = dict(same)
        self._also = {code: tuple(names) for code, names in also.items()}
        self._ancestors: dict[str, tuple[str, ...]] = {}

    @property
    def version(self) -> str:
        """Name and version of the table."""
        return self._version

    def resolve(self, code: str) -> Area | None:
        """The area of an ISO 3166-1, ISO 3166-2 or P-code; None where it is unknown."""
        return self._areas.get(code) or self._areas.get(self._same.get(code, ""))

    def canonical(self, code: str) -> str:
        """The one code an area is printed by (`SY06` and `SY-LA` are both `SY-LA`)."""
        return code if code in self._areas else self._same.get(code, code)

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
        """The areas directly inside an area, in code order."""
        return self._children.get(self.canonical(code), ())

    def suggest(self, text: str) -> tuple[Area, ...]:
        """The areas that a wrong code or a name most likely means, the likeliest first."""
        wanted = _folded(text[:_SUGGESTION_CHARS_MAX])
        if not wanted:
            return ()
        exact = self._by_name.get(wanted) or self._by_code.get(_squeezed(wanted))
        if exact:
            return tuple(self._areas[code] for code in exact[:_SUGGESTED_MAX])
        ranked: dict[str, float] = {}
        country = text[:2].upper()
        if country in self._areas and _CODE_LIKE.fullmatch(text):
            ranked = self._like_codes(text.upper(), country)
            for code, likeness in self._like_names(_folded(text[2:]), country).items():
                ranked[code] = max(ranked.get(code, 0.0), likeness)
        if not ranked:
            ranked = self._like_names(wanted)
        best = sorted(ranked, key=lambda code: (-ranked[code], code))[:_SUGGESTED_MAX]
        return tuple(self._areas[code] for code in best)

    def _like_codes(self, text: str, country: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for code in (*self._areas_by_country.get(country, ()), *self._same):
            name = self.canonical(code)
            if code.startswith(country) and name.startswith(country):
                likeness = SequenceMatcher(None, text, code).ratio()
                found[name] = max(found.get(name, 0.0), likeness)
        return found

    def _like_names(self, wanted: str, country: str = "") -> dict[str, float]:
        found: dict[str, float] = {}
        matcher = SequenceMatcher(b=wanted)
        for name, codes in self._by_name.items():
            matcher.set_seq1(name)
            if matcher.real_quick_ratio() < _LIKENESS_MIN or matcher.quick_ratio() < _LIKENESS_MIN:
                continue
            likeness = matcher.ratio()
            if likeness >= _LIKENESS_MIN:
                for code in (code for code in codes if code.startswith(country)):
                    found[code] = max(found.get(code, 0.0), likeness)
        return found

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for code in sorted(self._areas):
            parent = self._areas[code].parent
            if parent is not None:
                found.setdefault(parent, []).append(code)
        return {parent: tuple(codes) for parent, codes in found.items()}

    @cached_property
    def _areas_by_country(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for code in sorted(self._areas):
            found.setdefault(code[:2], []).append(code)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for code in sorted(self._areas, key=lambda code: (self._areas[code].level, code)):
            for name in {_folded(name): None for name in self._names(code)}:
                found.setdefault(name, []).append(code)
        return found

    def _names(self, code: str) -> tuple[str, ...]:
        return (self._areas[code].name, *self._also.get(code, ()))

    @cached_property
    def _by_code(self) -> dict[str, list[str]]:
        codes = {code: code for code in self._areas} | self._same
        return {_squeezed(_folded(code)): [name] for code, name in codes.items()}


@cache
def default_gazetteer() -> Gazetteer:
    """ISO 3166 for the world; P-codes and districts for Syria and Lebanon. Built at first use."""
    from tollbook_schemas.world import build_world  # noqa: PLC0415 - 60 ms that --help must not pay

    return build_world()


def _folded(text: str) -> str:
    """Lower case, without marks and hyphens: `Deir-ez-Zor` and `deir ez zor` are the same."""
    plain = unicodedata.normalize("NFKD", text.replace("-", " "))
    return "".join(c for c in plain if c.isalnum() or c == " ").strip().lower()


def _squeezed(folded: str) -> str:
    return folded.replace(" ", "")
