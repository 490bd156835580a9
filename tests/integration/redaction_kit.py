"""Reports with sensitive fields, and the steps that tests of redaction take."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson

from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.editorial import prepare
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

SOURCE = "https://desk.example.org"
CRISIS = "coast"
PLACE = "House of Zedekiah"
SPEAKER = "Umm Talal Zedekiah"
WITNESS = "Abu Hamza Zedekiah"
SECRETS = (PLACE, SPEAKER, WITNESS)
SPOTS = ("/data/figures/0/place", "/data/statements/0/speaker", "/data/ext/witness")


def report(
    name: str, value: int = 5, *, sensitive: Sequence[str] = SPOTS, speaker: str = SPEAKER
) -> dict[str, Any]:
    """A report about one house, with a witness: a cumulative figure, as of a day of its own."""
    day = f"2025-03-{10 + value % 10}"
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": value},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "place": PLACE,
        "window": {"start": "2025-03-06"},
        "as_of": day,
    }
    statement = {"id": "s", "speaker": speaker, "kind": "claim", "text": "it was at night"}
    data: dict[str, Any] = {
        "originator": "sohr",
        "published_at": day,
        "ext": {"witness": WITNESS, "file": "12"},
        "figures": [figure],
        "statements": [statement],
    }
    if sensitive:
        data["sensitive"] = list(sensitive)
    return event("report.filed", name, data)


def event(kind: str, name: str, data: dict[str, Any], *, time: str = "11T20:00") -> dict[str, Any]:
    """An event about the crisis."""
    return {
        "specversion": "1.0",
        "type": f"org.tollbook.{kind}.v1",
        "source": SOURCE,
        "id": name,
        "subject": CRISIS,
        "time": f"2025-03-{time}:00Z",
        "data": data,
    }


def policy(name: str, sensitive: Sequence[str] | None, *, time: str) -> dict[str, Any]:
    """A policy for the crisis; None says nothing of sensitive fields."""
    data: dict[str, Any] = {"policy": name, "reason": "people were threatened"}
    if sensitive is not None:
        data["sensitive"] = list(sensitive)
    return event("policy.published", name.replace("/", "."), data, time=time)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Tollbook]:
    """A ledger of two partitions."""
    async with open_tollbook(Settings(redis=url, partitions=2), create=True) as book:
        yield book


async def parsed(book: Tollbook, *documents: dict[str, Any]) -> list[ParsedEvent]:
    """Documents as valid events."""
    areas = await book.admission.gazetteer()
    found = [parse_event(orjson.dumps(document), areas) for document in documents]
    assert all(isinstance(one, ParsedEvent) for one in found), found
    return [one for one in found if isinstance(one, ParsedEvent)]


async def filed(book: Tollbook, *documents: dict[str, Any]) -> list[str]:
    """What became of each document, appended one after the other."""
    outcomes = []
    for one in await parsed(book, *documents):
        (receipt,) = await book.ledger.append([one])
        outcomes.append(receipt.status)
    return outcomes


async def redacted(book: Tollbook, name: str) -> None:
    """The redaction of a report, recorded; nothing is purged yet."""
    said = {
        "source": SOURCE,
        "id": name,
        "by": "the desk's lead",
        "legal_basis": "GDPR Art. 17",
        "reason": "the witness was threatened",
    }
    act = await prepare(book, "payload.redacted.v1", CRISIS, said, "urn:tollbook:desk:ann")
    (receipt,) = await book.ledger.append([act.parsed])
    assert receipt.status == "appended"


async def stored(book: Tollbook) -> list[dict[str, Any]]:
    """The stored events of the crisis's partition."""
    entries = await book.ledger.read(book.partition_of(CRISIS), 0, 1_000)
    return [orjson.loads(entry.stored) for entry in entries]
