"""Where a row is, as a mapping file says: the finest area that its columns name."""

import re
from dataclasses import dataclass, replace
from typing import Final

from tollbook_services.importing.mapping import AreaMap
from tollbook_services.importing.mapping_row import Values
from tollbook_services.importing.mapping_value import TextValue
from tollbook_services.importing.places import area_code
from tollbook_services.importing.rows import Context, Row, RowError

_BETWEEN_CODES: Final = re.compile(r"[;,|]")


@dataclass(frozen=True, slots=True)
class Where:
    """What a row says of a place.

    Attributes:
        codes: of its areas; empty where the row names none.
        spot: a place inside them that has no code.
        unknown: what the row says where the mapping takes it for no place at all.
    """

    codes: tuple[str, ...] = ()
    spot: str | None = None
    unknown: str | None = None


def where(values: Values, areas: AreaMap, context: Context, pointer: str) -> Where:
    """The finest area that a row names; each has to lie in the one around it.

    Raises:
        RowError: one is not known. Where the mapping says `finest = "wider"`, an unknown area with
            a known one around it is a place inside that.
    """
    if areas.codes is not None:
        return _codes(values, areas.codes, context, pointer)
    found = Where()
    for level, value in areas.levels():
        name = values.text(value, pointer)
        if name is None:
            continue
        if not found.codes and name in areas.nowhere:
            return Where(unknown=name)
        around = found.codes[0] if found.codes else None
        try:
            code = _code(values, value, name, context, around, level)
        except RowError:
            if areas.finest == "refuse" or around is None:
                raise
            return replace(found, spot=name)
        found = Where((code,))
    return found


def _code(
    values: Values, value: TextValue, name: str, context: Context, around: str | None, level: int
) -> str:
    row, column = _as_cell(values, value, name)
    return area_code(row, column, context, inside=around, levels=(level,))


def _codes(values: Values, value: TextValue, context: Context, pointer: str) -> Where:
    found = values.text(value, pointer)
    if found is None:
        return Where()
    codes = []
    for one in _BETWEEN_CODES.split(found):
        row, column = _as_cell(values, value, one.strip())
        codes.append(area_code(row, column, context))
    return Where(tuple(dict.fromkeys(codes)))


def _as_cell(values: Values, value: TextValue, name: str) -> tuple[Row, str]:
    """A row whose cell says the name, for what reads cells."""
    column = (value.columns or ("",))[0]
    return Row(values.row.file, values.row.line, {column: name}), column
