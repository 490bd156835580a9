"""One area of the world, and a published table of the areas of one country."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Area:
    """One area.

    Attributes:
        code: the canonical code: ISO 3166 where one exists, else the P-code.
        name: the name to print.
        level: 0 for a country, 1 for its first level, and so on.
        parent: code of the area around it; None for a country.
    """

    code: str
    name: str
    level: int
    parent: str | None


@dataclass(frozen=True, slots=True)
class PublishedArea:
    """One row of a published table.

    Attributes:
        code: as published; a code the built-in table knows stands for the area known there.
        parent: code of the area around it; None for the country.
        same: other codes of the same area.
        also: other names of it.
    """

    code: str
    name: str
    parent: str | None
    same: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GazetteerVersion:
    """The areas of one country as they were from a day on.

    Several versions of one country and day with different ids are parts of one table.

    Attributes:
        id: such as `cod-ab-lbn/2016-08-22`; printed with results.
        country: ISO 3166-1 code, either length.
    """

    id: str
    country: str
    valid_from: date
    areas: tuple[PublishedArea, ...]


def versions_from(documents: Iterable[Mapping[str, Any]]) -> tuple[GazetteerVersion, ...]:
    """The versions of `gazetteer.published` data, in the order in which they were published.

    Args:
        documents: the `data` of events that were admitted; a later one replaces an earlier one
            of the same id, country and day.
    """
    latest: dict[tuple[str, str, str], GazetteerVersion] = {}
    for document in documents:
        key = (document["gazetteer"], document["country"], document["valid_from"])
        latest.pop(key, None)
        latest[key] = GazetteerVersion(
            document["gazetteer"],
            document["country"],
            date.fromisoformat(document["valid_from"][:10]),
            tuple(map(_published_area, document["areas"])),
        )
    return tuple(latest.values())


def _published_area(row: Mapping[str, Any]) -> PublishedArea:
    return PublishedArea(
        row["code"],
        row["name"],
        row.get("parent"),
        tuple(row.get("same") or ()),
        tuple(row.get("also") or ()),
    )
