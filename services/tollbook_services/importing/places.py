"""Reads the cells that name places: an area or a country, by code or by name."""

from collections.abc import Collection, Sequence
from typing import Final

from tollbook_schemas.area import Area
from tollbook_schemas.area_find import Found
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.importing.cells import needed, refused
from tollbook_services.importing.rows import Context, Row

_COUNTRY: Final = 0
_LEVELS: Final = {_COUNTRY: "country", 1: "first-level area", 2: "second-level area"}


def area_code(
    row: Row,
    column: str,
    context: Context,
    *,
    inside: str | None = None,
    levels: Collection[int] | None = None,
) -> str:
    """The canonical code of the area that a cell names; docs/areas.md says how.

    Args:
        row: the row.
        column: the column of the name or code.
        context: whose gazetteer reads it.
        inside: the code of an area that it must lie in (or be).
        levels: the levels that it may have: 0 for countries, 1 for their first level.

    Raises:
        RowError: nothing is there, or it is not the name of exactly one area; with the candidates.
    """
    text = _text(row, column)
    found = context.gazetteer.find(text, inside=inside, levels=levels)
    if found.area is None:
        message = _message(text, found, context.gazetteer, inside, levels)
        raise refused(column, message)
    return found.area.code


def country_code(row: Row, column: str, context: Context) -> str:
    """The ISO 3166-1 code of the country that a cell names.

    Raises:
        RowError: as `area_code`.
    """
    return area_code(row, column, context, levels=(_COUNTRY,))


def _text(row: Row, column: str) -> str:
    """What stands there, `NA` apart: programs write it for nothing, and ISO for Namibia."""
    cell = row.cells.get(column)
    if isinstance(cell, str) and cell.strip().upper() == "NA":
        raise refused(column, f"{cell.strip()!r} may be nothing or Namibia: write NAM or Namibia")
    return needed(row, column)


def _message(
    text: str,
    found: Found,
    known: Gazetteer,
    inside: str | None,
    levels: Collection[int] | None,
) -> str:
    wanted = _wanted(known, inside, levels)
    near = _listed(found.candidates, known)
    if found.ambiguous:
        return f"{text!r} is the name of several areas: write the code of the one meant, {near}"
    if near:
        return f"{text!r} is the name or code of no {wanted}: did you mean {near}?"
    return f"{text!r} is the name or code of no {wanted}: write its ISO 3166 code or P-code"


def _wanted(known: Gazetteer, inside: str | None, levels: Collection[int] | None) -> str:
    """What a cell may name: `first-level area of Myanmar (MM)`."""
    kinds = [_LEVELS.get(level, f"area of level {level}") for level in sorted(levels or ())]
    around = f" of {known.name(inside)} ({known.canonical(inside)})" if inside else " that is known"
    return (" or ".join(kinds) or "area") + around


def _listed(areas: Sequence[Area], known: Gazetteer) -> str:
    return " or ".join(f"{area.code} ({_place(area, known)})" for area in areas)


def _place(area: Area, known: Gazetteer) -> str:
    around = known.ancestors(area.code)
    return f"{area.name} in {known.name(around[0])}" if around else area.name
