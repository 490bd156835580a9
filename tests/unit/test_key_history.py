"""The chain of a ledger's keys: every link signed by both ends, nothing else passes."""

from datetime import UTC, datetime

import orjson
import pytest
from tests.unit.tlog_kit import LOG

from tollbook_schemas.tlog.keys import KeyKind, SigningKey
from tollbook_schemas.tlog.note import NoteError, note_from
from tollbook_services.sealing.key_history import KeyNote, key_notes_from, trusted_keys

LEDGER = ("l1", 4)
SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = [SigningKey.from_seed(LOG.name, KeyKind.LOG, bytes([number] * 32)) for number in range(4)]
STRANGER = SigningKey.from_seed(LOG.name, KeyKind.LOG, bytes([9] * 32))


def chain(*signers: SigningKey) -> list[bytes]:
    """The lines of a history of these keys, one after the other."""
    before = [None, *signers]
    return [
        KeyNote.made(LEDGER, key, old, SINCE).line
        for key, old in zip(signers, before, strict=False)
    ]


def test_a_history_comes_back_from_its_lines():
    notes = key_notes_from(chain(*KEYS))
    assert [note.key for note in notes] == [key.verifier for key in KEYS]
    assert [note.replaces for note in notes[1:]] == [key.verifier for key in KEYS[:-1]]
    assert {note.since for note in notes} == {SINCE}
    assert [note.line for note in notes] == chain(*KEYS)


@pytest.mark.parametrize("anchor", KEYS)
def test_who_trusts_one_key_of_the_chain_trusts_all(anchor):
    notes = key_notes_from(chain(*KEYS))
    assert trusted_keys(notes, [anchor.verifier]) == tuple(key.verifier for key in KEYS)


def test_who_trusts_none_of_them_trusts_none():
    notes = key_notes_from(chain(*KEYS))
    assert trusted_keys(notes, [STRANGER.verifier]) == ()
    assert trusted_keys((), [STRANGER.verifier]) == ()


def test_a_link_that_the_key_before_has_not_signed_is_refused():
    lines = chain(*KEYS)
    forged = KeyNote.made(LEDGER, STRANGER, None, SINCE)
    with pytest.raises(NoteError, match="line 5 of the key history does not follow"):
        key_notes_from([*lines, forged.line])
    text = KeyNote.made(LEDGER, STRANGER, KEYS[3], SINCE).note.text
    note = note_from(f"{text}\n{STRANGER.signature(text).line}".encode())
    with pytest.raises(NoteError, match=r"line 5 .* has not signed it"):
        key_notes_from([*lines, orjson.dumps({"note": note.document().decode()})])


@pytest.mark.parametrize("drop", [0, 1, 2])
def test_a_history_with_a_hole_is_refused(drop):
    lines = chain(*KEYS)
    del lines[drop]
    with pytest.raises(NoteError, match=f"line {drop + 1} of the key history does not follow"):
        key_notes_from(lines)


@pytest.mark.parametrize("ledger", [("l2", 4), ("l1", 3)])
def test_a_link_of_another_ledger_does_not_follow(ledger):
    line = KeyNote.made(ledger, KEYS[1], KEYS[0], SINCE).line
    with pytest.raises(NoteError, match="line 2 of the key history does not follow"):
        key_notes_from([*chain(KEYS[0]), line])


@pytest.mark.parametrize("count", ["0", "-1", "04", "99999", "x"])
def test_a_count_of_partitions_is_a_number(count):
    text = KeyNote.made(LEDGER, LOG, None, SINCE).note.text.replace("\n4\n", f"\n{count}\n")
    document = f"{text}\n{LOG.signature(text).line}"
    with pytest.raises(NoteError, match="has 1 partition or more"):
        key_notes_from([orjson.dumps({"note": document})])


def test_a_key_of_another_name_does_not_follow():
    renamed = SigningKey.from_seed("log.example.org/other", KeyKind.LOG, bytes(32))
    with pytest.raises(NoteError, match="replaced by one of another name"):
        key_notes_from([*chain(KEYS[0]), KeyNote.made(LEDGER, renamed, KEYS[0], SINCE).line])


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b'{"note": 1}', b'{"note": "text"}', b"\xff", chain(LOG)[0][:-3]]
)
def test_a_line_that_is_no_link_is_named(line):
    with pytest.raises(NoteError, match="line 1 of the key history"):
        key_notes_from([line])


def test_a_note_about_something_else_is_no_link():
    text = KeyNote.made(LEDGER, LOG, None, SINCE).note.text.replace("tollbook log key", "other")
    document = f"{text}\n{LOG.signature(text).line}"
    with pytest.raises(NoteError, match="no note of 'tollbook log key'"):
        key_notes_from([orjson.dumps({"note": document})])
