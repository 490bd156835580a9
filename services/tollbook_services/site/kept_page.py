"""A page made of one view: not sent again to a browser that has it, drawn of what is kept."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request, Response

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services import queries
from tollbook_services.api.running import Running
from tollbook_services.api.standing import is_known, not_modified, standing_of, validators
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.queries import Question
from tollbook_services.site.asking import Document, around, document_of
from tollbook_services.site.crisis_frame import SHOWN, page_kind
from tollbook_services.site.rendering import page

Given = Mapping[str, Any]


async def view_page(
    request: Request,
    running: Running,
    crisis: str,
    asked: Question,
    views: tuple[Any, ...],
    template: str,
    make: Callable[[Gazetteer, tuple[Document, ...]], Given],
) -> Response:
    """A page about a crisis, or 304 where the browser has it.

    Args:
        request: what is answered.
        running: what answers it.
        crisis: its slug.
        asked: the moments.
        views: of `queries`; the first one's document is what the page cites.
        template: its file.
        make: what it shows, of the gazetteer in force and the documents of the views.

    Raises:
        NotFoundError: there is no such crisis.
        UsageError: a moment or an area makes no sense.
    """
    book, kind = running.book, page_kind()
    await queries.reached(book, crisis, asked)
    standing = await standing_of(book, crisis)
    if is_known(request, standing.tag(request, kind)):
        return not_modified(standing.tag(request, kind), standing.recorded_at)
    found = [await document_of(running, view, crisis, asked) for view in views]
    oldest = min((one for one, _ in found), key=lambda one: one.sequence)
    gazetteer = await gazetteer_of(book, crisis)
    documents = tuple(document for _, document in found)
    shown = {
        **SHOWN,
        **around(request, running, crisis, asked, documents[0]),
        **make(gazetteer, documents),
    }
    headers = validators(oldest.tag(request, kind), oldest.recorded_at)
    return page(request, template, gazetteer, shown, headers=headers)
