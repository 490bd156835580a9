"""The parts of a mapping file: values, conditions, and the digest of an id."""

import re
from datetime import date, datetime
from functools import cached_property
from string import Formatter
from typing import Annotated, Any, Final, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from tollbook_schemas.model import Model
from tollbook_schemas.nearest import nearest
from tollbook_schemas.times import end_of

_CONSTANT: Final = "constant"


class Closed(Model):
    """A table of the mapping file; a key that it does not have is told with the nearest one."""

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, given: Any) -> Any:
        if isinstance(given, dict):
            known = tuple(field.alias or name for name, field in cls.model_fields.items())
            for key in given:
                if key not in known:
                    hint = nearest(str(key), known)
                    raise ValueError(f"{key!r} is not known here{hint}: {', '.join(known)} are")
        return given


class _Value(Closed):
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


def one_of(words: Any) -> AfterValidator:
    known = get_args(words)

    def check(value: TextValue) -> TextValue:
        for word in value.written():
            if word not in known:
                hint = nearest(word, known)
                raise ValueError(f"{word!r} is none of {', '.join(known)}{hint}")
        return value

    return AfterValidator(check)


class Digest(Closed):
    """An id made of what columns say."""

    digest: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """The columns that tell rows apart, or `["*"]` for all of them."""


class Condition(Closed):
    """What a row has to be like: exactly one of `in`, `not_in` and `empty`."""

    column: str
    optional: bool = False
    in_: Annotated[tuple[str, ...] | None, Field(alias="in", strict=False)] = None
    not_in: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    empty: bool | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if sum(one is not None for one in (self.in_, self.not_in, self.empty)) != 1:
            raise ValueError(
                f'say what {self.column!r} has to be: in = ["..."], not_in = ["..."], '
                "or empty = true or false"
            )
        return self
