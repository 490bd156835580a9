"""Signed notes: a text, a blank line, and lines of signatures (c2sp.org/signed-note)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

NOTE_BYTES_MAX: Final = 1_000_000
"""Bytes of a note: what Go's own reader of notes takes at most."""

SIGNATURES_MAX: Final = 100
"""Signatures of a note: the specification asks for 16 at least."""

KEY_ID_BYTES: Final = 4
_DASH: Final = "— "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """A text is no note, or not one that a known key has signed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line.

    Attributes:
        name: of the key.
        key_id: 4 bytes that with the name say which key and algorithm.
        made: what the algorithm made.
    """

    name: str
    key_id: bytes
    made: bytes

    @property
    def line(self) -> str:
        """As it stands in a note, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.made).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note.

    Attributes:
        text: what is signed, ending in a newline.
        signatures: at least one, in their order.
    """

    text: str
    signatures: tuple[Signature, ...]

    def document(self) -> bytes:
        """The note as it is served."""
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}".encode()

    def with_signatures(self, more: Iterable[Signature]) -> Self:
        """The note with signatures added; one of the same key is replaced."""
        added = {(one.name, one.key_id): one for one in more}
        kept = [one for one in self.signatures if (one.name, one.key_id) not in added]
        return replace(self, signatures=(*kept, *added.values()))


def note_from(document: bytes) -> Note:
    """A note from its bytes; no signature is verified.

    Raises:
        NoteError: says what is wrong.
    """
    if len(document) > NOTE_BYTES_MAX:
        raise NoteError(f"a note has {NOTE_BYTES_MAX:,} bytes at most; this has {len(document):,}")
    try:
        whole = document.decode()
    except UnicodeDecodeError as error:
        raise NoteError(f"a note is UTF-8; byte {error.start} is not") from None
    if found := _CONTROL.search(whole):
        raise NoteError(f"a note has no control characters; {found[0]!r} is at {found.start()}")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise NoteError("a note is a text, a blank line, and signature lines, each with a newline")
    return Note(text + "\n", signatures_from(lines))


def signatures_from(lines: str) -> tuple[Signature, ...]:
    """Signature lines, each with its newline, as a note has them or a witness answers them.

    Raises:
        NoteError: a line is none, or there are too many or none.
    """
    rows = lines.removesuffix("\n").split("\n")
    if len(rows) > SIGNATURES_MAX:
        raise NoteError(f"a note has {SIGNATURES_MAX} signatures at most; this has {len(rows)}")
    return tuple(_signature_from(row) for row in rows)


def must_be_key_name(name: str) -> str:
    """The name, where it can be that of a key.

    Raises:
        NoteError: it is empty, or has a space, a plus or a control character.
    """
    if not name or "+" in name or any(map(str.isspace, name)) or _CONTROL.search(name + "x"):
        raise NoteError(
            f"{name!r} is no key name: take one like log.example.org/p0, without spaces and plus"
        )
    return name


def decoded(text: str) -> bytes:
    """Standard base64 in its only form.

    Raises:
        NoteError: it is not that.
    """
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        found = b""
    if not found or b64encode(found).decode() != text:
        raise NoteError(f"{text[:80]!r} is no base64")
    return found


def _signature_from(row: str) -> Signature:
    parts: Sequence[str] = row.removeprefix(_DASH).split(" ")
    if not row.startswith(_DASH) or len(parts) != 2:
        raise NoteError(f"a signature line is '— <key name> <base64>', not {row[:80]!r}")
    name, text = parts
    both = decoded(text)
    if len(both) <= KEY_ID_BYTES:
        raise NoteError(f"the signature of {name} is too short")
    return Signature(must_be_key_name(name), both[:KEY_ID_BYTES], both[KEY_ID_BYTES:])
