"""How far the views of a crisis have come, cheaply: what ETags are made of."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from fastapi import Request, Response

from tollbook_schemas.times import format_instant
from tollbook_schemas.views import KnownAsOf
from tollbook_services.exporting.metadata import program
from tollbook_services.wiring import Tollbook


@dataclass(frozen=True, slots=True)
class Standing:
    """What every answer about a crisis was made from.

    Attributes:
        partition: of the crisis.
        sequence: the last event that is in the views.
        recorded_at: when that was recorded; None before the first.
        mark: names ledger, rows, and the program that reads them.
    """

    partition: int
    sequence: int
    recorded_at: datetime | None
    mark: str

    def known_as_of(self) -> KnownAsOf:
        """The position, as views say it."""
        time = None if self.recorded_at is None else format_instant(self.recorded_at)
        return {"sequence": self.sequence, "time": time}

    def tag(self, request: Request, chosen: str) -> str:
        """A weak ETag of an answer: compression and the order of members are no difference."""
        asked = sorted(request.query_params.multi_items())
        text = repr((self.mark, request.url.path, asked, chosen))
        return f'W/"{self.sequence}-{sha256(text.encode()).hexdigest()[:20]}"'


async def standing_of(book: Tollbook, crisis: str) -> Standing:
    """Where the views of a crisis stand now."""
    partition = book.partition_of(crisis)
    parts: list[object] = [book.ledger.id, program()]
    checkpoints = []
    for name in book.projections.values():
        checkpoint = await book.readmodels.checkpoint(partition, name)
        live, _ = await book.readmodels.generations(partition, name)
        parked = await book.readmodels.parked_count(partition, name)
        checkpoints.append(checkpoint)
        parts += (name, checkpoint.sequence, live, parked)
    parts += (
        await book.ledger.quarantine_length(partition),
        await book.ledger.undecided_length(partition),
    )
    least = min(checkpoints, key=lambda one: one.sequence)
    return Standing(partition, least.sequence, least.recorded_at, repr(parts))


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller has this answer: `If-None-Match` names its tag (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    tags = {one.strip() for one in given.split(",")}
    bare = tag.removeprefix("W/")
    return bool(tags & {"*", tag, bare})


def validators(tag: str, recorded_at: datetime | None) -> dict[str, str]:
    """The headers by which a caller can ask whether anything changed."""
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
    if recorded_at is not None:
        headers["Last-Modified"] = format_datetime(recorded_at, usegmt=True)
    return headers


def not_modified(tag: str, recorded_at: datetime | None) -> Response:
    """304: what the caller has is what there is."""
    return Response(status_code=304, headers=validators(tag, recorded_at))
