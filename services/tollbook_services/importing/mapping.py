"""The mapping file of `tollbook import csv`: what the columns of a table mean."""

import re
from collections.abc import Mapping as Dict
from datetime import date, datetime
from functools import cached_property
from string import Formatter
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from tollbook_schemas.errors import UsageError
from tollbook_schemas.figure import Basis, Coverage, DatedBy, Measure, Mode, Role, Status, Unit
from tollbook_schemas.model import Model
from tollbook_schemas.nearest import nearest
from tollbook_schemas.quantity import Qualifier, Word
from tollbook_schemas.segment import SegmentStatus, Sex
from tollbook_schemas.text import FigureId, Source
from tollbook_schemas.times import end_of

ALL_COLUMNS: Final = "*"
"""In `digest`: every column of the row."""

_CONSTANT: Final = "constant"


class _Closed(Model):
    """A table of the mapping file; a key that it does not have is told with the nearest one."""

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, given: Any) -> Any:
        if isinstance(given, dict):
            known = tuple(cls.model_fields)
            for key in given:
                if key not in known:
                    hint = nearest(str(key), known)
                    raise ValueError(f"{key!r} is not known here{hint}: {', '.join(known)} are")
        return given


class _Value(_Closed):
    """A constant, or what a column says."""

    column: str | None = None
    """The column; what lies deeper in JSON has a path with points, such as `deaths.best`."""
    optional: bool = False
    """Whether rows may lack the column altogether; a cell may be empty in any case."""
    pattern: str | None = None
    """A regular expression with one group: the part of the cell that counts."""

    @model_validator(mode="before")
    @classmethod
    def _plain_is_constant(cls, given: Any) -> Any:
        if isinstance(given, datetime | date):
            return {_CONSTANT: given.isoformat()}
        return given if isinstance(given, dict) else {_CONSTANT: given}

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        origins = [name for name in _ORIGINS if getattr(self, name, None) is not None]
        if len(origins) != 1:
            raise ValueError('write a constant, or name a column as in { column = "deaths" }')
        return self

    @model_validator(mode="after")
    def _pattern_has_one_group(self) -> Self:
        if self.pattern is not None and _groups(self.pattern) != 1:
            raise ValueError(f"{self.pattern!r} needs one group in brackets: the part that counts")
        return self

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is made of."""
        return () if self.column is None else (self.column,)


def _groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


_ORIGINS: Final = ("column", "template", _CONSTANT)


class TextValue(_Value):
    """A text: `"sohr"`, `{ column = "who" }` or `{ template = "{place}, {country}" }`."""

    constant: str | None = None
    template: str | None = None
    """Columns in braces, and what stands between them."""
    map: dict[str, str] | None = None
    """What the cell says, to what it means; a cell that is not in it is refused."""
    otherwise: "TextValue | None" = None
    """What it is where the cell is empty."""
    slug: bool = False
    """Make a slug of it: `Government of Syria` is `government-of-syria`."""

    @model_validator(mode="after")
    def _template_names_columns(self) -> Self:
        if self.template is not None:
            template_columns(self.template)
        return self

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is made of."""
        if self.template is not None:
            return template_columns(self.template)
        return () if self.column is None else (self.column,)

    def written(self) -> tuple[str, ...]:
        """What the mapping file itself says that it may be."""
        own = () if self.constant is None else (self.constant,)
        rest = () if self.otherwise is None else self.otherwise.written()
        return (*own, *(self.map or {}).values(), *rest)


class DayValue(_Value):
    """A day, or an RFC 3339 date-time: `"2025-03-11"` or `{ column = "day" }`."""

    constant: str | None = None
    layouts: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """How cells write days besides ISO 8601, as `strptime` has it: `%d/%m/%Y`."""
    last: bool = False
    """Whether `%Y` and `%m/%Y` mean the last day of that time, not the first."""
    otherwise: "DayValue | None" = None
    """What it is where the cell is empty."""

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        if self.constant is not None:
            end_of(self.constant)
        return self


class CountValue(_Value):
    """A whole number: `1` or `{ column = "deaths" }`."""

    constant: Annotated[int, Field(ge=0)] | None = None


def template_columns(template: str) -> tuple[str, ...]:
    """The columns that a template names.

    Raises:
        ValueError: it names none, or its braces do not match.
    """
    parts = list(Formatter().parse(template))
    names = tuple(name for _, name, _, _ in parts if name)
    if not names or any(name == "" or spec or how for _, name, spec, how in parts):
        raise ValueError(f"{template!r} names no column in braces, as in {{place}}")
    return names


def _one_of(words: Any) -> AfterValidator:
    known = get_args(words)

    def check(value: TextValue) -> TextValue:
        for word in value.written():
            if word not in known:
                hint = nearest(word, known)
                raise ValueError(f"{word!r} is none of {', '.join(known)}{hint}")
        return value

    return AfterValidator(check)


class Digest(_Closed):
    """An id made of what columns say."""

    digest: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """The columns that tell rows apart, or `["*"]` for all of them."""


class Condition(_Closed):
    """What a row has to be like: exactly one of `in`, `not_in` and `empty`."""

    column: str
    optional: bool = False
    in_: Annotated[tuple[str, ...] | None, Field(alias="in", strict=False)] = None
    not_in: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    empty: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, given: Any) -> Any:
        names = ("column", "optional", "in", "not_in", "empty")
        for key in given if isinstance(given, dict) else ():
            if key not in names:
                hint = nearest(str(key), names)
                raise ValueError(f"{key!r} is not known here{hint}: {', '.join(names)} are")
        return given

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if sum(one is not None for one in (self.in_, self.not_in, self.empty)) != 1:
            raise ValueError(
                f'say what {self.column!r} has to be: in = ["..."], not_in = ["..."], '
                "or empty = true or false"
            )
        return self


_Conditions = Annotated[tuple[Condition, ...], Field(strict=False)]
_Texts = Annotated[tuple[str, ...], Field(strict=False)]


class AreaMap(_Closed):
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


class WindowMap(_Closed):
    """The time that a figure speaks about."""

    start: DayValue | None = None
    end: DayValue | None = None


class SegmentMap(_Closed):
    """Who is counted."""

    status: Annotated[TextValue, _one_of(SegmentStatus)] | None = None
    group: TextValue | None = None
    community: TextValue | None = None
    sex: Annotated[TextValue, _one_of(Sex)] | None = None
    age_band: TextValue | None = None


class QuantityMap(_Closed):
    """How many: a `value`, or `low`, `best` and `high`."""

    value: CountValue | None = None
    qualifier: Annotated[TextValue, _one_of(Qualifier)] | None = None
    """How the value is meant; `exactly` unless given."""
    word: Annotated[TextValue, _one_of(Word)] | None = None
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


class FigureFields(_Closed):
    """What may be said of one figure, or in `[every]` of all of them."""

    unit: Annotated[TextValue, _one_of(Unit)] | None = None
    basis: Annotated[TextValue, _one_of(Basis)] | None = None
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
    mode: Annotated[TextValue, _one_of(Mode)] | None = None
    coverage: Annotated[TextValue, _one_of(Coverage)] | None = None
    role: Annotated[TextValue, _one_of(Role)] | None = None
    status: Annotated[TextValue, _one_of(Status)] | None = None
    dated_by: Annotated[TextValue, _one_of(DatedBy)] | None = None


class FigureMap(FigureFields):
    """A figure that a row may give."""

    id: FigureId | None = None
    """By default the measure and the segment, such as `killed.female`."""
    measure: Annotated[TextValue, _one_of(Measure)]
    quantity: QuantityMap
    segment: SegmentMap = SegmentMap()
    part_of: FigureId | None = None
    where: _Conditions = ()
    """Which rows give it; a row without a number gives none in any case."""


class Mapping(_Closed):
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
