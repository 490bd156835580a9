"""Verifies receipts (c2sp.org/tlog-proof) from their bytes; nothing the server says is trusted."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tollbook_client.errors import ProofError

_TITLE: Final = "c2sp.org/tlog-proof@v1"
_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 33
_ENTRY_BYTES_MAX: Final = 65_535


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves: that this event is this entry of a log that the key has signed.

    Attributes:
        origin: of the log: `<name of the key>/<partition>`.
        index: of the event, from 0; its sequence is one more.
        size: of the log when it was signed.
        event: as it is stored.
    """

    origin: str
    index: int
    size: int
    event: dict[str, Any]


def verify_receipt(receipt: bytes, key: str) -> VerifiedReceipt:
    """Verify a receipt with a key that you trust.

    Args:
        receipt: the file, as `Client.receipt` or `tollbook receipt` gives it.
        key: the ledger's public key, as its operator hands it out: `<name>+<key id>+<base64>`.

    Raises:
        ProofError: it does not prove its event, or the key is none.
    """
    try:
        return _verified(receipt, *_key(key))
    except (ValueError, binascii.Error, IndexError) as error:
        raise ProofError(f"this is no receipt: {error}") from error


def _verified(receipt: bytes, name: str, public: bytes) -> VerifiedReceipt:
    head, _, note = receipt.partition(b"\n\n")
    title, extra, place, *path = head.decode().split("\n")
    if title != _TITLE or not extra.startswith("extra ") or not place.startswith("index "):
        raise ProofError(f"this is no receipt: it does not begin with {_TITLE}")
    origin, size, root = _signed_head(note.decode(), name, public)
    event = _decoded(extra.removeprefix("extra "))
    index = int(place.removeprefix("index "))
    hashes = [_decoded(one) for one in path]
    if index >= size or _root(_leaf(event), index, size, hashes) != root:
        raise ProofError(f"the event is not entry {index} of the log of {size} that was signed")
    return VerifiedReceipt(origin, index, size, json.loads(event))


def _key(text: str) -> tuple[str, bytes]:
    name, key_id, encoded = [*text.strip().split("+", 2), "", ""][:3]
    material = _decoded(encoded)
    if material[:1] != _ED25519 or len(material) != _KEY_BYTES:
        raise ProofError(f"{text!r} is no key: give <name>+<key id>+<base64>, of Ed25519")
    if _key_id(name, material[1:]).hex() != key_id:
        raise ProofError(f"{text!r} was altered: its key id is another")
    return name, material[1:]


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def _signed_head(note: str, name: str, public: bytes) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that the key has signed for one of its logs."""
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root, *_ = text.split("\n")
    lead, _, partition = origin.rpartition("/")
    if lead != name or not partition.isdecimal():
        raise ProofError(f"the receipt is of the log {origin}, which is none of the key {name}")
    own = _key_id(origin, public)
    signed = [
        signature
        for line in signatures.splitlines()
        if (signature := _signature(line, origin, own)) is not None
    ]
    if not signed:
        raise ProofError("the checkpoint is not signed by the key that you trust")
    verifier = Ed25519PublicKey.from_public_bytes(public)
    for signature in signed:
        try:
            verifier.verify(signature, f"{text}\n".encode())
        except InvalidSignature:
            raise ProofError("the signature is not of this checkpoint") from None
    return origin, int(size), _decoded(root)


def _signature(line: str, origin: str, key_id: bytes) -> bytes | None:
    """The signature in a line of a note, if it is by this key."""
    name, _, encoded = line.removeprefix("\u2014 ").partition(" ")
    material = _decoded(encoded)
    return material[4:] if name == origin and material[:4] == key_id else None


def _leaf(event: bytes) -> bytes:
    """RFC 6962 2.1, over the event, or over what stands for it where it is long."""
    entry = event
    if len(event) > _ENTRY_BYTES_MAX:
        told = {"length": len(event), "sha256": hashlib.sha256(event).hexdigest()}
        entry = json.dumps({"detached": told}, separators=(",", ":")).encode()
    return hashlib.sha256(b"\0" + entry).digest()


def _root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162 2.1.3.2); None where it does not fit."""
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = hashlib.sha256(b"\1" + sibling + found).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + sibling).digest()
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
