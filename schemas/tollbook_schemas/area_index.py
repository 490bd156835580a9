"""An index of the names of areas by their spellings, and what a text matches in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tollbook_schemas.area import Area
from tollbook_schemas.area_fold import core, folded, loose, turned


@dataclass(frozen=True, slots=True)
class SpokenNames:
    """Names that a gazetteer's own table lacks, by canonical code.

    Attributes:
        usual: what an area is usually called, in several languages and scripts.
        other: former and other names, and spellings; they are weaker than usual ones.
    """

    usual: Mapping[str, Sequence[str]] = field(default_factory=dict)
    other: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Standing(IntEnum):
    """How firmly a name belongs to an area; of equal spellings the firmest counts."""

    OWN = 0
    USUAL = 1
    OTHER = 2
    FORMER = 3


class Likeness(IntEnum):
    """What had to be left out to make a text and a name equal, besides case and marks."""

    SAME = 0
    SPACED = 1
    """The Arabic article, and spaces."""
    KIND = 2
    """Words such as `state`, which say what kind of area is meant."""
    KIND_SPACED = 3
    """Both."""


@dataclass(frozen=True, slots=True)
class Match:
    """An area that has a name.

    Attributes:
        area: the area.
        name: the name as the table has it.
        standing: how firmly it is the area's.
        likeness: how it differs from the text.
        published: whether the area is one of a published table, and none of the built-in one.
    """

    area: Area
    name: str
    standing: Standing
    likeness: Likeness
    published: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """An area, all its names, and which tables have it.

    Attributes:
        area: the area.
        usual: what it is usually called, besides its own name.
        other: weaker names.
        former: whether only tables that a later one replaced have it.
        published: whether only published tables have it.
    """

    area: Area
    usual: Iterable[str]
    other: Iterable[str]
    former: bool = False
    published: bool = False


_COUNTRY: Final = 0
_Entry = tuple[Standing, Named, str]


class AreaIndex:
    """Every name of a gazetteer by its spellings; built once, then only read."""

    def __init__(self, areas: Iterable[Named]) -> None:
        """Index all names, in the order of the areas."""
        self._by: dict[Likeness, dict[str, list[_Entry]]] = {one: {} for one in Likeness}
        for one in areas:
            for name, standing in _names(one):
                self._add(one, name, standing)

    def _add(self, named: Named, name: str, standing: Standing) -> None:
        names = {name, turned(name) or name}
        for key in sorted({folded(one) for one in names}):
            for likeness, spelling in _spellings(key, country=named.area.level == _COUNTRY):
                self._by[likeness].setdefault(spelling, []).append((standing, named, name))

    def matches(self, text: str) -> tuple[Match, ...]:
        """Every area with this name: the best match of each, better ones first."""
        found: dict[str, Match] = {}
        for likeness, spelling in _spellings(folded(text), country=False):
            entries = self._by[likeness].get(spelling, ())
            for standing, one, name in sorted(entries, key=lambda entry: entry[0]):
                match = Match(one.area, name, standing, likeness, one.published)
                found.setdefault(one.area.code, match)
        return tuple(sorted(found.values(), key=_quality))


def best(matches: Iterable[Match]) -> tuple[Match, ...]:
    """The areas that a text may mean; one where that is clear.

    Whose name it is more, and how it is spelled, decides between areas of one level only: what
    a province and a district are both called means neither. A text that says the kind of area
    (`Dhaka Division`) means the area that is called so; where only the words of kind differ, as
    in `Kyiv Oblast` beside a city and a region that are both called Kyiv, whose name it is more
    decides nothing. None of this decides between a built-in area and one of a published table
    beside it: they may be one area under two codes.
    """
    ranked = sorted(matches, key=_quality)
    clear = [one for one in ranked if _says_more(one) == _says_more(ranked[0])]
    first: dict[int, Match] = {}
    for one in clear:
        first.setdefault(one.area.level, one)
    found = [one for one in clear if _is_as_good(one, first[one.area.level])]
    found += [one for one in ranked if one not in found and _is_called_so(one, found)]
    found += [one for one in ranked if one not in found and _has_twin(one, found)]
    return tuple(sorted(found, key=lambda one: (one.area.level, one.area.code)))


def _is_as_good(match: Match, first: Match) -> bool:
    """Whether an area may be meant as well as the first of its level."""
    if not _says_more(first):
        return _quality(match) == _quality(first)
    return (match.standing is Standing.FORMER) == (first.standing is Standing.FORMER)


def _is_called_so(match: Match, found: Iterable[Match]) -> bool:
    """Whether an area's own name, but for words of kind, is what another is only also called."""
    if match.standing is not Standing.OWN or match.likeness < Likeness.KIND:
        return False
    return any(
        one.area.level == match.area.level and one.standing is not Standing.OWN for one in found
    )


def _has_twin(match: Match, found: Iterable[Match]) -> bool:
    """Whether an area may be the same as one of those found, which another table has."""
    return any(
        match.published != one.published
        and match.area.parent == one.area.parent
        and Standing.FORMER not in (match.standing, one.standing)
        for one in found
    )


def _quality(match: Match) -> tuple[int, int]:
    return match.likeness, match.standing


def _says_more(match: Match) -> bool:
    """Whether the text or the name has a word for the kind of area that the other has not."""
    return match.likeness >= Likeness.KIND


def _names(one: Named) -> Iterator[tuple[str, Standing]]:
    names = [(one.area.name, Standing.OWN)]
    names += [(name, Standing.USUAL) for name in one.usual]
    names += [(name, Standing.OTHER) for name in one.other]
    for name, standing in names:
        yield name, Standing.FORMER if one.former else standing


def _spellings(key: str, *, country: bool) -> Iterator[tuple[Likeness, str]]:
    """The spellings that are compared; a country is not named by a part of its name."""
    short = "" if country else core(key)
    spellings = {
        Likeness.SAME: key,
        Likeness.SPACED: loose(key),
        Likeness.KIND: short,
        Likeness.KIND_SPACED: loose(short),
    }
    yield from ((likeness, spelling) for likeness, spelling in spellings.items() if spelling)
