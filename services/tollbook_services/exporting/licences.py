"""The licence of exported data: what the reports of a crisis name themselves."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tollbook_services.exporting.ledger_events import stored_events
from tollbook_services.exporting.metadata import NOT_STATED
from tollbook_services.wiring import Tollbook

NAMES: Final = ("licence", "license")
"""The members of an `ext` that name the terms of a report, or of a figure."""

LISTED_MAX: Final = 20
"""Licences that one export names; more of them are counted."""


async def licence_of(book: Tollbook, upto: Mapping[int, int], crisis: str | None) -> str:
    """The licences that reports name in `ext`, in order; `not stated` where none does.

    Reads the events once more: licences are no part of a read model.

    Args:
        book: the ledger.
        upto: the last sequence of each partition that is exported.
        crisis: only its reports; None for all.
    """
    found: set[str] = set()
    async for _, document in stored_events(book.ledger, upto, crisis):
        found.update(named_in(document))
    listed = sorted(found)
    more = f"; and {len(listed) - LISTED_MAX} more" if len(listed) > LISTED_MAX else ""
    return "; ".join(listed[:LISTED_MAX]) + more or NOT_STATED


def named_in(document: Mapping[str, Any]) -> Iterator[str]:
    """The licences that an event names: its own, its report's and those of its figures."""
    for holder in _holders(document):
        ext = holder.get("ext") or {}
        for name in NAMES:
            text = ext.get(name)
            if isinstance(text, str) and text.strip():
                yield " ".join(text.split())


def _holders(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What may carry an `ext`. An opened incident lists its figures by their ids only."""
    body = document["data"]
    yield document
    yield body
    yield from (figure for figure in body.get("figures", ()) if isinstance(figure, Mapping))
