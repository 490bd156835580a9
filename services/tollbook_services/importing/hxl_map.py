"""The mapping file of an HXL sheet: what its tags do not say."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, ValidationError

from tollbook_schemas.errors import UsageError
from tollbook_schemas.figure import Basis, Measure, Unit
from tollbook_schemas.model import Model
from tollbook_schemas.nearest import nearest
from tollbook_schemas.segment import EVERYONE, Segment
from tollbook_schemas.text import NoneOrMoreAreaCodes, Slug, Source

IGNORE: Final = "ignore"
"""What a column is that shall not be read as a figure."""


def _tag(text: str) -> str:
    if not text.startswith("#"):
        raise ValueError(f"{text!r} is no tag: write it as the sheet has it, such as #date+end")
    return text


TagText = Annotated[str, AfterValidator(_tag)]

_Tags = Annotated[tuple[TagText, ...], Field(strict=False, min_length=1)]


class ColumnMap(Model):
    """What a column counts, in place of its tag's own words."""

    measure: Measure
    unit: Unit = "person"
    segment: Segment = EVERYONE
    basis: Basis | None = None
    bound: Literal["low", "best", "high"] | None = None
    """Which end of a range it gives; left out: it is the number itself."""


class HxlMap(Model):
    """What may stand in the mapping file of `tollbook import hxl`; all of it is optional."""

    basis: Basis | None = None
    """In which sense the counts add up over time, where their tags do not say it."""
    originator: Slug | TagText | None = None
    """Who counted: a slug for all rows, or the tag of a column; `#meta+source` unless given."""
    originators: dict[str, Slug] = Field(default_factory=dict)
    """What the sheet calls those who counted, to their slugs."""
    source: Source | None = None
    """Stands in front of the ids of its rows; by default it is made of who counted."""
    id: _Tags | None = None
    """Columns that tell its rows apart; by default `#meta+id`, `#event+id`, else all cells."""
    published_at: date | TagText | None = None
    """When it was published, or the tag of a column that says so."""
    as_of: TagText | None = None
    """The tag of the column of the day up to which was counted."""
    dates: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Layouts of its dates besides ISO 8601, such as %d/%m/%Y."""
    areas: NoneOrMoreAreaCodes = ()
    """Where, for rows that name no area; and what the areas that they name lie in."""
    finest: Literal["refuse", "wider"] = "refuse"
    """What to do where the finest area is unknown: `wider` makes it a place of the one around."""
    columns: dict[TagText, ColumnMap | Literal["ignore"]] = Field(default_factory=dict)
    """What columns count whose tags are not read, by tag."""


def hxl_map(mapping: Mapping[str, Any] | None) -> HxlMap:
    """The mapping of an import, checked.

    Raises:
        UsageError: it says what cannot be; the message names each place.
    """
    try:
        return HxlMap.model_validate(dict(mapping or {}))
    except ValidationError as error:
        faults = "; ".join(_fault(one["loc"], one["type"], one["msg"]) for one in error.errors())
        raise UsageError(f"the mapping file: {faults}") from error


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    name = ".".join(str(step) for step in place)
    if kind != "extra_forbidden":
        return f"{name}: {message.removeprefix('Value error, ')}"
    known = tuple(ColumnMap.model_fields if "ColumnMap" in place else HxlMap.model_fields)
    return f"{name} is not known{nearest(str(place[-1]), known)}: known are {', '.join(known)}"
