"""Ids that tie log lines together: of a request, and of the trace that an entry is part of."""

import re
from typing import Final
from uuid import uuid4

TRACEPARENT: Final = "traceparent"
"""Header of a request, and field of an inbox entry beside `event` (W3C Trace Context)."""

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", re.ASCII)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def traceparent_of(text: str) -> str | None:
    """A `traceparent` as it was sent; None where it is none, as W3C Trace Context 3.2 has it."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None or text.startswith("ff") or not (found[1].strip("0") and found[2].strip("0")):
        return None
    return text


def trace_of(traceparent: str) -> str:
    """The id of the trace in a `traceparent`: 32 hexadecimal digits."""
    return traceparent.split("-", 2)[1]


def request_id(traceparent: str | None, given: str) -> str:
    """The id of a request: of the caller's trace, else its `X-Request-ID`, else a new one."""
    if traceparent is not None:
        return trace_of(traceparent)
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex
