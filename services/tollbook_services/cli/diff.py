"""`diff`: which numbers changed between two moments of the ledger, and by which events."""

from typing import Annotated, Any

from cyclopts import Parameter
from rich.text import Text

from tollbook_schemas.errors import UsageError
from tollbook_schemas.figure import Measure
from tollbook_schemas.times import format_instant
from tollbook_services import queries
from tollbook_services.changed_between import ChangedCell, changed_between
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.moments import Moment, moment_of
from tollbook_services.render import console, data, difference, words
from tollbook_services.wiring import Tollbook, open_tollbook


async def diff(
    crisis: str,
    *,
    from_: Annotated[
        str, Parameter(name="--from", help="The earlier moment: a time, or a sequence.")
    ],
    to: Annotated[str | None, Parameter(help="The later one [default: now].")] = None,
    measure: Annotated[Measure | None, Parameter(help="Only this measure.")] = None,
    area: Annotated[
        str | None, Parameter(help="Only this area and what lies inside it (ISO or P-code).")
    ] = None,
    segment: Annotated[str | None, Parameter(help="Only this segment: civilian, all.")] = None,
    common: Common = COMMON,
) -> None:
    """Which numbers changed between two moments of the ledger, by which events, and why.

    What the ledger knew at a time is what it had recorded by then. Each event in between is folded
    by itself, so that every change is put down to the event that made it.
    """
    async with open_tollbook(common.settings()) as book:
        partition = book.partition_of(crisis)
        await queries.known_or_refuse(book, crisis)
        head = await book.ledger.head(partition)
        first = await moment_of(book.ledger, partition, from_, "from")
        last = await moment_of(book.ledger, partition, to or str(head), "to")
        last = last if last.sequence <= head else Moment(head, last.time)
        if first.sequence > last.sequence:
            raise UsageError(
                f"--from comes after --to: {first.sequence} and {last.sequence} in partition "
                f"{partition}"
            )
        cells = await _changed(book, crisis, partition, (first, last))
        within = queries.area_or_refuse(book.gazetteer, area)
        document = {
            "crisis": crisis,
            "from": _told(partition, first),
            "to": _told(partition, last),
            "cells": [
                _cell(one)
                for one in cells
                if measure in {None, one.cell["measure"]}
                and segment in {None, one.cell["segment"]}
                and _touches(book, one.cell["area"], within)
            ],
        }
        name = book.gazetteer.name
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(difference.CSV_COLUMNS, difference.csv_rows(document))
        case _:
            tables = difference.difference_tables(document, name)
            console.answer(*(tables or ()), Text(_summary(document)))


async def _changed(
    book: Tollbook, crisis: str, partition: int, between: tuple[Moment, Moment]
) -> list[ChangedCell]:
    factory = next(make for make in book.folds if make().name == "figures")
    first, last = between
    with console.progress() as bar:
        task = bar.add_task("folding", total=None)

        def advanced(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        span = (partition, first.sequence, last.sequence)
        return await changed_between(book.ledger, factory, crisis, span, advanced)


def _touches(book: Tollbook, areas: str, within: str | None) -> bool:
    contains = book.gazetteer.contains
    return within is None or any(contains(within, code) for code in areas.split("+"))


def _told(partition: int, moment: Moment) -> dict[str, Any]:
    time = None if moment.time is None else format_instant(moment.time)
    return {"partition": partition, "sequence": moment.sequence, "time": time}


def _cell(changed: ChangedCell) -> dict[str, Any]:
    told = ("recorded_at", "before", "after", "causes", "causes_total")
    return {
        **changed.cell,
        "before": changed.before,
        "after": changed.after,
        "changes": [{part: step[part] for part in told} for step in changed.steps],
    }


def _summary(document: dict[str, Any]) -> str:
    first, last = document["from"], document["to"]
    between = words.plural(last["sequence"] - first["sequence"], "event")
    return (
        f"{words.plural(len(document['cells']), 'cell')} changed between sequence "
        f"{first['sequence']} and {last['sequence']} of partition {first['partition']}, {between}."
    )
