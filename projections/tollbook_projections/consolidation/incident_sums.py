"""What each incident of a sheet contributes to the regions that its figures speak of (R11)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from tollbook_projections.consolidation.book import IncidentPart, Node, Sheet
from tollbook_projections.consolidation.incidents import IncidentLog
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.region import Lattice, Region
from tollbook_projections.consolidation.span import Span, span_of


def sum_up(sheet: Sheet, name: str, lattice: Lattice) -> None:
    """Replaces what an incident contributes to its regions."""
    for region, span, part in sheet.summed.pop(name, ()):
        sheet.stale.add(region)
        sheet.minimums.pop(region, None)
        if part != "sum":
            del sheet.beside[part][region][name]
            continue
        sheet.logs[region].remove(span)
        if not sheet.logs[region].spans:
            del sheet.logs[region]
    spans = _spans(sheet.incidents[name], lattice)
    for region, span, part in spans:
        sheet.stale.add(region)
        if part == "sum":
            log = sheet.logs.get(region)
            if log is None:
                log = sheet.logs[region] = IncidentLog()
            log.add(span)
        else:
            sheet.beside[part].setdefault(region, {})[name] = span
            sheet.minimums.pop(region, None)
    sheet.summed[name] = spans


def _spans(nodes: Mapping[Region, Node], lattice: Lattice) -> list[IncidentPart]:
    """An incident as spans: its widest regions, and the floors inside them (R11).

    A widest region adds to the sum of incidents. Where several overlap they may hold the same
    people: then each stands as a window of its own, which only the heaviest disjoint set adds.
    """
    values = [pair for pair in map(_value, nodes.items()) if pair is not None]
    if len(values) == 1:
        return [(*values[0], "sum")]
    widest = [
        region
        for region, _ in values
        if not any(other != region and lattice.inside(region, other) for other, _ in values)
    ]
    apart = all(
        lattice.disjoint(left, right)
        for index, left in enumerate(widest)
        for right in widest[index + 1 :]
    )
    whole: Literal["sum", "window"] = "sum" if apart else "window"
    parts: list[IncidentPart] = [
        (region, span, whole if region in widest else "floor") for region, span in values
    ]
    return sorted(parts, key=lambda part: part[0].areas)


def _value(pair: tuple[Region, Node]) -> tuple[Region, Span] | None:
    region, node = pair
    base = node.base.last()
    if base is not None:
        return region, span_of(base)
    steps = [step for one in node.all_series() if (step := one.last()) is not None]
    if not steps:
        return None
    span = span_of(max(steps, key=lambda step: (step.interval.low, step.as_of)))
    return region, replace(span, interval=Interval(span.interval.low, None, None))
