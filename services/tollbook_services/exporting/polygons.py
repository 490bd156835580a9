"""The ground of countries and first-level areas, from Natural Earth; see docs/areas.md."""

import gzip
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

Geometry = dict[str, Any]

_FOLDER: Final = files("tollbook_services.exporting")


def polygon_of(code: str) -> Geometry | None:
    """The GeoJSON geometry (RFC 7946) of a country or a first-level area.

    Its lines are within half a kilometre of Natural Earth's. It may be larger than the area: see
    `covered`.

    Args:
        code: the canonical code.

    Returns:
        A Polygon or MultiPolygon; None where Natural Earth has none that is the area's.
    """
    text = _texts().get(code.encode())
    if text is None:
        return None
    geometry: Geometry = orjson.loads(text)
    return geometry


def covered(code: str) -> tuple[str, ...]:
    """Other areas whose ground is in the polygon of an area, and which have none of their own.

    Natural Earth has not divided Lebanon's North and Bekaa as today's areas are: the polygon of
    LB-AS covers LB-AK too. Empty for almost all areas.
    """
    return tuple(_covers().get(code, ()))


@cache
def _texts() -> dict[bytes, bytes]:
    """The geometries as JSON, by code; 10 MB, of which few are asked for."""
    lines = gzip.decompress(_FOLDER.joinpath("polygons.tsv.gz").read_bytes()).splitlines()
    return {code: text for code, _, text in (line.partition(b"\t") for line in lines)}


@cache
def _covers() -> dict[str, list[str]]:
    about: dict[str, dict[str, list[str]]] = orjson.loads(
        _FOLDER.joinpath("polygons.json").read_bytes()
    )
    return about["covers"]
