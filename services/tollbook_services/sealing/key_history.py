"""Which keys a ledger's logs were signed with: a chain of notes, each signed by its own key.

A note says of which ledger it is and how many logs that has, which key is used from a time on, and
which one it replaces; on a replacement both have signed it. So who trusts one key of the chain can
trust the others through it, and nobody can leave a log out unnoticed.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import orjson

from tollbook_schemas.times import format_instant, instant_of
from tollbook_schemas.tlog.keys import SigningKey, VerifierKey, verified, verifier_key_from
from tollbook_schemas.tlog.note import Note, NoteError, note_from

_TITLE: Final = "tollbook log key"
_LINES: Final = 6
_NONE: Final = "-"
_COUNT: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)

KEY_NOTES_MAX: Final = 1_000
"""Keys of a history: one a week for twenty years."""


@dataclass(frozen=True, slots=True)
class KeyNote:
    """One link of the chain.

    Attributes:
        ledger: id of the ledger.
        partitions: how many logs it has, which never changes.
        key: that is used from `since` on.
        replaces: the one before; None for the first.
        since: when it was made.
        note: what says so, signed by both.
    """

    ledger: str
    partitions: int
    key: VerifierKey
    replaces: VerifierKey | None
    since: datetime
    note: Note

    @classmethod
    def made(
        cls,
        ledger: tuple[str, int],
        key: SigningKey,
        replaces: SigningKey | None,
        since: datetime,
    ) -> Self:
        """A new link of a ledger, given by its id and the count of its partitions."""
        before = replaces.verifier if replaces else None
        lines = (
            _TITLE,
            ledger[0],
            str(ledger[1]),
            key.verifier.text,
            before.text if before else _NONE,
            format_instant(since),
        )
        text = "".join(line + "\n" for line in lines)
        signers = [key, *([replaces] if replaces else [])]
        note = Note(text, tuple(signer.signature(text) for signer in signers))
        return cls(*ledger, key.verifier, before, since, note)

    @property
    def line(self) -> bytes:
        """As it is kept and published: one line of JSON, without its newline."""
        return orjson.dumps({"note": self.note.document().decode()})


def key_notes_from(lines: Iterable[bytes]) -> tuple[KeyNote, ...]:
    """The chain from its lines, each signed as it must be, and each following the one before.

    Raises:
        NoteError: names the line and what is wrong.
    """
    notes: list[KeyNote] = []
    for number, line in enumerate(lines, 1):
        if number > KEY_NOTES_MAX:
            raise NoteError(f"a key history has {KEY_NOTES_MAX:,} lines at most")
        try:
            note = _key_note(line)
        except ValueError as error:
            raise NoteError(f"line {number} of the key history: {error}") from None
        last = notes[-1] if notes else note
        same = (note.ledger, note.partitions) == (last.ledger, last.partitions)
        if not same or note.replaces != (last.key if notes else None):
            raise NoteError(f"line {number} of the key history does not follow the one before")
        notes.append(note)
    return tuple(notes)


def trusted_keys(
    notes: Sequence[KeyNote], anchors: Collection[VerifierKey]
) -> tuple[VerifierKey, ...]:
    """The keys of a chain that can be trusted by who trusts some key; in the chain's order.

    Args:
        notes: the chain, from `key_notes_from`.
        anchors: keys that are trusted from elsewhere.
    """
    chain = [note.key for note in notes]
    return tuple(chain) if set(anchors) & set(chain) else ()


def _key_note(line: bytes) -> KeyNote:
    match orjson.loads(line):
        case {"note": str(text)}:
            note = note_from(text.encode())
        case _:
            raise NoteError('it is not {"note": "..."}')
    lines = note.text.removesuffix("\n").split("\n")
    if lines[0] != _TITLE or len(lines) != _LINES:
        raise NoteError(f"it is no note of {_TITLE!r}")
    _, ledger, partitions, key_text, replaced, since = lines
    if not _COUNT.fullmatch(partitions):
        raise NoteError(f"a ledger has 1 partition or more, not {partitions[:40]!r}")
    key = verifier_key_from(key_text)
    before = None if replaced == _NONE else verifier_key_from(replaced)
    needed = {key, before} - {None}
    if set(verified(note, [one for one in (key, before) if one])) != needed:
        raise NoteError("a key that it names has not signed it")
    if before is not None and before.name != key.name:
        raise NoteError(f"the key of {before.name} is replaced by one of another name, {key.name}")
    return KeyNote(ledger, int(partitions), key, before, instant_of(since), note)
