"""One row as a mapping file reads it: its texts, days, counts and conditions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from string import Formatter
from typing import Any, Final

from tollbook_schemas.times import instant_of
from tollbook_services.importing.cells import choice, day, digits, refused, text, whole
from tollbook_services.importing.mapping_value import Condition, CountValue, DayValue, TextValue
from tollbook_services.importing.rows import Cell, Row
from tollbook_services.importing.slugs import slug_of

PATH_STEPS_MAX: Final = 8
"""Levels of nested JSON that a path of columns reaches."""

_DAYS: Final = ("%d", "%j", "%x", "%c", "%D", "%F")
_MONTHS: Final = ("%m", "%b", "%B")
"""Parts of a layout that say the day, and the month."""


class Values:
    """Reads the values of a mapping in one row, and remembers where they came from.

    Attributes:
        sent: the row as it stands in its file.
        row: the same, with the members of nested JSON as columns with paths.
        columns: by JSON pointer into the event, the column that it came from.
    """

    def __init__(self, row: Row) -> None:
        """Take a row as it stands in its file."""
        self.sent = row
        self.row = flat(row)
        self.columns: dict[str, str] = {}

    def text(self, value: TextValue | None, pointer: str) -> str | None:
        """A text for a place of the event; None where there is nothing."""
        if value is None:
            return None
        found = self._filled(value) if value.template is not None else self._text(value)
        if found is None:
            return self.text(value.otherwise, pointer)
        if value.columns:
            self.columns[pointer] = value.columns[0]
        return slug_of(found) if value.slug else found

    def needed(self, value: TextValue, pointer: str) -> str:
        """The same where there has to be one."""
        found = self.text(value, pointer)
        if found is None:
            raise refused(_first(value.columns), "is empty: it is needed")
        return found

    def moment(self, value: DayValue | None, pointer: str) -> str | None:
        """A day, or a date-time with its offset as it stands."""
        if value is None or value.column is None:
            return None if value is None else value.constant
        cell = self._cell(value, value.column)
        found = text(cell, value.column)
        if found is None:
            return self.moment(value.otherwise, pointer)
        self.columns[pointer] = value.column
        return found if _is_instant(found) else _day(cell, value.column, value).isoformat()

    def count(self, value: CountValue | None, pointer: str) -> int | None:
        """A whole number."""
        if value is None or value.column is None:
            return None if value is None else value.constant
        self.columns[pointer] = value.column
        return whole(self._cell(value, value.column), value.column)

    def hold(self, conditions: Iterable[Condition]) -> bool:
        """Whether the row is as all the conditions want it."""
        return all(self._holds(one) for one in conditions)

    def _holds(self, condition: Condition) -> bool:
        column = condition.column
        present = self._has(column, optional=condition.optional or condition.empty is not None)
        found = text(self.row, column) if present else None
        if condition.empty is not None:
            return (found is None) == condition.empty
        if condition.in_ is not None:
            return found in condition.in_
        return found not in (condition.not_in or ())

    def _text(self, value: TextValue) -> str | None:
        if value.column is None:
            return value.constant
        cell = self._cell(value, value.column)
        found = text(cell, value.column)
        if found is None or value.map is None:
            return found
        return choice(cell, value.column, value.map)

    def _filled(self, value: TextValue) -> str | None:
        """A template with what its columns say; one of them empty, and it is empty."""
        told = ""
        for before, column, _, _ in Formatter().parse(value.template or ""):
            told += before
            if column is not None:
                found = text(self._cell(value, column), column)
                if found is None:
                    return None
                told += found
        return told

    def _cell(self, value: TextValue | DayValue | CountValue, column: str) -> Row:
        """A row with what counts of a cell under its column."""
        self._has(column, optional=value.optional)
        found = text(self.row, column) if value.pattern is not None else None
        if value.pattern is None or found is None:
            return self.row
        match = re.search(value.pattern, found)
        if match is None:
            raise refused(column, f"{found!r} is not as the map has it: {value.pattern}")
        return Row(self.row.file, self.row.line, {column: match[1]})

    def _has(self, column: str, *, optional: bool) -> bool:
        if column not in self.row.cells and not optional:
            message = "is missing: where rows may lack it, write optional = true in the map"
            raise refused(column, message)
        return column in self.row.cells


def flat(row: Row) -> Row:
    """The row with what lies inside its cells under paths, such as `deaths.best`."""
    if not any(isinstance(cell, dict | list) for cell in row.cells.values()):
        return row
    inner = dict(_paths(row.cells, "", PATH_STEPS_MAX))
    return Row(row.file, row.line, inner | dict(row.cells), row.fault)


def _paths(cells: Mapping[str, Any], lead: str, steps: int) -> Iterator[tuple[str, Cell]]:
    for name, cell in cells.items():
        if isinstance(cell, list):
            cell = {str(place): one for place, one in enumerate(cell)}  # noqa: PLW2901
        if isinstance(cell, dict):
            if steps > 1:
                yield from _paths(cell, f"{lead}{name}.", steps - 1)
        else:
            yield f"{lead}{name}", cell


def _day(cell: Row, column: str, value: DayValue) -> date:
    """A day in one of the layouts; one without a day is the first or the last of its time."""
    found = digits(text(cell, column) or "")
    for layout in value.layouts:
        try:
            first = datetime.strptime(found, layout).date()  # noqa: DTZ007 - only its day
        except ValueError:
            continue
        return _last(first, layout) if value.last else first
    return day(cell, column, value.layouts) or date.min


def _last(first: date, layout: str) -> date:
    if any(part in layout for part in _DAYS):
        return first
    if any(part in layout for part in _MONTHS):
        return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(month=12, day=31)


def _first(columns: tuple[str, ...]) -> str:
    return columns[0] if columns else ""


def _is_instant(found: str) -> bool:
    try:
        instant_of(found)
    except ValueError:
        return False
    return True
