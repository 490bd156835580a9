"""Small shapes as paths: the dots of each pattern of line, and the signs of marks."""

from collections.abc import Iterable
from typing import Final

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
    "fall": "M0 13L-5 5H5Z",
    "unexplained_fall": "M0 15L-7 4H7Z",
    "break": "M-6 4L-2 -4L2 4L6 -4",
    "corrected": "M-4 -4L4 4M4 -4L-4 4",
    "retracted": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0M-3.5 3.5L3.5 -3.5",
    "review": "M0 -6.5L6.5 0L0 6.5L-6.5 0Z",
    "uncounted": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
}
"""The sign of each mark, around 0 0; those of falls stand below the value."""


def dot_path(pattern: int, places: Iterable[tuple[float, float]]) -> str:
    """All dots of a line as one path."""
    shape = _DOTS[pattern % len(_DOTS)]
    return "".join(f"M{x:g} {y:g}{shape}" for x, y in places)
