"""Ed25519 keys of notes: a log's own and those of its witnesses (signed-note, tlog-cosignature)."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tollbook_schemas.tlog.note import (
    KEY_ID_BYTES,
    Note,
    NoteError,
    Signature,
    decoded,
    must_be_key_name,
)

PUBLIC_BYTES: Final = 32
SEED_BYTES: Final = 32
_PRIVATE_LEAD: Final = "PRIVATE+KEY+"
TIME_BYTES: Final = 8
"""A cosignature begins with its time, in seconds since 1970."""

TIME_S_MAX: Final = 2**63 - 1
"""A cosignature that says a later time is none (tlog-cosignature, Format)."""


class KeyKind(IntEnum):
    """What a key signs, as the byte that its id is made with."""

    LOG = 0x01
    """Ed25519 over the text of a note."""

    WITNESS = 0x04
    """Ed25519 over a time and the text of a checkpoint: a cosignature."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that a reader of notes trusts.

    Attributes:
        name: without spaces and plus, by custom a URL without scheme.
        kind: of what it signs.
        public: 32 bytes.
    """

    name: str
    kind: KeyKind
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that with the name tell it from other keys."""
        material = bytes([self.kind]) + self.public
        return sha256(self.name.encode() + b"\n" + material).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """As keys are handed out: `<name>+<key id>+<base64 of kind and key>`."""
        material = b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def is_of(self, signature: Signature) -> bool:
        """Whether a signature says that this key made it."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def verifies(self, signature: Signature, text: str) -> bool:
        """Whether this key made a signature of a note's text."""
        made, message = signature.made, text.encode()
        if self.kind is KeyKind.WITNESS:
            if cosigned_at(signature) > TIME_S_MAX:
                return False
            message = cosigned_message(text, cosigned_at(signature))
            made = made[TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(made, message)
        except InvalidSignature:
            return False
        return True


def verifier_key_from(text: str) -> VerifierKey:
    """The key that a text `<name>+<key id>+<base64>` names.

    Raises:
        NoteError: says what is wrong.
    """
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise NoteError(f"{text[:80]!r} is no verifier key: it is <name>+<key id>+<base64>")
    name, key_id, material = parts
    raw = decoded(material)
    if raw[0] not in set(KeyKind) or len(raw) != 1 + PUBLIC_BYTES:
        raise NoteError(f"the key of {name} is not Ed25519 (kinds 01 and 04)")
    key = VerifierKey(must_be_key_name(name), KeyKind(raw[0]), raw[1:])
    if key.key_id.hex() != key_id:
        raise NoteError(f"the key of {name} has the id {key.key_id.hex()}, not {key_id}")
    return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name; it is never shown."""

    name: str
    kind: KeyKind
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        """Without the key."""
        return f"SigningKey({self.name!r}, {self.kind!r})"

    @classmethod
    def from_seed(cls, name: str, kind: KeyKind, seed: bytes) -> Self:
        """The key of 32 secret bytes (RFC 8032 5.1.5).

        Raises:
            NoteError: they are not 32, or the name cannot be that of a key.
        """
        if len(seed) != SEED_BYTES:
            raise NoteError(f"the key of {name} must have {SEED_BYTES} bytes")
        return cls(must_be_key_name(name), kind, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def secret_text(self) -> str:
        """As a key is kept: `PRIVATE+KEY+<name>+<key id>+<base64 of kind and seed>`."""
        material = b64encode(bytes([self.kind]) + self.private.private_bytes_raw()).decode()
        return f"{_PRIVATE_LEAD}{self.name}+{self.verifier.key_id.hex()}+{material}"

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def signature(self, text: str, at_s: int = 0) -> Signature:
        """The signature of a note's text.

        Args:
            text: ending in a newline.
            at_s: for a witness the time of signing, in seconds since 1970.
        """
        if self.kind is KeyKind.LOG:
            made = self.private.sign(text.encode())
        else:
            made = at_s.to_bytes(TIME_BYTES) + self.private.sign(cosigned_message(text, at_s))
        return Signature(self.name, self.verifier.key_id, made)


def signing_key_from(text: str) -> SigningKey:
    """The private key that a text `PRIVATE+KEY+<name>+<key id>+<base64>` holds.

    Raises:
        NoteError: says what is wrong, and never what the text is.
    """
    parts = text.strip().removeprefix(_PRIVATE_LEAD).split("+", 2)
    if not text.startswith(_PRIVATE_LEAD) or len(parts) != 3:
        raise NoteError(f"a private key is {_PRIVATE_LEAD}<name>+<key id>+<base64>")
    name, key_id, material = parts
    try:
        raw = decoded(material)
        kind = KeyKind(raw[0])
    except ValueError:
        raise NoteError(f"the private key of {name!r} is not Ed25519 (kinds 01 and 04)") from None
    key = SigningKey.from_seed(name, kind, raw[1:])
    if key.verifier.key_id.hex() != key_id:
        raise NoteError(f"the private key of {name!r} has another id than it says")
    return key


def verified(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """The keys of those known that have signed a note; at least one.

    Signatures of keys that are not known are passed over, as the specification demands.

    Raises:
        NoteError: a signature that names a known key is not its, or there is none.
    """
    known = tuple(keys)
    found: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        for key in known:
            if key.is_of(signature):
                if not key.verifies(signature, note.text):
                    raise NoteError(f"the signature of {key.name} is not of this text")
                found[key] = None
    if not found:
        names = ", ".join(sorted({one.name for one in note.signatures}))
        raise NoteError(f"no known key has signed it; it is signed by {names}")
    return tuple(found)


def verified_of_log(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """As `verified`; one of the keys has to be a log's: witnesses alone do not make a log's head.

    Raises:
        NoteError: as `verified`, or only witnesses have signed it.
    """
    found = verified(note, keys)
    if not any(key.kind is KeyKind.LOG for key in found):
        names = ", ".join(key.name for key in found)
        raise NoteError(f"no known key of a log has signed it, only the witness {names}")
    return found


def cosigned_message(text: str, at_s: int) -> bytes:
    """What a witness signs: a header, the time, and the text of the checkpoint."""
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def cosigned_at(signature: Signature) -> int:
    """When a witness made a cosignature, in seconds since 1970."""
    return int.from_bytes(signature.made[:TIME_BYTES])
