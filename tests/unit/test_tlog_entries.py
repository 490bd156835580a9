"""Log entries, bundles of them, and proofs in files."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tlog_kit import HEAD, LOG

from tollbook_schemas.tlog.bundles import bundle_of, detached, entries_in, entry_of
from tollbook_schemas.tlog.note import Note, NoteError
from tollbook_schemas.tlog.tlog_proof import TlogProof, tlog_proof_from

NOTE = Note(HEAD.text, (LOG.signature(HEAD.text),))


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_entries_come_back_from_their_bundle(entries):
    assert entries_in(bundle_of(entries)) == entries


def test_a_bundle_has_the_length_of_each_entry_before_it():
    assert bundle_of([b"ab", b"", b"c" * 258]) == b"\x00\x02ab\x00\x00\x01\x02" + b"c" * 258


@pytest.mark.parametrize(
    "bundle", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00", b"\xff\xff" + b"a" * 9]
)
def test_a_bundle_that_ends_within_an_entry_is_refused(bundle):
    with pytest.raises(ValueError, match="ends within entry"):
        entries_in(bundle)


def test_an_event_is_its_own_entry_up_to_the_longest_that_a_bundle_takes():
    longest = b'{"data":"' + b"x" * (65_535 - 11) + b'"}'
    assert len(longest) == 65_535
    assert entry_of(longest) == longest
    assert entries_in(bundle_of([longest])) == [longest]
    assert detached(longest) is None


def test_a_longer_event_is_represented_by_its_length_and_digest():
    event = b'{"data":"' + b"x" * 70_000 + b'"}'
    entry = entry_of(event)
    digest = sha256(event).hexdigest()
    assert entry == b'{"detached":{"length":70011,"sha256":"%b"}}' % digest.encode()
    assert detached(entry) == (digest, 70_011)


def test_what_only_looks_like_the_entry_of_a_longer_event_is_refused():
    with pytest.raises(ValueError, match="another form"):
        detached(b'{"detached": {"length": 1, "sha256": "a"}}'.replace(b": ", b":", 1))


@pytest.mark.parametrize("extra", [None, b"the event"])
@pytest.mark.parametrize("path", [(), (bytes(32), bytes(range(32)))])
def test_a_proof_comes_back_from_its_file(extra, path):
    proof = TlogProof(11, path, NOTE, extra)
    assert tlog_proof_from(proof.document()) == proof


def test_a_proof_has_the_lines_of_the_specification():
    document = TlogProof(11, (bytes(32),), NOTE, b"hello").document().decode()
    assert document.split("\n\n")[0] == (
        "c2sp.org/tlog-proof@v1\nextra aGVsbG8=\nindex 11\n"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    )
    assert document.partition("\n\n")[2].encode() == NOTE.document()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2", "begins with the line"),
        ("index 11", "index 011", "decimal number"),
        ("index 11\n", "", "a line 'index"),
        ("extra aGVsbG8=", "extra aGVsbG8", "no base64"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAAA", "32 bytes"),
        ("index 11\n", "index 11\n" + "AAAA\n" * 64, "63 hashes"),
        ("\n\n", "\n", "begins with the line"),
    ],
)
def test_a_file_that_is_no_proof_is_refused_with_what_one_is(old, new, said):
    document = TlogProof(11, (bytes(32),), NOTE, b"hello").document().decode()
    with pytest.raises(NoteError, match=said):
        tlog_proof_from(document.replace(old, new).encode())
