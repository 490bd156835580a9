"""The gazetteers of a ledger: publishes tables as events, and says what is known of an area."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

import orjson

from tollbook_projections.references import in_force
from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import UsageError
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.parse import RECORDED_TIME
from tollbook_schemas.times import format_instant
from tollbook_services import keys
from tollbook_services.policies import reference_documents
from tollbook_services.publish import Document as Raw
from tollbook_services.publish import publish
from tollbook_services.receipts import Receipt
from tollbook_services.wiring import Tollbook

KIND: Final = "org.tollbook.gazetteer.published.v1"
REPEATS_MAX: Final = 1_000
"""Times a gazetteer of one id may be published for one subject with other content."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A gazetteer to publish for one crisis, or for all crises of a partition.

    Attributes:
        event: the event; the one that is stored where the ledger has it already.
        recorded: whether the ledger has it already.
    """

    event: Document
    recorded: bool


def everywhere(book: Tollbook) -> tuple[str, ...]:
    """The subjects that together stand for every crisis."""
    count = book.ledger.partitions
    return tuple(keys.ledger_subject(partition, count) for partition in range(count))


async def wanted(book: Tollbook, document: Document, subject: str, source: str) -> Wanted:
    """The event that publishes a gazetteer; the stored one where it says the same.

    Its id comes from the gazetteer's id and the subject, so that publishing a file again adds
    nothing. Other content under the same id is a correction: it gets the next id, and holds.

    Raises:
        UsageError: the same gazetteer was corrected too often.
    """
    stem = f"gazetteer.{document['gazetteer'].replace('/', '.')}.{subject}"
    last: Document | None = None
    for number in range(1, REPEATS_MAX + 1):
        event_id = stem if number == 1 else f"{stem}.{number}"
        found = await book.ledger.find(source, event_id)
        if found is None:
            if last is not None and canonical_bytes(last["data"]) == canonical_bytes(document):
                return Wanted(last, recorded=True)
            event = _event(source, event_id, subject, document)
            return Wanted(event, recorded=False)
        last = orjson.loads(found.stored)
        last.pop(RECORDED_TIME, None)
    raise UsageError(
        f"{document['gazetteer']} was published {REPEATS_MAX:,} times: take another id"
    )


async def publish_all(book: Tollbook, events: Iterable[Wanted]) -> AsyncIterator[Sequence[Receipt]]:
    """Append events one after the other; receipts as they come.

    The areas they may refer to are those known at the beginning, and their own.
    """
    known = await book.admission.gazetteer()
    for index, one in enumerate(events, 1):
        raw = Raw(index, 1, canonical_bytes(one.event))
        yield await publish([raw], book.ledger, known, origin="gazetteer publish")


async def gazetteer_of(book: Tollbook, crisis: str | None) -> Gazetteer:
    """The areas that a crisis is read with; without one, those for all crises."""
    gazetteer, _ = in_force(await reference_documents(book, crisis), book.gazetteer, book.policy)
    return gazetteer


def area_document(gazetteer: Gazetteer, code: str, day: date | None) -> Document:
    """What is known of an area, and what its code meant on a day.

    Raises:
        UsageError: there is no such area; the message names what is near.
    """
    area = gazetteer.resolve(code)
    if area is None:
        near = ", ".join(f"{one.code} ({one.name})" for one in gazetteer.suggest(code))
        hint = f"did you mean {near}?" if near else "use an ISO 3166 code or a P-code"
        raise UsageError(f"no area {code!r}: {hint}")
    meant = None
    if day is not None:
        noon = datetime.combine(day, time(12), UTC)
        meant = [_named(gazetteer, one) for one in gazetteer.areas_at((code,), noon)]
    return {
        **_named(gazetteer, area.code),
        "level": area.level,
        "former": gazetteer.is_former(code),
        "same": list(gazetteer.codes(code)),
        "also": list(gazetteer.names(code)),
        "inside": [_named(gazetteer, one) for one in gazetteer.ancestors(code)],
        "areas": [_named(gazetteer, one) for one in gazetteer.children(code)],
        "at": None if day is None else day.isoformat(),
        "meant": meant,
        "tables": [
            {
                "gazetteer": table.id,
                "valid_from": table.valid_from.isoformat(),
                "inside": table.parents.get(area.code),
                "areas": list(table.children.get(area.code, ())),
            }
            for table in gazetteer.tables(code)
        ],
        "gazetteer": gazetteer.version,
    }


def _named(gazetteer: Gazetteer, code: str) -> Document:
    return {"code": code, "name": gazetteer.name(code)}


def _event(source: str, event_id: str, subject: str, document: Document) -> Document:
    return {
        "specversion": "1.0",
        "type": KIND,
        "source": source,
        "id": event_id,
        "subject": subject,
        "time": format_instant(datetime.now(UTC)),
        "data": document,
    }
