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
        beside: what it is asked beside the question, such as a cell.
    """

    name: str
    items: str | None
    formats: tuple[str, ...]
    ask: Ask
    beside: str | None = None


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
    if is_known(request, standing.tag(request, chosen)):
        return not_modified(standing.tag(request, chosen), standing.recorded_at)
    if page:
        made = await _paged(request, running, crisis, view, asked, page, standing)
    else:
        made = await _whole(running, crisis, view, asked, chosen, standing)
    tag = made.standing.tag(request, chosen)
    headers = validators(tag, made.standing.recorded_at)
    if is_known(request, tag):
        return not_modified(tag, made.standing.recorded_at)
    if made.following is not None:
        headers["Link"] = next_link(request, made.following)
    if chosen != "json":
        name = f"{crisis}-{view.name}.{'csv' if chosen == 'hxl' else chosen}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(made.body, headers=headers, media_type=media_type(chosen))


@dataclass(frozen=True, slots=True)
class _Body:
    """What is sent, what it was made from, and the cursor of the page after."""

    standing: Standing
    body: bytes
    following: str | None = None


async def _whole(
    running: Running,
    crisis: str,
    view: View,
    asked: Question,
    chosen: str,
    standing: Standing,
) -> _Body:
    made = await running.answers.get(
        (view.name, view.beside, crisis, replace(asked, min_position=None), chosen),
        standing,
        lambda: _encoded(running.book, crisis, view, asked, chosen),
        exact=asked.min_position is not None,
    )
    return _Body(made.standing, made.value)


async def _encoded(book: Tollbook, crisis: str, view: View, asked: Question, chosen: str) -> bytes:
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
) -> _Body:
    """A page of the document, with `next`; the later ones are of the position of the first."""
    about, items = about_of(request), view.items or ""
    if page.cursor is None:
        begin = 0
        made = await running.documents.get(
            (view.name, view.beside, crisis, replace(asked, min_position=None)),
            standing,
            lambda: view.ask(running.book, crisis, asked),
            exact=asked.min_position is not None,
        )
        standing, document = made.standing, made.value
        known: int = document["known_as_of"]["sequence"]
        running.pinned.put((about, known), document)
    else:
        cursor = Cursor.read(page.cursor, request)
        (begin,), known = cursor.at, cursor.known or 0
        found = running.pinned.get((about, known))
        if found is None:
            found = await view.ask(running.book, crisis, _pinned(asked, known))
            running.pinned.put((about, known), found)
        document = found
    end = begin + (page.limit or running.options.page)
    following = Cursor(about, [end], known).text() if end < len(document[items]) else None
    told = {**document, items: document[items][begin:end], "next": following}
    return _Body(standing, orjson.dumps(told), following)


def _pinned(asked: Question, known: int) -> Question:
    """The question as of the position of the first page."""
    if asked.known_as_of is not None:
        return asked
    return replace(asked, known_as_of=str(known))
