"""Tells by its columns whether a file is what it is said to be, before any row of it is refused."""

from collections.abc import Iterator, Mapping
from typing import Final

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import Row

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "ucdp-ged": ("id", "best", "low", "high", "date_start", "date_end", "country"),
    "acled": ("event_id_cnty", "event_date", "fatalities", "country", "timestamp"),
    "idmc-idu": ("id", "figure", "qualifier", "displacement_date", "country"),
    "tfp-daily": ("report_date",),
}
"""Columns without which no row of a format makes an event."""

_SHOWN_MAX: Final = 12
"""Columns of the file that a message repeats."""


def expecting(rows: Iterator[Row], kind: str) -> Iterator[Row]:
    """The rows of a file, whose first one has to have the columns of a format.

    Raises:
        UsageError: it has not; the message says what is missing, and which format it looks like.
    """
    for number, row in enumerate(rows):
        if not number and row.fault is None:
            _must_have(row, kind)
        yield row


def _must_have(row: Row, kind: str) -> None:
    missing = [name for name in COLUMNS[kind] if name not in row.cells]
    if not missing:
        return
    there = [name for name in row.cells if name]
    shown = ", ".join(there[:_SHOWN_MAX]) + (", ..." if len(there) > _SHOWN_MAX else "")
    likely = [name for name, columns in COLUMNS.items() if all(one in row.cells for one in columns)]
    hint = f": is it {' or '.join(likely)}?" if likely else ""
    raise UsageError(
        f"{row.file}, line {row.line}: a {kind} file has the columns {', '.join(missing)}; "
        f"this one has {shown or 'none'}{hint}"
    )
