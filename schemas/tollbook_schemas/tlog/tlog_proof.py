"""Proofs in a file: an entry's place in a log with the checkpoint (c2sp.org/tlog-proof)."""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.tlog.checkpoint import SIZE_MAX
from tollbook_schemas.tlog.merkle import HASH_BYTES
from tollbook_schemas.tlog.note import Note, NoteError, decoded, note_from

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)

PATH_MAX: Final = 63
"""Hashes of an inclusion proof: no tree is higher."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """That an entry is in a log, to be verified without it.

    Attributes:
        index: of the entry, from 0.
        path: the inclusion proof, from the leaf's sibling up.
        checkpoint: the signed note, with its cosignatures.
        extra: bytes carried along: of a receipt, the stored event.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = None

    def document(self) -> bytes:
        """The proof as a file, by custom `*.tlog-proof`."""
        extra = [] if self.extra is None else [_EXTRA + b64encode(self.extra).decode()]
        hashes = [b64encode(one).decode() for one in self.path]
        lines = [_HEADER, *extra, f"{_INDEX}{self.index}", *hashes, ""]
        return "".join(line + "\n" for line in lines).encode() + self.checkpoint.document()


def tlog_proof_from(document: bytes) -> TlogProof:
    """A proof from its file; nothing is verified.

    Raises:
        NoteError: says what is wrong.
    """
    head, blank, note = document.partition(b"\n\n")
    lines = head.decode(errors="replace").split("\n")
    if not blank or lines.pop(0) != _HEADER:
        raise NoteError(f"a proof begins with the line {_HEADER}")
    extra = None
    if lines and lines[0].startswith(_EXTRA):
        extra = decoded(lines.pop(0).removeprefix(_EXTRA))
    if not lines or not lines[0].startswith(_INDEX):
        raise NoteError("a proof has a line 'index <number>'")
    number = lines.pop(0).removeprefix(_INDEX)
    if not _NUMBER.fullmatch(number) or int(number) > SIZE_MAX:
        raise NoteError(f"the index of a proof is a decimal number, not {number[:40]!r}")
    if len(lines) > PATH_MAX:
        raise NoteError(f"a proof has {PATH_MAX} hashes at most; this has {len(lines)}")
    path = tuple(map(decoded, lines))
    if any(len(one) != HASH_BYTES for one in path):
        raise NoteError(f"each hash of a proof has {HASH_BYTES} bytes")
    return TlogProof(int(number), path, note_from(note), extra)
