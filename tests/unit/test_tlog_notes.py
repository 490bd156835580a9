"""Signed notes, keys, checkpoints and cosignatures, as their specifications write them."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tlog_kit import HEAD, LOG, WITNESS

from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.keys import (
    KeyKind,
    SigningKey,
    cosigned_at,
    signing_key_from,
    verified,
    verified_of_log,
    verifier_key_from,
)
from tollbook_schemas.tlog.note import Note, NoteError, note_from

# The key and the note of the documentation of golang.org/x/mod/sumdb/note.
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    f"{TEXT}\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
).encode()

AT_S = 1_679_315_147


def signed(*signatures):
    return Note(HEAD.text, signatures)


def test_the_published_note_is_read_signed_and_verified():
    note = note_from(SIGNED)
    assert note.text == TEXT
    assert note.document() == SIGNED
    assert verified(note, [verifier_key_from(PUBLIC)]) == (verifier_key_from(PUBLIC),)
    key = signing_key_from(SECRET)
    assert (key.secret_text, key.verifier.text) == (SECRET, PUBLIC)
    assert Note(TEXT, (key.signature(TEXT),)).document() == SIGNED


def test_a_checkpoint_is_three_lines_and_comes_back():
    assert HEAD.text == "log.example.org/p0\n12\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert checkpoint_from(HEAD.text) == HEAD
    extended = Checkpoint("o", 0, bytes(32), ("more", "lines"))
    assert checkpoint_from(extended.text) == extended


@pytest.mark.parametrize(
    "text",
    [
        "log\n12\n", "log\n012\n" + HEAD.text.split("\n")[2] + "\n", "log\n-1\nAAAA\n",
        "\n12\nAAAA\n",
        "log\n12\nAAAA\n", "log\n12\nnot base64\n", HEAD.text + "\n", "log\n٣\nAAAA\n",
    ],
)  # fmt: skip
def test_other_texts_are_no_checkpoint(text):
    with pytest.raises(NoteError):
        checkpoint_from(text)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"text\n", "a blank line"),
        (SIGNED[:-1], "each with a newline"),
        (SIGNED.replace("— ".encode(), b"- "), "signature line is"),
        (SIGNED.replace(b"PeterNeumann", b"Peter Neumann"), "signature line is"),
        (SIGNED.replace(b"PeterNeumann", b"Peter+Neumann"), "no key name"),
        (SIGNED.replace(b"nAM=", b"nAN="), "no base64"),
        (SIGNED.replace(b"problem", b"prob\x07lem"), "control characters"),
        (b"\xff" + SIGNED, "UTF-8"),
        (TEXT.encode() + "\n— a AAAA\n".encode(), "too short"),
        (SIGNED + SIGNED.split(b"\n\n")[1] * 100, "100 signatures"),
        (b"x" * 1_000_001, "1,000,000 bytes"),
    ],
)
def test_a_document_that_is_no_note_is_refused_with_what_one_is(document, said):
    with pytest.raises(NoteError, match=said):
        note_from(document)


def test_signatures_of_strangers_are_passed_over_and_one_of_ours_must_be_there():
    stranger = SigningKey("log.example.org/p0", KeyKind.LOG, Ed25519PrivateKey.generate())
    note = signed(stranger.signature(HEAD.text), LOG.signature(HEAD.text))
    assert verified(note, [LOG.verifier]) == (LOG.verifier,)
    with pytest.raises(NoteError, match="no known key has signed it"):
        verified(signed(stranger.signature(HEAD.text)), [LOG.verifier])


def test_a_witness_alone_does_not_make_a_log_s_head():
    alone = signed(WITNESS.signature(HEAD.text, AT_S))
    keys = [LOG.verifier, WITNESS.verifier]
    assert verified(alone, keys) == (WITNESS.verifier,)
    with pytest.raises(NoteError, match=r"only the witness witness\.example\.org"):
        verified_of_log(alone, keys)
    both = signed(WITNESS.signature(HEAD.text, AT_S), LOG.signature(HEAD.text))
    assert set(verified_of_log(both, keys)) == set(keys)


@given(place=st.integers(0, 63), bit=st.integers(0, 7))
def test_a_signature_of_ours_that_does_not_verify_refuses_the_note(place, bit):
    good = LOG.signature(HEAD.text)
    made = bytearray(good.made)
    made[place] ^= 1 << bit
    bad = type(good)(good.name, good.key_id, bytes(made))
    with pytest.raises(NoteError, match=r"signature of log\.example\.org/p0 is not of this text"):
        verified(signed(WITNESS.signature(HEAD.text, AT_S), bad), [LOG.verifier, WITNESS.verifier])


def test_a_cosignature_is_of_the_time_and_the_text():
    made = WITNESS.signature(HEAD.text, AT_S)
    assert cosigned_at(made) == AT_S
    assert len(made.made) == 8 + 64
    assert WITNESS.verifier.verifies(made, HEAD.text)
    later = type(made)(made.name, made.key_id, (AT_S + 1).to_bytes(8) + made.made[8:])
    assert not WITNESS.verifier.verifies(later, HEAD.text)
    assert not WITNESS.verifier.verifies(made, HEAD.text.replace("12", "13"))
    # the bytes that are signed, by the words of the specification
    message = f"cosignature/v1\ntime {AT_S}\n{HEAD.text}".encode()
    assert made.made[8:] == WITNESS.private.sign(message)


def test_the_same_key_for_another_purpose_has_another_id():
    as_witness = SigningKey(LOG.name, KeyKind.WITNESS, LOG.private)
    assert as_witness.verifier.key_id != LOG.verifier.key_id
    assert verifier_key_from(as_witness.verifier.text) == as_witness.verifier


def test_a_new_signature_of_a_key_takes_the_place_of_its_old_one():
    note = signed(LOG.signature(HEAD.text), WITNESS.signature(HEAD.text, AT_S))
    again = note.with_signatures([WITNESS.signature(HEAD.text, AT_S + 60)])
    assert [one.name for one in again.signatures] == [LOG.name, WITNESS.name]
    assert cosigned_at(again.signatures[1]) == AT_S + 60


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        PUBLIC.replace("c74f20a3", "c74f20a4"),
        PUBLIC + "+",
        "+a+b",
    ],
)
def test_other_texts_are_no_key(text):
    with pytest.raises(NoteError):
        verifier_key_from(text)


@pytest.mark.parametrize("material", [b"\1" + bytes(16), b"\2" + bytes(32)])
def test_a_key_of_another_length_or_kind_is_refused_as_such(material):
    with pytest.raises(NoteError, match="not Ed25519"):
        verifier_key_from(f"name+00000000+{b64encode(material).decode()}")


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC,
        SECRET.replace("c74f20a3", "c74f20a4"),
        SECRET[:-4],
        "PRIVATE+KEY+a+zz",
        SECRET + "AAAA",
    ],
)
def test_a_wrong_private_key_is_refused_without_showing_it(text):
    with pytest.raises(NoteError) as refused:
        signing_key_from(text)
    assert text.rpartition("+")[2] not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_private_key_does_not_show_itself():
    assert repr(LOG) == "SigningKey('log.example.org/p0', <KeyKind.LOG: 1>)"
