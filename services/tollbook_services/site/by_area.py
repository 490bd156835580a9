"""The map and the tables of one way of counting, and how many rows of them fit on a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import Request

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.site import overview
from tollbook_services.site.links import KEPT
from tollbook_services.site.mapping import POINT_BYTES, POINTS_MAX
from tollbook_services.site.overview import Cell
from tollbook_services.site.rendering import NAMES_MAX, language_of
from tollbook_services.site.row_weights import cut, weight

PLACE_BYTES: Final = {"en": 230, "ar": 360}
"""Bytes of an area on the map without its shape and without what its link repeats, by language."""

POINTS_MIN: Final = 500
"""Points of a map; one that has no room for so many is left out, and the table is all."""

CRISIS_BYTES: Final = 76_000
"""Bytes of the map and the tables of areas of a crisis; headlines and frame have the rest."""

INSIDE_BYTES: Final = 46_000
"""The same on the page of an area, which shows its own numbers first."""

AREAS_BYTES: Final = 30_000
"""Bytes of the table of areas, where the map leaves so many."""

OWN_BYTES: Final = 16_000
"""Bytes of an area's own numbers, with those of each originator."""

SHARED_MAX: Final = 10
"""Numbers of several areas, and of movements, on the page of one of them."""

SHARED_BYTES: Final = 11_000
"""Bytes of each of these tables."""

NAME_BYTES: Final = 40
"""Bytes of the name of an area, in Arabic too."""

SEGMENTS_MAX: Final = 80
"""Segments that can be chosen from a list; every one has a page of its own."""

ORIGINATORS_MAX: Final = 12
"""Originators of whom an area's page shows what they count; the derivation has all."""

_LINKS: Final = 4
"""Links in a row: the area and the three numbers."""

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader chose.

    Attributes:
        measure: `killed`, or with unit and nature as `affected|household|count`.
        segment: whom it is about.
        page: of the table of areas, from 1.
        beside: page of the table of what belongs to several areas.
        room: bytes for the map and the tables.
    """

    measure: str | None
    segment: str | None
    page: int
    beside: int
    room: int


def shown(
    request: Request,
    gazetteer: Gazetteer,
    cells: Sequence[Cell],
    codes: Sequence[str],
    choice: Choice,
) -> Given:
    """The map and the tables of one measure and segment: what was chosen, or the gravest.

    Args:
        request: whose parameters every link repeats.
        gazetteer: whose names order the areas.
        cells: those to choose from.
        codes: the areas of the map.
        choice: what is asked for.
    """
    ways = overview.ways(cells)
    way = overview.chosen_way(ways, choice.measure)
    chosen = [] if way is None else overview.of_way(cells, way)
    known = overview.segments(chosen)
    whom = choice.segment if choice.segment in known else (known or ["all"])[0]
    some = [cell for cell in chosen if cell["segment"] == whom]
    areas = [cell for cell in some if cell["kind"] == "area"]
    areas.sort(key=lambda one: (len(gazetteer.ancestors(one["area"])), gazetteer.name(one["area"])))
    apart = [cell for cell in some if cell["kind"] != "area"]
    weigh, each = weigher(request), PLACE_BYTES[language_of(request)] + _link_bytes(request)
    points = min((choice.room * 2 // 3 - each * len(codes)) // POINT_BYTES, POINTS_MAX) // 500 * 500
    drawn = overview.map_of(some, codes, points) if points >= POINTS_MIN else None
    shapes = sum(len(place.path) + each for place in drawn.places) if drawn else 0
    room = min((choice.room - shapes) * 3 // 4, AREAS_BYTES)
    return {
        "ways": ways,
        "way": way,
        "segments": [one for one in known if one == whom or one in known[:SEGMENTS_MAX]],
        "segment": whom,
        "areas": cut(areas, choice.page, weigh, room),
        "unallocated": cut(apart, choice.beside, weigh, room // 3),
        "map": drawn,
        "unmapped": drawn is None and points < POINTS_MIN,
        "originators_max": ORIGINATORS_MAX,
    }


def weigher(request: Request, *, originators: bool = False) -> Callable[[Cell], int]:
    """What tells how many bytes a row of a table takes, about.

    Args:
        request: whose parameters every link repeats.
        originators: whether each originator's own number is shown too.
    """
    link = _link_bytes(request) + 32

    def weigh(cell: Cell) -> int:
        each = link + len(quote(cell["id"], safe=""))
        names = [one["originator"] for one in cell["originators"][:ORIGINATORS_MAX]]
        links = _LINKS + (len(names) if originators else 0)
        spoken = min(cell["area"].count("+") + 1, NAMES_MAX) * NAME_BYTES
        return weight(
            400 + links * each + 60 * len(names) + 50 * len(cell["flags"]) + spoken, *names
        )

    return weigh


def _link_bytes(request: Request) -> int:
    """Bytes of a link about a crisis, with the moments and the language that it keeps."""
    kept = {name: one for name in KEPT if (one := request.query_params.get(name))}
    return len(request.url.path) + len(urlencode(kept)) * 5 // 4
