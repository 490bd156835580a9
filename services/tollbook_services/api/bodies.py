"""Bodies of requests, read as far as they are allowed to go."""

from typing import Final

from fastapi import Request

from tollbook_services.api.options import BODY_BYTES_MAX
from tollbook_services.api.problems import ProblemError

EVENT_TYPES: Final = (
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/json",
    "application/x-ndjson",
)
"""Content types of published events: one, an array, or JSON Lines; which, the body itself says."""


async def event_body(request: Request) -> bytes:
    """The body of a request that publishes events.

    Raises:
        ProblemError: 415 for another content type or encoding, 413 where it is too long, 400 where
            it is empty.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in EVENT_TYPES:
        raise ProblemError(
            415, "unsupported-media-type", f"events come as {', '.join(EVENT_TYPES)}",
            headers={"Accept-Post": ", ".join(EVENT_TYPES)},
        )  # fmt: skip
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(415, "unsupported-media-type", "send the body without compression")
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > BODY_BYTES_MAX:
            raise ProblemError(
                413,
                "too-large",
                f"a body has at most {BODY_BYTES_MAX:,} bytes: send fewer events at once",
                headers={"Connection": "close"},
            )
        pieces.append(piece)
    body = b"".join(pieces)
    if not body.strip():
        raise ProblemError(400, "usage", "the body is empty: send one event, an array, or lines")
    return body
