"""Proofs of inclusion and consistency: every one for small trees, and nothing else passes."""

import itertools
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tlog_kit import grown, leaves_of

from tollbook_schemas.tlog.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, root_of
from tollbook_schemas.tlog.proofs import shows_consistency, shows_inclusion
from tollbook_schemas.tlog.tiles import subtrees_in

LEAVES = leaves_of(300)
ROOTS = [root_of(LEAVES[:size]) for size in range(301)]
TILES = [grown(LEAVES[:size])[1] for size in range(301)]
OTHER = bytes(32)


def reader(size):
    """The subtrees of a tree; each is worked out from its tiles once, not for every proof."""
    return cache(subtrees_in(TILES[size].__getitem__, size))


def test_every_inclusion_proof_of_trees_of_up_to_300_leaves_holds():
    for size in range(301):
        read = reader(size)
        for index in range(size):
            proof = inclusion_proof(read, index, size)
            assert shows_inclusion(proof, LEAVES[index], index, size, ROOTS[size])
            assert not shows_inclusion(proof, OTHER, index, size, ROOTS[size])


def test_every_consistency_proof_between_trees_of_up_to_300_leaves_holds():
    for new in range(301):
        read = reader(new)
        for old in range(new + 1):
            proof = consistency_proof(read, old, new)
            assert shows_consistency(proof, old, ROOTS[old], new, ROOTS[new])
            assert not shows_consistency(proof, old, OTHER, new, ROOTS[new])
            assert not old or not shows_consistency(proof, old, ROOTS[old], new, OTHER)


@given(data=st.data())
def test_a_proof_of_inclusion_that_was_touched_shows_nothing(data):
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(reader(size), index, size))
    touched = data.draw(st.sampled_from(list(alterations(proof))))
    assert not shows_inclusion(touched, LEAVES[index], index, size, ROOTS[size])


@given(data=st.data())
def test_a_proof_of_consistency_that_was_touched_shows_nothing(data):
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(0, new))
    proof = list(consistency_proof(reader(new), old, new))
    touched = data.draw(st.sampled_from(list(alterations(proof))))
    assert not shows_consistency(touched, old, ROOTS[old], new, ROOTS[new])


def alterations(proof):
    """The proof with a hash changed, dropped, added or two swapped."""
    yield [*proof, OTHER]
    yield [OTHER, *proof]
    for place in range(len(proof)):
        yield [*proof[:place], OTHER, *proof[place + 1 :]]
        yield proof[:place] + proof[place + 1 :]
    for left, right in itertools.combinations(range(len(proof)), 2):
        swapped = proof.copy()
        swapped[left], swapped[right] = swapped[right], swapped[left]
        yield swapped


@pytest.mark.parametrize("size", [1, 2, 7, 8, 255, 300])
def test_a_proof_of_inclusion_is_of_one_place(size):
    for index in range(size):
        proof = inclusion_proof(reader(size), index, size)
        places = range(-1, size + 2)
        shown = [
            at for at in places if shows_inclusion(proof, LEAVES[index], at, size, ROOTS[size])
        ]
        assert shown == [index]


def test_there_is_no_proof_beyond_the_tree():
    with pytest.raises(ValueError, match="has no leaf 7"):
        inclusion_proof(reader(7), 7, 7)
    with pytest.raises(ValueError, match="cannot begin with one of 8"):
        consistency_proof(reader(7), 8, 7)
    assert not shows_inclusion((), LEAVES[0], 0, 0, EMPTY_ROOT)
    assert not shows_consistency((), 8, ROOTS[8], 7, ROOTS[7])
    assert not shows_consistency((), -1, ROOTS[8], 7, ROOTS[7])
