"""The shape of a set of regions: which lie in which, and the parts of a region along each axis."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tollbook_projections.consolidation.area_map import AreaMap
from tollbook_projections.consolidation.region import (
    Areas,
    Lattice,
    Region,
    segment_disjoint,
    segment_inside,
)

AXES = ("areas", "segment", "flow")

SHARED_REGIONS_MAX: Final = 64
"""Regions of a set that is looked up by what it is: larger ones hardly ever come twice."""

SHAPES_MAX: Final = 1_024
"""Shapes that are kept for other sheets, the latest ones: some 20 KB each."""


def shape_of(named: Mapping[Region, object], lattice: Lattice) -> "Shape":
    """The shape of a set of regions; one for all sheets of a lattice that name the same regions.

    Counters of one crisis name much the same places, and what they say changes far more often than
    what they say it of.
    """
    if len(named) > SHARED_REGIONS_MAX:
        return Shape(named, lattice)
    key = frozenset(named)
    found = lattice.shapes.get(key)
    if not isinstance(found, Shape):
        if len(lattice.shapes) >= SHAPES_MAX:
            del lattice.shapes[next(iter(lattice.shapes))]
        found = lattice.shapes[key] = Shape(key, lattice)
    return found


class Shape:
    """Regions, looked at along areas, segments and flows; what they say plays no part.

    A part of a region along one axis keeps the other two: the provinces of "Syria, civilians",
    or the segments of "Latakia, all". It is there if any figure lies inside it.
    """

    def __init__(self, named: Iterable[Region], lattice: Lattice) -> None:
        self.lattice = lattice
        regions = sorted(named, key=_region_order)
        self._place = {region: place for place, region in enumerate(regions)}
        self._by_areas: dict[Areas, list[Region]] = {}
        for region in regions:
            self._by_areas.setdefault(region.areas, []).append(region)
        self.map = AreaMap(self._by_areas, lattice)
        self._segments = list(dict.fromkeys(region.segment for region in regions))
        self._flows = list(dict.fromkeys(region.flow for region in regions))
        self._sizes: dict[Region, int] = {}
        self._containing: dict[Region, tuple[Region, ...]] = {}
        self._outer: dict[tuple[str, Region], tuple[Region, ...]] = {}
        self._beside: dict[tuple[str, Region, object], tuple[tuple[Region, ...], bool]] = {}
        self._disjoint: dict[tuple[Region, ...], bool] = {}
        self._inside: dict[Region, tuple[Region, ...]] = {}
        self._maximal: dict[Region, tuple[Region, ...]] = {}
        self._parts: dict[tuple[str, Region], tuple[Region, ...]] = {}
        self._touched: dict[Region, tuple[Region, ...]] = {}
        self._overhanging: dict[Region, bool] = {}

    def inside(self, region: Region) -> tuple[Region, ...]:
        """The regions with facts inside a region, itself included."""
        known = self._inside.get(region)
        if known is None:
            known = self._inside[region] = self._in_order(
                other
                for areas in self.map.within(region.areas)
                for other in self._by_areas[areas]
                if segment_inside(other.segment, region.segment)
                and self.lattice.flow_inside(other.flow, region.flow)
            )
        return known

    def held(self, region: Region) -> tuple[Region, ...]:
        """The regions with facts that hold a region, itself left out."""
        known = self._containing.get(region)
        if known is None:
            known = self._containing[region] = self._in_order(
                other
                for areas in self.map.around(region.areas)
                for other in self._by_areas[areas]
                if segment_inside(region.segment, other.segment)
                and self.lattice.flow_inside(region.flow, other.flow)
                and other != region
            )
        return known

    def maximal(self, region: Region) -> tuple[Region, ...]:
        """The widest regions with facts strictly inside a region."""
        known = self._maximal.get(region)
        if known is None:
            strict = [other for other in self.inside(region) if other != region]
            known = self._maximal[region] = self.widest(strict)
        return known

    def parts(self, axis: str, region: Region) -> tuple[Region, ...]:
        """The parts along an axis, nested ones included, that hold any facts."""
        key = (axis, region)
        known = self._parts.get(key)
        if known is None:
            known = self._parts[key] = tuple(
                part for part in self._candidates(axis, region) if self.inside(part)
            )
        return known

    def widest(self, regions: Sequence[Region]) -> tuple[Region, ...]:
        """The regions that lie in no other of them, in their order.

        Wider ones come first, so that each is held against the widest found so far only.
        """
        found: list[Region] = []
        for region in sorted(regions, key=self._size, reverse=True):
            if not any(self.lattice.inside(region, wider) for wider in found):
                found.append(region)
        chosen = set(found)
        return tuple(region for region in dict.fromkeys(regions) if region in chosen)

    def touched(self, region: Region) -> tuple[Region, ...]:
        """The widest segments of a region that some figure speaks of, here or in a wider scope."""
        known = self._touched.get(region)
        if known is None:
            known = self._touched[region] = self.widest(
                [
                    part
                    for part in self._candidates("segment", region)
                    if any(True for _ in self._meeting(part))
                ]
            )
        return known

    def overhanging(self, region: Region) -> bool:
        """Whether a figure of this segment or a narrower one reaches in from outside."""
        known = self._overhanging.get(region)
        if known is None:
            known = self._overhanging[region] = any(
                not self.lattice.areas_inside(other.areas, region.areas)
                for other in self._meeting(region)
            )
        return known

    def _meeting(self, region: Region) -> Iterator[Region]:
        """The regions of this segment or a narrower one that share any area and flow with it."""
        for areas in self.map.meeting(region.areas):
            for other in self._by_areas[areas]:
                apart = self.lattice.flow_disjoint(other.flow, region.flow)
                if not apart and segment_inside(other.segment, region.segment):
                    yield other

    def _in_order(self, regions: Iterable[Region]) -> tuple[Region, ...]:
        return tuple(sorted(regions, key=self._place.__getitem__))

    def outer(self, axis: str, region: Region) -> tuple[Region, ...]:
        """The widest parts along an axis."""
        key = (axis, region)
        known = self._outer.get(key)
        if known is None:
            known = self._outer[key] = self.widest(self.parts(axis, region))
        return known

    def beside(self, axis: str, whole: Region, part: Region) -> tuple[tuple[Region, ...], bool]:
        """The parts of `whole` along an axis that hold nobody of `part`.

        The widest of them where these are pairwise disjoint, else all; and which of the two.
        """
        value = getattr(part, axis)
        key = (axis, whole, value)
        known = self._beside.get(key)
        if known is None:
            parts = tuple(
                other for other in self.parts(axis, whole) if apart(axis, other, part, self.lattice)
            )
            outer = self.widest(parts)
            disjoint = self.pairwise_disjoint(outer)
            known = self._beside[key] = (outer if disjoint else parts, disjoint)
        return known

    def pairwise_disjoint(self, regions: tuple[Region, ...]) -> bool:
        """Whether no two of the regions can hold the same people."""
        known = self._disjoint.get(regions)
        if known is None:
            known = self._disjoint[regions] = all(
                self.lattice.disjoint(left, right)
                for index, left in enumerate(regions)
                for right in regions[index + 1 :]
            )
        return known

    def _size(self, region: Region) -> int:
        """Greater for a region than for any region inside it: how much of each axis it holds."""
        known = self._sizes.get(region)
        if known is None:
            lattice = self.lattice
            areas = len(self.map.within(region.areas))
            segments = sum(segment_inside(other, region.segment) for other in self._segments)
            flows = sum(lattice.flow_inside(other, region.flow) for other in self._flows)
            known = self._sizes[region] = (1 + areas) * (1 + segments) * (1 + flows)
        return known

    def _candidates(self, axis: str, region: Region) -> list[Region]:
        lattice = self.lattice
        match axis:
            case "areas":
                return [
                    region._replace(areas=areas)
                    for areas in self.map.within(region.areas)
                    if areas != region.areas
                ]
            case "segment":
                return [
                    region._replace(segment=segment)
                    for segment in self._segments
                    if segment != region.segment and segment_inside(segment, region.segment)
                ]
            case _:
                return [
                    region._replace(flow=flow)
                    for flow in self._flows
                    if flow != region.flow and lattice.flow_inside(flow, region.flow)
                ]


def apart(axis: str, left: Region, right: Region, lattice: Lattice) -> bool:
    """Whether two parts of one region along an axis cannot be the same people."""
    match axis:
        case "areas":
            return lattice.areas_disjoint(left.areas, right.areas)
        case "segment":
            return segment_disjoint(left.segment, right.segment)
        case _:
            return lattice.flow_disjoint(left.flow, right.flow)


def _region_order(region: Region) -> tuple[object, ...]:
    return (region.areas, region.segment, region.flow.origin or (), region.flow.destination or ())
