"""Finds the one area that a text means: a code, or a name as people write it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.area import Area
from tollbook_schemas.area_fold import NAME_CHARS_MAX
from tollbook_schemas.area_index import AreaIndex, Match, best
from tollbook_schemas.area_names import AreaNames

_ANSWERS_KEPT_MAX: Final = 65_536
"""Distinct questions whose answer is remembered: more than the names of the world's areas."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a text means.

    Attributes:
        area: the area, where it is exactly one.
        candidates: where it is not: the areas that it may mean (`ambiguous`), or the areas whose
            names are nearest to it, the nearest first; possibly none.
        ambiguous: whether several areas have this name.
    """

    area: Area | None
    candidates: tuple[Area, ...] = ()
    ambiguous: bool = False


class AreaFinder:
    """Answers what a text means in one gazetteer, and remembers its answers."""

    def __init__(
        self,
        areas: Mapping[str, Area],
        index: AreaIndex,
        resolve: Callable[[str], Area | None],
        ancestors: Callable[[str], tuple[str, ...]],
        names: AreaNames,
    ) -> None:
        """Take the areas and indexes of a gazetteer, and methods of it."""
        self._areas = areas
        self._index = index
        self._resolve = resolve
        self._ancestors = ancestors
        self._names = names
        self._answers: dict[tuple[str, str | None, frozenset[int] | None], Found] = {}

    def find(self, text: str, inside: str | None, levels: Collection[int] | None) -> Found:
        """What a text means among the areas of some levels inside an area."""
        if len(text) > NAME_CHARS_MAX:
            return Found(None)
        key = (text, inside, None if levels is None else frozenset(levels))
        known = self._answers.get(key)
        if known is None:
            if len(self._answers) >= _ANSWERS_KEPT_MAX:
                self._answers.clear()
            known = self._answers[key] = self._find(text.strip(), inside, levels)
        return known

    def _find(self, text: str, inside: str | None, levels: Collection[int] | None) -> Found:
        exact = self._resolve(text)
        if exact is not None and self._wanted(exact, inside, levels):
            return Found(exact)
        areas = _areas(best(self.matches(text, inside, levels)))
        if len(areas) == 1:
            return Found(areas[0])
        if areas:
            return Found(None, areas, ambiguous=True)
        code = self._resolve(text.upper())
        if code is not None and self._wanted(code, inside, levels):
            return Found(code)
        return Found(None, self._near(text, exact or code, inside, levels))

    def matches(
        self, text: str, inside: str | None, levels: Collection[int] | None
    ) -> tuple[Match, ...]:
        """Every area with this name among those asked for, better matches first."""
        return tuple(
            match for match in self._index.matches(text) if self._wanted(match.area, inside, levels)
        )

    def _near(
        self, text: str, known: Area | None, inside: str | None, levels: Collection[int] | None
    ) -> tuple[Area, ...]:
        """Where nothing asked for has the name: what has it elsewhere, or names like it."""
        if known is not None:
            return (known,)
        found = _areas(best(self._index.matches(text)))
        return found or self._names.suggest(
            text, lambda code: self._wanted(self._areas[code], inside, levels)
        )

    def _wanted(self, area: Area, inside: str | None, levels: Collection[int] | None) -> bool:
        if levels is not None and area.level not in levels:
            return False
        return inside is None or inside == area.code or inside in self._ancestors(area.code)


def _areas(matches: tuple[Match, ...]) -> tuple[Area, ...]:
    return tuple(match.area for match in matches)
