"""Canonical bytes against the RFC 8785 oracle, and the digests over them."""

from hashlib import sha256
from typing import Any

import orjson
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.canonical import canonical_bytes, content_digest, key_digest, leaf_hash
from tollbook_schemas.decode import decode_document
from tollbook_schemas.limits import INTEGER_MAX

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=30,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES)


@given(DOCUMENTS)
def test_canonical_bytes_are_rfc_8785_for_every_allowed_document(document: dict[str, Any]) -> None:
    assert canonical_bytes(document) == rfc8785.dumps(document)


@given(DOCUMENTS, st.sampled_from([0, orjson.OPT_INDENT_2]))
def test_decoding_gives_the_document_back_however_it_was_spaced(
    document: dict[str, Any], option: int
) -> None:
    assert decode_document(orjson.dumps(document, option=option)) == document


@given(DOCUMENTS)
def test_canonical_bytes_of_decoded_canonical_bytes_are_the_same(document: dict[str, Any]) -> None:
    canonical = canonical_bytes(document)

    assert canonical_bytes(decode_document(canonical)) == canonical


def test_a_leaf_hash_is_that_of_rfc_6962() -> None:
    empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"

    assert leaf_hash(b"").hex() == empty
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()


def test_digests_have_their_sizes_and_tell_keys_apart() -> None:
    assert len(key_digest("https://a", "b")) == 16
    assert key_digest("https://a", "b") != key_digest("https://a/b", "")
    assert content_digest(b"{}") == sha256(b"{}").digest()
