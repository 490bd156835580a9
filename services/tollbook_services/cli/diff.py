"""`diff`: which numbers changed between two moments of the ledger, and by which events."""

from typing import Annotated, Any

from cyclopts import Parameter
from rich.text import Text

from tollbook_schemas.figure import Measure
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.diff_document import Between, diff_document
from tollbook_services.render import console, data, difference, words
from tollbook_services.wiring import open_tollbook


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
    asked = Between(from_, to, measure, area, segment)
    async with open_tollbook(common.settings()) as book:
        with console.progress() as bar:
            task = bar.add_task("folding", total=None)

            def advanced(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            document = await diff_document(book, crisis, asked, advanced)
        name = book.gazetteer.name
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(difference.CSV_COLUMNS, difference.csv_rows(document))
        case _:
            tables = difference.difference_tables(document, name)
            console.answer(*(tables or ()), Text(_summary(document)))


def _summary(document: dict[str, Any]) -> str:
    first, last = document["from"], document["to"]
    between = words.plural(last["sequence"] - first["sequence"], "event")
    return (
        f"{words.plural(len(document['cells']), 'cell')} changed between sequence "
        f"{first['sequence']} and {last['sequence']} of partition {first['partition']}, {between}."
    )
