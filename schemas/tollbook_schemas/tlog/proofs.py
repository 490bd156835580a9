"""Whether a proof shows what it should: inclusion and consistency (RFC 9162 2.1.3.2, 2.1.4.2)."""

from collections.abc import Iterable, Sequence

from tollbook_schemas.tlog.merkle import EMPTY_ROOT, node_hash


def shows_inclusion(
    proof: Sequence[bytes], leaf: bytes, index: int, size: int, root: bytes
) -> bool:
    """Whether an audit path leads from a leaf hash to the root of a tree (RFC 9162 2.1.3.2).

    Args:
        proof: hashes from the leaf's sibling up.
        leaf: the leaf hash, made by the one who asks, from the entry.
        index: of the leaf, from 0.
        size: of the tree.
        root: of the tree, from a signed checkpoint.
    """
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    found = leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def shows_consistency(
    proof: Sequence[bytes], old: int, old_root: bytes, new: int, new_root: bytes
) -> bool:
    """Whether a newer tree begins with all leaves of an older one (RFC 9162 2.1.4.2).

    Args:
        proof: as `consistency_proof` makes it; empty for trees of one size and for an empty one.
        old: size of the older tree.
        old_root: its root, from a signed checkpoint.
        new: size of the newer tree.
        new_root: its root, from a signed checkpoint.
    """
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = iter([old_root, *proof] if old & (old - 1) == 0 else proof)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = next(path, None)
    if first is None:
        return False
    roots = _both_roots(path, first, place, last)
    return roots == (old_root, new_root)


def _both_roots(
    path: Iterable[bytes], first: bytes, place: int, last: int
) -> tuple[bytes, bytes] | None:
    """The roots of the older and the newer tree that a path leads to; None for a wrong length."""
    older = newer = first
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            newer = node_hash(newer, sibling)
        place, last = place >> 1, last >> 1
    return (older, newer) if last == 0 else None
