"""Where a JSON text is nested too deep, told from the text: no depth can exhaust a stack."""

import json
import re
from typing import Final

from tollbook_schemas.errors import Fault
from tollbook_schemas.limits import NESTING_MAX

_MARK: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{},:]', re.DOTALL)


def nesting_fault(text: str) -> Fault | None:
    """The first object or list below `NESTING_MAX` others; None where none is.

    Args:
        text: JSON, or what was meant to be: all that follows the place is not looked at.
    """
    if text.count("{") + text.count("[") <= NESTING_MAX:
        return None
    steps: list[str | int] = []
    name = ""
    for found in _MARK.finditer(text):
        mark = found[0]
        match mark[0]:
            case '"':
                name = mark
            case ":" if steps:
                steps[-1] = name
            case "," if steps and isinstance(steps[-1], int):
                steps[-1] += 1
            case "{" | "[":
                if len(steps) == NESTING_MAX:
                    return Fault(_pointer(steps), _told(mark))
                steps.append(0 if mark == "[" else "")
            case "}" | "]" if steps:
                steps.pop()
            case _:
                continue
    return None


def _told(mark: str) -> str:
    what = "list" if mark == "[" else "object"
    return (
        f"this {what} is nested {NESTING_MAX + 1} deep, more than the {NESTING_MAX} levels of any "
        "event: flatten it, or send it as a text"
    )


def _pointer(steps: list[str | int]) -> str:
    """The way to a place (RFC 6901), names that are not ASCII with their escapes."""
    return "".join(f"/{step if isinstance(step, int) else _step(step)}" for step in steps)


def _step(mark: str) -> str:
    try:
        name = str(json.loads(mark, strict=False))
    except json.JSONDecodeError:
        name = mark.strip('"')
    name = name if name.isascii() else ascii(name)[1:-1]
    return name.replace("~", "~0").replace("/", "~1")
