"""The list of crises: the headline numbers of each, and when something was last recorded of it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tollbook_projections.filing import decode
from tollbook_services import queries
from tollbook_services.api.running import Running
from tollbook_services.api.standing import Standing, standing_of
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.queries import FIGURE_TABLES, Question
from tollbook_services.site import moves, overview

HEADS_MAX: Final = 4
"""Headline numbers of a crisis on the list of all of them."""

PATIENCE_S: Final = 2.0
"""Seconds that the list waits for numbers; the rest are named without, and are ready soon after."""

Document = dict[str, Any]


async def heads_of(running: Running, crises: Sequence[str]) -> list[Document]:
    """What the list shows of some crises, in their order.

    Returns:
        Of each `crisis`, `partition`, and `heads`, `more`, `gazetteer` (whose names they have) and
        `last` (`sequence`, `recorded_at`), or None for `heads` where the numbers are still being
        worked out.
    """
    book = running.book
    standings = [await standing_of(book, crisis) for crisis in crises]
    tasks = [
        asyncio.create_task(_kept(running, crisis, standing))
        for crisis, standing in zip(crises, standings, strict=True)
    ]
    if tasks:
        await asyncio.wait(tasks, timeout=PATIENCE_S)
    listed = []
    for crisis, standing, task in zip(crises, standings, tasks, strict=True):
        beside: Document = {"crisis": crisis, "partition": standing.partition}
        if not task.done():
            task.cancel()  # who works the numbers out goes on, for the next who asks
            listed.append({**beside, "heads": None, "more": 0, "last": None})
        else:
            listed.append({**beside, **task.result()})
    return listed


async def _kept(running: Running, crisis: str, standing: Standing) -> Document:
    made = await running.heads.get(crisis, standing, lambda: _made(running, crisis))
    return made.value


async def _made(running: Running, crisis: str) -> Document:
    book, asked = running.book, Question(fresh=False)
    gazetteer = await gazetteer_of(book, crisis)
    counted = overview.headline((await queries.tolls(book, crisis, asked))["cells"], gazetteer)
    moved = moves.headline((await queries.displacement(book, crisis, asked))["cells"], gazetteer)
    heads = [*counted, *moved]
    return {
        "heads": heads[:HEADS_MAX],
        "more": max(len(heads) - HEADS_MAX, 0),
        "gazetteer": gazetteer,
        "last": await _last(running, crisis),
    }


async def _last(running: Running, crisis: str) -> Document | None:
    """The last event about a crisis; None where only references of its partition are known."""
    book = running.book
    partition, found = book.partition_of(crisis), dict[str, bytes]()
    for name in book.projections:
        tables = FIGURE_TABLES if name == "figures" else None
        found |= (await book.read(partition, name, crisis, tables))[0]
    newest: Document | None = (await queries.worked_out(_newest, found))["last"]
    return newest


def _newest(rows: Mapping[str, bytes]) -> Document:
    documents = (decode(row) for row in rows.values())
    last = max(
        (one for one in documents if "sequence" in one and "recorded_at" in one),
        key=lambda one: one["sequence"],
        default=None,
    )
    if last is None:
        return {"last": None}
    return {"last": {name: last[name] for name in ("sequence", "recorded_at")}}
