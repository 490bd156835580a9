"""Decisions about the quarantine, as the append function takes them and as its index has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from tollbook_schemas.canonical import content_digest, key_digest
from tollbook_schemas.event import DECISION_TYPES

Kind = Literal["accepted", "discarded"]

_ENDS: Final = tuple(f'"type":"{kind}"}}'.encode() for kind in sorted(DECISION_TYPES))
"""How a decision ends in canonical bytes: `type` is the last name of an envelope."""

_NO_COPY: Final = bytes(16)
"""In the place of the key of an accepted copy, where there is none."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What holds of a content that was decided about; told by the index of the quarantine.

    Attributes:
        kind: the decision that holds; what was accepted stays accepted.
        since: sequence of the first decision: from there on the content does not wait.
        sequence: that of the decision that holds, in the partition of the quarantine.
        position: partition and sequence that a retry is a duplicate of: the accepted copy, or the
            decision.
    """

    kind: Kind
    since: int
    sequence: int
    position: tuple[int, int]


def ruling_from(value: bytes | None) -> Ruling | None:
    """What the index of the quarantine has for a content; None while it waits for a decision."""
    kind, *rest = (value or b"").decode().split(" ")
    if kind not in ("accepted", "discarded"):
        return None
    since, sequence, position, _ = rest
    partition, _, at = position.partition(":")
    return Ruling(
        "accepted" if kind == "accepted" else "discarded",
        int(since),
        int(sequence),
        (int(partition), int(at)),
    )


def quarantine_digest(source: str, event_id: str, canonical: bytes) -> bytes:
    """48 bytes for another content of a key: what the index of the quarantine has it under."""
    return key_digest(source, event_id) + content_digest(canonical)


def packed_decisions(events: Iterable[tuple[int, bytes]]) -> bytes:
    """The decisions among events, as `functions/ledger.lua` takes them.

    Args:
        events: each with its place in the call, from 1, and its canonical bytes.
    """
    packed: list[bytes] = []
    for place, canonical in events:
        if canonical.endswith(_ENDS):
            data = orjson.loads(canonical)["data"]
            kind, copy = (b"d", _NO_COPY)
            if "as" in data:
                kind, copy = b"a", key_digest(data["source"], data["as"])
            packed += (place.to_bytes(4), kind, _about(data), copy)
    return b"".join(packed)


def decided_by(stored: bytes) -> tuple[bytes, Kind] | None:
    """What a stored event decides about, as a quarantine digest; None where it is no decision."""
    if not stored.endswith(_ENDS):
        return None
    data = orjson.loads(stored)["data"]
    return _about(data), "accepted" if "as" in data else "discarded"


def _about(data: dict[str, Any]) -> bytes:
    return key_digest(data["source"], data["id"]) + bytes.fromhex(data["content"])
