"""A change as the hub holds it: decoded once for filters, encoded once for every reader."""

from typing import Final, NamedTuple

import orjson
import structlog

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.live import sse
from tollbook_services.live.filter import Subject, subject_of
from tollbook_services.live.place import EntryId, FeedPlace
from tollbook_services.live.stream import Entry

_BREAKS: Final = (b"\n", b"\r")

_log = structlog.get_logger("tollbook.feed")


class LiveChange(NamedTuple):
    """One change.

    Attributes:
        entry: its id in the stream.
        subject: what it is about; None for an entry that is no change, which nobody gets.
        sent: the bytes that readers get.
    """

    entry: EntryId
    subject: Subject | None
    sent: bytes


def live_change(ledger: str, entry: Entry, gazetteer: Gazetteer) -> LiveChange:
    """An entry of the stream, ready to be handed on.

    What others wrote into the stream and is no change is passed over, and logged.
    """
    try:
        document = orjson.loads(entry.body)
        subject = subject_of(document, gazetteer)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        _log.error("an entry of the change feed is no change", id=str(entry.id), reason=str(error))
        return LiveChange(entry.id, None, b"")
    body = entry.body
    if any(one in body for one in _BREAKS):  # white space that would end the line of the event
        body = orjson.dumps(document)
    token = FeedPlace(ledger, entry.id).token()
    return LiveChange(entry.id, subject, sse.change(token, body))
