"""Small shapes as paths: the dots of each pattern of line, and the signs of marks."""

from collections.abc import Iterable
from typing import Final

from tollbook_services.site.chart.drawing import DrawnMark
from tollbook_services.site.chart.model import MarkKind

_DOTS: Final = (
    "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
    "m-3 -3h6v6h-6z",
    "m0 -4.2l4 7h-8z",
    "m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z",
    "m0 4.2l4 -7h-8z",
    "m-1.4 -4h2.8v2.6h2.6v2.8h-2.6v2.6h-2.8v-2.6h-2.6v-2.8h2.6z",
)
"""A disc, a square, a triangle, a diamond, a triangle on its head, a cross: one a pattern."""

SIGNS: Final[dict[MarkKind, str]] = {
    "fall": "m0 13l-5 -8h10z",
    "unexplained_fall": "m0 15l-7 -11h14z",
    "break": "m-6 4l4 -8l4 8l4 -8",
    "corrected": "m-4 -4l8 8m0 -8l-8 8",
    "retracted": "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0m1.5 3.5l7 -7",
    "review": "m0 -6.5l6.5 6.5l-6.5 6.5l-6.5 -6.5z",
    "uncounted": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
}
"""The sign of each mark, from where it stands; those of falls stand below the value."""

_NEAR: Final = 2
"""Pixels within which two signs of one kind cannot be told apart, so that one is drawn."""


def sign_paths(marks: Iterable[DrawnMark]) -> list[tuple[MarkKind, str]]:
    """The signs of some marks, all of a kind as one path."""
    places: dict[MarkKind, dict[tuple[int, int], tuple[float, float]]] = {}
    for mark in marks:
        near = (int(mark.x // _NEAR), int(mark.y // _NEAR))
        places.setdefault(mark.kind, {}).setdefault(near, (mark.x, mark.y))
    return [
        (kind, "".join(f"M{x:g} {y:g}{SIGNS[kind]}" for x, y in places[kind].values()))
        for kind in SIGNS
        if kind in places
    ]


def dot_path(pattern: int, places: Iterable[tuple[float, float]]) -> str:
    """All dots of a line as one path."""
    shape = _DOTS[pattern % len(_DOTS)]
    return "".join(f"M{x:g} {y:g}{shape}" for x, y in places)
