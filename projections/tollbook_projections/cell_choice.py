"""Which cell a question means: by its id, by some of its fields, or by areas alone."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from tollbook_projections.consolidation.books import Cell, CellKey
from tollbook_projections.documents import cell_id
from tollbook_projections.query import Query
from tollbook_projections.solved import Solved
from tollbook_schemas.errors import UsageError
from tollbook_schemas.gazetteer import Gazetteer

ANY: Final = "*"
"""Stands for any value of one field of a cell's id."""

CANDIDATES_MAX: Final = 12
"""Cells named where a question fits several: what a reader can choose from."""

_FIELDS: Final = (
    "measure",
    "unit",
    "nature",
    "kind",
    "area",
    "segment",
    "origin",
    "destination",
)

_OPTIONS: Final = ("measure", "segment", "kind")
"""The fields that a question about areas can give beside them."""


def cell_asked_for(found: Solved, asked: str, query: Query) -> Cell:
    """The one cell that a text asks for.

    Raises:
        UsageError: no cell fits, or several do; the message names candidates.
    """
    books = found.books
    cells = [
        cell
        for kind in books.kinds()
        if query.measure in {None, kind.measure}
        for cell in books.cells(kind)
        if found.holds(query, cell.key.region.areas)
    ]
    fits = [cell for cell in cells if _fits(cell.key, asked, found.gazetteer)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        narrowed = _narrowed(fits)
        raise UsageError(f"{asked!r} fits {len(fits)} cells: {narrowed}give one of {_named(fits)}")
    ids = [cell_id(cell.key) for cell in cells]
    close = get_close_matches(asked, ids, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {_named(cells)}"
    raise UsageError(f"no cell {asked!r}: {hint if cells else 'no figure answers this question'}")


def _fits(key: CellKey, asked: str, gazetteer: Gazetteer) -> bool:
    given = asked.split("|") if "|" in asked else [ANY] * 4 + [asked] + [ANY] * 3
    if len(given) != len(_FIELDS):
        return False
    own = cell_id(key).split("|")
    for name, wanted, value in zip(_FIELDS, given, own, strict=True):
        if wanted in {ANY, value}:
            continue
        if name in {"area", "origin", "destination"} and wanted:
            codes = sorted({gazetteer.canonical(code) for code in wanted.split("+")})
            if "+".join(codes) == value:
                continue
        if name == "segment" and wanted == "/".join(part for _, part in key.region.segment):
            continue
        return False
    return True


def _narrowed(cells: Sequence[Cell]) -> str:
    """The options that tell some of these cells from others; empty where none does."""
    ids = [cell_id(cell.key).split("|") for cell in cells]
    differing = [name for place, name in enumerate(_FIELDS) if len({one[place] for one in ids}) > 1]
    options = [f"--{name}" for name in _OPTIONS if name in differing]
    return f"say which with {' and '.join(options)}, or " if options else ""


def _named(cells: Sequence[Cell]) -> str:
    ids = [f"'{cell_id(cell.key)}'" for cell in cells[:CANDIDATES_MAX]]
    more = f" and {len(cells) - CANDIDATES_MAX} more" if len(cells) > CANDIDATES_MAX else ""
    return ", ".join(ids) + more
