"""Server-sent events (HTML Living Standard 9.2): the bytes of what readers get."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

RETRY_MS: Final = 2_000
"""How long a browser waits before it comes back: longer than a restart of the server takes."""

HEARTBEAT: Final = b": still here\n"
"""A comment, so that nobody in between takes a silent connection for a dead one. No empty line is
behind it: some clients take that for an event."""

STOPPING: Final = b": the server stops, come back with the last id\n"


def change(token: str, document: bytes) -> bytes:
    """A change; its document is JSON without line breaks."""
    return b"id: %b\nevent: change\ndata: %b\n\n" % (token.encode(), document)


def position(token: str) -> bytes:
    """Where a reader stands without having been sent a change."""
    return b"id: %b\nevent: position\ndata: {}\n\n" % token.encode()


def opening(token: str) -> bytes:
    """The first bytes: when to come back, and from where on changes are sent."""
    return b"retry: %d\n\n" % RETRY_MS + position(token)


def ending(event: str, document: Mapping[str, Any]) -> bytes:
    """The last event, `cut` or `gap`; it has no id, so the one before it stays the last."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), orjson.dumps(document))
