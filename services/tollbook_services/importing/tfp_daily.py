"""Tech for Palestine's daily files: a row is a day of Gaza or of the West Bank."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.cells import choice, day, needed, refused, text, whole
from tollbook_services.importing.expected import expecting
from tollbook_services.importing.reports import exactly, kept, report
from tollbook_services.importing.rows import (
    WHOLE_ROW,
    Cell,
    CellFault,
    Context,
    Document,
    Imported,
    Row,
    RowError,
    row_by_row,
)
from tollbook_services.importing.tables import read_rows
from tollbook_services.importing.tfp_fields import (
    COUNTERS,
    FIELDS,
    FILLED,
    FLASH_SOURCE,
    FLASH_SOURCES,
    PUBLISHER,
    SPEAKER,
    Territory,
    counter_of,
    figure_of,
)
from tollbook_services.importing.tfp_revisions import counted

SOURCE: Final = "https://data.techforpalestine.org/daily"

_REPORT_SOURCES: Final[Mapping[str, str]] = {
    "mohtel": "the Ministry of Health (Telegram)",
    "gmotel": "the Government Media Office (Telegram)",
    "unocha": "UN OCHA",
    "missing": "nobody: no daily report was found",
}
"""`report_source`: through which channel the count of that day was published."""

_ASSUMED: Final = (
    "published_at is assumed: the file holds the latest state of each day, and says of none when "
    "it was published."
)

_LEFT: Final = "Numbers that were changed after their publication are left to the file of changes."

_DAY_HOURS: Final = 24


class TfpDaily:
    """The daily casualties, of Gaza or of the West Bank, in JSON or CSV."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        return expecting(read_rows(file), "tfp-daily")

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """One report a row.

        Raises:
            UsageError: the mapping file has something else than `revisions`, or that is no file
                of `tfp-revisions`.
        """
        elsewhere = _told_elsewhere(context.mapping or {})
        return row_by_row(rows, lambda row: _converted(row, context, elsewhere))


IMPORTER: Final = TfpDaily()


_Elsewhere = Mapping[tuple[str, str], set[tuple[str, str]]]


def _told_elsewhere(mapping: Mapping[str, Any]) -> _Elsewhere:
    """What the file `revisions` of the mapping tells better: when which value was published."""
    match dict(mapping):
        case {"revisions": str(file), **others} if not others:
            return counted(Path(file))
        case {} if not mapping:
            return {}
        case _:
            message = 'the mapping file of tfp-daily is one line: revisions = "FILE.csv"'
            raise UsageError(message)


def _converted(
    row: Row, context: Context, elsewhere: _Elsewhere
) -> tuple[Document, Mapping[str, str]]:
    found = _Day.of(row)
    published = found.day.isoformat()
    told = elsewhere.get((found.territory, published), set())
    figures, left = found.figures(told), f" {_LEFT}" if told else ""
    data: Document = {
        "originator": COUNTERS[found.territory],
        "published_at": published,
        "note": f"{found.source} {_ASSUMED}{left}",
        "figures": figures,
        "ext": {"columns": kept(row)},
    }
    if all(figure["originator"] == PUBLISHER for figure in figures):
        data["originator"] = PUBLISHER
    if not figures:
        said = _LEFT if left else "The row of this day has no number of people."
        statement = {"id": "nothing", "speaker": SPEAKER, "kind": "claim", "text": said}
        data["statements"] = [statement]
    identity = f"{found.territory}:{found.day.isoformat()}"
    time = f"{published}T23:59:59Z"
    event = report(source=SOURCE, id=identity, crisis=context.crisis, time=time, data=data)
    columns = {f"/data/figures/{n}": figure["id"] for n, figure in enumerate(figures)}
    return event, {"/data/published_at": "report_date", **columns}


@dataclass(frozen=True, slots=True)
class _Day:
    """A row that has been told apart.

    Attributes:
        row: the row, the object `verified` as columns of its own.
        territory: where.
        day: the report's.
        start: the first day of the report's period; None where it has no length.
        flash: whether UN OCHA said what stands in the flash columns.
        source: who said it, in words.
    """

    row: Row
    territory: Territory
    day: date
    start: str | None
    flash: bool
    source: str
    faults: list[CellFault] = field(default_factory=list)

    @classmethod
    def of(cls, row: Row) -> "_Day":
        """Tell what a row is about by its columns."""
        flat = replace(row, cells=dict(_flattened(row)))
        found = day(row, "report_date")
        if found is None:
            needed(row, "report_date")
        when = found or date.min
        if "report_source" in row.cells:
            said = choice(row, "report_source", _REPORT_SOURCES)
            start = _start(row, when)
            return cls(flat, "gaza", when, start, flash=False, source=f"Reported by {said}.")
        if FLASH_SOURCE in row.cells:
            flash = choice(row, FLASH_SOURCE, FLASH_SOURCES)
            said = "UN OCHA" if flash else "nobody, filled in by the publisher"
            source = f"Flash figures: {said}."
            return cls(flat, "west_bank", when, when.isoformat(), flash=flash, source=source)
        message = f"there is neither report_source (Gaza) nor {FLASH_SOURCE} (West Bank)"
        raise refused(WHOLE_ROW, f"{message}: one of them tells what the row is about")

    def figures(self, elsewhere: Collection[tuple[str, str]]) -> list[Document]:
        """What the columns count; what the publisher filled in only where nobody reported it.

        Args:
            elsewhere: columns that are left out, with who counted.

        Raises:
            RowError: with every cell that is no number, or if no column counts anybody.
        """
        known = FIELDS[self.territory]
        if not known.keys() & self.row.cells.keys():
            raise refused(WHOLE_ROW, "no column counts anybody: one such as killed_cum is needed")
        counts = {column: self._number(column) for column in known}
        if self.faults:
            raise RowError(*self.faults)
        present = {column: count for column, count in counts.items() if count is not None}
        told = {
            column: count
            for column, count in present.items()
            if not (column.startswith(FILLED) and column.removeprefix(FILLED) in present)
            and (column, self._counter(column)) not in elsewhere
        }
        return [self._figure(column, count, told) for column, count in told.items()]

    def _number(self, column: str) -> int | None:
        try:
            return whole(self.row, column)
        except RowError as error:
            self.faults.extend(error.faults)
            return None

    def _counter(self, column: str) -> str:
        return counter_of(self.territory, column, flash=self.flash)

    def _figure(self, column: str, count: int, present: Mapping[str, int]) -> Document:
        counter = self._counter(column)
        day_ = self.day.isoformat()
        quantity = exactly(count)
        figure = figure_of(self.territory, column, quantity, day_, counter, self.start)
        if FIELDS[self.territory][column].part:
            figure |= {"part_of": "killed"} if "killed" in present else {"role": "held"}
        if column in {"displaced_persons_cum", "displaced_households_cum"}:
            figure["pair"] = "displaced"
        return figure


def _flattened(row: Row) -> Iterator[tuple[str, Cell]]:
    """The columns; those of an object such as `verified` as `verified.killed_cum`."""
    for name, cell in row.cells.items():
        if isinstance(cell, dict):
            yield from ((f"{name}.{inner}", value) for inner, value in cell.items())
        else:
            yield name, cell


def _start(row: Row, day_: date) -> str | None:
    """The first day of the report's period, which is of whole days; 0 hours say nothing."""
    hours = whole(row, "report_period")
    if not hours:
        return None
    if hours % _DAY_HOURS:
        message = f"{text(row, 'report_period')!r} hours are no whole days: write 24, 48 or more"
        raise refused("report_period", message)
    try:
        return (day_ - timedelta(days=hours // _DAY_HOURS - 1)).isoformat()
    except OverflowError:
        raise refused("report_period", f"{hours} hours are more than there can be") from None
