"""Answers one question from the read models, the same for the command line and for HTTP."""

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from tollbook_projections import views
from tollbook_projections.views import Position, Query
from tollbook_schemas.errors import UsageError
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.times import end_of
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]

_NAMED_MAX: Final = 8
"""Crises named in one message: what fits a line or two."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it was asked; texts are not looked into yet."""

    measure: str | None = None
    area: str | None = None
    originator: str | None = None
    as_of: str | None = None
    published_as_of: str | None = None
    known_as_of: str | None = None


async def tolls(book: Tollbook, crisis: str, question: Question) -> Document:
    """The document of CONTRACT, Views: `tolls`.

    Every document has `parked`, a count, where the view lacks events that could not be folded.
    """
    asked = await _ask(book, "tolls", crisis, question)
    return asked.parked | views.toll_document(
        crisis, asked.rows, asked.query, asked.position, book.gazetteer, book.policy
    )


async def displacement(book: Tollbook, crisis: str, question: Question) -> Document:
    """The same shape as `tolls`, of movements and of people sheltering."""
    asked = await _ask(book, "displacement", crisis, question)
    return asked.parked | views.displacement_document(
        crisis, asked.rows, asked.query, asked.position, book.gazetteer, book.policy
    )


async def revisions(
    book: Tollbook, crisis: str, question: Question, series: str | None = None
) -> Document:
    """The document of CONTRACT, Views: `revisions`.

    Raises:
        UsageError: there is no series with the id asked for.
    """
    asked = await _ask(book, "revisions", crisis, question)
    document = views.revisions_document(
        crisis, asked.rows, asked.query, series, asked.position, book.gazetteer, book.policy
    )
    if series is not None and not document["series"]:
        raise UsageError(f"no series {series!r}: `tollbook revisions {crisis}` prints their ids")
    return asked.parked | document


async def statements(book: Tollbook, crisis: str, question: Question) -> Document:
    """The statements of a crisis."""
    asked = await _ask(book, "statements", crisis, question)
    return asked.parked | views.statements_document(crisis, asked.rows, asked.query, asked.position)


@dataclass(frozen=True, slots=True)
class _Asked:
    rows: dict[str, bytes]
    position: Position
    query: Query
    parked: Document


async def _ask(book: Tollbook, projection: str, crisis: str, question: Question) -> _Asked:
    partition = book.partition_of(crisis)
    query = await _query(book, partition, question)
    await book.catch_up([partition])
    rows, sequence, recorded_at = await book.read(partition, projection, crisis)
    if not rows:
        await _known_or_refuse(book, crisis)
    parked = await book.readmodels.parked_count(partition, book.projections[projection])
    return _Asked(
        rows, Position(sequence, recorded_at), query, {"parked": parked} if parked else {}
    )


async def _known_or_refuse(book: Tollbook, crisis: str) -> None:
    """A crisis without rows in this view is fine, one that no event names is a mistake."""
    await book.catch_up()
    known = await book.crises()
    if crisis in known:
        return
    if not known:
        raise UsageError("the ledger is empty: publish something first, or try `tollbook demo`")
    close = get_close_matches(crisis, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    named = ", ".join(known[:_NAMED_MAX])
    more = f" and {len(known) - _NAMED_MAX} more" if len(known) > _NAMED_MAX else ""
    raise UsageError(f"no crisis {crisis!r} in this ledger: {hint}known are {named}{more}")


async def _query(book: Tollbook, partition: int, question: Question) -> Query:
    known_as_of, known_time = await _known_as_of(book, partition, question.known_as_of)
    return Query(
        measure=question.measure,
        area=_area(book, question.area),
        originator=question.originator,
        as_of=_cut_off("--as-of", question.as_of),
        published_as_of=_cut_off("--published-as-of", question.published_as_of),
        known_as_of=known_as_of,
        known_time=known_time,
    )


def _cut_off(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return end_of(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


async def _known_as_of(
    book: Tollbook, partition: int, text: str | None
) -> tuple[int | None, datetime | None]:
    if text is None:
        return None, None
    if text.isascii() and text.isdigit():
        if int(text) > INTEGER_MAX:
            raise UsageError(f"--known-as-of: no sequence is as large as {text}")
        return int(text), await _recorded_at(book, partition, int(text))
    moment = _cut_off("--known-as-of", text)
    if moment is None:
        return None, None
    return await book.ledger.sequence_at(partition, moment), moment


async def _recorded_at(book: Tollbook, partition: int, sequence: int) -> datetime | None:
    found = await book.ledger.read(partition, after=sequence - 1, count=1) if sequence else []
    return found[0].recorded_at if found else None


def _area(book: Tollbook, code: str | None) -> str | None:
    if code is None:
        return None
    area = book.gazetteer.resolve(code)
    if area is not None:
        return area.code
    near = ", ".join(f"{found.code} ({found.name})" for found in book.gazetteer.suggest(code))
    hint = f"did you mean {near}?" if near else "use an ISO 3166 code or a P-code"
    raise UsageError(f"--area: no area {code!r}; {hint}")
