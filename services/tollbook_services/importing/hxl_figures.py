"""The figures of a row of an HXL sheet: each from the column of its number or of its range."""

from tollbook_services.importing.cells import whole
from tollbook_services.importing.hxl_columns import FigureColumns
from tollbook_services.importing.reports import exactly
from tollbook_services.importing.rows import CellFault, Document, Row, RowError


def figure_of(row: Row, columns: FigureColumns) -> Document | None:
    """The figure without its time and place; None where its cells are empty.

    Raises:
        RowError: a cell is no whole number, or a range has no upper end.
    """
    quantity = _quantity(row, columns)
    if quantity is None:
        return None
    count = columns.count
    figure: Document = {
        "id": count.figure_id,
        "measure": count.measure,
        "unit": count.unit,
        "quantity": quantity,
        "basis": columns.basis,
    }
    if count.segment:
        figure["segment"] = dict(count.segment)
    return figure


def _quantity(row: Row, columns: FigureColumns) -> Document | None:
    low, best, high = (
        whole(row, name) if name else None for name in (columns.low, columns.best, columns.high)
    )
    match low, best, high:
        case None, None, None:
            return None
        case None, int(), None:
            rough = columns.approximate
            return {"qualifier": "approximately", "value": best} if rough else exactly(best)
        case int(), int(), int() if low == best == high:
            return exactly(best)
        case int(), _, None if best is None or best == low:
            at_least = {"qualifier": "at_least", "value": low}
            return at_least if low or best is not None else {"qualifier": "unquantified"}
        case None, None, int():
            return {"qualifier": "up_to", "value": high}
        case _, _, int():
            known = {} if best is None else {"value": best}
            return {"qualifier": "between", "from": low or 0, "to": high, **known}
        case _:
            text = f"a range from {low} with a best of {best} needs its upper end too"
            raise RowError(CellFault(columns.high or columns.best or "", text))
