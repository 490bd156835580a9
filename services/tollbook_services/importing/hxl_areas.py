"""Where a row of an HXL sheet is: the finest area that it names, inside the wider ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tollbook_services.importing.cells import text
from tollbook_services.importing.hxl_columns import AreaColumns
from tollbook_services.importing.hxl_map import HxlMap
from tollbook_services.importing.places import area_code
from tollbook_services.importing.rows import CellFault, Context, Row, RowError


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


def _around(found: Where) -> str | None:
    return found.codes[0] if len(found.codes) == 1 else None


def _called(row: Row, columns: AreaColumns) -> str | None:
    return next((name for one in columns.names if (name := text(row, one))), None)


def _level(row: Row, columns: AreaColumns, context: Context, inside: str | None) -> Where | None:
    """The area of one level: by its codes, else by its names, which must not contradict them."""
    found: Where | None = None
    errors: list[CellFault] = []
    levels = None if columns.level is None else (columns.level,)
    for column in (*columns.codes, *columns.names):
        if text(row, column) is None:
            continue
        try:
            code = area_code(row, column, context, inside=inside, levels=levels)
        except RowError as error:
            errors += error.faults
            continue
        if found is not None and found.codes != (code,):
            name = context.gazetteer.name
            raise RowError(
                CellFault(
                    column,
                    f"{text(row, column)!r} is {name(code)} ({code}), but {found.column} says "
                    f"{name(found.codes[0])} ({found.codes[0]}): correct one of them",
                )
            )
        found = found or Where((code,), column=column)
    if found is None and errors:
        raise RowError(*errors)
    return found
