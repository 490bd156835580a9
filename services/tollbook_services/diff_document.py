"""The document of `diff`: which numbers changed between two moments, by which events, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tollbook_schemas.errors import OptionError
from tollbook_schemas.times import format_instant
from tollbook_services import queries
from tollbook_services.changed_between import ChangedCell, Progress, changed_between
from tollbook_services.moments import Moment, moment_of
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Between:
    """Which changes are asked for; texts are not looked into yet.

    Attributes:
        first: the earlier moment: a time, a sequence, or `<partition>:<sequence>`.
        last: the later one; None for now.
        measure: only cells of this measure.
        area: only this area and what lies inside it.
        segment: only this segment.
    """

    first: str
    last: str | None = None
    measure: str | None = None
    area: str | None = None
    segment: str | None = None


async def diff_document(
    book: Tollbook,
    crisis: str,
    asked: Between,
    progress: Progress | None = None,
    *,
    events_max: int | None = None,
    fresh: bool = True,
) -> Document:
    """`{crisis, from, to, cells: [{..., before, after, changes: [...]}]}`.

    Each event in between is folded by itself, so that every change is put down to its event.

    Args:
        book: the ledger.
        crisis: its slug.
        asked: which changes.
        progress: told after each event.
        events_max: how many events there may be between; None for `EVENTS_MAX`.
        fresh: whether to wait until the views know every crisis of the ledger.

    Raises:
        OptionError: a moment is none, or the earlier one comes later.
        UsageError: there is no such crisis, or too many events lie between.
    """
    partition = book.partition_of(crisis)
    await queries.known_or_refuse(book, crisis, fresh=fresh)
    head = await book.ledger.head(partition)
    first = await moment_of(book.ledger, partition, asked.first, "from")
    last = await moment_of(book.ledger, partition, asked.last or str(head), "to")
    last = last if last.sequence <= head else Moment(head, last.time)
    if first.sequence > last.sequence:
        raise OptionError(
            "from",
            f"it comes after `to`: {first.sequence} and {last.sequence} in partition {partition}",
        )
    within = queries.area_or_refuse(book.gazetteer, asked.area)
    factory = next(make for make in book.folds if make().name == "figures")
    span = (partition, first.sequence, last.sequence)
    changed = await changed_between(
        book.ledger, factory, crisis, span, progress, events_max=events_max
    )
    return {
        "crisis": crisis,
        "from": _told(partition, first),
        "to": _told(partition, last),
        "cells": _cells(book, changed, asked, within),
    }


def _cells(
    book: Tollbook, changed: Sequence[ChangedCell], asked: Between, within: str | None
) -> list[Document]:
    return [
        _cell(one)
        for one in changed
        if asked.measure in {None, one.cell["measure"]}
        and asked.segment in {None, one.cell["segment"]}
        and _touches(book, one.cell["area"], within)
    ]


def _touches(book: Tollbook, areas: str, within: str | None) -> bool:
    contains = book.gazetteer.contains
    return within is None or any(contains(within, code) for code in areas.split("+"))


def _told(partition: int, moment: Moment) -> Document:
    time = None if moment.time is None else format_instant(moment.time)
    return {"partition": partition, "sequence": moment.sequence, "time": time}


def _cell(changed: ChangedCell) -> Document:
    told = ("recorded_at", "before", "after", "causes", "causes_total")
    return {
        **changed.cell,
        "before": changed.before,
        "after": changed.after,
        "changes": [{part: step[part] for part in told} for step in changed.steps],
    }
