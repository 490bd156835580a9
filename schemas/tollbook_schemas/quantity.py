"""How many, as somebody printed it: exact, about, bounded, a range, or a word."""

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.model import Model, Refusal, refuse
from tollbook_schemas.text import Printed

Qualifier = Literal[
    "exactly",
    "approximately",
    "at_least",
    "more_than",
    "up_to",
    "less_than",
    "between",
    "lexical",
    "unquantified",
    "none_reported",
    "unknown",
]
Word = Literal["several", "tens", "dozens", "scores", "hundreds", "thousands"]
Count = Annotated[int, Field(ge=0, le=INTEGER_MAX)]

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "exactly": ("value",),
    "approximately": ("value",),
    "at_least": ("value",),
    "more_than": ("value",),
    "up_to": ("value",),
    "less_than": ("value",),
    "between": ("from", "to"),
    "lexical": ("word",),
    "unquantified": (),
    "none_reported": (),
    "unknown": (),
}
_MAY_HAVE: Final[dict[str, tuple[str, ...]]] = {"between": ("value",)}
SHAPES: Final = {
    qualifier: frozenset(
        {frozenset(needs), frozenset(needs + _MAY_HAVE.get(qualifier, ()))},
    )
    for qualifier, needs in _NEEDS.items()
}
"""By qualifier, the sets of fields that may be given with it."""

_WHAT: Final = {
    "value": "a whole number, 0 or more",
    "from": "the lower end of the range",
    "to": "the upper end of the range",
    "word": "one of several, tens, dozens, scores, hundreds, thousands",
}


def _rules() -> list[JsonValue]:
    """The rules of `_fields_fit_the_qualifier` that JSON Schema can say."""
    rules: list[JsonValue] = []
    for qualifier, needs in _NEEDS.items():
        idle = sorted(_WHAT.keys() - {*needs, *_MAY_HAVE.get(qualifier, ())})
        then: dict[str, JsonValue] = {
            "required": list(needs),
            "properties": {name: {"type": "null"} for name in idle},
        }
        condition: dict[str, JsonValue] = {"properties": {"qualifier": {"const": qualifier}}}
        rules.append({"if": condition, "then": then})
    return rules


class Quantity(Model):
    """A number or a word with its qualifier (docs/domain.md, section 3).

    exactly, approximately, at_least, more_than, up_to and less_than have a `value`; between has
    `from` and `to` and may have a `value` (its best); lexical has a `word`; unquantified,
    none_reported (a real zero) and unknown have none of them.
    """

    model_config = ConfigDict(json_schema_extra={"allOf": _rules()})

    qualifier: Qualifier
    """How the number or word is meant."""
    value: Count | None = None
    from_: Annotated[Count | None, Field(alias="from")] = None
    to: Count | None = None
    word: Word | None = None
    text: Printed | None = None
    """The quantity as printed."""

    @model_validator(mode="after")
    def _fields_fit_the_qualifier(self) -> Self:
        wrong = self._missing_or_idle()
        backwards = self.from_ is not None and self.to is not None and self.from_ > self.to
        if backwards and self.value is None:
            text = (
                f"the range runs backwards, from {self.from_} to {self.to}: "
                f"write from {self.to} to {self.from_}"
            )
            wrong.append((("from",), text))
        if self.qualifier == "less_than" and self.value == 0:
            wrong.append(
                (("value",), "nothing is less than 0: use qualifier none_reported for a zero")
            )
        if wrong:
            refuse(wrong)
        return self

    def _missing_or_idle(self) -> list[Refusal]:
        needs = _NEEDS[self.qualifier]
        may_have = needs + _MAY_HAVE.get(self.qualifier, ())
        given = {"value": self.value, "from": self.from_, "to": self.to, "word": self.word}
        wrong: list[Refusal] = []
        for name, value in given.items():
            if value is None and name in needs:
                wrong.append(((name,), f"{self.qualifier} needs `{name}`: {_WHAT[name]}"))
            elif value is not None and name not in may_have:
                wrong.append(((name,), f"{self.qualifier} carries no `{name}`: {_use(name)}"))
        return wrong


def _use(name: str) -> str:
    match name:
        case "word":
            return "use qualifier lexical for a word"
        case "value":
            return "use exactly, approximately, at_least, more_than, up_to or less_than for a value"
        case _:
            return "use qualifier between for a range"
