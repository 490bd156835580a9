"""The page of one event: what it says, what it changed, and the proof that it is in the ledger."""

from shlex import quote
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.times import format_instant
from tollbook_services.access.roles import Action
from tollbook_services.api.security import needs
from tollbook_services.changed_between import ChangedCell
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.site.asking import Held
from tollbook_services.site.change_pages import gravity
from tollbook_services.site.crisis_frame import SHOWN, quantities
from tollbook_services.site.event_account import (
    changed_by,
    entry_at,
    entry_of,
    printed,
    proof_of,
    redaction_of,
)
from tollbook_services.site.rendering import page
from tollbook_services.stored import StoredEntry

FIGURES_SHOWN: Final = 40
"""Figures and statements of a report that are shown in tables; the event below has all."""

CELLS_SHOWN: Final = 40
"""Cells that an event changed, of those shown on its page; the changes have all."""

router = APIRouter(
    prefix="/events", include_in_schema=False, dependencies=[Depends(needs(Action.READ))]
)


@router.get("/{partition}/{sequence}")
async def event_by_position(
    request: Request,
    running: Held,
    partition: Annotated[int, Path(ge=0, le=INTEGER_MAX)],
    sequence: Annotated[int, Path(ge=1, le=INTEGER_MAX)],
) -> Response:
    """An event by its position."""
    return await _page(request, running, await entry_at(running.book, partition, sequence))


@router.get("")
async def event_by_key(
    request: Request,
    running: Held,
    source: Annotated[str, Query(min_length=1, max_length=2000)],
    event_id: Annotated[str, Query(alias="id", min_length=1, max_length=2000)],
) -> Response:
    """An event by its source and id."""
    return await _page(request, running, await entry_of(running.book, source, event_id))


async def _page(request: Request, running: Any, entry: StoredEntry) -> Response:
    book = running.book
    event = orjson.loads(entry.stored)
    crisis = event["subject"]
    shared = book.is_shared(crisis)
    text, cut = printed(event)
    data = event["data"]
    changed = None if shared else await changed_by(book, entry, crisis)
    name = f"{entry.partition}-{entry.sequence}.tlog-proof"
    gazetteer = book.gazetteer if shared else await gazetteer_of(book, crisis)
    given = {
        **SHOWN,
        "quantity_text": quantities(request),
        "event": event,
        "kind": event["type"].removeprefix("org.tollbook."),
        "crisis": None if shared else crisis,
        "partition": entry.partition,
        "sequence": entry.sequence,
        "recorded_at": format_instant(entry.recorded_at),
        "head": await book.ledger.head(entry.partition),
        "figures": data.get("figures", [])[:FIGURES_SHOWN],
        "figures_total": len(data.get("figures", [])),
        "statements": data.get("statements", [])[:FIGURES_SHOWN],
        "statements_total": len(data.get("statements", [])),
        "withheld": [one["at"] for one in data.get("withheld", [])],
        "redaction": await redaction_of(book, event),
        "changed": None if changed is None else _ordered(changed)[:CELLS_SHOWN],
        "changed_total": 0 if changed is None else len(changed),
        "shared": shared,
        "proof": await proof_of(book, entry),
        "receipt_name": name,
        "verify": f"tollbook verify {quote(name)} --key KEY",
        "text": text,
        "cut": cut,
    }
    headers = {"Cache-Control": "private, no-cache"}
    return page(request, "figures/event.html", gazetteer, given, headers=headers)


def _ordered(changed: list[ChangedCell]) -> list[ChangedCell]:
    return sorted(changed, key=lambda one: gravity(one.cell, one.before, one.after))
