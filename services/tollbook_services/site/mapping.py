"""Maps as SVG: shapes of areas projected and simplified, and classes of their values."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tollbook_services.exporting.polygons import covered, polygon_of

WIDTH: Final = 640.0
"""Units of the drawing's width; its height follows from the shapes."""

_HEIGHT_MAX: Final = 720.0

POINTS_MAX: Final = 3_000
"""Points of a map: some 20 kB. With more, the lines are made coarser."""

POINT_BYTES: Final = 8
"""Bytes of a point in a path, about."""

_STEP: Final = 0.8
"""Units between two points of a line that are both drawn, where nothing has to be coarser."""

_EMPTY_DEGREES: Final = 60
"""Degrees of longitude without land, more than at the date line, at which a map is cut instead."""

_CLASSES: Final = 5

_ROUND: Final = 2
"""Digits of the bounds of classes that are not zero: 1, 12, 340, 5,600."""

Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shape:
    """An area on a map.

    Attributes:
        code: of the area.
        path: `d` of its SVG path.
        covers: other areas whose ground is in it.
    """

    code: str
    path: str
    covers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The shapes of a map, and its height in units of which it is `WIDTH` wide."""

    shapes: tuple[Shape, ...]
    height: int


@dataclass(frozen=True, slots=True)
class ValueClass:
    """A class of values: from `low` to `high`, both in it."""

    low: int
    high: int


@lru_cache(maxsize=32)
def drawing(codes: tuple[str, ...], points_max: int = POINTS_MAX) -> Drawing | None:
    """The map of some areas, equirectangular, true to scale along its middle; None without shapes.

    What lies on both sides of the date line is drawn side by side where that is narrower.

    Args:
        codes: of the areas.
        points_max: of all lines together; they are made coarser until they have no more.
    """
    rings = {code: found for code in codes if (found := _rings(code))}
    if not rings:
        return None
    rings = _together(rings)
    points = [point for some in rings.values() for ring in some for point in ring]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    bottom, top = min(y for _, y in points), max(y for _, y in points)
    flat = math.cos(math.radians((top + bottom) / 2))
    scale = min(WIDTH / ((right - left) * flat or 1), _HEIGHT_MAX / (top - bottom or 1))
    margin = (WIDTH - (right - left) * flat * scale) / 2

    def placed(ring: Ring) -> list[tuple[float, float]]:
        return [((x - left) * flat * scale + margin, (top - y) * scale) for x, y in ring]

    drawn = {code: [placed(ring) for ring in some] for code, some in rings.items()}
    step = _STEP
    while sum(len(_thinned(ring, step)) for some in drawn.values() for ring in some) > points_max:
        step *= 1.5
    shapes = tuple(
        Shape(code, "".join(_path(_thinned(ring, step)) for ring in some), covered(code))
        for code, some in drawn.items()
    )
    return Drawing(shapes, math.ceil((top - bottom) * scale))


def classes_of(values: Iterable[int]) -> list[ValueClass]:
    """Up to five classes that hold about as many values each, with bounds that are easy to read.

    Zero has a class of its own: it was reported.
    """
    ordered = sorted(value for value in values if value > 0)
    found = [ValueClass(0, 0)] if any(value == 0 for value in values) else []
    if not ordered:
        return found
    bounds = {_rounded(ordered[len(ordered) * part // _CLASSES]) for part in range(1, _CLASSES)}
    first = _rounded(ordered[0])
    starts = sorted({first, *(one for one in bounds if first < one <= ordered[-1])})
    ends = [*(one - 1 for one in starts[1:]), max(ordered[-1], starts[-1])]
    return found + [ValueClass(low, high) for low, high in zip(starts, ends, strict=True)]


def class_of(value: int, classes: Sequence[ValueClass]) -> int:
    """The number of a value's class, 0 for that of zero; the shades go from 1 to 5."""
    shades = [one for one in classes if one.high > 0]
    if value == 0:
        return 0
    at = next(place for place, one in enumerate(shades) if value <= one.high)
    return shade(at, len(shades))


def shade(at: int, count: int) -> int:
    """The shade of a class, dark for the last: few classes are as far apart as can be."""
    return _CLASSES if count == 1 else 1 + round(at * (_CLASSES - 1) / (count - 1))


def _rounded(value: int) -> int:
    digits = len(str(value)) - _ROUND
    return value if digits <= 0 else value - value % 10**digits


def _rings(code: str) -> list[Ring]:
    geometry: Mapping[str, object] | None = polygon_of(code)
    if geometry is None:
        return []
    parts = geometry["coordinates"]
    polygons = [parts] if geometry["type"] == "Polygon" else parts
    return [[(x, y) for x, y, *_ in ring] for polygon in polygons for ring in polygon]  # type: ignore[attr-defined]


def _together(rings: Mapping[str, Sequence[Ring]]) -> dict[str, list[Ring]]:
    """The rings side by side where the date line runs through them: Alaska is one piece.

    The map of the world is cut at the date line, as people know it. Whole rings move by a turn of
    the globe, never points of one: it would be torn apart.
    """
    spans = sorted(
        (min(x for x, _ in ring), max(x for x, _ in ring))
        for some in rings.values()
        for ring in some
    )
    reached, widest, cut = spans[0][1], 0.0, -math.inf
    for west, east in spans[1:]:
        if west - reached > widest:
            widest, cut = west - reached, reached
        reached = max(reached, east)
    if widest < spans[0][0] + 360 - reached + _EMPTY_DEGREES:
        return {code: list(some) for code, some in rings.items()}
    return {
        code: [
            [(x + 360, y) for x, y in ring] if max(x for x, _ in ring) <= cut else ring
            for ring in some
        ]
        for code, some in rings.items()
    }


def _thinned(ring: Ring, step: float) -> list[tuple[float, float]]:
    """The ring without points that are nearer than a step to the one before; small ones go."""
    kept = [ring[0]]
    for point in ring[1:-1]:
        if math.dist(point, kept[-1]) >= step:
            kept.append(point)
    return kept if len(kept) > 2 else []


def _path(ring: Ring) -> str:
    if not ring:
        return ""
    at = [(round(x * 10), round(y * 10)) for x, y in ring]
    steps = [
        _short(x - x0) + _next(_short(y - y0))
        for (x0, y0), (x, y) in pairwise(at)
        if (x, y) != (x0, y0)
    ]
    if not steps:
        return ""
    line = steps[0] + "".join(_next(step) for step in steps[1:])
    return f"M{_short(at[0][0])}{_next(_short(at[0][1]))}l{line}z"


def _next(number: str) -> str:
    """A number behind another one: a sign is enough to tell them apart."""
    return number if number.startswith("-") else f" {number}"


def _short(tenths: int) -> str:
    whole, rest = divmod(abs(tenths), 10)
    sign = "-" if tenths < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole or ''}.{rest}"
