"""Checkpoints: which tree a log says it has, as the text of a note (c2sp.org/tlog-checkpoint)."""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.tlog.merkle import HASH_BYTES
from tollbook_schemas.tlog.note import NoteError, decoded

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
SIZE_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree.

    Attributes:
        origin: names the log.
        size: how many entries it has.
        root: the Merkle tree hash of them, 32 bytes.
        extensions: lines of the log's own; we write none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text of the note."""
        root = b64encode(self.root).decode()
        lines = (self.origin, str(self.size), root, *self.extensions)
        return "".join(line + "\n" for line in lines)


def checkpoint_from(text: str) -> Checkpoint:
    """A checkpoint from the text of a note.

    Raises:
        NoteError: says what is wrong.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise NoteError("a checkpoint has three lines or more: origin, size, root; none is empty")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size) or int(size) > SIZE_MAX:
        raise NoteError(f"the size of a checkpoint is a decimal number, not {size[:40]!r}")
    hashed = decoded(root)
    if len(hashed) != HASH_BYTES:
        raise NoteError(f"the root of a checkpoint has {HASH_BYTES} bytes, not {len(hashed)}")
    return Checkpoint(origin, int(size), hashed, tuple(extensions))
