"""How everything stands, in words first: is it up to date, and when was the last event recorded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from tollbook_schemas.times import instant_of
from tollbook_services.access.roles import Action
from tollbook_services.api.security import needs
from tollbook_services.site.asking import Held
from tollbook_services.site.rendering import catalogue, language_of, page
from tollbook_services.status import status_document

Document = Mapping[str, Any]

PARTITIONS_SHOWN: Final = 64
"""Partitions in the table, those that are not well first."""

_SPANS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs(Action.READ))])


@router.get("/status")
async def status(request: Request, running: Held) -> Response:
    """Lag, last event, workers, how far is sealed."""
    book = running.book
    document = await status_document(book.ledger, book.readmodels, book.projections.values())
    texts = catalogue(language_of(request))
    partitions = sorted(
        document["partitions"],
        key=lambda one: (one["state"] in {"healthy", "no_workers"}, -one["head"], one["partition"]),
    )
    given = {
        "document": document,
        "partitions": [(one, lag_of(one)) for one in partitions[:PARTITIONS_SHOWN]],
        "partitions_total": len(partitions),
        "workers": [worker for one in document["partitions"] for worker in one["workers"]]
        + list(document["workers"]),
        "headline": headline(document, texts),
        "well": document["state"] in {"healthy", "no_workers"},
        "ago": lambda seconds: ago(seconds, texts),
    }
    headers = {"Cache-Control": "no-store"}
    return page(request, "figures/status.html", book.gazetteer, given, headers=headers)


def headline(document: Document, texts: Mapping[str, str]) -> str:
    """One or two sentences: whether all is up to date, and how old the last event is."""
    lag = sum(lag_of(one)[0] for one in document["partitions"])
    heads = [one for one in document["partitions"] if one["recorded_at"] is not None]
    if lag:
        first = texts["status.lag"].format(count=f"{lag:,}")
    elif document["inbox"]["length"]:
        first = texts["status.waiting"].format(count=f"{document['inbox']['length']:,}")
    else:
        first = texts["status.current"]
    if not heads:
        return f"{first} {texts['status.empty']}"
    now = instant_of(document["time"])
    last = max(instant_of(one["recorded_at"]) for one in heads)
    return f"{first} {texts['status.last'].format(ago=ago(_seconds(now, last), texts))}"


def lag_of(partition: Document) -> tuple[int, float]:
    """Events and seconds that the slowest view of a partition is behind."""
    views = partition["projections"]
    events = max((one["lag_events"] for one in views), default=0)
    return events, max((one["lag_seconds"] for one in views), default=0.0)


def ago(seconds: float, texts: Mapping[str, str]) -> str:
    """`3 minutes`: how long something took, in the largest unit that it fills."""
    whole = max(0, int(seconds))
    name, size = next(((name, size) for name, size in _SPANS if whole >= size), ("seconds", 1))
    count = whole // size
    return texts[f"span.{name}.one" if count == 1 else f"span.{name}"].format(count=f"{count:,}")


def _seconds(now: datetime, then: datetime) -> float:
    return (now - then).total_seconds()
