"""The views: `tolls`, `displacement`, `explain` and the others, asked and shown."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import RenderableType
from rich.text import Text

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import queries
from tollbook_services.cell_asked import cell_asked
from tollbook_services.cli.common import ASKED, COMMON, Asked, Common, Format
from tollbook_services.render import cells, checks, console, data, explanation, words
from tollbook_services.render import conflicts as disputes
from tollbook_services.render import incidents as events
from tollbook_services.render import revisions as steps
from tollbook_services.render import sources as counters
from tollbook_services.render import statements as said
from tollbook_services.wiring import open_tollbook

Document = Mapping[str, Any]

NO_REPORT = "An area without a report is absent: no report is not zero."


async def tolls(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """How many, where, according to whom, how sure."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.tolls(book, crisis, _question(asked))
    _warn(document, asked)
    _show_cells(document, common.format, book.gazetteer.name)


async def displacement(
    crisis: str,
    *,
    persons: Annotated[
        bool, Parameter(help="Say families in persons too, by a rule that is named.", negative="")
    ] = False,
    asked: Asked = ASKED,
    common: Common = COMMON,
) -> None:
    """Who moved or shelters; persons and families are never added."""
    async with open_tollbook(common.settings()) as book:
        question = replace(_question(asked), persons=persons)
        document = await queries.displacement(book, crisis, question)
    _warn(document, asked)
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
    _warn(document, asked)
    if common.format == "table":
        tables = [steps.series_table(one, book.gazetteer.name) for one in document["series"]]
        parts: list[RenderableType] = [*tables] if tables else [Text("No such figures.")]
        console.answer(*parts, _known(document))
    else:
        _write(document, common.format, steps.CSV_COLUMNS, steps.csv_rows)


async def explain(
    crisis: str,
    cell: Annotated[str, Parameter(help="The id of a cell, as views print it, or areas by code.")],
    *,
    segment: Annotated[
        str | None, Parameter(help="With areas: the segment, such as civilian, or all.")
    ] = None,
    kind: Annotated[
        Literal["area", "unallocated", "unspecified"] | None,
        Parameter(help="With areas: the kind of cell."),
    ] = None,
    asked: Asked = ASKED,
    common: Common = COMMON,
) -> int:
    """How one number came about: the figures considered and each rule, as sums to check."""
    async with open_tollbook(common.settings()) as book:
        wanted = cell_asked(cell, segment, kind)
        document = await queries.explain(book, crisis, _question(asked), wanted)
    _warn(document, asked)
    if common.format == "table":
        parts = explanation.explanation_parts(document, book.gazetteer.name)
        console.answer(*parts, explanation.proof_text(document), _known(document))
    else:
        _write(document, common.format, explanation.CSV_COLUMNS, explanation.csv_rows)
    return 0 if document["agrees"] else CheckFailedError.exit_code


async def incidents(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """Single incidents: what was said of them, how they were merged or split, their own tolls."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.incidents(book, crisis, _question(asked))
    _warn(document, asked)
    if common.format == "table":
        found = document["incidents"]
        table = events.incident_table(found) if found else Text("No such incidents.")
        console.answer(table, _known(document))
    else:
        _write(document, common.format, events.CSV_COLUMNS, events.csv_rows)


async def sources(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """Who counted, since when, and how their numbers changed."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.sources(book, crisis, _question(asked))
    _warn(document, asked)
    if common.format == "table":
        found = document["sources"]
        table = counters.source_table(found) if found else Text("No such figures.")
        acts = counters.act_table(found)
        console.answer(table, *([acts] if acts is not None else []), _known(document))
    else:
        _write(document, common.format, counters.CSV_COLUMNS, counters.csv_rows)


async def conflicts(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """What does not fit together, both sides of it, and what would resolve it."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.conflicts(book, crisis, _question(asked))
    _warn(document, asked)
    if common.format == "table":
        found = document["conflicts"]
        parts: list[RenderableType] = [disputes.conflict_table(found)] if found else []
        console.answer(*parts, Text(disputes.summary(found)), _known(document))
    else:
        _write(document, common.format, disputes.CSV_COLUMNS, disputes.csv_rows)


async def statements(crisis: str, *, asked: Asked = ASKED, common: Common = COMMON) -> None:
    """Who said what about which figures."""
    async with open_tollbook(common.settings()) as book:
        document = await queries.statements(book, crisis, _question(asked))
    _warn(document, asked)
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


def _warn(document: Document, asked: Asked) -> None:
    """Say on standard error what may surprise: what was parked, and a moment that has not come."""
    warn_of_parked(document)
    wanted, known = asked.known_as_of or "", document["known_as_of"]["sequence"]
    sequence = wanted.rpartition(":")[2]
    if sequence.isascii() and sequence.isdigit() and int(sequence) > known:
        console.note(
            f"tollbook: --known-as-of {wanted} has not come: the partition has {known} events"
        )


def warn_of_parked(document: Document) -> None:
    """Say on standard error that an answer lacks events that could not be folded."""
    if document.get("parked"):
        events = words.plural(document["parked"], "event")
        console.note(
            f"tollbook: {events} could not be folded into this view: see `tollbook status`"
        )


def _question(asked: Asked) -> queries.Question:
    """The options as a question: each of them is a field of it."""
    return queries.Question(**{field.name: getattr(asked, field.name) for field in fields(Asked)})
