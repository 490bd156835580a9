"""Report events made of rows: the envelope, and the quantities that columns give."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from tollbook_schemas.limits import INTEGER_MAX
from tollbook_services.importing.rows import Cell, Document, Row

REPORT: Final = "org.tollbook.report.filed.v1"

_ID_CHARS: Final = ":@!$&'()*+,;=~"
"""What an id may have besides letters, digits and `_.-`: all but `/`, `#`, `%` and spaces."""


def report(*, source: str, id: str, crisis: str, time: str, data: Document) -> Document:  # noqa: A002 - its name in CloudEvents
    """A `report.filed` event.

    Args:
        source: stable name of the dataset, such as `https://ucdp.uu.se/ged`.
        id: the producer's own id of the row.
        crisis: the subject.
        time: RFC 3339 date-time of the publication, from the row and never from the clock.
        data: the report of CONTRACT.
    """
    return {
        "specversion": "1.0",
        "type": REPORT,
        "source": source,
        "id": id,
        "subject": crisis,
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }


def exactly(value: int) -> dict[str, Any]:
    """The quantity of a counted number; a counted zero is `none_reported`."""
    return {"qualifier": "exactly", "value": value} if value else {"qualifier": "none_reported"}


def estimate(low: int | None, best: int | None, high: int | None) -> dict[str, Any] | None:
    """The quantity of up to three numbers; None where there is none at all.

    Numbers out of order stay as they are, and are flagged `bounds_disordered` (R2 in
    docs/domain.md).

    Raises:
        ValueError: they are no quantity; the message says which is missing.
    """
    given = {"from": low, "value": best, "to": high}
    match tuple(name for name, number in given.items() if number is not None):
        case ():
            return None
        case ("value",):
            return exactly(best or 0)
        case ("from",):
            return {"qualifier": "at_least", "value": low}
        case ("to",):
            return {"qualifier": "up_to", "value": high}
        case ("from", "to") | ("from", "value", "to"):
            numbers = {name: number for name, number in given.items() if number is not None}
            same = len(set(numbers.values())) == 1
            return exactly(low or 0) if same else {"qualifier": "between", **numbers}
        case _:
            end = "high" if high is None else "low"
            raise ValueError(f"is empty: give the {end} too, or the best estimate alone")


def event_id(text: str) -> str:
    """The producer's id as the id of an event; characters that none may have, with `%`."""
    return quote(text, safe=_ID_CHARS)


def kept(row: Row) -> dict[str, Cell]:
    """The columns as they stand, for `ext`; fractions as texts, as canonical JSON has none.

    It has no names outside ASCII either: such a column is `(column 3)`, its name beside its cell.
    """
    return _members(row.cells)


def _members(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    members: dict[str, Cell] = {}
    for place, (name, cell) in enumerate(cells.items(), 1):
        if name.isascii():
            members[name] = _kept(cell)
        else:
            members[f"(column {place})"] = {"name": name, "cell": _kept(cell)}
    return members


def _kept(cell: Cell) -> Cell:
    match cell:
        case str() | bool() | None:
            return cell
        case float():
            return repr(cell)
        case int() if abs(cell) > INTEGER_MAX:
            return str(cell)
        case list():
            return [_kept(one) for one in cell]
        case dict():
            return _members(cell)
        case _:
            return cell
