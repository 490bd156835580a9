"""Finds the areas that a wrong code or a name most likely means."""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from typing import Final

from tollbook_schemas.area import Area
from tollbook_schemas.area_fold import folded

_SUGGESTED_MAX: Final = 4
"""Areas in one suggestion: what fits a line of a message."""

_SUGGESTION_CHARS_MAX: Final = 64
"""Characters of a wrong code that are compared: longer texts are no area."""

_LIKENESS_MIN: Final = 0.6
"""How alike (difflib ratio) a name must be to be suggested."""

_PART_LIKENESS: Final = 0.7
"""How alike a name is that stands whole in the text, as `Gaza` does in `Gaza Strip`."""

_CODE_LIKE: Final = re.compile(r"[A-Za-z]{2}([A-Za-z]?|[-_].*|[ A-Za-z]?\d\S*)")
"""What looks like an attempt at a code rather than at a name."""


class AreaNames:
    """An index of the names and codes of areas."""

    def __init__(
        self, areas: Mapping[str, Area], same: Mapping[str, str], also: Mapping[str, Iterable[str]]
    ) -> None:
        """Index all names; the arguments are those of a `Gazetteer`."""
        self._areas = areas
        self._same = same
        self._by_name: dict[str, list[str]] = {}
        self._by_country: dict[str, list[str]] = {}
        for code in sorted(areas, key=lambda code: (areas[code].level, code)):
            self._by_country.setdefault(code[:2], []).append(code)
            names = (areas[code].name, *also.get(code, ()))
            for name in {folded(name): None for name in names}:
                self._by_name.setdefault(name, []).append(code)
        codes = {code: code for code in areas} | dict(same)
        self._by_code = {_squeezed(folded(code)): [name] for code, name in codes.items()}

    def named(self, text: str) -> tuple[Area, ...]:
        """The areas with exactly this name, whatever its case and marks; larger ones first."""
        return tuple(self._areas[code] for code in self._by_name.get(folded(text), ()))

    def suggest(
        self, text: str, wanted: Callable[[str], bool] = lambda _: True
    ) -> tuple[Area, ...]:
        """The areas that a wrong code or a name most likely means, the likeliest first.

        Args:
            text: the code or the name.
            wanted: whether the area of a code may be suggested.
        """
        name = folded(text[:_SUGGESTION_CHARS_MAX])
        if not name:
            return ()
        exact = self._by_name.get(name) or self._by_code.get(_squeezed(name)) or ()
        found = tuple(self._areas[code] for code in exact if wanted(code))
        if found:
            return found[:_SUGGESTED_MAX]
        ranked: dict[str, float] = {}
        country = text[:2].upper()
        if country in self._areas and _CODE_LIKE.fullmatch(text):
            ranked = self._like_codes(text.upper(), country)
            for code, likeness in self._like_names(folded(text[2:]), country).items():
                ranked[code] = max(ranked.get(code, 0.0), likeness)
        if not ranked:
            ranked = self._like_names(name)
        best = sorted(filter(wanted, ranked), key=lambda code: (-ranked[code], code))[
            :_SUGGESTED_MAX
        ]
        return tuple(self._areas[code] for code in best)

    def _like_codes(self, text: str, country: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for code in (*self._by_country.get(country, ()), *self._same):
            name = self._same.get(code, code)
            if code.startswith(country) and name.startswith(country):
                likeness = SequenceMatcher(None, text, code).ratio()
                found[name] = max(found.get(name, 0.0), likeness)
        return found

    def _like_names(self, wanted: str, country: str = "") -> dict[str, float]:
        found: dict[str, float] = {}
        matcher = SequenceMatcher(b=wanted)
        for name, codes in self._by_name.items():
            matcher.set_seq1(name)
            likeness = _PART_LIKENESS if f" {name} " in f" {wanted} " else 0.0
            if _exchanged(name, wanted):
                likeness = 1 - 1 / len(name)
            elif matcher.real_quick_ratio() >= _LIKENESS_MIN <= matcher.quick_ratio():
                likeness = max(likeness, matcher.ratio())
            if likeness >= _LIKENESS_MIN:
                for code in (code for code in codes if code.startswith(country)):
                    found[code] = max(found.get(code, 0.0), likeness)
        return found


def _squeezed(folded: str) -> str:
    return folded.replace(" ", "")


def _exchanged(name: str, other: str) -> bool:
    """Whether two names differ by two letters that stand in each other's place, as in `Lybia`."""
    if len(name) != len(other):
        return False
    pairs = [(one, two) for one, two in zip(name, other, strict=True) if one != two]
    return len(pairs) == 2 and pairs[0] == pairs[1][::-1]
