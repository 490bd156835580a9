"""Questions of the pages, and what every page about a crisis shows around its numbers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from tollbook_schemas.times import format_instant
from tollbook_services import queries
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.standing import Standing, standing_of
from tollbook_services.position import position_of
from tollbook_services.queries import Question

Held = Annotated[Running, Depends(running_of)]

Document = dict[str, Any]


def question_of(
    *,
    as_of: Annotated[str | None, Query(max_length=200)] = None,
    published_as_of: Annotated[str | None, Query(max_length=200)] = None,
    known_as_of: Annotated[str | None, Query(max_length=200)] = None,
    originator: Annotated[str | None, Query(max_length=200)] = None,
    policy: Annotated[str | None, Query(max_length=200)] = None,
) -> Question:
    """The moments of a page; an empty field of a form asks nothing."""
    return Question(
        as_of=as_of or None,
        published_as_of=published_as_of or None,
        known_as_of=known_as_of or None,
        originator=originator or None,
        policy=policy or None,
        fresh=False,
    )


Asked = Annotated[Question, Depends(question_of)]


async def document_of(
    running: Running, view: Any, crisis: str, asked: Question
) -> tuple[Standing, Document]:
    """The document of a view and where it stands; kept for the next page that shows it.

    Args:
        running: the server.
        view: one of `queries`, such as `queries.tolls`.
        crisis: its slug.
        asked: the moments.
    """
    await queries.reached(running.book, crisis, asked)
    standing = await standing_of(running.book, crisis)
    made = await running.documents.get(
        (view.__name__, None, crisis, asked),
        standing,
        lambda: view(running.book, crisis, asked),
    )
    return made.standing, made.value


def around(
    request: Request, running: Running, crisis: str, asked: Question, document: Mapping[str, Any]
) -> Document:
    """What every page about a crisis shows beside its own content."""
    partition = running.book.partition_of(crisis)
    known, position = document["known_as_of"], document.get("position")
    head = known["sequence"] if position is None else position_of(position).sequence
    return {
        "crisis": crisis,
        "document": document,
        "asked": asked,
        "here": request.url.path,
        "ledger": running.book.ledger.id,
        "head": head,
        "partition": partition,
        "pinned": f"{partition}:{known['sequence']}",
        "today": format_instant(datetime.now(UTC))[:10],
        "past": bool(asked.as_of or asked.published_as_of or asked.known_as_of),
    }
