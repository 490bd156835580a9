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
    body = await whole_body(request, BODY_BYTES_MAX, "send fewer events at once")
    if not body.strip():
        raise ProblemError(400, "usage", "the body is empty: send one event, an array, or lines")
    return body


async def whole_body(request: Request, bytes_max: int, remedy: str) -> bytes:
    """The body of a request, which is not read further than it may be long.

    Frameworks read a typed body before they ask who sends it: so nobody's is.

    Raises:
        ProblemError: 413, it is too long.
    """
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > bytes_max:
            raise ProblemError(
                413,
                "too-large",
                f"a body has at most {bytes_max:,} bytes: {remedy}",
                headers={"Connection": "close"},
            )
        pieces.append(piece)
    return b"".join(pieces)
