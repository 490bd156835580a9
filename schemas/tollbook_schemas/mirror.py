"""The types of a model's JSON, made from the model: what it accepts, without making objects."""

from types import UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from 3.12 on

_CONFIG = ConfigDict(strict=True, extra="forbid")


def mirror_of(
    model: type[BaseModel], without: frozenset[str], instead: dict[str, Any] | None = None
) -> Any:
    """A TypedDict with the fields of a model, and of the models inside it.

    Types, patterns, limits and the checks of single values come from the model, so that both can
    only change together. Its validators of whole models and by `field_validator` do not come
    along: what the mirror accepts, the model may still refuse.

    Args:
        model: the model; it may not contain itself.
        without: names of fields that the mirror does not know, in whatever model they are.
        instead: other types for fields of this model.
    """
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in without:
            continue
        mirrored = (instead or {}).get(name) or _swapped(field.annotation, without)
        for mark in field.metadata:
            mirrored = Annotated[mirrored, mark]
        fields[field.alias or name] = mirrored if field.is_required() else NotRequired[mirrored]
    return with_config(_CONFIG)(TypedDict(model.__name__, fields))  # type: ignore[operator]


def _swapped(annotation: Any, without: frozenset[str]) -> Any:
    """A type with each model in it replaced by its mirror, and tuples by lists."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return mirror_of(annotation, without)
    if origin is Annotated:
        first, *marks = arguments
        return Annotated[(_swapped(first, without), *marks)]
    if origin is tuple:
        return list[_swapped(arguments[0], without)]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return Union[tuple(_swapped(one, without) for one in arguments)]  # noqa: UP007 - made here
    return annotation
