"""A tree that grows: its right edge, and the tiles that each growth completes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from tollbook_schemas.tlog.merkle import HASH_BYTES, root_of
from tollbook_schemas.tlog.tiles import TILE_WIDTH, Tile, hashes_in, tiles_between


@dataclass(frozen=True, slots=True)
class GrowingTree:
    """A tree as its last tile of each level, which is all that growing it needs.

    Attributes:
        size: how many leaves it has.
        edge: the hashes of the last, partial tile of each level from the leaves up; a level whose
            tiles are all full has none.
    """

    size: int = 0
    edge: tuple[tuple[bytes, ...], ...] = ()

    @property
    def root(self) -> bytes:
        """The Merkle tree hash of all leaves."""
        below: list[bytes] = []
        for hashes in self.edge:
            row = [*hashes, *below]
            below = [root_of(row)] if row else []
        return root_of(below)

    def grown(self, leaves: Sequence[bytes]) -> tuple[Self, dict[Tile, bytes]]:
        """The tree with leaf hashes added, and the bytes of every tile that it has anew.

        A tile is given at its width after the growth; a partial one is given again, wider or full,
        when it has grown.
        """
        new: dict[Tile, bytes] = {}
        edge: list[tuple[bytes, ...]] = []
        added, before = list(leaves), self.size
        while added or len(edge) < len(self.edge):
            level = len(edge)
            row = [*(self.edge[level] if level < len(self.edge) else ()), *added]
            base = before // TILE_WIDTH * TILE_WIDTH
            for tile in tiles_between(level, base, base + len(row)) if added else ():
                at = tile.index * TILE_WIDTH - base
                new[tile] = b"".join(row[at : at + tile.width])
            full = len(row) // TILE_WIDTH * TILE_WIDTH
            edge.append(tuple(row[full:]))
            added = [root_of(row[at : at + TILE_WIDTH]) for at in range(0, full, TILE_WIDTH)]
            before //= TILE_WIDTH
        return type(self)(self.size + len(leaves), tuple(edge)), new


def edge_tiles(size: int) -> Iterator[Tile]:
    """The partial tiles of the tree of a size, from which it can grow."""
    level = 0
    while size:
        if width := size % TILE_WIDTH:
            yield Tile(level, size // TILE_WIDTH, width)
        size //= TILE_WIDTH
        level += 1


def tree_from(size: int, tiles: dict[Tile, bytes]) -> GrowingTree:
    """A tree of a size from its partial tiles.

    Raises:
        ValueError: a tile is missing, or has not as many hashes as its width.
    """
    edge: list[tuple[bytes, ...]] = []
    rest = size
    while rest:
        width = rest % TILE_WIDTH
        stored = tiles.get(Tile(len(edge), rest // TILE_WIDTH, width), b"") if width else b""
        if len(stored) != width * HASH_BYTES:
            raise ValueError(f"the tree of {size} lacks its last tile of level {len(edge)}")
        edge.append(tuple(hashes_in(stored)))
        rest //= TILE_WIDTH
    return GrowingTree(size, tuple(edge))
