"""The mapping file of `tollbook import csv`: what the columns of a table mean."""

import re
from collections.abc import Mapping as Dict
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from tollbook_schemas.errors import UsageError
from tollbook_schemas.figure import Basis, Coverage, DatedBy, Measure, Mode, Role, Status, Unit
from tollbook_schemas.quantity import Qualifier, Word
from tollbook_schemas.segment import SegmentStatus, Sex
from tollbook_schemas.text import FigureId, Source
from tollbook_services.importing.mapping_value import (
    Closed,
    Condition,
    CountValue,
    DayValue,
    Digest,
    TextValue,
    one_of,
)

ALL_COLUMNS: Final = "*"
"""In `digest`: every column of the row."""

_Conditions = Annotated[tuple[Condition, ...], Field(strict=False)]
_Texts = Annotated[tuple[str, ...], Field(strict=False)]


class AreaMap(Closed):
    """Where: columns from the widest to the finest; the finest that is not empty counts."""

    country: TextValue | None = None
    adm1: TextValue | None = None
    adm2: TextValue | None = None
    adm3: TextValue | None = None
    adm4: TextValue | None = None
    codes: TextValue | None = None
    """Instead of all these: codes of one or more areas, with `;`, `,` or `|` between them."""
    finest: Literal["refuse", "wider"] = "refuse"
    """What to do where the finest is not known: `wider` makes it a place of the one around it."""
    nowhere: _Texts = ()
    """What the country is called where it is not known: such rows become statements."""

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.codes is not None and self.levels():
            raise ValueError("`codes` stands alone: leave out country and adm1 to adm4")
        if self.codes is None and not self.levels():
            raise ValueError('say where: country = { column = "..." }, adm1, ..., or codes')
        return self

    def levels(self) -> tuple[tuple[int, TextValue], ...]:
        """Level and value of each column, the widest first; 0 is the country."""
        given = (self.country, self.adm1, self.adm2, self.adm3, self.adm4)
        return tuple((level, one) for level, one in enumerate(given) if one is not None)


class WindowMap(Closed):
    """The time that a figure speaks about."""

    start: DayValue | None = None
    end: DayValue | None = None


class SegmentMap(Closed):
    """Who is counted."""

    status: Annotated[TextValue, one_of(SegmentStatus)] | None = None
    group: TextValue | None = None
    community: TextValue | None = None
    sex: Annotated[TextValue, one_of(Sex)] | None = None
    age_band: TextValue | None = None


class QuantityMap(Closed):
    """How many: a `value`, or `low`, `best` and `high`."""

    value: CountValue | None = None
    qualifier: Annotated[TextValue, one_of(Qualifier)] | None = None
    """How the value is meant; `exactly` unless given."""
    word: Annotated[TextValue, one_of(Word)] | None = None
    """A word in place of a number, such as dozens."""
    low: CountValue | None = None
    best: CountValue | None = None
    high: CountValue | None = None
    text: TextValue | None = None
    """The quantity as printed."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        single = [name for name in ("value", "qualifier", "word") if getattr(self, name)]
        ends = [name for name in ("low", "best", "high") if getattr(self, name)]
        if bool(single) == bool(ends):
            raise ValueError("give a `value` (or `word`), or else `low`, `best` and `high`")
        return self


class FigureFields(Closed):
    """What may be said of one figure, or in `[every]` of all of them."""

    unit: Annotated[TextValue, one_of(Unit)] | None = None
    basis: Annotated[TextValue, one_of(Basis)] | None = None
    areas: AreaMap | None = None
    origin: AreaMap | None = None
    destination: AreaMap | None = None
    window: WindowMap | None = None
    as_of: DayValue | None = None
    originator: TextValue | None = None
    incident: TextValue | None = None
    place: TextValue | None = None
    precision: TextValue | None = None
    described_as: TextValue | None = None
    note: TextValue | None = None
    mode: Annotated[TextValue, one_of(Mode)] | None = None
    coverage: Annotated[TextValue, one_of(Coverage)] | None = None
    role: Annotated[TextValue, one_of(Role)] | None = None
    status: Annotated[TextValue, one_of(Status)] | None = None
    dated_by: Annotated[TextValue, one_of(DatedBy)] | None = None


class FigureMap(FigureFields):
    """A figure that a row may give."""

    id: FigureId | None = None
    """By default the measure and the segment, such as `killed.female`."""
    measure: Annotated[TextValue, one_of(Measure)]
    quantity: QuantityMap
    segment: SegmentMap = SegmentMap()
    part_of: FigureId | None = None
    where: _Conditions = ()
    """Which rows give it; a row without a number gives none in any case."""


class Mapping(Closed):
    """What a table is, and what its rows say."""

    source: Source
    """Stable name of the table; stands in front of the ids of its rows."""
    id: TextValue | Digest
    """What tells its rows apart: a template such as `"{place}-{day}"`, a column or a digest."""
    originator: TextValue
    published_at: DayValue
    relayed_by: TextValue | None = None
    url: TextValue | None = None
    title: TextValue | None = None
    language: TextValue | None = None
    note: TextValue | None = None
    where: _Conditions = ()
    """Which rows are imported."""
    areas: AreaMap
    every: FigureFields = FigureFields()
    figures: Annotated[tuple[FigureMap, ...], Field(strict=False, min_length=1)]

    @field_validator("id", mode="before")
    @classmethod
    def _text_is_a_template(cls, given: Any) -> Any:
        return {"template": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _every_figure_is_whole(self) -> Self:
        for number, figure in enumerate(self.figures, 1):
            for name in ("unit", "basis"):
                if getattr(figure, name) is None and getattr(self.every, name) is None:
                    raise ValueError(f"figure {number} has no {name}: give it there or in [every]")
        return self


def mapping_of(given: Dict[str, Any] | None) -> Mapping:
    """The mapping of an import, checked.

    Raises:
        UsageError: there is none, or it says what cannot be; the message names each place.
    """
    if given is None:
        raise UsageError("csv needs --map FILE: a table does not say what its columns mean")
    try:
        return Mapping.model_validate(dict(given))
    except ValidationError as error:
        faults = "; ".join(_fault(one["loc"], one["type"], one["msg"]) for one in error.errors())
        raise UsageError(f"the mapping file: {faults}") from error


_UNION_TAGS: Final = re.compile(r"(TextValue|Digest|function-.*)")


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    steps = [
        f"no. {step + 1}" if isinstance(step, int) else step
        for step in place
        if isinstance(step, int) or not _UNION_TAGS.fullmatch(step)
    ]
    if kind == "missing":
        return f"{', '.join(steps)} is missing"
    told = message.removeprefix("Value error, ")
    return f"{', '.join(steps)}: {told}" if steps else told
