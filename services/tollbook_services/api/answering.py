"""Answers questions about a crisis: not modified, from what is kept, or worked out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Final, Literal, cast

import orjson
from fastapi import Request, Response

from tollbook_services import queries
from tollbook_services.api.formats import chosen_format, media_type
from tollbook_services.api.paging import Cursor, about_of, next_link
from tollbook_services.api.running import Running
from tollbook_services.api.standing import Standing, is_known, not_modified, standing_of, validators
from tollbook_services.exporting.answer import answer
from tollbook_services.exporting.formats import Format, write_to
from tollbook_services.queries import Question
from tollbook_services.render import conflicts, explanation, incidents, sources, statements
from tollbook_services.render.data import csv_bytes
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]
Ask = Callable[[Tollbook, str, Question], Awaitable[Document]]
Rows = Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any]]]

EXPORTED: Final = frozenset({"tolls", "displacement", "revisions"})
"""Views that the exports know, so that CSV, HXL and the rest are the same as `tollbook export`."""

_SHEETS: Final[Mapping[str, tuple[tuple[str, ...], Rows]]] = {
    "incidents": (incidents.CSV_COLUMNS, incidents.csv_rows),
    "sources": (sources.CSV_COLUMNS, sources.csv_rows),
    "conflicts": (conflicts.CSV_COLUMNS, conflicts.csv_rows),
    "statements": (statements.CSV_COLUMNS, statements.csv_rows),
    "explain": (explanation.CSV_COLUMNS, explanation.csv_rows),
}


@dataclass(frozen=True, slots=True)
class View:
    """A view as HTTP has it.

    Attributes:
        name: of the view.
        items: the list in its document that pages are cut from; None for none.
        formats: those it is there in.
        ask: makes its document.
    """

    name: str
    items: str | None
    formats: tuple[str, ...]
    ask: Ask


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of an answer is asked for; nothing for all of it."""

    limit: int | None
    cursor: str | None

    def __bool__(self) -> bool:
        return self.limit is not None or self.cursor is not None


async def answered(
    request: Request, running: Running, crisis: str, view: View, asked: Question, page: Page
) -> Response:
    """The answer to a question about a crisis.

    Raises:
        ProblemError: no format will do.
        UsageError: the question makes no sense, or nothing has the name.
    """
    chosen = chosen_format(request, ("json",) if page else view.formats)
    await queries.reached(running.book, crisis, asked)
    standing = await standing_of(running.book, crisis)
    tag = standing.tag(request, chosen)
    if is_known(request, tag):
        return not_modified(tag, standing.recorded_at)
    headers = validators(tag, standing.recorded_at)
    if page:
        document = await _paged(request, running, crisis, view, asked, page, standing)
        if document["next"] is not None:
            headers["Link"] = next_link(request, document["next"])
        body = orjson.dumps(document)
    else:
        body = await running.answers.get(
            tag, lambda: _whole(running.book, crisis, view, asked, chosen)
        )
    if chosen != "json":
        name = f"{crisis}-{view.name}.{'csv' if chosen == 'hxl' else chosen}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(body, headers=headers, media_type=media_type(chosen))


async def _whole(book: Tollbook, crisis: str, view: View, asked: Question, chosen: str) -> bytes:
    if chosen == "json":
        return orjson.dumps(await view.ask(book, crisis, asked))
    if view.name in EXPORTED:
        subject = cast("Literal['tolls', 'displacement', 'revisions']", view.name)
        given = await answer(book, subject, crisis, asked, None)
        file = BytesIO()
        await asyncio.to_thread(write_to, file, given, cast("Format", chosen))
        return file.getvalue()
    columns, rows = _SHEETS[view.name]
    return csv_bytes(columns, rows(await view.ask(book, crisis, asked)))


async def _paged(
    request: Request,
    running: Running,
    crisis: str,
    view: View,
    asked: Question,
    page: Page,
    standing: Standing,
) -> Document:
    """A page of the document, with `next`; the later ones are of the position of the first."""
    about = about_of(request)
    begin, known = 0, None
    if page.cursor is not None:
        cursor = Cursor.read(page.cursor, request)
        (begin,), known = cursor.at, cursor.known
    items = view.items or ""
    document = await running.documents.get(
        (about, standing.sequence if known is None else known, known is None and standing.mark),
        lambda: view.ask(running.book, crisis, _pinned(asked, known)),
    )
    if known is None:
        known = document["known_as_of"]["sequence"]
        running.documents.put((about, known, False), document)
    count = page.limit or running.options.page
    end = begin + count
    more = end < len(document[items])
    following = Cursor(about, [end], known).text() if more else None
    return {**document, items: document[items][begin:end], "next": following}


def _pinned(asked: Question, known: int | None) -> Question:
    """The question as of the position of the first page."""
    if known is None or asked.known_as_of is not None:
        return asked
    return replace(asked, known_as_of=str(known))
