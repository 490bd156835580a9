"""Makes `names.json`, the names of areas that pycountry lacks, from CLDR and Natural Earth."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from tollbook_schemas.area_fold import folded
from tollbook_schemas.area_index import SpokenNames
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.world import build_world
from tools.kept import read_kept
from tools.natural_earth import Feature, assigned, read_features
from tools.sources import (
    NATURAL_EARTH,
    SUBDIVISIONS,
    TERRITORIES,
    notices,
    provenance,
    unpacked,
)

OUT: Final = Path("schemas/tollbook_schemas/names.json")
_SUBDIVISIONS: Final = "subdivisions/en/en.json"
_TERRITORIES: Final = "main/{0}/territories.json"
_LANGUAGES: Final = ("en", "ar", "fr")
"""Languages of the names of countries: those in which the reports of this field are written."""

Names = dict[str, tuple[str, ...]]


def cldr_names(subdivisions: Path, localenames: Path, stale: Iterable[str]) -> Names:
    """English names of subdivisions, and names of countries, by code."""
    found: dict[str, tuple[str, ...]] = {}
    document = orjson.loads((subdivisions / _SUBDIVISIONS).read_bytes())
    prefixes = tuple(stale)
    for key, name in document["subdivisions"]["localeDisplayNames"]["subdivisions"].items():
        code = f"{key[:2]}-{key[2:]}".upper()
        if not code.startswith(prefixes):
            found[code] = (name,)
    for language in _LANGUAGES:
        path = localenames / _TERRITORIES.format(language)
        document = orjson.loads(path.read_bytes())["main"][language]["localeDisplayNames"]
        for key, name in document["territories"].items():
            code, _, _ = key.partition("-")
            found[code] = (*found.get(code, ()), name)
    return found


def natural_names(folder: Path, known: Gazetteer, kept: Mapping[str, Any]) -> tuple[Names, Names]:
    """Usual and other names of the areas that are one feature of Natural Earth.

    A usual name is left out where it is that of another area beside it and not of this one;
    another name also where it is that of an area inside: Rangamati is a district of Chittagong,
    not Chittagong.
    """
    features = read_features(folder, known, kept["countries"])
    parts = assigned(features, known, kept["features"] | kept["called"])
    one = {code: features[0] for code, features in parts.items() if len(features) == 1}
    return (
        {code: tuple(_its_own(feature, code, known)) for code, feature in one.items()},
        {code: tuple(_unused(feature, code, known)) for code, feature in one.items()},
    )


def _its_own(feature: Feature, code: str, known: Gazetteer) -> Iterator[str]:
    area = known.resolve(code)
    for name in feature.usual:
        levels = (area.level,) if area else None
        found = known.matches(name, inside=feature.country, levels=levels)
        if not found or any(match.area.code == code for match in found):
            yield name


def _unused(feature: Feature, code: str, known: Gazetteer) -> Iterator[str]:
    for name in feature.other:
        found = known.matches(name, inside=feature.country)
        if all(match.area.code == code or match.area.level == 0 for match in found):
            yield name


def new_names(known: Gazetteer, *sources: Names, without: Mapping[str, list[str]]) -> list[Names]:
    """Each source without names that the gazetteer or a source before it has."""
    seen = {
        code: {folded(name) for name in (area.name, *known.names(code), *without.get(code, ()))}
        for code in {code for source in sources for code in source}
        if (area := known.resolve(code)) is not None and area.code == code
    }
    made: list[Names] = []
    for source in sources:
        new: Names = {}
        for code in sorted(source.keys() & seen.keys()):
            spelled = {folded(name): name for name in reversed(source[code])}
            names = [name for key, name in spelled.items() if key and key not in seen[code]]
            seen[code].update(map(folded, names))
            if names:
                new[code] = tuple(sorted(names))
        made.append(new)
    return made


def main() -> None:
    """Write the file, and the licences of what is in it."""
    kept = read_kept()
    own = {code: tuple(names) for code, names in kept["names"].items()}
    cldr = cldr_names(unpacked(SUBDIVISIONS), unpacked(TERRITORIES), kept["stale"])
    usual = {code: (*own.get(code, ()), *cldr.get(code, ())) for code in own | cldr}
    known = build_world(lambda: SpokenNames(usual))
    natural, other = natural_names(unpacked(NATURAL_EARTH), known, kept)
    said, more, rest = new_names(known, usual, natural, other, without=kept["without"])
    merged = {code: (*said.get(code, ()), *more.get(code, ())) for code in sorted(said | more)}
    sources = (SUBDIVISIONS, TERRITORIES, NATURAL_EARTH)
    OUT.write_bytes(_lines(provenance(*sources), usual=merged, other=rest))
    OUT.with_name("names.LICENSE").write_text(notices(*sources), encoding="utf-8")


def _lines(sources: list[dict[str, str]], **tables: Names) -> bytes:
    """JSON with a line for each area, so that a change of the data can be read."""
    parts = [f'"from": {orjson.dumps(sources).decode()}']
    for title, names in tables.items():
        rows = (f"{orjson.dumps(c).decode()}: {orjson.dumps(n).decode()}" for c, n in names.items())
        parts.append(f'"{title}": {{\n' + ",\n".join(rows) + "\n}")
    return ("{" + ",\n".join(parts) + "}\n").encode()


if __name__ == "__main__":
    main()
