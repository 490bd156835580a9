"""Log entries, and the bundles in which a log serves them (c2sp.org/tlog-tiles, log entries)."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import orjson

ENTRY_BYTES_MAX: Final = 65_535
"""Bytes of one entry: its length stands before it in two bytes."""

_LENGTH_BYTES: Final = 2
_DETACHED: Final = b'{"detached":'
"""What the entry of a longer event begins with. No stored event does: its first member is data."""


def entry_of(stored: bytes) -> bytes:
    """The log entry of a stored event: its bytes, or what stands for them where they are too many.

    An event longer than an entry may be is represented by its length and digest, canonical JSON
    `{"detached":{"length":…,"sha256":"…"}}`; the event itself is served beside the bundle.
    """
    if len(stored) <= ENTRY_BYTES_MAX:
        return stored
    told = {"length": len(stored), "sha256": sha256(stored).hexdigest()}
    return orjson.dumps({"detached": told})


def detached(entry: bytes) -> tuple[str, int] | None:
    """The SHA-256, in hexadecimal, and length of the event an entry stands for; None if it is one.

    Raises:
        ValueError: it begins as such an entry and is none.
    """
    if not entry.startswith(_DETACHED):
        return None
    told = orjson.loads(entry)["detached"]
    found: tuple[str, int] = (told["sha256"], told["length"])
    if entry != orjson.dumps({"detached": {"length": found[1], "sha256": found[0]}}):
        raise ValueError("the entry of a detached event has another form")
    return found


def bundle_of(entries: Iterable[bytes]) -> bytes:
    """A bundle: each entry behind its length, two bytes, big-endian.

    Raises:
        OverflowError: an entry is longer than `ENTRY_BYTES_MAX`.
    """
    parts: list[bytes] = []
    for entry in entries:
        parts += (len(entry).to_bytes(_LENGTH_BYTES), entry)
    return b"".join(parts)


def entries_in(bundle: bytes) -> list[bytes]:
    """The entries of a bundle, in order.

    Raises:
        ValueError: it ends within an entry.
    """
    entries: list[bytes] = []
    at, size = 0, len(bundle)
    while at < size:
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(bundle[at:start])
        if start > size or at > size:
            raise ValueError(f"the bundle ends within entry {len(entries)}")
        entries.append(bundle[start:at])
    return entries
