"""Regions: where and who a figure speaks of, and the lattice they form (section 5, ground rules).

A region is a set of areas, a population segment and, for movements, an origin and a destination.
`inside`, `disjoint` and `overlapping` are decided for each of these; two lows add only if the
regions (or the windows) are disjoint.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tollbook_schemas.gazetteer import Gazetteer

Areas = tuple[str, ...]
"""Canonical codes, sorted."""

Pairs = tuple[tuple[str, str], ...]
"""A segment as (dimension, value) pairs in the order of the slug."""

_OLDEST = 999

_AGES: dict[str, tuple[int, int]] = {
    "infant": (0, 4),
    "child": (0, 17),
    "adult": (18, _OLDEST),
    "elderly": (60, _OLDEST),
}


_BANDS = {span: band for band, span in _AGES.items()}


class Flow(NamedTuple):
    """Where a movement starts and ends; None means anywhere."""

    origin: Areas | None
    destination: Areas | None


ANYWHERE = Flow(None, None)


class Region(NamedTuple):
    """One node of the lattice."""

    areas: Areas
    segment: Pairs
    flow: Flow


def areas_key(codes: Iterable[str]) -> Areas:
    """Codes without repetition, in code order."""
    return tuple(sorted(set(codes)))


def slug_of(pairs: Pairs) -> str:
    """The slug of CONTRACT: the values joined by `/`, `all` when there are none."""
    return "/".join(value for _, value in pairs) or "all"


def wider_segments(pairs: Pairs) -> tuple[Pairs, ...]:
    """The segments a figure of this one also creates cells for: its status, and `all` (R10)."""
    status = tuple(pair for pair in pairs if pair[0] == "status")
    return tuple(dict.fromkeys((pairs, status, ())))


class Lattice:
    """The order of regions under one gazetteer. Answers are remembered."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._areas_inside: dict[tuple[Areas, Areas], bool] = {}
        self._areas_disjoint: dict[tuple[Areas, Areas], bool] = {}
        self._contains: dict[tuple[str, str], bool] = {}
        self.shapes: dict[frozenset[Region], object] = {}
        """What `shape.py` worked out of sets of regions, by what these are."""

    def contains(self, outer: str, inner: str) -> bool:
        """Whether one area holds another (or is it)."""
        key = (outer, inner)
        known = self._contains.get(key)
        if known is None:
            known = self._contains[key] = outer == inner or self._gazetteer.contains(outer, inner)
        return known

    def ancestors(self, area: str) -> tuple[str, ...]:
        """The areas that hold an area, nearest first, up to its country."""
        return self._gazetteer.ancestors(area)

    def areas_inside(self, inner: Areas, outer: Areas) -> bool:
        """Whether every area of `inner` lies in one of `outer`."""
        key = (inner, outer)
        known = self._areas_inside.get(key)
        if known is None:
            known = self._areas_inside[key] = inner == outer or all(
                any(self.contains(big, small) for big in outer) for small in inner
            )
        return known

    def areas_disjoint(self, left: Areas, right: Areas) -> bool:
        """Whether no area of one holds or lies in an area of the other."""
        key = (left, right)
        known = self._areas_disjoint.get(key)
        if known is None:
            known = self._areas_disjoint[key] = not any(
                self.contains(one, two) or self.contains(two, one) for one in left for two in right
            )
        return known

    def flow_inside(self, inner: Flow, outer: Flow) -> bool:
        """Whether a movement is one of those that `outer` speaks of."""
        return _both(inner, outer, lambda one, two: two is None or self._end_inside(one, two))

    def flow_disjoint(self, left: Flow, right: Flow) -> bool:
        """Whether no movement can belong to both."""
        return any(
            one is not None and two is not None and self.areas_disjoint(one, two)
            for one, two in zip(left, right, strict=True)
        )

    def inside(self, inner: Region, outer: Region) -> bool:
        """Whether `inner` is part of `outer`, or the same."""
        return (
            segment_inside(inner.segment, outer.segment)
            and self.areas_inside(inner.areas, outer.areas)
            and self.flow_inside(inner.flow, outer.flow)
        )

    def disjoint(self, left: Region, right: Region) -> bool:
        """Whether the two cannot be the same people."""
        return (
            segment_disjoint(left.segment, right.segment)
            or self.areas_disjoint(left.areas, right.areas)
            or self.flow_disjoint(left.flow, right.flow)
        )

    def _end_inside(self, inner: Areas | None, outer: Areas) -> bool:
        return inner is not None and self.areas_inside(inner, outer)


def _both(left: Flow, right: Flow, holds: Callable[[Areas | None, Areas | None], bool]) -> bool:
    return holds(left.origin, right.origin) and holds(left.destination, right.destination)


def segment_inside(inner: Pairs, outer: Pairs) -> bool:
    """A segment is inside another when it only adds constraints (section 3)."""
    if not outer or inner == outer:
        return True
    held = dict(inner)
    return all(
        dimension in held and _value_inside(dimension, held[dimension], value)
        for dimension, value in outer
    )


def segment_disjoint(left: Pairs, right: Pairs) -> bool:
    """Whether some dimension is given by both with values nobody can have at once."""
    held = dict(left)
    return any(
        dimension in held and _values_disjoint(dimension, held[dimension], value)
        for dimension, value in right
    )


def age_band_of(band: str) -> str:
    """The one name of a band of ages: a word where there is one, else `5-17`, or `65` and older.

    Under two names one band would be two segments that lie in each other.
    """
    span = _ages(band)
    if span is None:
        return band
    first, last = span
    return _BANDS.get(span) or (f"{first}" if last == _OLDEST else f"{first}-{last}")


def _ages(band: str) -> tuple[int, int] | None:
    if band in _AGES:
        return _AGES[band]
    low, dash, high = band.rstrip("+").partition("-")
    if low.isdecimal() and (high.isdecimal() or not dash):
        return int(low), int(high) if high else _OLDEST
    return None


def _value_inside(dimension: str, inner: str, outer: str) -> bool:
    if inner == outer:
        return True
    if dimension != "age_band":
        return False
    one, two = _ages(inner), _ages(outer)
    return one is not None and two is not None and two[0] <= one[0] and one[1] <= two[1]


def _values_disjoint(dimension: str, one: str, two: str) -> bool:
    if one == two:
        return False
    if dimension != "age_band":
        return True
    left, right = _ages(one), _ages(two)
    if left is None or right is None:
        return False
    return left[1] < right[0] or right[1] < left[0]
