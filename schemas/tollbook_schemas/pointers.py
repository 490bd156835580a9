"""JSON pointers (RFC 6901) into a document: what stands there, taking it out, putting it back."""

from typing import Any, Final

NOTHING: Final = object()
"""What `value_at` finds where there is nothing; null is something."""


def escape(name: str) -> str:
    """A name as one step of a pointer (section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def value_at(document: Any, pointer: str) -> Any:
    """The value at a pointer, or `NOTHING`."""
    value = document
    for step in _steps(pointer):
        value = _inside(value, step)
        if value is NOTHING:
            return NOTHING
    return value


def take_out(document: Any, pointer: str, instead: Any) -> None:
    """Remove the member of an object that a pointer leads to, in place.

    An item of a list is replaced, so that those behind it stay where they are.
    """
    *path, last = _steps(pointer)
    holder = document
    for step in path:
        holder = _inside(holder, step)
    if isinstance(holder, dict):
        holder.pop(last, None)
    elif isinstance(holder, list):
        holder[int(last)] = instead


def put(document: Any, pointer: str, value: Any) -> None:
    """Set what a pointer leads to, in place; objects on the way that are missing are made."""
    *path, last = _steps(pointer)
    holder = document
    for step in path:
        found = _inside(holder, step)
        if found is NOTHING:
            found = holder[step] = {}
        holder = found
    if isinstance(holder, list):
        holder[int(last)] = value
    else:
        holder[last] = value


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _inside(value: Any, step: str) -> Any:
    match value:
        case dict():
            return value.get(step, NOTHING)
        case list() if step.isascii() and step.isdigit() and int(step) < len(value):
            return value[int(step)]
        case _:
            return NOTHING
