"""Exports events: JSON Lines that `tollbook publish` takes back, CSV, or Parquet."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from tollbook_projections.references import read_with
from tollbook_projections.selection import Moment
from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.times import end_of, format_instant
from tollbook_services import keys
from tollbook_services.exporting import columns
from tollbook_services.exporting.destination import destination
from tollbook_services.exporting.formats import Format, csv_columns, write_beside
from tollbook_services.exporting.ledger_events import Event, event_row, stored_events
from tollbook_services.exporting.licences import licence_of
from tollbook_services.exporting.metadata import Metadata, program
from tollbook_services.exporting.parquet import ParquetWriter
from tollbook_services.exporting.writers import (
    CsvWriter,
    RowWriter,
    csv_description,
    lines_description,
)
from tollbook_services.wiring import Tollbook

PIECE: Final = 500
"""Events written at once; a row group of Parquet has as many, so memory is that of a page."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to export.

    Attributes:
        crisis: only its events, with what governs all crises of its partition; None for all.
        upto: the last sequence of each partition.
        metadata: what the export says of itself.
    """

    crisis: str | None
    upto: dict[int, int]
    metadata: Metadata


async def wanted_events(
    book: Tollbook, crisis: str | None, known_as_of: str | None, licence: str | None
) -> Wanted:
    """What to export, at the position where the ledger stands now.

    Raises:
        UsageError: there is no such crisis, or the moment is none.
    """
    await book.catch_up()
    known = await book.crises()
    if crisis is not None and crisis not in known:
        raise UsageError(f"no crisis {crisis!r} in this ledger: known are {', '.join(known)}")
    upto = await _upto(book, crisis, known_as_of)
    gazetteer, policy = await _in_force(book, crisis, upto)
    times = [
        found[0].recorded_at
        for partition, last in upto.items()
        if last and (found := await book.ledger.read(partition, after=last - 1, count=1))
    ]
    metadata = Metadata(
        subject="events",
        crisis=crisis,
        as_of=None,
        published_as_of=None,
        sequence=next(iter(upto.values())) if len(upto) == 1 else None,
        recorded_at=format_instant(max(times)) if times else None,
        policy=policy,
        gazetteer=gazetteer,
        licence=licence or await licence_of(book, upto, crisis),
        exported_by=program(),
    )
    return Wanted(crisis, upto, metadata)


async def write_events(book: Tollbook, wanted: Wanted, form: Format, out: Path | None) -> int:
    """Write the events; how many there are.

    Raises:
        CheckFailedError: a stored event was altered.
    """
    events = stored_events(book.ledger, wanted.upto, wanted.crisis)
    try:
        with destination(out) as file:
            count = await _write(file, events, form, wanted.metadata)
    except ValueError as error:
        raise CheckFailedError(str(error)) from error
    if out is not None and form != "parquet":
        write_beside(out, _described(out.name, form, wanted.metadata))
    return count


async def _write(
    file: BinaryIO, events: AsyncIterator[Event], form: Format, metadata: Metadata
) -> int:
    if form == "json":
        return await _write_lines(file, events)
    writer: RowWriter
    if form == "csv":
        writer = CsvWriter(file, csv_columns(metadata), metadata)
    else:
        writer = ParquetWriter(file, columns.EVENT, metadata)
    count, rows = 0, []
    async for entry, document in events:
        rows.append(event_row(entry, document))
        count += 1
        if len(rows) == PIECE:
            writer.write(rows)
            rows = []
    writer.write(rows)
    writer.close()
    return count


async def _write_lines(file: BinaryIO, events: AsyncIterator[Event]) -> int:
    count = 0
    async for entry, _ in events:
        file.write(entry.sent() + b"\n")
        count += 1
    return count


def _described(name: str, form: Format, metadata: Metadata) -> bytes:
    if form == "json":
        return lines_description(name, metadata)
    return csv_description(name, csv_columns(metadata), metadata)


async def _upto(book: Tollbook, crisis: str | None, known_as_of: str | None) -> dict[int, int]:
    """The last wanted sequence of each partition.

    Raises:
        UsageError: a sequence was given without a crisis, or what is no time.
    """
    partitions = range(book.ledger.partitions) if crisis is None else [book.partition_of(crisis)]
    heads = {partition: await book.ledger.head(partition) for partition in partitions}
    if known_as_of is None:
        return heads
    if known_as_of.isascii() and known_as_of.isdigit():
        if crisis is None or int(known_as_of) > INTEGER_MAX:
            raise UsageError(
                f"--known-as-of: {known_as_of} is a position in one partition: "
                "name a crisis, or give a time"
            )
        return {partition: min(head, int(known_as_of)) for partition, head in heads.items()}
    try:
        moment = end_of(known_as_of)
    except ValueError as error:
        raise UsageError(f"--known-as-of: {error}") from None
    return {partition: await book.ledger.sequence_at(partition, moment) for partition in heads}


async def _in_force(book: Tollbook, crisis: str | None, upto: dict[int, int]) -> tuple[str, str]:
    """The version of the areas and the policy that the events are read with, by their ids.

    Those for all crises are in every partition; the first one stands for them.
    """
    partition = next(iter(upto))
    subject = crisis or keys.ledger_subject(partition, book.ledger.partitions)
    found = await book.read(partition, "figures", subject, ("reference",))
    shared = {} if crisis is None else found.shared
    moment = Moment(known_as_of=upto[partition])
    gazetteer, policy = read_with(found.rows, shared, moment, book.gazetteer, book.policy)
    return gazetteer.version, policy.id
