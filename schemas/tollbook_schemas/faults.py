"""From a failed validation to faults: a pointer, what is wrong there, and what would be right."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tollbook_schemas.errors import Fault
from tollbook_schemas.event import DATA_MODELS, Event
from tollbook_schemas.figure import Figure, Window
from tollbook_schemas.limits import FAULTS_MAX
from tollbook_schemas.model import REFUSAL
from tollbook_schemas.nearest import nearest
from tollbook_schemas.pointers import escape
from tollbook_schemas.quantity import Quantity
from tollbook_schemas.reference import PublishedArea
from tollbook_schemas.report import Statement
from tollbook_schemas.segment import Segment
from tollbook_schemas.text import WANTED

_SHOWN_CHARS_MAX: Final = 60
"""Characters of a wrong value that a message repeats."""

_QUOTED: Final = re.compile(r"'([^']*)'")
_OF_A_KEY: Final = "[key]"
"""What pydantic adds to the place of a name that is wrong in itself."""

_KINDS: Final = {
    "string_type": "a text in quotes",
    "int_type": "a whole number such as 745",
    "int_from_float": "a whole number such as 745",
    "dict_type": "an object {...}",
    "model_type": "an object {...}",
    "model_attributes_type": "an object {...}",
    "tuple_type": "a list [...]",
    "list_type": "a list [...]",
}
Place = tuple[str | int, ...]


def faults_of(error: ValidationError, document: dict[str, Any]) -> tuple[Fault, ...]:
    """The faults behind a validation error of an event, at most `FAULTS_MAX`."""
    details = error.errors(include_url=False)
    told = (fault for detail in details for fault in _faults(detail, document))
    found = tuple(islice(told, FAULTS_MAX))
    more = Fault("", f"only the first {FAULTS_MAX} faults are listed: repair them and send again")
    return (*found, more) if next(told, None) else found


def pointer_to(place: Place) -> str:
    """A place as an RFC 6901 pointer."""
    return "".join(f"/{escape(str(step))}" for step in place)


def _faults(detail: ErrorDetails, document: dict[str, Any]) -> Iterator[Fault]:
    place: Place = tuple(detail["loc"])
    if detail["type"] == REFUSAL:
        for inner, text in detail.get("ctx", {})["refusals"]:
            yield Fault(pointer_to(_standing((*place, *inner), document)), text)
        return
    if detail["type"] == "too_short" and detail["input"]:
        return  # nothing of it was right, and each of its items has a fault of its own
    if place and place[-1] == _OF_A_KEY:
        place = place[:-1]
        yield Fault(pointer_to(place), _message(detail, place[:-1], document))
        return
    pointer = pointer_to(_standing(place, document))
    yield Fault(pointer, _message(detail, place, document))


def _standing(place: Place, document: dict[str, Any]) -> Place:
    """The place in the document as sent: a list of one may have been written as its item."""
    node: Any = document
    for position, step in enumerate(place):
        if not isinstance(node, dict | list):
            return place[:position]
        if isinstance(node, dict) and step not in node:
            break
        node = node[int(step)] if isinstance(node, list) else node[step]
    return place


def _message(detail: ErrorDetails, place: Place, document: dict[str, Any]) -> str:
    kind, given = detail["type"], detail["input"]
    if kind == "missing":
        return f"`{place[-1]}` is missing: {_meaning(place, document)}"
    if kind == "extra_forbidden":
        return _unknown_field(place, document)
    if kind == "literal_error":
        return _not_allowed(place, given, str(detail.get("ctx", {})["expected"]))
    if kind in _KINDS:
        return f"it must be {_KINDS[kind]}, not {_shown(given)}"
    tell = _TELL.get(kind)
    return tell(given, detail.get("ctx", {})) if tell else f"{_shown(given)}: {detail['msg']}"


def _not_allowed(place: Place, given: object, expected: str) -> str:
    allowed = _QUOTED.findall(expected)
    hint = nearest(given, allowed) if isinstance(given, str) else ""
    choice = "it must be" if len(allowed) == 1 else "it must be one of"
    return f"unknown {place[-1]} {_shown(given)}{hint}: {choice} {', '.join(allowed)}"


def _too_long(given: Any, context: dict[str, Any]) -> str:
    what = "characters" if isinstance(given, str) else "items"
    return f"{len(given):,} {what} are more than the {context['max_length']:,} allowed"


_TELL: Final[dict[str, Callable[[Any, dict[str, Any]], str]]] = {
    "string_pattern_mismatch": lambda given, context: (
        f"{_shown(given)} is not {WANTED[context['pattern']]}"
    ),
    "string_too_long": _too_long,
    "too_long": _too_long,
    "too_short": lambda _, __: "empty: give at least one",
    "greater_than_equal": lambda given, context: (
        f"{given} is too small: it must be a whole number, {context['ge']} or more"
    ),
    "less_than_equal": lambda given, context: (
        f"{given} is too large: it must be {context['le']} or less"
    ),
    "value_error": lambda _, context: str(context["error"]),
}


def _unknown_field(place: Place, document: dict[str, Any]) -> str:
    name = str(place[-1])
    model = _model_at(place[:-1], document)
    known = _names(model)
    text = f"unknown field {_shown(name)}{nearest(name, known)}"
    home = _home_of(name, model)
    if home:
        text = f"{text}; `{name}` belongs to {home}"
    return f"{text}; known here: {', '.join(known)}"


def _home_of(name: str, here: type[BaseModel]) -> str:
    homes = {
        "the envelope": Event,
        "`data`": DATA_MODELS["org.tollbook.report.filed.v1"],
        "a figure": Figure,
        "a statement": Statement,
        "`segment`": Segment,
        "`quantity`": Quantity,
        "`window`": Window,
        "an area of a gazetteer": PublishedArea,
    }
    found = [home for home, model in homes.items() if model is not here and name in _names(model)]
    return " or ".join(found)


def _meaning(place: Place, document: dict[str, Any]) -> str:
    model = _model_at(place[:-1], document)
    for name, field in model.model_fields.items():
        if (field.alias or name) == place[-1] and field.description:
            text = field.description.removesuffix(".")
            allowed = ", ".join(map(str, get_args(field.annotation)))
            choice = f", one of {allowed}" if get_origin(field.annotation) is Literal else ""
            return f"{text[:1].lower()}{text[1:]}{choice}"
    return "it is required"


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(place: Place, document: dict[str, Any]) -> type[BaseModel]:
    """The model of the object at a place; the nearest one around it where it is a plain mapping."""
    model: type[BaseModel] = Event
    for step in place:
        if model is Event and step == "data":
            model = DATA_MODELS.get(str(document.get("type")), Event)
            continue
        for name, field in model.model_fields.items():
            if step == (field.alias or name):
                model = _model_in(field.annotation) or model
                break
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in a type such as a tuple of it, or of it and None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    if isinstance(value, dict | list | tuple):
        text = "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        text = str(value).lower().replace("none", "null")
    return text if len(text) <= _SHOWN_CHARS_MAX else f"{text[:_SHOWN_CHARS_MAX]}..."
