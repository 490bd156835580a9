"""Cells and checks as the JSON documents of the views (docs/formats.md)."""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from tollbook_projections.consolidation.books import Cell, CellKey
from tollbook_projections.consolidation.check import Check
from tollbook_projections.consolidation.draft import Value
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.region import Areas, Pairs, slug_of
from tollbook_projections.filing import Document
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.times import format_instant

_KEPT: Final = 65_536
"""Texts of keys and cut-offs kept: a fold writes the same cells again with every page."""


def cell_document(cell: Cell, gazetteer: Gazetteer) -> Document:
    """One cell: its key, low / best / high (high null is open), lineage and originators."""
    key, merged = cell.key, cell.merged
    document = _key_document(key, gazetteer)
    document |= bounds_document(merged.interval)
    document |= {
        "as_of": as_of_text(merged.as_of),
        "supplied_by": merged.supplier,
        "flags": sorted(merged.flags),
        "rules": list(_in_order(merged.rules)),
        "figures": sorted(merged.figures),
        "figures_total": merged.figures_total,
        "originators": [
            _originator(name, value) for name, value in sorted(cell.originators.items())
        ],
    }
    if merged.oldest is not None and merged.oldest != merged.as_of:
        document["oldest_as_of"] = as_of_text(merged.oldest)
    return document


@lru_cache(maxsize=_KEPT)
def _in_order(rules: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(rules, key=lambda rule: int(rule[1:])))


def check_document(check: Check) -> Document:
    """One check with both sides as low / best / high."""
    return {
        "kind": check.kind,
        "figure": check.figure,
        "measure": check.counted.measure,
        "unit": check.counted.unit,
        "stated": bounds_document(check.stated),
        "computed": None if check.computed is None else bounds_document(check.computed),
        "stated_by": list(check.stated_by or (check.figure,)),
        "against": list(check.against),
        "holds": check.holds,
    }


@lru_cache(maxsize=_KEPT)
def cell_id(key: CellKey) -> str:
    """A readable key, unique in its crisis: the row of a cell."""
    region, kind = key.region, key.counted
    parts = [kind.measure, kind.unit, kind.nature, key.kind, "+".join(region.areas)]
    parts.append(segment_text(region.segment))
    parts.extend("+".join(end or ()) for end in region.flow)
    return "|".join(parts)


def segment_text(pairs: Pairs) -> str:
    """A segment for a key: dimensions named, as a slug alone can be a group or a community."""
    return ",".join(f"{dimension}={value}" for dimension, value in pairs) or "all"


@lru_cache(maxsize=_KEPT)
def as_of_text(instant: datetime | None) -> str | None:
    """A cut-off as a reader writes it: the date where it is the end of a day."""
    if instant is None:
        return None
    text = format_instant(instant)
    return text.removesuffix("T23:59:59Z")


def area_text(areas: Areas | None) -> str | None:
    """Areas joined with `+` in code order; None for anywhere."""
    return None if areas is None else "+".join(areas)


def _key_document(key: CellKey, gazetteer: Gazetteer) -> Document:
    region = key.region
    document: dict[str, Any] = {
        "id": cell_id(key),
        "kind": key.kind,
        "area": area_text(region.areas),
        "name": " + ".join(gazetteer.name(area) for area in region.areas),
        "measure": key.counted.measure,
        "unit": key.counted.unit,
        "nature": key.counted.nature,
        "segment": slug_of(region.segment),
        "origin": area_text(region.flow.origin),
        "destination": area_text(region.flow.destination),
    }
    if len(region.areas) > 1:
        document["areas"] = list(region.areas)
    return document


def _originator(name: str, value: Value) -> Document:
    document: Document = {"originator": name, **bounds_document(value.interval)}
    document["as_of"] = as_of_text(value.as_of or value.bounded_at)
    document["flags"] = sorted(value.flags)
    return document


def bounds_document(interval: Interval) -> Document:
    """An interval as `low`, `best`, `high`."""
    return {"low": interval.low, "best": interval.best, "high": interval.high}
