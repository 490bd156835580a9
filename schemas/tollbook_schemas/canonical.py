"""Bytes and digests: canonical JSON, idempotency keys, content digests, leaf hashes."""

from hashlib import sha256
from typing import Any

import orjson


def canonical_bytes(document: Any) -> bytes:
    """The RFC 8785 form of a document.

    Sorted orjson equals RFC 8785 for what the contract allows: no floats, integers below 2^53,
    ASCII names, valid Unicode.

    Raises:
        TypeError: the document holds something JSON cannot say.
    """
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def key_digest(source: str, event_id: str) -> bytes:
    """16 bytes for an idempotency key: the start of SHA-256 over `source#id`.

    Neither part may hold a `#`, so that different keys cannot look the same.
    """
    return sha256(f"{source}#{event_id}".encode()).digest()[:16]


def content_digest(canonical: bytes) -> bytes:
    """32 bytes for the content of an event: SHA-256 over its canonical bytes as sent."""
    return sha256(canonical).digest()


def leaf_hash(stored: bytes) -> bytes:
    """32 bytes for a stored event as a Merkle leaf: SHA-256 over 0x00 and it (RFC 6962 2.1)."""
    return sha256(b"\x00" + stored).digest()
