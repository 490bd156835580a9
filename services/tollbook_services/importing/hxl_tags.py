"""What HXL tags mean here: which columns count whom, and in which sense."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from tollbook_schemas.figure import Basis, Measure
from tollbook_schemas.nearest import nearest
from tollbook_schemas.segment import Segment

COUNTED: Final = "#affected"
"""The tag of the columns that are read as figures; others count something else, such as needs."""

MEASURES: Final[Mapping[str, str]] = {
    **{measure: measure for measure in get_args(Measure)},
    "dead": "killed",
    "deaths": "killed",
    "wounded": "injured",
    "idps": "displaced",
    "returnees": "returned",
}
"""Attribute to measure; without any the column counts the affected."""

UNITS: Final[Mapping[str, str]] = {
    "ind": "person",
    "persons": "person",
    "hh": "household",
    "households": "household",
    "families": "family",
    "houses": "house",
    "bodies": "body",
}
"""Attribute to unit; without any it is persons, or what the measure can only be."""

SEGMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "f": ("sex", "female"),
    "m": ("sex", "male"),
    "i": ("sex", "other"),
    "infants": ("age_band", "infant"),
    "children": ("age_band", "child"),
    "adolescents": ("age_band", "adolescent"),
    "adults": ("age_band", "adult"),
    "elderly": ("age_band", "elderly"),
    "civilians": ("status", "civilian"),
    "combatants": ("status", "combatant"),
}
"""Attribute to a dimension of the segment and its value."""

PREFIXES: Final[Mapping[str, str]] = {
    "group_": "group",
    "community_": "community",
    "age_": "age_band",
    "sex_": "sex",
}
"""Beginning of an attribute to the dimension of which the rest is the value: `+group_kurdish`."""

BASES: Final[Mapping[str, str]] = {
    **{basis: basis for basis in get_args(Basis)},
    "todate": "cumulative",
    "new": "increment",
}

BOUNDS: Final[Mapping[str, str]] = {
    "low": "low",
    "min": "low",
    "best": "best",
    "high": "high",
    "max": "high",
}
"""Attribute to the end of a range that the column gives."""

APPROXIMATE: Final = "approx"

EMPTY_WORDS: Final = frozenset({"num", "total", "all"})
"""Attributes that narrow nothing."""

REMAINDER: Final = "unspecified"
"""Attribute of what is left of a total beyond its segments: worked out again, and not read."""

UNIT_OF: Final[Mapping[str, str]] = {"houses_destroyed": "house", "incidents": "incident"}
"""Measures that count no persons."""

_WORDS: Final = (*MEASURES, *UNITS, *SEGMENTS, *BASES, *BOUNDS, APPROXIMATE, *EMPTY_WORDS)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as a sheet has it; equal to another of the same words in any order.

    Attributes:
        name: the hashtag in lower case, such as `#affected`.
        attributes: its attributes, without the `+`.
    """

    name: str
    attributes: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Tag":
        """The tag that a text such as `#affected +f +killed` is."""
        name, *attributes = (part.strip().lower() for part in text.split("+"))
        return cls(name, frozenset(attributes))


@dataclass(frozen=True, slots=True)
class Count:
    """What one column counts.

    Attributes:
        measure: of CONTRACT.
        unit: of CONTRACT.
        segment: (dimension, value) pairs in the order of the table.
        basis: of CONTRACT; None where the tag does not say it.
        bound: which end of a range it gives: low, best or high; None where it is the number itself.
        approximate: whether the number is a rough one.
    """

    measure: str = "affected"
    unit: str = "person"
    segment: tuple[tuple[str, str], ...] = ()
    basis: str | None = None
    bound: str | None = None
    approximate: bool = False

    @property
    def figure(self) -> "Count":
        """The same without its bound: columns that agree in this are one figure."""
        return replace(self, bound=None, approximate=False)

    @property
    def figure_id(self) -> str:
        """The id of the figure in its report: the words that tell it from the others."""
        words = [self.measure]
        if self.unit != UNIT_OF.get(self.measure, "person"):
            words.append(self.unit)
        words += [value for _, value in self.segment]
        if self.basis is not None:
            words.append(self.basis)
        return ".".join(words)


def count_of(tag: Tag) -> Count | str:
    """What a column with an `#affected` tag counts, or why that cannot be said."""
    unknown = sorted(
        word
        for word in tag.attributes.difference(_WORDS)
        if not any(word.startswith(prefix) and word != prefix for prefix in PREFIXES)
    )
    if unknown:
        return "; ".join(
            f"+{word} is no word that is read{nearest(word, _WORDS)}" for word in unknown
        )
    try:
        measure = _one(tag, MEASURES, "affected")
        return Count(
            measure,
            _one(tag, UNITS, UNIT_OF.get(measure, "person")),
            _segment(tag),
            _one(tag, BASES, None),
            _one(tag, BOUNDS, None),
            APPROXIMATE in tag.attributes,
        )
    except _SeveralError as error:
        return str(error)


class _SeveralError(ValueError):
    """A tag has two words of which only one can hold."""


def _one(tag: Tag, table: Mapping[str, str], otherwise: Any) -> Any:
    found = {table[word]: word for word in sorted(tag.attributes) if word in table}
    if len(found) > 1:
        words = " and ".join(f"+{word}" for word in found.values())
        raise _SeveralError(f"{words} in one column: only one of them can be read")
    return next(iter(found), otherwise)


def _segment(tag: Tag) -> tuple[tuple[str, str], ...]:
    words = [word for word in SEGMENTS if word in tag.attributes]
    found = [SEGMENTS[word] for word in words]
    for prefix, dimension in PREFIXES.items():
        free = sorted(word for word in tag.attributes if word.startswith(prefix))
        found += [(dimension, _value(dimension, word.removeprefix(prefix))) for word in free]
        words += free
    segment = dict(found)
    if len(segment) < len(found):
        several = " and ".join(f"+{word}" for word in words)
        raise _SeveralError(f"{several} in one column: nobody is both")
    return tuple((name, segment[name]) for name in Segment.model_fields if name in segment)


def _value(dimension: str, text: str) -> str:
    """A value as an attribute spells it: `5_17` for the ages from 5 to 17."""
    return text.replace("_", "-") if dimension == "age_band" else text
