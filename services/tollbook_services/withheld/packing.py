"""Redactions among events, as the append function takes them."""

from collections.abc import Iterable
from typing import Final

import orjson

from tollbook_schemas.canonical import key_digest
from tollbook_schemas.event import PAYLOAD_REDACTED

_END: Final = f'"type":"{PAYLOAD_REDACTED}"}}'.encode()
"""How a redaction ends in canonical bytes: `type` is the last name of an envelope."""


def packed_redactions(events: Iterable[tuple[int, bytes]]) -> bytes:
    """The redactions among events, as `functions/ledger.lua` takes them.

    Args:
        events: each with its place in the call, from 1, and its canonical bytes.
    """
    packed: list[bytes] = []
    for place, canonical in events:
        if canonical.endswith(_END):
            data = orjson.loads(canonical)["data"]
            packed += (place.to_bytes(4), key_digest(data["source"], data["id"]))
    return b"".join(packed)
