"""Reads single cells as texts, numbers, dates and choices; what is unclear is refused."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from tollbook_schemas.limits import INTEGER_MAX
from tollbook_services.importing.rows import Cell, CellFault, Row, RowError

EMPTY: Final = frozenset({"", "-", "–", "—", "n/a", "na", "nan", "null", "none", "#n/a"})  # noqa: RUF001
"""What tables write where they have nothing, in lower case."""

_EMPTY_CHARS_MAX: Final = max(map(len, EMPTY))

_Choice = TypeVar("_Choice")

_GROUPS: Final = " \u00a0\u202f\u2009'\u2019\u066c,"
"""What stands between groups of three digits; a point is none, since it may be a decimal one."""

_DIGITS_SAFE: Final = 15
"""Digits of a number that is surely below `INTEGER_MAX`."""

_GROUPED: Final = re.compile(rf"\d{{1,3}}([{_GROUPS}])\d{{3}}(\1\d{{3}})*")
_WHOLE: Final = re.compile(r"\d+([.\u066b]0+)?")
_POINTED: Final = re.compile(r"\d{1,3}(\.\d{3})+")
_ISO: Final = re.compile(r"(\d{4}-\d{2}-\d{2})([T ].*)?")
_SERIAL: Final = re.compile(r"\d{5}(\.0+)?")

_EXCEL_DAY_0: Final = date(1899, 12, 30)
"""Day 0 of spreadsheets that count 29 February 1900: right from 1 March 1900 on."""


def text(row: Row, column: str) -> str | None:
    """The text of a cell, stripped and in NFC; None where there is nothing (`EMPTY`)."""
    found = _text(row.cells.get(column))
    if len(found) > _EMPTY_CHARS_MAX:
        return found
    return None if found.lower() in EMPTY else found


def needed(row: Row, column: str) -> str:
    """The same where there has to be one.

    Raises:
        RowError: there is none.
    """
    found = text(row, column)
    if found is None:
        raise _lacking(row, column)
    return found


def needed_whole(row: Row, column: str) -> int:
    """`whole` where there has to be a number.

    Raises:
        RowError: there is none, or as `whole`.
    """
    found = whole(row, column)
    if found is None:
        raise _lacking(row, column)
    return found


def needed_day(row: Row, column: str, layouts: Sequence[str] = ()) -> date:
    """`day` where there has to be one.

    Raises:
        RowError: there is none, or as `day`.
    """
    found = day(row, column, layouts)
    if found is None:
        raise _lacking(row, column)
    return found


def whole(row: Row, column: str) -> int | None:
    """A whole number, not negative: `1225`, `1,225`, `1 225`, `12.0`, also in Arabic digits.

    Raises:
        RowError: it is none, or could be two (`1.225`).
    """
    found = text(row, column)
    if found is None:
        return None
    plain = digits(found)
    if plain.isdecimal() and len(plain) <= _DIGITS_SAFE:
        return int(plain)
    if _GROUPED.fullmatch(plain):
        plain = re.sub(rf"[{_GROUPS}]", "", plain)
    if _POINTED.fullmatch(plain) and isinstance(row.cells[column], str):
        other = plain.replace(".", "")
        raise refused(column, f"{found!r} may be {other} or a fraction: write {other}")
    if not _WHOLE.fullmatch(plain):
        raise refused(column, f"{found!r} is no whole number: write it as in 1225 or 1,225")
    number = int(re.split(r"[.\u066b]", plain)[0])
    if number > INTEGER_MAX:
        raise refused(column, f"{found!r} is more than can be counted ({INTEGER_MAX})")
    return number


def decimal(row: Row, column: str) -> Decimal | None:
    """A decimal number such as a coordinate, with a point.

    Raises:
        RowError: it is none.
    """
    found = text(row, column)
    if found is None:
        return None
    try:
        number = Decimal(digits(found).replace("\u066b", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise refused(column, f"{found!r} is no number: write it as in 35.52")
    return number


def day(row: Row, column: str, layouts: Sequence[str] = ()) -> date | None:
    """A day: ISO 8601, the day number of a spreadsheet, or one of the given layouts.

    The order of day and month is never guessed.

    Args:
        row: the row.
        column: the column.
        layouts: further layouts, as `strptime` has them, such as `%d %B %Y`.

    Raises:
        RowError: it is none of them.
    """
    found = text(row, column)
    if found is None:
        return None
    plain = digits(found)
    for layout in layouts:
        try:
            return datetime.strptime(plain, layout).date()  # noqa: DTZ007 - only its day
        except ValueError:
            continue
    try:
        if iso := _ISO.fullmatch(plain):
            datetime.fromisoformat(plain)
            return date.fromisoformat(iso[1])
        if _SERIAL.fullmatch(plain):
            return _EXCEL_DAY_0 + timedelta(days=int(plain[:5]))
    except ValueError as error:
        raise refused(column, f"{found!r} is no day ({error}): {_days(layouts)}") from None
    raise refused(column, f"{found!r} is no day: {_days(layouts)}")


def choice(row: Row, column: str, table: Mapping[str, _Choice]) -> _Choice:
    """What a table gives for a cell, whose case does not matter.

    Raises:
        RowError: the table does not have it.
    """
    found = needed(row, column)
    for name, value in table.items():
        if name.casefold() == found.casefold():
            return value
    raise refused(column, f"{found!r} is not known here: one of {', '.join(table)}")


def digits(found: str) -> str:
    """A text with the digits of all scripts as 0 to 9."""
    if found.isascii():
        return found
    return "".join(
        str(unicodedata.decimal(one)) if unicodedata.decimal(one, None) is not None else one
        for one in found
    )


def refused(column: str, message: str) -> RowError:
    """What a reader of cells raises."""
    return RowError(CellFault(column, message))


def _lacking(row: Row, column: str) -> RowError:
    missing = "is missing" if column not in row.cells else "is empty"
    return refused(column, f"{missing}: it is needed")


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    found = cell if isinstance(cell, str) else str(cell)
    return (found if found.isascii() else unicodedata.normalize("NFC", found)).strip()


def _days(layouts: Sequence[str]) -> str:
    others = "".join(f" or as {layout}" for layout in layouts)
    return f"write it as in 2025-03-11{others}"
