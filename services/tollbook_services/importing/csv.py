"""Any table, with a mapping file that says what its columns mean."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import UsageError
from tollbook_schemas.nearest import nearest
from tollbook_schemas.times import end_of, format_instant
from tollbook_services.importing.cells import refused, text
from tollbook_services.importing.mapping import ALL_COLUMNS, Mapping, mapping_of
from tollbook_services.importing.mapping_columns import needed_columns
from tollbook_services.importing.mapping_figures import Figures, Plan, plans_of
from tollbook_services.importing.mapping_row import Values
from tollbook_services.importing.mapping_value import Digest
from tollbook_services.importing.reports import event_id, kept, report
from tollbook_services.importing.rows import (
    WHOLE_ROW,
    Context,
    Document,
    Imported,
    Importer,
    Made,
    Refused,
    Row,
    RowError,
    Skipped,
)
from tollbook_services.importing.tables import read_rows

_ID_CHARS: Final = 32
"""Hex digits of an id that is a digest: 128 bits, so that no two rows get the same."""

_TEXTS: Final = ("relayed_by", "url", "title", "language", "note")


class Csv:
    """Reads tables of any columns, in CSV, JSON, JSON Lines or a workbook."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        return read_rows(file)

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """A report of each row that the mapping does not leave out.

        Raises:
            UsageError: there is no mapping, it cannot be, or the first row has not its columns.
        """
        return _read(rows, mapping_of(context.mapping), context)


IMPORTER: Importer = Csv()


def _read(rows: Iterable[Row], mapping: Mapping, context: Context) -> Iterator[Imported]:
    first, plans = True, plans_of(mapping)
    for row in rows:
        values = Values(row)
        if first:
            _check_columns(values.row, mapping)
            first = False
        try:
            if not values.hold(mapping.where):
                yield Skipped((row,))
                continue
            event = _report(values, mapping, plans, context)
        except RowError as error:
            yield Refused((row,), error.faults)
        else:
            yield Made((row,), event, values.columns)


def _check_columns(row: Row, mapping: Mapping) -> None:
    """A column that the mapping gets wrong is told once, and nothing is imported."""
    known = tuple(row.cells)
    missing = [column for column in needed_columns(mapping) if column not in row.cells]
    if missing:
        told = ", ".join(f"{column!r}{nearest(column, known)}" for column in missing)
        raise UsageError(
            f"{row.file}, line {row.line}: the mapping names columns that are not there: {told}. "
            f"There are {', '.join(known)}. Where only some rows have one, write optional = true"
        )


def _report(values: Values, mapping: Mapping, plans: Sequence[Plan], context: Context) -> Document:
    originator = values.needed(mapping.originator, "/data/originator")
    published = values.moment(mapping.published_at, "/data/published_at")
    if published is None:
        column = mapping.published_at.column or WHOLE_ROW
        raise refused(column, "is empty: a report needs the day of its publication")
    figures = Figures(plans, values, context)
    figures.make(originator)
    data: Document = {"originator": originator, "published_at": published}
    for name in _TEXTS:
        if (found := values.text(getattr(mapping, name), f"/data/{name}")) is not None:
            data[name] = found
    data["figures"] = figures.figures
    if figures.statements:
        data["statements"] = figures.statements
    columns = kept(values.sent)
    data["ext"] = {"columns": columns}
    return report(
        source=mapping.source,
        id=_identity(values, mapping, columns),
        crisis=context.crisis,
        time=format_instant(end_of(published)),
        data=data,
    )


def _identity(values: Values, mapping: Mapping, columns: Document) -> str:
    """The id of a row: of its own columns only, so that it is the same in any order of rows."""
    if not isinstance(mapping.id, Digest):
        return event_id(values.needed(mapping.id, "/id"))
    if ALL_COLUMNS in mapping.id.digest:
        told: object = columns
    else:
        told = [text(values.row, column) for column in mapping.id.digest]
    return sha256(canonical_bytes(told)).hexdigest()[:_ID_CHARS]
