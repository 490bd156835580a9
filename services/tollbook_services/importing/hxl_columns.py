"""The columns of an HXL sheet by what they say: figures, areas, dates, and the rest."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from tollbook_services.importing.hxl_tags import Count, Tag

NUMBERED: Final = " (column "
"""What tells the second column of a tag from the first: `#org (column 5)`."""

PERIODS: Final = ("increment", "flow")
"""Bases that need to know when the counting began."""

End = Literal["at", "origin", "destination"]


@dataclass(frozen=True, slots=True)
class FigureColumns:
    """The columns of one figure: the number itself, and the ends of its range.

    Attributes:
        count: what they count.
        basis: in which sense; None only while it is not known yet.
        best: the column of the number itself.
        low: the column of the lower end of its range.
        high: the column of the upper end of its range.
        approximate: whether it is a rough number.
    """

    count: Count
    basis: str | None = None
    best: str | None = None
    low: str | None = None
    high: str | None = None
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class AreaColumns:
    """The columns that name the area of one level, codes first.

    Attributes:
        level: 0 for the country, 1 for its first level; None for any.
        codes: columns of codes.
        names: columns of names, in any language.
    """

    level: int | None
    codes: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where each thing stands; None where no column says it."""

    figures: tuple[FigureColumns, ...]
    areas: dict[End, tuple[AreaColumns, ...]]
    columns: frozenset[str]
    originator: str | None
    ids: tuple[str, ...]
    incident: str | None
    spot: str | None
    url: str | None
    published: str | None
    date: str | None
    start: str | None
    end: str | None
    occurred: str | None


class Sheet:
    """The columns of a sheet by their tags."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.tags = {name: Tag.of(tag) for name in columns if (tag := written(name))}

    def first(self, *wanted: str) -> str | None:
        """The first column with the first of some tags that the sheet has."""
        return next((name for tag in wanted if (name := self.named(tag))), None)

    def named(self, wanted: str) -> str | None:
        tag = Tag.of(wanted)
        return next((name for name, one in self.tags.items() if one == tag), None)


def written(column: str) -> str:
    """The tag of a column as the sheet has it; empty where it has none."""
    return column.split(NUMBERED, maxsplit=1)[0] if column.startswith("#") else ""
