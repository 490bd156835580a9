"""`tolls`, `displacement`, `revisions` and `statements`: the read models, asked and shown."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import RenderableType
from rich.text import Text

from tollbook_services import queries
from tollbook_services.cli.common import ASKED, COMMON, Asked, Common, Format
from tollbook_services.render import cells, checks, console, data, words
from tollbook_services.render import revisions as steps
from tollbook_services.render import statements as said
from tollbook_services.wiring import open_tollbook

Document = Mapping[str, Any]

NO_REPORT = "An area without a report is absent: no report is not zero."


async def tolls(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """How many, where, according to whom, how sure."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.tolls(book, crisis, _question(asked))
    _warn(document)
    _show_cells(document, common.format, book.gazetteer.name)


async def displacement(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """Who moved or shelters; persons and families are never converted or added."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.displacement(book, crisis, _question(asked))
    _warn(document)
    _show_cells(document, common.format, book.gazetteer.name)


async def revisions(
    crisis: str,
    *,
    series: Annotated[str | None, Parameter(help="Only the series with this id.")] = None,
    asked: Asked = ASKED,
    common: Common = COMMON,
) -> None:
    """The history of every series: each value, what it replaced, and why."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.revisions(book, crisis, _question(asked), series)
    _warn(document)
    if common.format == "table":
        tables = [steps.series_table(one, book.gazetteer.name) for one in document["series"]]
        parts: list[RenderableType] = [*tables] if tables else [Text("No such figures.")]
        console.answer(*parts, _known(document))
    else:
        _write(document, common.format, steps.CSV_COLUMNS, steps.csv_rows)


async def statements(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """Who said what about which figures."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.statements(book, crisis, _question(asked))
    _warn(document)
    if common.format == "table":
        console.answer(said.statement_table(document["statements"]), _known(document))
    else:
        _write(document, common.format, said.CSV_COLUMNS, said.csv_rows)


def cell_parts(document: Document, name: cells.Name) -> list[RenderableType]:
    """A document of cells as tables, with its checks and what its numbers rest on."""
    parts: list[RenderableType] = [*cells.cell_tables(document["cells"], name)]
    if not parts:
        parts.append(Text("No figures answer this question."))
    table = checks.check_table(document["checks"])
    if table is not None:
        parts.append(table)
    parts.append(Text(f"{checks.summary(document['checks'])} {NO_REPORT}"))
    parts.append(_known(document))
    return parts


def _show_cells(document: Document, wanted: Format, name: cells.Name) -> None:
    if wanted == "table":
        console.answer(*cell_parts(document, name))
        return
    _write(document, wanted, cells.CSV_COLUMNS, cells.csv_rows)


def _write(
    document: Document,
    wanted: Format,
    columns: tuple[str, ...],
    rows: Callable[[Document], Any],
) -> None:
    if wanted == "csv":
        data.write_csv(columns, rows(document))
    else:
        data.write_json(document)


def _known(document: Document) -> Text:
    known = document["known_as_of"]
    parts = [f"Known as of sequence {known['sequence']}"]
    if known["time"]:
        parts.append(f"recorded {words.clean(known['time'])}")
    parts += [f"{key} {document[key]}" for key in ("policy", "gazetteer") if key in document]
    return Text("; ".join(parts) + ".", style=cells.DIM)


def _warn(document: Document) -> None:
    if document.get("parked"):
        events = words.plural(document["parked"], "event")
        console.note(
            f"tollbook: {events} could not be folded into this view: see `tollbook status`"
        )


def _question(asked: Asked) -> queries.Question:
    return queries.Question(
        measure=asked.measure,
        area=asked.area,
        originator=asked.originator,
        as_of=asked.as_of,
        published_as_of=asked.published_as_of,
        known_as_of=asked.known_as_of,
    )
