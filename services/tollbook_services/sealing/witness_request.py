"""The body of a request for a cosignature (c2sp.org/tlog-witness, add-checkpoint)."""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final, Self

from tollbook_schemas.tlog.checkpoint import SIZE_MAX
from tollbook_schemas.tlog.merkle import HASH_BYTES
from tollbook_schemas.tlog.note import Note, NoteError, decoded, note_from

PROOF_MAX: Final = 63
"""Hashes of a consistency proof, by the specification."""

REQUEST_BYTES_MAX: Final = 65_536
"""Bytes of a request: 63 hashes are 3 kB, and a checkpoint with 100 signatures some 20 kB."""

_OLD: Final = "old "
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """A checkpoint to be cosigned.

    Attributes:
        old: size of the tree that the witness is thought to have cosigned last.
        proof: that the checkpoint's tree begins with that one; empty where `old` is 0.
        checkpoint: signed by its log.
    """

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Note

    def document(self) -> bytes:
        """The body."""
        lines = (f"{_OLD}{self.old}", *(b64encode(one).decode() for one in self.proof), "")
        return "".join(line + "\n" for line in lines).encode() + self.checkpoint.document()

    @classmethod
    def read(cls, document: bytes) -> Self:
        """A request from its body; nothing is verified.

        Raises:
            NoteError: says what is wrong.
        """
        if len(document) > REQUEST_BYTES_MAX:
            raise NoteError(f"a request has {REQUEST_BYTES_MAX:,} bytes at most")
        head, _, note = document.partition(b"\n\n")
        first, *hashes = head.decode(errors="replace").split("\n")
        old = size_from(first.removeprefix(_OLD))
        if not first.startswith(_OLD) or old is None:
            raise NoteError("a request begins with the line 'old <size>'")
        if len(hashes) > PROOF_MAX:
            raise NoteError(f"a proof has {PROOF_MAX} hashes at most; this has {len(hashes)}")
        proof = tuple(map(decoded, hashes))
        if any(len(one) != HASH_BYTES for one in proof):
            raise NoteError(f"each hash of a proof has {HASH_BYTES} bytes")
        return cls(old, proof, note_from(note))


def size_from(text: str) -> int | None:
    """The size of a tree as it is written in requests and answers; None for anything else."""
    return int(text) if _SIZE.fullmatch(text) and int(text) <= SIZE_MAX else None
