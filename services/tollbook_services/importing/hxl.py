"""HXL sheets: any table with a row of tags, each row below it a report."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.hxl_columns import NUMBERED, Plan, written
from tollbook_services.importing.hxl_map import hxl_map
from tollbook_services.importing.hxl_ours import is_remainder
from tollbook_services.importing.hxl_plan import plan_of
from tollbook_services.importing.hxl_row import HxlRow
from tollbook_services.importing.rows import (
    Cell,
    CellFault,
    Context,
    Document,
    Imported,
    Importer,
    Row,
    row_by_row,
)
from tollbook_services.importing.tables import SURPLUS, raw_table

_SHOWN_CHARS_MAX: Final = 60
"""Characters of a cell that a message repeats."""


class Hxl:
    """Reads HXL sheets; libhxl finds the tags in rows that it is handed, and opens nothing."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows below the tag row, which must be one of the first 25.

        Raises:
            UsageError: there is no tag row, it cannot be read, or libhxl is not installed.
        """
        table = _Table(file)
        names = table.names()
        for line, cells in table.rest():
            if not all(_empty(cell) for cell in cells):
                yield _row(file, line, names, cells)

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """A report of each row, but for those that are worked out from others.

        Raises:
            UsageError: tags and mapping leave open what the rows mean.
        """
        return row_by_row(rows, _Reader(context))


class _Reader:
    """Converts rows, with the plan of the sheet that they are of."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._given = hxl_map(context.mapping)
        self._sheet: tuple[str, ...] = ()
        self._plan: Plan | None = None

    def __call__(self, row: Row) -> tuple[Document, Mapping[str, str]] | None:
        columns = tuple(row.cells)
        if self._plan is None or self._sheet != columns:
            self._plan = plan_of(row.file, columns, self._given)
            self._sheet = columns
        if is_remainder(row):
            return None
        return HxlRow(row, self._plan, self._given, self._context).report()


class _Table:
    """A table that is read once: its tag row first, then what is below it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._line = 0
        self._latest: Sequence[Cell] = ()
        self._width = 0
        self._dataset = _libhxl(file)(self._raw())

    def _raw(self) -> Iterator[Sequence[Cell]]:
        for line, cells in raw_table(self._file):
            self._line, self._latest = line, cells
            self._width = max(self._width, len(self._latest))
            yield self._latest

    def names(self) -> tuple[str, ...]:
        """A name for each column: its tag, numbered where others before it have the same."""
        columns = self._columns()
        names: dict[str, None] = {}
        for number, column in enumerate(columns, 1):
            tag, cell = column.display_tag, self._latest[number - 1]
            if not tag and not _empty(cell):
                raise UsageError(
                    f"{self._file}:{self._line}: column {number} of the row of tags has "
                    f"{str(cell).strip()[:_SHOWN_CHARS_MAX]!r}, which is no tag: a tag is a # and "
                    "a word, then a + before each attribute, such as #affected+killed"
                )
            name = tag or f"column {number}"
            names[f"{tag}{NUMBERED}{number})" if name in names else name] = None
        return (*names, *(f"column {number + 1}" for number in range(len(names), self._width)))

    def _columns(self) -> Sequence[Any]:
        from hxl.input import HXLTagsNotFoundException  # noqa: PLC0415 - 200 ms, and an extra

        try:
            columns: Sequence[Any] = self._dataset.columns
        except HXLTagsNotFoundException as error:
            raise UsageError(
                f"{self._file}: no row of HXL tags among its first 25 rows. One, below the headers "
                "if it has any, must say what its columns are, such as "
                "#date,#adm1+name,#affected+killed,#meta+source"
            ) from error
        return columns

    def rest(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Line and cells of each row below the tags."""
        for row in self._dataset:
            yield self._line, row.values


def _libhxl(file: Path) -> Any:
    """What makes libhxl's dataset of rows of cells.

    Raises:
        UsageError: libhxl is not installed.
    """
    try:
        import hxl.input  # noqa: PLC0415 - 200 ms, and an extra
    except ImportError as error:
        raise UsageError(
            f"{file}: HXL is read with libhxl, which is not installed: pip install 'tollbook[hxl]'"
        ) from error
    logging.getLogger("hxl").addHandler(logging.NullHandler())  # what it says is raised here
    return lambda cells: hxl.input.HXLReader(hxl.input.ArrayInput(cells))


def _row(file: Path, line: int, names: Sequence[str], cells: Sequence[Cell]) -> Row:
    """Cells by column; only columns without a tag may be left off at the end of a row."""
    found: dict[str, Cell] = dict.fromkeys(names) | dict(zip(names, cells, strict=False))
    extra = [cell for cell in cells[len(names) :] if not _empty(cell)]
    left_off = [name for name in names[len(cells) :] if written(name)]
    fault = None
    if extra:
        found[SURPLUS] = extra
        fault = CellFault(
            SURPLUS, f"{len(cells)} cells for {len(names)} columns: quote or tag them"
        )
    elif left_off:
        text = f"only {len(cells)} cells for {len(names)} columns: is the line cut off?"
        fault = CellFault(left_off[0], text)
    return Row(str(file), line, found, fault)


def _empty(cell: Cell) -> bool:
    return cell is None or not str(cell).strip()


IMPORTER: Importer = Hxl()
