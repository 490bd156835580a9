"""GeoJSON (RFC 7946): a feature for each cell, with the polygon of its area where there is one."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import orjson

from tollbook_services.exporting.metadata import Metadata
from tollbook_services.exporting.polygons import covered, polygon_of

Row = Mapping[str, Any]


def write_geojson(file: BinaryIO, rows: Sequence[Row], metadata: Metadata) -> None:
    """A FeatureCollection, a feature a line; its metadata are members beside the features.

    A cell of several areas, of what is known for no smaller area, or of one whose polygon is not
    known, has no geometry, and its id is listed in `without_geometry`: no place is made up for it,
    and no polygon is drawn twice.

    Args:
        file: where to.
        rows: of `tables.cell_rows`.
        metadata: what the export is of.
    """
    places = {row["area"] for row in rows if len(row["areas"]) == 1 and row["kind"] == "area"}
    shapes = {area: polygon_of(area) for area in places}
    drawn = [shapes.get(row["area"]) if row["kind"] == "area" else None for row in rows]
    lead = {
        "type": "FeatureCollection",
        **metadata.document(),
        "without_geometry": [
            row["id"] for row, shape in zip(rows, drawn, strict=True) if shape is None
        ],
    }
    file.write(orjson.dumps(lead)[:-1] + b',"features":[')
    for number, (row, shape) in enumerate(zip(rows, drawn, strict=True)):
        file.write(b",\n" if number else b"\n")
        file.write(orjson.dumps(_feature(row, shape)))
    file.write(b"\n]}\n")


def _feature(row: Row, geometry: Mapping[str, Any] | None) -> dict[str, Any]:
    """A cell as a feature; `polygon_covers` names areas whose ground its polygon holds as well."""
    properties = {name: value for name, value in row.items() if name != "id" and value is not None}
    properties |= {name: row[name] for name in ("low", "best", "high")}
    also = () if geometry is None else covered(row["area"])
    if also:
        properties["polygon_covers"] = also
    return {"type": "Feature", "id": row["id"], "geometry": geometry, "properties": properties}
