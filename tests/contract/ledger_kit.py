"""Events and appenders for the contract of the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import orjson

from tollbook_schemas.canonical import content_digest
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.engine import connect
from tollbook_services.ledger import Ledger
from tollbook_services.receipts import Receipt

SOURCE = "https://desk.example.org"


@cache
def event(name: str, value: int = 1, crisis: str = "flood-2025") -> ParsedEvent:
    """A small report; another `value` is other content under the same key."""
    found = parse_event(orjson.dumps(report(name, value, crisis)), default_gazetteer())
    assert isinstance(found, ParsedEvent), found
    return found


def report(name: str, value: int = 1, crisis: str = "flood-2025") -> dict[str, Any]:
    """The document of a small report."""
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": value},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-11",
    }
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": SOURCE,
        "id": name,
        "subject": crisis,
        "time": "2025-03-11T20:00:00Z",
        "datacontenttype": "application/json",
        "data": {"originator": "sohr", "published_at": "2025-03-11", "figures": [figure]},
    }


def decision(kind: str, about: ParsedEvent, name: str, as_: str | None = None) -> ParsedEvent:
    """A decision about an event, under an id of its own."""
    data = {
        "source": about.key[0],
        "id": about.key[1],
        "content": content_digest(about.canonical).hex(),
        "reason": "because",
    }
    if as_ is not None:
        data["as"] = as_
    document = {
        "specversion": "1.0",
        "type": f"org.tollbook.quarantine.{kind}.v1",
        "source": "urn:tollbook:desk:ann",
        "id": name,
        "subject": about.crisis,
        "time": "2026-02-01T10:00:00Z",
        "data": data,
    }
    found = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(found, ParsedEvent), found
    return found


def events(count: int, prefix: str = "e") -> list[ParsedEvent]:
    """As many different events of one crisis."""
    return [event(f"{prefix}{number}") for number in range(count)]


def outcomes(receipts: list[Receipt]) -> list[tuple[str, int | None]]:
    """Status and sequence of each receipt."""
    return [(receipt.status, receipt.sequence) for receipt in receipts]


async def stored_ids(ledger: Ledger, partition: int = 0) -> list[str]:
    """The ids of the events of a partition, in order; their positions have to be dense."""
    entries = await ledger.read(partition, after=0, count=1_000_000)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert await ledger.head(partition) == len(entries)
    return [orjson.loads(entry.stored)["id"] for entry in entries]


@asynccontextmanager
async def another_ledger(url: str) -> AsyncIterator[Ledger]:
    """The same ledger through a client of its own, as another process has it."""
    redis = await connect(url)
    try:
        yield await Ledger.open(redis)
    finally:
        await redis.aclose()
