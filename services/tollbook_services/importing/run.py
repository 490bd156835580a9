"""Appends what importers make of rows: read, checked and appended at the same time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import orjson

from tollbook_schemas.errors import Fault, UsageError
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_made
from tollbook_services.importing.reports import kept
from tollbook_services.importing.rows import (
    WHOLE_ROW,
    CellFault,
    Context,
    Importer,
    Made,
    Refused,
    Row,
    Skipped,
)
from tollbook_services.importing.tables import whole
from tollbook_services.ledger import Receipt
from tollbook_services.today import last_day_now

IMPORT_BATCH: Final = 500
"""Events of one append: the batch at which one fsync costs almost nothing per event."""

IMPORT_BYTES: Final = 4 * 2**20
"""Bytes after which a batch is closed early: two are held at a time, with the rows they are of."""

_AT_ONCE: Final = 32
"""Rows read before what waits for the engine gets its turn."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row, or of several that belong together.

    Attributes:
        rows: the rows.
        event: what was made of them, checked; None where nothing could be.
        raw: what is kept of a refusal: the event, or else the rows, as JSON.
        faults: why it was refused.
        receipt: given once it is stored; a refusal has one too, with status `rejected`; None for
            rows that the mapping file leaves out.
        skipped: whether the mapping file leaves them out.
        again: whether another event was made of these rows, which counts them.
    """

    rows: tuple[Row, ...]
    event: ParsedEvent | None
    raw: bytes
    faults: tuple[CellFault, ...] = ()
    receipt: Receipt | None = None
    skipped: bool = False
    again: bool = False

    @property
    def rows_count(self) -> int:
        """How many rows have become this, without those that are counted elsewhere."""
        return 0 if self.again else len(self.rows)

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.raw) if self.event is None else len(self.event.canonical)

    @property
    def place(self) -> str:
        """Where it stands: `file, line 12`."""
        return f"{self.rows[0].file}, line {self.rows[0].line}"

    def told_faults(self) -> tuple[Fault, ...]:
        """The faults as a receipt and the rejected stream have them, with file, line and column."""
        return tuple(
            Fault("", f"{one.message} ({self.place}{_column(one)})") for one in self.faults
        )


class Store(Protocol):
    """Stores a batch and gives it back with receipts."""

    async def __call__(self, batch: list[Outcome]) -> list[Outcome]:
        """Each outcome with its receipt, in order, once all of them are durable."""
        ...


def read(
    importer: Importer, file: Path, context: Context, admitted: Gazetteer, name: str | None = None
) -> Iterator[Outcome]:
    """What becomes of each row of a file, before anything is stored.

    Args:
        importer: the format.
        file: the file.
        context: crisis, areas and mapping.
        admitted: the areas that events may name.
        name: what the file is called, where that is not its path.

    Raises:
        UsageError: it is no file of this format.
    """
    found = importer.rows(file)
    if name is not None:
        found = (replace(row, file=name) for row in found)
    broken: list[Row] = []
    for item in importer.read(whole(found, broken), context):
        yield from _broken(broken)
        match item:
            case Made():
                yield _checked(item, admitted)
            case Refused(rows, faults):
                yield Outcome(rows, None, _rows_as_json(rows), faults)
            case Skipped(rows):
                yield Outcome(rows, None, b"", skipped=True)
    yield from _broken(broken)


async def in_batches(outcomes: Iterable[Outcome]) -> AsyncIterator[list[Outcome]]:
    """Outcomes in batches for one append each; other tasks get their turn between rows.

    Where the file turns out to be broken, what was read before that comes first.
    """
    batch: list[Outcome] = []
    size = 0
    try:
        for number, one in enumerate(outcomes, 1):
            batch.append(one)
            size += one.size
            if len(batch) == IMPORT_BATCH or size >= IMPORT_BYTES:
                yield batch
                batch, size = [], 0
            elif number % _AT_ONCE == 0:
                await asyncio.sleep(0)
    except UsageError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


async def overlapping(
    batches: AsyncIterator[list[Outcome]], store: Store
) -> AsyncIterator[list[Outcome]]:
    """Store each batch while the next is read; they come out in order, once they are durable.

    Where reading ends in an error, what was read before it is stored, and comes out first.
    """
    storing: asyncio.Future[list[Outcome]] | None = None
    broken: UsageError | None = None
    try:
        try:
            async for batch in batches:
                if storing is not None:
                    yield await storing
                storing = asyncio.ensure_future(store(batch))
        except UsageError as error:
            broken = error
        if storing is not None:
            last, storing = storing, None
            yield await last
        if broken is not None:
            raise broken
    finally:
        if storing is not None and not storing.done():
            with suppress(Exception):
                await storing


def _checked(made: Made, admitted: Gazetteer) -> Outcome:
    found = parse_made(made.event, admitted, last_day_now())
    if isinstance(found, ParsedEvent):
        return Outcome(made.rows, found, b"", again=made.again)
    faults = tuple(CellFault(_origin_of(fault, made.columns), _told(fault)) for fault in found)
    return Outcome(made.rows, None, orjson.dumps(made.event), faults, again=made.again)


def _origin_of(fault: Fault, columns: Mapping[str, str]) -> str:
    """The column that a part of an event came from."""
    fits = [pointer for pointer in columns if _leads(pointer, fault.pointer)]
    return columns[max(fits, key=len)] if fits else WHOLE_ROW


def _leads(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _told(fault: Fault) -> str:
    return f"{fault.message} (at {fault.pointer})" if fault.pointer else fault.message


def _broken(rows: list[Row]) -> Iterator[Outcome]:
    for row in rows:
        if row.fault is not None:
            yield Outcome((row,), None, _rows_as_json((row,)), (row.fault,))
    rows.clear()


def _rows_as_json(rows: Sequence[Row]) -> bytes:
    cells = [kept(row) for row in rows]
    return orjson.dumps(cells[0] if len(cells) == 1 else cells)


def _column(fault: CellFault) -> str:
    return f", column {fault.column}" if fault.column else ""
