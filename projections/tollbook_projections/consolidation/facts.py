"""What a sheet says now: the current value of every region, ready for the solver."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tollbook_projections.consolidation.book import Node, Sheet
from tollbook_projections.consolidation.claim import SeriesKey
from tollbook_projections.consolidation.incident_minimums import minimums_of
from tollbook_projections.consolidation.incident_sums import sum_up
from tollbook_projections.consolidation.incidents import IncidentLog, latest
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.series import Series, Step
from tollbook_projections.consolidation.span import BEGINNING, Span, span_of

VERIFIED = "verified_floor"
"""Flag of a figure of partial coverage."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The current values of one region.

    Attributes:
        base: the latest complete cumulative or stock figure (R4).
        history: its series, for how things stood at an earlier moment.
        floors: the latest of each partial or placed series; they only raise low (R7, R13).
        increments: complete, as their windows; `floor_increments` raise low only.
        incidents: one span an incident, all of them different people (R11); None for none.
    """

    base: Step | None = None
    history: Series | None = None
    floors: tuple[Span, ...] = ()
    increments: tuple[Span, ...] = ()
    floor_increments: tuple[Span, ...] = ()
    incidents: IncidentLog | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is left of the region."""
        return self.base is None and not (
            self.floors or self.increments or self.floor_increments or self.incidents
        )

    @property
    def plain(self) -> bool:
        """Whether a complete figure is all there is."""
        return self.base is not None and not (
            self.floors or self.increments or self.floor_increments or self.incidents
        )

    @property
    def counted(self) -> bool:
        """Whether incidents are all there is."""
        return self.incidents is not None and not (
            self.base or self.floors or self.increments or self.floor_increments
        )

    def figures(self, most: int | None) -> list[str]:
        """The figures that make these values; of incidents so many at most, None for all."""
        found = list(self.base.figures) if self.base else []
        for span in (*self.floors, *self.increments):
            found.extend(span.figures)
        minimums = [figure for span in self.floor_increments for figure in span.figures]
        found.extend(latest(minimums, most))
        if self.incidents is not None:
            found.extend(self.incidents.lineage(most))
        return found

    @property
    def cut_off(self) -> datetime:
        """Until when the latest of its figures counted."""
        spans = (*self.floors, *self.increments, *self.floor_increments)
        ends = [span.end for span in spans]
        if self.base is not None:
            ends.append(self.base.as_of)
        if self.incidents is not None:
            ends.append(self.incidents.spans[-1].end)
        return max(ends)

    def verified(self) -> "Facts":
        """What of it is of partial coverage (R13)."""
        return Facts(
            floors=tuple(
                span
                for span in self.floors
                if VERIFIED in span.flags and not contradicts(span, self.base)
            ),
            floor_increments=tuple(
                span for span in self.floor_increments if VERIFIED in span.flags
            ),
        )

    @property
    def figures_total(self) -> int:
        """How many figures make these values, those not named in `figures` included."""
        spans = (*self.floors, *self.increments, *self.floor_increments)
        named = sum(len(span.figures) for span in spans)
        named += len(self.base.figures) if self.base else 0
        return named + (self.incidents.figures if self.incidents is not None else 0)

    @property
    def flags(self) -> set[str]:
        """The flags of the figures that add to a sum."""
        spans = (*self.increments, *self.floors, *self.floor_increments)
        found = {flag for span in spans for flag in span.flags}
        if self.incidents is not None:
            found.update(flag for flag, count in self.incidents.flags.items() if count)
        return found

    def since(self, moment: datetime) -> "Facts":
        """What of a superseded multi-area region is not history (R4): later increments only."""
        return Facts(
            None,
            None,
            (),
            tuple(span for span in self.increments if span.end > moment),
            tuple(span for span in self.floor_increments if span.end > moment),
            _later(self.incidents, moment),
        )


NOTHING = Facts()


def contradicts(floor: Span, base: Step | None) -> bool:
    """Whether a floor exceeds a closed figure of its own or a later day: that is kept (R13)."""
    high = base.interval.high if base is not None else None
    return (
        base is not None
        and high is not None
        and floor.end <= base.as_of
        and floor.interval.low > high
    )


def facts_of(sheet: Sheet, lattice: Lattice) -> dict[Region, Facts]:
    """The current facts of every region a figure of the sheet speaks of."""
    for name in sorted(sheet.changed):
        sum_up(sheet, name, lattice)
    sheet.changed.clear()
    found = {region: _current(node) for region, node in sheet.nodes.items()}
    for region, log in sheet.logs.items():
        known = found.get(region)
        found[region] = Facts(incidents=log) if known is None else replace(known, incidents=log)
    for region in sheet.beside["floor"]:
        known = found.get(region, NOTHING)
        spans = (*known.floor_increments, *minimums_of(sheet, region).spans)
        found[region] = replace(known, floor_increments=spans)
    for region, named in sheet.beside["window"].items():
        known = found.get(region, NOTHING)
        spans = (*known.increments, *(named[name] for name in sorted(named)))
        found[region] = replace(known, increments=spans)
    return {region: facts for region, facts in found.items() if not facts.empty}


def _current(node: Node) -> Facts:
    if not isinstance(node.current, Facts):
        node.current = _facts(node)
    return node.current


def wholes_of(
    sheet: Sheet, inside: Iterable[Region], region: Region, lattice: Lattice
) -> set[Region]:
    """What the incidents are of as a whole that figures inside a region narrow down (R11).

    Args:
        sheet: its incidents.
        inside: the regions with facts inside the one.
        region: the one; an incident that lies in it as a whole is none of these.
        lattice: how regions lie.

    Returns:
        Regions of which sums of incidents know all that is said here of them; none where anything
        but incidents is said here.
    """
    found: set[Region] = set()
    for part in inside:
        node = sheet.nodes.get(part)
        if node is not None and not _current(node).empty:
            return set()
        if part in sheet.beside["floor"]:
            wholes = minimums_of(sheet, part).wholes
            found.update(whole for whole in wholes if lattice.inside(part, whole))
    return {whole for whole in found if not lattice.inside(whole, region)}


def without_history(found: dict[Region, Facts], lattice: Lattice) -> dict[Region, Facts]:
    """R4: a multi-area scope older than the base of a containing one is history."""
    kept = {region: _live(region, facts, found, lattice) for region, facts in found.items()}
    return {region: facts for region, facts in kept.items() if not facts.empty}


def _facts(node: Node) -> Facts:
    base = node.base.last()
    if not (node.floors or node.increments or node.floor_increments):
        return Facts(base, node.base)
    return Facts(
        base,
        node.base,
        tuple(replace(span, start=BEGINNING) for span in _floors(node.floors)),
        _spans(node.increments),
        tuple(_floors(node.floor_increments)),
    )


def _floors(series: Mapping[SeriesKey, Series]) -> list[Span]:
    """Each floor says why it is one: partial coverage, or a named place (R7, R13)."""
    found: list[Span] = []
    for key in series:
        flag = VERIFIED if key.partial else "place_floor"
        found.extend(
            replace(span, flags=(*span.flags, flag)) for span in _spans({key: series[key]})
        )
    return sorted(found, key=lambda span: (span.end, span.figures))


def _spans(series: Mapping[SeriesKey, Series]) -> tuple[Span, ...]:
    steps = [step for one in series.values() if (step := one.last()) is not None]
    return tuple(
        sorted((span_of(step) for step in steps), key=lambda span: (span.end, span.figures))
    )


def _later(log: IncidentLog | None, moment: datetime) -> IncidentLog | None:
    later = IncidentLog()
    for span in log.after(moment) if log is not None else ():
        later.add(span)
    return later if later.spans else None


def _live(region: Region, facts: Facts, found: dict[Region, Facts], lattice: Lattice) -> Facts:
    if len(region.areas) == 1:
        return facts
    newer = [
        other.base.as_of
        for name, other in found.items()
        if other.base is not None
        and (name.segment, name.flow) == (region.segment, region.flow)
        and name.areas != region.areas
        and lattice.areas_inside(region.areas, name.areas)
        and (facts.base is None or other.base.as_of > facts.base.as_of)
    ]
    if not newer:
        return facts
    return facts.since(max(newer))
