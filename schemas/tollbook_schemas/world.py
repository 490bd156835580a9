"""The default gazetteer, built from pycountry (ISO 3166) and `places.json` (P-codes)."""

from collections.abc import Callable, Iterator
from datetime import date
from importlib.resources import files
from typing import Any, Final

import orjson
import pycountry

from tollbook_schemas.area_index import SpokenNames
from tollbook_schemas.gazetteer import Area, Gazetteer

_LEVELS_MAX: Final = 8
"""Steps from an area up to its country: ISO 3166-2 has three, so more is a circle."""


def spoken_names() -> SpokenNames:
    """The names in `names.json`; see docs/areas.md for where they are from."""
    names = orjson.loads(files("tollbook_schemas").joinpath("names.json").read_bytes())
    return SpokenNames(names["usual"], names["other"])


def build_world(spoken: Callable[[], SpokenNames] = spoken_names) -> Gazetteer:
    """All countries and subdivisions, and the places of the package's own table."""
    places = orjson.loads(files("tollbook_schemas").joinpath("places.json").read_bytes())
    areas: dict[str, Area] = {}
    same: dict[str, str] = {}
    also: dict[str, list[str]] = {}
    for country in pycountry.countries:
        name = getattr(country, "common_name", country.name)
        areas[country.alpha_2] = Area(country.alpha_2, name, 0, None)
        same[country.alpha_3] = country.alpha_2
        official = (country.name, getattr(country, "official_name", name))
        also[country.alpha_2] = sorted(set(official) - {name})
    areas |= {area.code: area for area in _subdivisions()}
    for place in places["areas"]:
        code, parent = place["code"], place["parent"]
        other = [areas[code].name] if code in areas else []  # ISO writes Al Lādhiqīyah
        areas[code] = Area(code, place["name"], areas[parent].level + 1, parent)
        same |= dict.fromkeys(place["same"], code)
        also[code] = [*other, *place["also"]]
    version = f"iso3166-{pycountry.__version__}+places-{places['version']}"
    days = {code: date.fromisoformat(day) for code, day in places["valid_from"].items()}
    return Gazetteer(version, areas.values(), same, also, days, spoken=spoken)


def _subdivisions() -> Iterator[Area]:
    listed: dict[str, Any] = {entry.code: entry for entry in pycountry.subdivisions}
    for code, entry in listed.items():
        parents = list(_parents(code, listed))
        yield Area(code, entry.name, len(parents), parents[0])


def _parents(code: str, listed: dict[str, Any]) -> Iterator[str]:
    """The areas around a subdivision, the nearest first; a parent not listed is left out."""
    at = listed[code]
    for _ in range(_LEVELS_MAX):
        if at.parent_code is None or at.parent_code not in listed:
            break
        at = listed[at.parent_code]
        yield at.code
    yield listed[code].country_code
