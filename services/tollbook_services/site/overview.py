"""What the pages about places show: headline numbers, a map and a table of areas, segments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.site.mapping import (
    POINTS_MAX,
    Drawing,
    ValueClass,
    class_of,
    classes_of,
    drawing,
    shade,
)

Cell = Mapping[str, Any]

_FIRST: Final = ("killed", "injured", "missing", "detained", "abducted", "displaced")
"""Measures in the order in which they are shown; others follow by name."""

Way = tuple[str, str, str]
"""Measure, unit and nature: numbers of two of them are never comparable."""


@dataclass(frozen=True, slots=True)
class Place:
    """An area on the map: its shape, its cell where it was reported, and the class of its value."""

    code: str
    path: str
    cell: Cell | None
    value: int | None
    shade: int | None


@dataclass(frozen=True, slots=True)
class Map:
    """A map and its legend: classes with their shades."""

    places: tuple[Place, ...]
    height: int
    legend: tuple[tuple[ValueClass, int], ...]
    unknown: bool
    none: bool


def ways(cells: Iterable[Cell]) -> list[Way]:
    """What was counted, the gravest first."""
    found = {(cell["measure"], cell["unit"], cell["nature"]) for cell in cells}
    return sorted(found, key=lambda way: (_rank(way[0]), way))


def _rank(measure: str) -> int:
    return _FIRST.index(measure) if measure in _FIRST else len(_FIRST)


def chosen_way(known: Sequence[Way], asked: str | None) -> Way | None:
    """The way of counting that is asked for by measure, or by measure, unit and nature.

    Without one that is known the first; None where nothing was counted.
    """
    names = (asked or "").split("|")
    found = (way for way in known if list(way[: len(names)]) == names)
    return next(found, known[0] if known else None)


def of_way(cells: Iterable[Cell], way: Way) -> list[Cell]:
    """The cells of a measure in a unit."""
    return [cell for cell in cells if (cell["measure"], cell["unit"], cell["nature"]) == way]


def segments(cells: Iterable[Cell]) -> list[str]:
    """The segments of some cells, all people first."""
    return sorted({cell["segment"] for cell in cells}, key=lambda one: (one != "all", one))


def countries(cells: Iterable[Cell], gazetteer: Gazetteer) -> list[str]:
    """The countries that some cells are about."""
    found = set()
    for cell in cells:
        for code in cell["area"].split("+"):
            found.add((code, *gazetteer.ancestors(code))[-1])
    return sorted(found)


def headline(cells: Sequence[Cell], gazetteer: Gazetteer) -> list[Cell]:
    """The cells of the largest areas: for each way of counting those that lie inside no other.

    The largest numbers come first.
    """
    found = []
    for way in ways(cells):
        own = [cell for cell in of_way(cells, way) if cell["segment"] == "all"] or of_way(
            cells, way
        )
        areas = [cell for cell in own if cell["kind"] == "area"] or own
        codes = {cell["area"] for cell in areas}
        wide = [
            cell
            for cell in areas
            if not any(around in codes for around in gazetteer.ancestors(cell["area"]))
        ]
        found += sorted(wide, key=lambda cell: (-(value_of(cell) or 0), cell["area"]))
    return found


def value_of(cell: Cell) -> int | None:
    """What stands for a cell on a map: its best value, else its lower bound if that says anything.

    None where it was reported without a number.
    """
    best: int | None = cell["best"]
    return best if best is not None else cell["low"] or None


def map_of(cells: Iterable[Cell], codes: Sequence[str], points_max: int = POINTS_MAX) -> Map | None:
    """The map of some areas with the cells of one way and one segment; None without shapes."""
    drawn: Drawing | None = drawing(tuple(codes), points_max)
    if drawn is None:
        return None
    by_code = {cell["area"]: cell for cell in cells if cell["kind"] == "area"}
    shown = {shape.code: _shown(shape.code, shape.covers, by_code) for shape in drawn.shapes}
    values = {code: value_of(cell) for code, cell in shown.items() if cell is not None}
    known = [value for value in values.values() if value is not None]
    classes = classes_of(known)
    places = tuple(
        Place(
            shape.code,
            shape.path,
            shown[shape.code],
            values.get(shape.code),
            None if (value := values.get(shape.code)) is None else class_of(value, classes),
        )
        for shape in drawn.shapes
    )
    shades = [one for one in classes if one.high]
    legend = tuple(
        (one, 0 if not one.high else shade(shades.index(one), len(shades))) for one in classes
    )
    return Map(
        places,
        drawn.height,
        legend,
        unknown=any(one.cell is not None and one.value is None for one in places),
        none=any(one.cell is None for one in places),
    )


def _shown(code: str, covers: Sequence[str], cells: Mapping[str, Cell]) -> Cell | None:
    """The cell of a shape; one that covers other areas is not coloured by its own number alone."""
    if any(other in cells for other in covers):
        return None
    return cells.get(code)


def inside(code: str, gazetteer: Gazetteer) -> list[str]:
    """The areas one level below an area."""
    return list(gazetteer.children(code))


def of_area(cells: Iterable[Cell], code: str) -> list[Cell]:
    """The cells of one area itself, the gravest measure first, all people first in each."""
    return sorted((cell for cell in cells if _is_about(cell, code)), key=_order)


def within(cells: Iterable[Cell], code: str, gazetteer: Gazetteer) -> list[Cell]:
    """The cells of areas that lie inside an area."""
    return [
        cell
        for cell in cells
        if all(gazetteer.contains(code, one) and one != code for one in _codes(cell))
    ]


def shared(cells: Iterable[Cell], code: str, gazetteer: Gazetteer) -> list[Cell]:
    """What was counted for several areas together that an area, or part of it, is among."""
    found = (
        cell
        for cell in cells
        if cell["kind"] != "area"
        and any(gazetteer.contains(code, one) for one in _codes(cell))
        and not all(gazetteer.contains(code, one) and one != code for one in _codes(cell))
    )
    return sorted(found, key=_order)


def _is_about(cell: Cell, code: str) -> bool:
    return bool(cell["area"] == code and cell["kind"] == "area")


def _order(cell: Cell) -> tuple[object, ...]:
    way = (cell["measure"], cell["unit"], cell["nature"])
    return (_rank(cell["measure"]), way, cell["segment"] != "all", cell["segment"], cell["id"])


def _codes(cell: Cell) -> list[str]:
    codes: str = cell["area"]
    return codes.split("+")
