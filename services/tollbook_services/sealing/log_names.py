"""The names of a ledger's logs: one log for each partition, named after the ledger's key."""

from collections.abc import Iterable
from typing import Final

from tollbook_schemas.tlog.keys import SigningKey, VerifierKey
from tollbook_schemas.tlog.note import Note

_SEPARATOR: Final = "/"


def origin_of(log: str, partition: int) -> str:
    """The origin of a partition's checkpoints: `<name of the key>/<partition>`."""
    return f"{log}{_SEPARATOR}{partition}"


def signer_of(key: SigningKey, partition: int) -> SigningKey:
    """The key as that of one partition: its name is the origin, so its id is another."""
    return SigningKey(origin_of(key.name, partition), key.kind, key.private)


def keys_for(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Keys as they sign the log that a checkpoint says it is of: a ledger's, or that log's own."""
    origin = note.text.partition("\n")[0]
    name, _, partition = origin.rpartition(_SEPARATOR)
    own = partition.isdecimal() and partition.isascii()
    return tuple(
        VerifierKey(origin, key.kind, key.public) if own and key.name == name else key
        for key in keys
    )


def verifier_of(key: VerifierKey, partition: int) -> VerifierKey:
    """The public key as that of one partition."""
    return VerifierKey(origin_of(key.name, partition), key.kind, key.public)
