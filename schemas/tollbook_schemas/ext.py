"""The `ext` object: what a producer keeps for itself, bounded so that it stays canonical."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from tollbook_schemas.limits import DEPTH_MAX


def _bounded(value: dict[str, Any]) -> dict[str, Any]:
    if _depth(value, DEPTH_MAX) > DEPTH_MAX:
        raise ValueError(f"nested deeper than {DEPTH_MAX} levels: flatten it or send it as a text")
    return value


def _depth(value: Any, left: int) -> int:
    if left < 0 or not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(item, left - 1) for item in inner), default=0)


Ext = Annotated[
    dict[str, Any],
    AfterValidator(_bounded),
    Field(description="An object for the producer's own use; nothing here is read."),
]
