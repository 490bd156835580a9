"""What changed since: every number that reads otherwise, by the event that changed it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from tollbook_schemas.times import format_instant
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.ledger_routes import DIFF_EVENTS_MAX
from tollbook_services.api.security import needs
from tollbook_services.diff_document import Between, diff_document
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.moments import moment_of
from tollbook_services.queries import Question, known_or_refuse
from tollbook_services.site.asking import Held, around
from tollbook_services.site.crisis_frame import SHOWN, PageNumber
from tollbook_services.site.rendering import page
from tollbook_services.site.row_weights import cut, weight
from tollbook_services.wiring import Tollbook

Document = Mapping[str, Any]
When = Annotated[str | None, Query(max_length=200)]

DEFAULT_DAYS: Final = 7
"""Days that are looked back where nothing else is asked for."""

router = APIRouter(
    prefix="/crises/{crisis}", include_in_schema=False, dependencies=[Depends(needs(Action.READ))]
)


@router.get("/changes")
async def changes(
    request: Request,
    running: Held,
    crisis: Crisis,
    first: Annotated[str | None, Query(alias="from", max_length=200)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=200)] = None,
    number: PageNumber = 1,
) -> Response:
    """Which numbers changed between two moments of the ledger, grouped by event, with reasons."""
    book = running.book
    await known_or_refuse(book, crisis)
    await book.freshen([book.partition_of(crisis)], patience_s=0)
    begin, short = await _begin(book, crisis, first or None, last or None)
    asked = Between(begin, last or None)
    told = await diff_document(book, crisis, asked, events_max=DIFF_EVENTS_MAX)
    until = told["to"]
    document = {
        "known_as_of": {"sequence": until["sequence"], "time": until["time"]},
        "policy": book.policy.id,
        "gazetteer": (await gazetteer_of(book, crisis)).version,
    }
    given = {
        **SHOWN,
        **around(request, running, crisis, Question(), document),
        "partition": until["partition"],
        "begin": told["from"],
        "until": until,
        "from_text": first or "",
        "to_text": last or "",
        "short": short,
        "cells_total": len(told["cells"]),
        **cut(by_event(told), number, _change_weight),
    }
    headers = {"Cache-Control": "private, no-cache"}
    gazetteer = await gazetteer_of(book, crisis)
    return page(request, "figures/changes.html", gazetteer, given, headers=headers)


def by_event(document: Document) -> list[Document]:
    """The changes of a `diff` document, each with its event, the newest event first.

    Returns:
        `{event, type, sequence, reason, recorded_at, cell, before, after, first}`; `first` says
        that the row before is of another event.
    """
    rows = [
        {**cause, "recorded_at": step["recorded_at"], "cell": cell}
        | {"before": step["before"], "after": step["after"]}
        for cell in document["cells"]
        for step in cell["changes"]
        for cause in step["causes"]
    ]
    rows.sort(
        key=lambda row: (-row["sequence"], *gravity(row["cell"], row["before"], row["after"]))
    )
    found: list[Document] = []
    for _, members in groupby(rows, key=lambda row: row["sequence"]):
        found += [{**row, "first": place == 0} for place, row in enumerate(members)]
    return found


def gravity(
    cell: Document, before: Document | None, after: Document | None
) -> tuple[bool, bool, int]:
    """What to sort changes by, those that a reader looks for first.

    These are other point values or minimums of areas, the greatest first; then what is not
    allocated, and where only the high or a flag is another one.
    """
    now, was = _point(after), _point(before)
    return now == was, cell["kind"] != "area", -max(now[0], was[0])


def _point(bounds: Document | None) -> tuple[int, int | None]:
    """What a reader would quote, and the best."""
    if bounds is None:
        return 0, None
    return bounds["low"] if bounds["best"] is None else bounds["best"], bounds["best"]


async def _begin(
    book: Tollbook, crisis: str, first: str | None, last: str | None
) -> tuple[str, bool]:
    """The earlier moment, and whether it is later than asked for, as too much lies between.

    By default it is `DEFAULT_DAYS` before now.
    """
    partition = book.partition_of(crisis)
    if first is not None:
        return first, False
    text = format_instant(datetime.now(UTC) - timedelta(days=DEFAULT_DAYS))
    begin = (await moment_of(book.ledger, partition, text, "from")).sequence
    head = await book.ledger.head(partition)
    end = head if last is None else (await moment_of(book.ledger, partition, last, "to")).sequence
    least = max(0, min(head, end) - DIFF_EVENTS_MAX)
    return f"{partition}:{min(max(begin, least), head, end)}", begin < least


def _change_weight(row: Document) -> int:
    return weight(950, row["cell"]["area"], row["cell"]["area"]) + (
        weight(500, row["event"], row["event"], row["reason"]) if row["first"] else 0
    )
