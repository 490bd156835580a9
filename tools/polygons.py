"""Makes `polygons.tsv.gz`, the ground of countries and first-level areas, from Natural Earth."""

import gzip
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tools.kept import read_kept
from tools.natural_earth import Feature, assigned, read_features
from tools.sources import FOLDER, NATURAL_EARTH, mapshaper, notices, provenance, unpacked

OUT: Final = Path("services/tollbook_services/exporting/polygons.tsv.gz")
TOLERANCE_M: Final = 500
"""Metres that a line may be off: less than the width of it on a map of a province."""

PRECISION: Final = "0.001"
"""Degrees, about 100 m: finer than what the simplification leaves."""

_MISSING_MAX: Final = 0.1
"""Part of a country's first-level areas without a polygon, above which none of them is taken:
Natural Earth then has an older division, of which the same names mean other ground."""


def main() -> None:
    """Write the polygons, what is said of them, and their licence."""
    known = default_gazetteer()
    kept = read_kept()
    features = list(read_features(unpacked(NATURAL_EARTH), known, kept["countries"]))
    ground = _ground(assigned(features, known, kept["features"]), known)
    taken = set(_taken(set(ground.values()), known, kept))
    wanted = {one: code for one, code in ground.items() if code in taken}
    shapes = _simplified(features, wanted)
    covers = {code: also for code, also in kept["covers"].items() if code in shapes}
    about = {"from": provenance(NATURAL_EARTH), "covers": covers}
    OUT.with_name("polygons.json").write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2))
    lines = (code.encode() + b"\t" + orjson.dumps(shapes[code]) for code in sorted(shapes))
    OUT.write_bytes(gzip.compress(b"\n".join(lines), mtime=0))
    OUT.with_name("polygons.LICENSE").write_text(notices(NATURAL_EARTH), encoding="utf-8")


def _ground(parts: Mapping[str, list[Feature]], known: Gazetteer) -> dict[str, str]:
    """The first-level area of each feature that is it or a part of it, by the feature's id.

    An area that is put together from areas inside it needs all of those that ISO has.
    """
    found: dict[str, str] = {}
    for country in _countries(known):
        for first in known.children(country):
            leaves = _leaves(first, parts, known)
            for code in leaves or ():
                found |= {feature.id: first for feature in parts[code]}
    return found


def _leaves(code: str, parts: Mapping[str, list[Feature]], known: Gazetteer) -> list[str] | None:
    """The areas with features that make up an area; None where one is lacking.

    Where areas inside it have features too, its own is one of them: Kankan is a region of
    Guinea, and a prefecture of it.
    """
    inside = [_leaves(one, parts, known) for one in known.children(code)]
    if code in parts and not any(inside):
        return [code]
    if not inside or None in inside:
        return None
    return [leaf for leaves in inside for leaf in leaves or ()]


def _taken(have: set[str], known: Gazetteer, kept: Mapping[str, Any]) -> Iterator[str]:
    """The first-level areas of the countries that Natural Earth divides as ISO does."""
    for country in _countries(known):
        areas = known.children(country)
        missing = [code for code in areas if code not in have]
        alike = country in kept["reviewed"] or len(missing) <= _MISSING_MAX * len(areas)
        if alike and country not in kept["older"]:
            yield from (code for code in areas if code in have)


def _countries(known: Gazetteer) -> list[str]:
    return sorted(area.code for area in known.areas() if area.level == 0)


def _simplified(features: list[Feature], first: Mapping[str, str]) -> dict[str, Any]:
    """Geometries by code: all lines simplified at once, so that neighbours still share them."""
    told = [
        {
            "type": "Feature",
            "geometry": one.geometry,
            "properties": {"country": one.country, "area": first.get(one.id)},
        }
        for one in features
        if one.country is not None
    ]
    source = FOLDER / "features.json"
    source.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": told}))
    found: dict[str, Any] = {}
    for key in ("country", "area"):
        out = FOLDER / f"{key}.json"
        steps = [
            "-i",
            str(source),
            "-simplify",
            "dp",
            f"interval={TOLERANCE_M}",
            "keep-shapes",
            "-clean",
        ]
        steps += ["-filter", f"{key} !== null", "-dissolve", key]
        steps += ["-o", str(out), "format=geojson", f"precision={PRECISION}"]
        subprocess.run([mapshaper(), *steps], check=True)  # noqa: S603 - constants of this file
        collection = orjson.loads(out.read_bytes())
        found |= {one["properties"][key]: one["geometry"] for one in collection["features"]}
    return found


if __name__ == "__main__":
    main()
