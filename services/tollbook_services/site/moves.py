"""Movements and people away from home, as tables: never added, each way of counting by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.site.overview import Way, of_way, segments, ways

Cell = Mapping[str, Any]

BAR: Final = 120.0
"""Units of a bar that reaches to the largest number of its table."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A range as a bar.

    Attributes:
        low: where it begins.
        high: where it ends; at the edge of the drawing where there is no upper limit.
        best: where the point value is marked; None without one.
        open: whether there is no upper limit.
    """

    low: float
    high: float
    best: float | None
    open: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A cell of a table, and its range as a bar.

    Attributes:
        cell: of the view.
        bar: its range, in the scale of its table.
        bounded: whether no source gave more than an upper limit.
    """

    cell: Cell
    bar: Bar
    bounded: bool


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """What was counted in one way: its rows, and the number to which its bars reach.

    Each is itself only, so that pages cut from several can tell which one a row is of.
    """

    way: Way
    flows: bool
    rows: tuple[Row, ...]
    most: int


def chosen_segment(cells: Iterable[Cell], segment: str | None) -> tuple[str, list[str]]:
    """The segment that is shown, and all that can be chosen: all people unless another is asked."""
    known = segments(cells)
    return (segment if segment in known else (known or ["all"])[0]), known


def tables(cells: Sequence[Cell], segment: str) -> list[Moves]:
    """A table for each way of counting, movements first; the largest numbers first in each."""
    found = []
    for flows in (True, False):
        some = [cell for cell in cells if cell["segment"] == segment and _moved(cell) == flows]
        found += [_table(of_way(some, way), way, flows=flows) for way in ways(some)]
    return found


def headline(cells: Iterable[Cell], gazetteer: Gazetteer) -> list[Cell]:
    """The largest number of each way of counting all people, of the widest area and destination.

    One each, as numbers of different destinations may be of the same people.
    """
    shown = [cell for cell in cells if cell["segment"] == "all" and cell["kind"] == "area"]

    def size(cell: Cell) -> tuple[int, int, int]:
        level = len(gazetteer.ancestors(cell["area"]))
        return -_value(cell), level, -len(cell["destination"] or "")

    return [min(of_way(shown, way), key=size) for way in ways(shown)]


def _table(cells: Sequence[Cell], way: Way, *, flows: bool) -> Moves:
    numbers = [cell[name] for cell in cells for name in ("low", "best", "high")]
    most = max((number for number in numbers if number is not None), default=0)
    rows = [Row(cell, bar_of(cell, most), _is_bounded(cell)) for cell in cells]
    rows.sort(key=lambda row: (row.bounded, -_value(row.cell), -(row.cell["high"] or most + 1)))
    return Moves(way, flows, tuple(rows), most)


def bar_of(cell: Cell, most: int) -> Bar:
    """The range of a cell as a bar.

    Args:
        cell: with low, best and high.
        most: the number that the whole bar stands for.
    """
    each = BAR / (most or 1)
    best, high = cell["best"], cell["high"]
    return Bar(
        round(cell["low"] * each, 1),
        BAR if high is None else round(high * each, 1),
        None if best is None else round(best * each, 1),
        high is None,
    )


def _moved(cell: Cell) -> bool:
    return bool(cell["origin"] or cell["destination"])


def _is_bounded(cell: Cell) -> bool:
    return cell["best"] is None and cell["low"] == 0


def _value(cell: Cell) -> int:
    """What is known at least, or best: by this numbers are ordered."""
    best: int | None = cell["best"]
    low: int = cell["low"]
    return low if best is None else best
