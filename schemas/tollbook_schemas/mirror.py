"""The shape of a model's JSON, made from the model: what it accepts, read several times as fast."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

Check = Callable[[Any], bool]

_LIMITS: Final = ("ge", "le", "min_length", "max_length")
_UNIONS: Final = (Union, UnionType)


def mirror_of(
    model: type[BaseModel], without: frozenset[str], instead: Mapping[str, Any] | None = None
) -> type[Struct]:
    """A Struct with the fields of a model, and of the models inside it, by the names as sent.

    Types, words to choose from, and limits of numbers and lists come from the model, so that both
    can only change together. What a text has to be is left to `checks_of`. What was not sent is
    `UNSET`; a Struct that is encoded is the canonical JSON of what was sent.

    Args:
        model: the model; it may not contain itself.
        without: names of fields that the mirror does not know, in whatever model they are.
        instead: other types for fields of this model.

    Raises:
        TypeError: a field has a type that cannot be mirrored.
    """
    fields: list[Any] = []
    names: dict[str, str] = {}
    for name, field in _fields(model, without):
        kind = (instead or {}).get(name) or _mirrored(field.annotation, field.metadata, without)
        names[name] = field.alias or name
        fields.append((name, kind) if field.is_required() else (name, kind | UnsetType, UNSET))
    return defstruct(
        model.__name__,
        sorted(fields, key=lambda field: names[field[0]]),
        rename=names,
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
        gc=False,  # nothing in it can lead back to it
    )


def checks_of(
    model: type[BaseModel], without: frozenset[str], rules: Mapping[type[BaseModel], Check]
) -> dict[str, Check]:
    """For each field of a mirror whose type does not say all: whether a value is good.

    Texts are held against the model's own types, once for each; None and UNSET are not asked for.

    Args:
        model: the model of the mirror.
        without: the names that the mirror does not know.
        rules: what takes the place of a model's own validator, for the models inside this one.

    Raises:
        TypeError: a field has a type that cannot be mirrored.
    """
    found = {
        name: _check(field.annotation, field.metadata, without, rules)
        for name, field in _fields(model, without)
    }
    return {name: check for name, check in found.items() if check is not None}


def _fields(model: type[BaseModel], without: frozenset[str]) -> Iterator[tuple[str, FieldInfo]]:
    return ((name, one) for name, one in model.model_fields.items() if name not in without)


def _mirrored(annotation: Any, marks: Iterable[Any], without: frozenset[str]) -> Any:
    """The type of a field in the mirror."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _mirrored(arguments[0], (*_plain(arguments[1:]), *marks), without)
    if origin in _UNIONS:
        return Union[tuple(_mirrored(one, (), without) for one in arguments)]  # noqa: UP007
    if origin is Literal or annotation in (str, NoneType):
        return annotation
    if origin is tuple:
        each = _mirrored(arguments[0], (), without)
        return Annotated[tuple[each, ...], _limits(marks)]  # type: ignore[valid-type]
    if annotation is int:
        return Annotated[int, _limits(marks)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return mirror_of(annotation, without)
    raise TypeError(f"{annotation} cannot be mirrored")


def _check(
    annotation: Any,
    marks: Iterable[Any],
    without: frozenset[str],
    rules: Mapping[type[BaseModel], Check],
) -> Check | None:
    """What a value of the mirrored type still has to be; None where the type says all."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _check(arguments[0], (*arguments[1:], *marks), without, rules)
    if origin in _UNIONS:
        (one,) = (one for one in arguments if one is not NoneType)
        return _check(one, marks, without, rules)
    if annotation is str:
        return TypeAdapter(Annotated[(str, *marks)]).validator.isinstance_python
    if origin is tuple:
        each = _check(arguments[0], (), without, rules)
        return None if each is None else lambda values: all(map(each, values))
    if origin is Literal or annotation is int:
        return None
    return _inner(checks_of(annotation, without, rules), rules.get(annotation))


def _inner(checks: Mapping[str, Check], rule: Check | None) -> Check:
    def is_good(node: Struct) -> bool:
        for name, check in checks.items():
            value = getattr(node, name)
            if value is not UNSET and value is not None and not check(value):
                return False
        return rule is None or rule(node)

    return is_good


def _plain(marks: Iterable[Any]) -> Iterator[Any]:
    """Marks as pydantic keeps them with a field: `Field(ge=0)` is several of them."""
    for mark in marks:
        if isinstance(mark, FieldInfo):
            yield from mark.metadata
        else:
            yield mark


def _limits(marks: Iterable[Any]) -> Meta:
    found = {name: getattr(one, name) for one in marks for name in _LIMITS if hasattr(one, name)}
    return Meta(**found)
