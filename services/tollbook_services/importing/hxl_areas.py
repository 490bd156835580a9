"""Where a row of an HXL sheet is: the finest area that it names, inside the wider ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tollbook_services.importing.cells import refused, text
from tollbook_services.importing.hxl_columns import AreaColumns
from tollbook_services.importing.hxl_map import HxlMap
from tollbook_services.importing.places import area_code
from tollbook_services.importing.rows import CellFault, Context, Row, RowError

_TOGETHER: Final = "+"
"""What stands between the codes, or the names, of areas that were counted together."""


@dataclass(frozen=True, slots=True)
class Where:
    """What a row says of a place.

    Attributes:
        codes: of its areas; empty where it names none.
        spot: a place inside them that has no code.
        column: the column of the finest of them.
    """

    codes: tuple[str, ...] = ()
    spot: str | None = None
    column: str | None = None


def where(
    row: Row,
    levels: Sequence[AreaColumns],
    context: Context,
    given: HxlMap,
    around: tuple[str, ...] = (),
) -> Where:
    """The finest area that a row names, which lies in the wider ones that it names.

    Args:
        row: the row.
        levels: the columns of its areas, the widest first.
        context: whose gazetteer reads them.
        given: what the mapping file says.
        around: the areas of a row that names none; a single one is around those that are named.

    Raises:
        RowError: an area is not known or not in the wider one, or a code and a name contradict
            each other; where the mapping says `finest = "wider"`, an unknown area with a known
            one around it is a place inside that.
    """
    found = Where(around)
    for columns in levels:
        try:
            finer = _level(row, columns, context, _around(found))
        except RowError as error:
            if given.finest == "refuse" or found.column is None:
                raise
            column = error.faults[0].column
            return replace(found, spot=_called(row, columns) or text(row, column))
        found = finer or found
    return found


def _around(found: Where) -> tuple[str, ...]:
    """The areas of which the next one lies in one: those of the row, or a single given one."""
    return () if found.column is None and len(found.codes) > 1 else found.codes


def _called(row: Row, columns: AreaColumns) -> str | None:
    return next((name for one in columns.names if (name := text(row, one))), None)


def _level(row: Row, columns: AreaColumns, context: Context, around: Sequence[str]) -> Where | None:
    """The area of one level: by its codes, else by its names, which must not contradict them."""
    found: Where | None = None
    errors: list[CellFault] = []
    for column in (*columns.codes, *columns.names):
        if text(row, column) is None:
            continue
        try:
            codes = _codes(row, column, context, columns.level, around)
        except RowError as error:
            errors += error.faults
            continue
        if found is not None and set(found.codes) != set(codes):
            names, others = (_told(one, context) for one in (codes, found.codes))
            raise refused(
                column,
                f"{text(row, column)!r} is {names}, but {found.column} says {others}: "
                "correct one of them",
            )
        found = found or Where(codes, column=column)
    if found is None and errors:
        raise RowError(*errors)
    return found


def _codes(
    row: Row, column: str, context: Context, level: int | None, around: Sequence[str]
) -> tuple[str, ...]:
    """The areas that a cell names; several that were counted together have a `+` between them.

    Raises:
        RowError: one of them is not known, or lies in none of the wider ones.
    """
    levels = None if level is None else (level,)
    inside = around[0] if len(around) == 1 else None
    known = context.gazetteer
    found: list[str] = []
    for part in (text(row, column) or "").split(_TOGETHER):
        one = replace(row, cells={column: part})
        code = area_code(one, column, context, inside=inside, levels=levels)
        if len(around) > 1 and not {code, *known.ancestors(code)}.intersection(around):
            names = " nor ".join(map(known.name, around))
            raise refused(column, f"{part.strip()!r} lies neither in {names}: correct one of them")
        if code not in found:
            found.append(code)
    return tuple(found)


def _told(codes: Sequence[str], context: Context) -> str:
    return " and ".join(f"{context.gazetteer.name(code)} ({code})" for code in codes)
