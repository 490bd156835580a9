"""`POST /v1/events`: one event or a batch, acknowledged when durable."""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from itertools import islice
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response
from typing_extensions import TypedDict

from tollbook_schemas.views import ReceiptDocument
from tollbook_services.access.principal import Principal
from tollbook_services.access.publishing import faults_of_publishing
from tollbook_services.access.roles import Action
from tollbook_services.api.bodies import EVENT_TYPES, event_body
from tollbook_services.api.event_schema import EVENT_SCHEMAS
from tollbook_services.api.options import BATCH_MAX
from tollbook_services.api.problems import ProblemError, problem_response
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import needs
from tollbook_services.api.told import answers, problems
from tollbook_services.documents import split_documents
from tollbook_services.ledger import Receipt
from tollbook_services.publish import Publisher, publish

router = APIRouter(prefix="/v1", tags=["events"])


class ReceiptCounts(TypedDict):
    """How many events had each outcome."""

    appended: int
    duplicate: int
    quarantined: int
    rejected: int


class ReceiptsDocument(TypedDict):
    """A receipt for each event, in the order in which they were sent."""

    receipts: list[ReceiptDocument]
    counts: ReceiptCounts


_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "One CloudEvents 1.0 event, an array of them, or JSON Lines; "
        f"{BATCH_MAX:,} at most. `source` and `id` are the idempotency key: sending the same "
        "again is safe, so there is no Idempotency-Key header.",
        "content": {media: {"schema": EVENT_SCHEMAS[media]} for media in EVENT_TYPES},
    }
}


@router.post(
    "/events",
    responses=answers(ReceiptsDocument) | problems(400, 409, 413, 415, 422, 507),
    openapi_extra=_BODY,
)
async def publish_events(
    request: Request,
    running: Annotated[Running, Depends(running_of)],
    caller: Annotated[Principal, Depends(needs(Action.PUBLISH))],
) -> Response:
    """Append events; the answer comes when all of them are on disk.

    200 where every event was appended or is a duplicate. Where some were refused, a problem with
    all receipts: 422 if any was rejected, else 409. The others were appended all the same.
    """
    body = await event_body(request)
    documents = list(islice(split_documents(BytesIO(body)), BATCH_MAX + 1))
    if len(documents) > BATCH_MAX:
        raise ProblemError(
            413, "too-large", f"a request has at most {BATCH_MAX:,} events: nothing was appended"
        )
    if not documents:
        raise ProblemError(400, "usage", "there is no event in it: send one, an array, or lines")
    publisher = Publisher(caller.name, lambda event: faults_of_publishing(caller, event))
    receipts = await publish(
        documents,
        running.book.ledger,
        running.book.admission,
        origin=f"http:{caller.name}",
        publisher=publisher,
    )
    return _told(receipts, running.book.ledger.id)


def _told(receipts: Sequence[Receipt], ledger: str) -> Response:
    counts = Counter(one.status for one in receipts)
    documents = [one.document(ledger) for one in receipts]
    told: dict[str, Any] = {
        "receipts": documents,
        "counts": {
            status: counts[status]
            for status in ("appended", "duplicate", "quarantined", "rejected")
        },
    }
    refused = counts["quarantined"] + counts["rejected"]
    if not refused:
        return Response(orjson.dumps(told), media_type="application/json")
    status = 422 if counts["rejected"] else 409
    lead = "" if len(documents) == 1 else "/{}"
    errors = [
        {"pointer": lead.format(place) + error["pointer"], "message": error["message"]}
        for place, document in enumerate(documents)
        for error in document["errors"]
    ]
    slug = "events-rejected" if counts["rejected"] else "events-quarantined"
    detail = (
        f"{refused} of {len(documents)} events were refused and are kept with the reasons; "
        "the receipts say what became of each"
    )
    return problem_response(status, slug, detail, errors=errors, **told)
