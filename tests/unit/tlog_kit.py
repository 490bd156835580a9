"""Trees for the tests of the log formats, made the slow way the RFC's words say it."""

from hashlib import sha256

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.tlog.checkpoint import Checkpoint
from tollbook_schemas.tlog.growth import GrowingTree
from tollbook_schemas.tlog.keys import KeyKind, SigningKey
from tollbook_schemas.tlog.tiles import Tile

LOG = SigningKey.from_seed("log.example.org/p0", KeyKind.LOG, bytes(range(32)))
WITNESS = SigningKey.from_seed("witness.example.org", KeyKind.WITNESS, bytes(range(1, 33)))
HEAD = Checkpoint("log.example.org/p0", 12, bytes(range(32)))


def leaves_of(size: int) -> list[bytes]:
    """Different leaf hashes."""
    return [leaf_hash(b"entry %d" % number) for number in range(size)]


def slow_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) as RFC 6962 2.1 defines it, by its own recursion."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + slow_root(leaves[:split]) + slow_root(leaves[split:])).digest()


def grown(leaves: list[bytes], *steps: int) -> tuple[GrowingTree, dict[Tile, bytes]]:
    """The tree of leaves grown in steps that end at these sizes, and all tiles ever made."""
    tree, tiles = GrowingTree(), {}
    for end in (*steps, len(leaves)):
        tree, new = tree.grown(leaves[tree.size : end])
        tiles.update(new)
    return tree, tiles
