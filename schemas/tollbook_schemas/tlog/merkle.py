"""Merkle trees over leaf hashes, and the proofs that can be made of them (RFC 6962 2.1)."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
"""Bytes of a SHA-256 hash."""

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962 2.1)."""

_NODE: Final = b"\x01"
"""Stands before the two hashes of an inner node, as 0x00 before a leaf, so that none is both."""

SubtreeReader = Callable[[int, int], bytes]
"""Gives the hash of a complete subtree: of the 2**level leaves from index * 2**level on."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node of two subtrees, 32 bytes each."""
    return sha256(_NODE + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The Merkle tree hash over hashes in order.

    Args:
        hashes: leaf hashes; or hashes of complete subtrees of one size, after which one of a
            smaller subtree may stand: the tree over their leaves is the same.
    """
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        above = [sha256(_NODE + left + right).digest() for left, right in pairs]
        if len(row) % 2:
            above.append(row[-1])
        row = above
    return row[0]


def range_root(read: SubtreeReader, start: int, end: int) -> bytes:
    """The Merkle tree hash of the leaves from `start` to before `end`.

    Args:
        read: gives complete subtrees.
        start: a multiple of the smallest power of two that is not below `end - start`.
        end: beyond `start`.
    """
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(read(level, start >> level))
        start += 1 << level
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    return root


def inclusion_proof(read: SubtreeReader, index: int, size: int) -> tuple[bytes, ...]:
    """The audit path of a leaf, from its sibling up (RFC 6962 2.1.1).

    Args:
        read: gives complete subtrees of the tree.
        index: of the leaf, from 0.
        size: of the tree, above `index`.
    """
    _must(0 <= index < size, f"a tree of {size} has no leaf {index}")
    start, end = 0, size
    path = []
    while end - start > 1:
        middle = start + _left_leaves(end - start)
        if index < middle:
            path.append(range_root(read, middle, end))
            end = middle
        else:
            path.append(range_root(read, start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_proof(read: SubtreeReader, old: int, new: int) -> tuple[bytes, ...]:
    """What shows that a tree begins with an older one (RFC 6962 2.1.2); empty where nothing must.

    Args:
        read: gives complete subtrees of the newer tree.
        old: size of the older tree; of an empty one every tree is a continuation.
        new: size of the newer tree, not below `old`.
    """
    _must(0 <= old <= new, f"a tree of {new} cannot begin with one of {old}")
    if old in {0, new}:
        return ()
    start, end = 0, new
    path = []
    while end != old:
        middle = start + _left_leaves(end - start)
        if old <= middle:
            path.append(range_root(read, middle, end))
            end = middle
        else:
            path.append(range_root(read, start, middle))
            start = middle
    if start:  # else the old tree is a subtree of the new one, and its root is known
        path.append(range_root(read, start, end))
    return tuple(reversed(path))


def _left_leaves(count: int) -> int:
    """How many of the leaves of a tree are left of its root: the largest power of two below."""
    return 1 << ((count - 1).bit_length() - 1)


def _must(holds: bool, message: str) -> None:  # noqa: FBT001  # reads as an assertion
    if not holds:
        raise ValueError(message)
