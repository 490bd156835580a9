"""What an importer is given and gives: rows of a table, and events or refusals made of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self

from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer

Cell = str | int | float | bool | list[Any] | dict[str, Any] | None
"""What stands in one column: a text from CSV; JSON and spreadsheets give numbers and nothing."""

Document = dict[str, Any]

CELL_CHARS_MAX: Final = 2**20
"""Characters of one cell: as many as an event may have bytes."""

WHOLE_ROW: Final = ""
"""The column of a fault that is not one of a single column."""


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why a row cannot be understood.

    Attributes:
        column: the column at fault; `WHOLE_ROW` where it is the row.
        message: what is wrong, and what would be right.
    """

    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table as it stands in a file.

    Attributes:
        file: the file, as the user named it.
        line: the line it begins on (in a spreadsheet: its row), from 1.
        cells: what stands in each column, by the column's name; nothing is trimmed or read yet.
        fault: why it could not be cut into its cells; importers are not given such rows.
    """

    file: str
    line: int
    cells: Mapping[str, Cell]
    fault: CellFault | None = None


class RowError(ValueError):
    """A row cannot be understood; raised by what reads cells, kept with its reasons."""

    def __init__(self, *faults: CellFault) -> None:
        """Take at least one fault."""
        super().__init__("; ".join(f"{one.column}: {one.message}" for one in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Refused:
    """A row, or several that belong together, of which no event can be made."""

    rows: tuple[Row, ...]
    faults: tuple[CellFault, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """An event made of rows: the CloudEvents document of CONTRACT, not validated yet.

    Attributes:
        rows: the rows it was made of, one for most formats.
        event: `report.filed`, or an act such as `figure.revised`; its id depends on the rows'
            content and names only, never on their order or on the time of the import.
        columns: the column that a JSON pointer into the event came from, for faults that the
            contract finds; the longest pointer that is a prefix counts.
        again: another event was made of these rows, and counts them.
    """

    rows: tuple[Row, ...]
    event: Document
    columns: Mapping[str, str]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows that are no reports: by the user's own mapping file, or worked out from others."""

    rows: tuple[Row, ...]


Imported = Made | Refused | Skipped


@dataclass(frozen=True, slots=True)
class Context:
    """What an import is about.

    Attributes:
        crisis: the subject of every event.
        gazetteer: the areas as this crisis reads them.
        mapping: the mapping file's content, for formats that need one.
    """

    crisis: str
    gazetteer: Gazetteer
    mapping: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls, crisis: str, gazetteer: Gazetteer | None, mapping: Mapping[str, Any] | None
    ) -> Self:
        """A context; without a ledger the areas are those that are built in."""
        return cls(crisis, gazetteer or default_gazetteer(), mapping)


class Importer(Protocol):
    """A format: how its files are read, and what becomes of its rows."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of a file, lazily, with memory that does not grow with the file.

        Raises:
            UsageError: the file is no table of this format; the message names file and line.
        """
        ...

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """What becomes of the rows, in their order; each row is in exactly one of it."""
        ...


def row_by_row(
    rows: Iterable[Row], convert: Callable[[Row], tuple[Document, Mapping[str, str]] | None]
) -> Iterator[Imported]:
    """`Importer.read` for a format of which each row is one event.

    Args:
        rows: the rows.
        convert: an event and its `columns` (see `Made`), or None for a row that is left out; it
            raises `RowError`.
    """
    for row in rows:
        try:
            made = convert(row)
        except RowError as error:
            yield Refused((row,), error.faults)
        else:
            yield Skipped((row,)) if made is None else Made((row,), *made)
