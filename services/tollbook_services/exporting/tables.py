"""Rows of the exported tables: cells, each originator's own values, and revisions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tollbook_projections.consolidation.interval import interval_of
from tollbook_projections.selection import Dossier, Version, cut_off
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_services.exporting import obs_status
from tollbook_services.exporting.lineage import Lineage

Document = Mapping[str, Any]
Row = dict[str, Any]

_CELL_SEGMENT = 5
_SERIES_SEGMENT = 3
"""Where the segment with its dimensions stands in the id of a cell, of a series."""


def cell_rows(document: Document, lineage: Lineage, gazetteer: Gazetteer) -> list[Row]:
    """One row for each cell, by `columns.CELL`, with `originators` as a list of objects.

    Args:
        document: the view `tolls` or `displacement`.
        lineage: what its cells rest on.
        gazetteer: levels and countries of areas.
    """
    return [
        _cell_row(document["crisis"], cell, lineage) | _around(cell["area"], gazetteer)
        for cell in document["cells"]
    ]


def _around(areas: str, gazetteer: Gazetteer) -> Row:
    """The level of an area, and its country: what tells a tiling of the country from its sums."""
    found = [area for code in areas.split("+") if (area := gazetteer.resolve(code)) is not None]
    countries = {(gazetteer.ancestors(area.code) or [area.code])[-1] for area in found}
    return {
        "area_level": found[0].level if len(found) == 1 else None,
        "country": "+".join(sorted(countries)) or None,
    }


def with_originators(rows: Sequence[Row]) -> Iterator[Row]:
    """Each cell's row (`originator` empty), then a row for each originator's own value."""
    for row in rows:
        yield row
        for own in row["originators"]:
            yield {**_only(row, _OF_THE_CELL), **own}


def revision_rows(
    document: Document, dossiers: Mapping[str, Dossier], policy: Policy
) -> Iterator[Row]:
    """One row for each step of each series, by `columns.REVISION`."""
    for series in document["series"]:
        common = {name: series.get(name) for name in _OF_THE_SERIES}
        common |= {"crisis": document["crisis"], "series": series["id"]}
        common |= _segment(series["id"], _SERIES_SEGMENT)
        for step in series["revisions"]:
            yield {**common, **_step(step, dossiers, policy)}


_OF_THE_CELL = (
    "crisis",
    "kind",
    "area",
    "areas",
    "name",
    "area_level",
    "country",
    "measure",
    "unit",
    "nature",
    "segment",
    "segment_status",
    "segment_group",
    "segment_community",
    "segment_sex",
    "segment_age_band",
    "origin",
    "destination",
    "id",
)
"""What an originator's own value shares with its cell."""

_OF_THE_SERIES = (
    "originator",
    "measure",
    "unit",
    "segment",
    "areas",
    "basis",
    "place",
    "incident",
    "origin",
    "destination",
)


def _cell_row(crisis: str, cell: Document, lineage: Lineage) -> Row:
    codes = obs_status.of_flags(cell["flags"])
    for dossier, versions in lineage.versions(cell):
        codes |= obs_status.of_figure(dossier, versions)
    row = {
        **cell,
        "crisis": crisis,
        "areas": cell["area"].split("+"),
        "obs_status": obs_status.in_order(codes),
        "originators": [_own(value) for value in cell["originators"]],
        **_segment(cell["id"], _CELL_SEGMENT),
    }
    persons = row.pop("persons", None)
    if persons is not None:
        row |= {f"persons_{name}": persons[name] for name in ("low", "best", "high", "rule")}
    return row


def _own(value: Document) -> Row:
    codes = obs_status.of_flags(value["flags"])
    return {**value, "obs_status": obs_status.in_order(codes)}


def _step(step: Document, dossiers: Mapping[str, Dossier], policy: Policy) -> Row:
    quantity, dossier = step["quantity"], dossiers[step["figure"]]
    codes = obs_status.of_flags(step["flags"]) | set(obs_status.OF_KIND[step["kind"]])
    codes |= set(obs_status.OF_STATUS[dossier.status])
    if quantity is not None:
        codes |= set(obs_status.OF_QUALIFIER[quantity["qualifier"]])
    return {
        **{name: step[name] for name in step if name not in {"quantity", "previous"}},
        **(quantity or {}),
        **_figure(dossier, _version(dossier, step)),
        **_bounds(quantity, policy, ""),
        **_bounds(step["previous"], policy, "previous_"),
        "obs_status": obs_status.in_order(codes),
    }


def _version(dossier: Dossier, step: Document) -> Version:
    """The version that a step is: filed, made by an act, or the one that an act is about."""
    own = {
        dossier.filed["event"] if one.act is None else one.act["event"]: one
        for one in dossier.versions
    }
    made = own.get(step["event"])
    if made is not None:
        return made
    dated = [one for one in dossier.versions if cut_off(dossier, one)[1] == step["as_of"]]
    return dated[-1]


def _figure(dossier: Dossier, version: Version) -> Row:
    """What a figure says of itself beside its quantity; role and status after its acts."""
    body = version.body
    window = body.get("window") or {}
    return {
        "window_start": window.get("start"),
        "window_end": window.get("end"),
        "dated_by": body.get("dated_by"),
        "coverage": body.get("coverage", "complete"),
        "phase": body.get("phase", 0),
        "role": dossier.role,
        "status": dossier.status,
    }


def _bounds(quantity: Document | None, policy: Policy, prefix: str) -> Row:
    """Low, best and high of a quantity (R2); nothing for `unknown`, or where there is none."""
    interval = None if quantity is None else interval_of(quantity, policy)[0]
    if interval is None:
        return {}
    return {
        f"{prefix}low": interval.low,
        f"{prefix}best": interval.best,
        f"{prefix}high": interval.high,
    }


def _segment(identity: str, place: int) -> Row:
    """The dimensions of a segment, by the id that names them."""
    text = identity.split("|")[place]
    pairs = [part.partition("=") for part in text.split(",")] if text != "all" else []
    return {f"segment_{dimension}": value for dimension, _, value in pairs}


def _only(row: Row, names: Sequence[str]) -> Row:
    return {name: row.get(name) for name in names}
