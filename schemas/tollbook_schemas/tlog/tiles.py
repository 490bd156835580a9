"""Tiles: the files in which a log serves its tree and its entries (c2sp.org/tlog-tiles)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from tollbook_schemas.tlog.merkle import HASH_BYTES, SubtreeReader, root_of

TILE_WIDTH: Final = 256
"""Hashes of a full tile, and entries of a full bundle."""

TILE_LEVELS: Final = 8
"""Levels of the tree from one level of tiles to the next: 2**8 is 256."""

LEVEL_MAX: Final = 63
"""The highest level that a path can name."""

CHECKPOINT_PATH: Final = "checkpoint"
"""Where a log serves its newest signed checkpoint."""

READ_TILES_MAX: Final = 64
"""Tiles a reader of subtrees keeps: two proofs in the largest log need no more."""

_PATH: Final = re.compile(
    r"tile/(?:(entries)|(0|[1-9][0-9]?))/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One tile of a log, or one bundle of its entries.

    Attributes:
        level: 0 for leaf hashes; a hash of level L stands for 256**L leaves. None for a bundle of
            entries.
        index: within the level, from 0.
        width: how many hashes or entries it holds, 1 to 256; a partial one has fewer than 256.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def partial(self) -> bool:
        """Whether it is one of the last ones, and will be replaced by a wider one."""
        return self.width < TILE_WIDTH

    @property
    def full(self) -> Self:
        """The full tile of the same place."""
        return type(self)(self.level, self.index)

    @property
    def path(self) -> str:
        """Where it is served below the log's prefix: `tile/0/x001/234.p/17`."""
        level = "entries" if self.level is None else self.level
        tail = f".p/{self.width}" if self.partial else ""
        return f"tile/{level}/{_index_path(self.index)}{tail}"

    @property
    def end(self) -> int:
        """The index of the first leaf behind those it stands for."""
        leaves: int = TILE_WIDTH ** (self.level or 0)
        return (self.index * TILE_WIDTH + self.width) * leaves


def tile_from(path: str) -> Tile | None:
    """The tile of a path; None for a path that names none."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    entries, level, index, width = found.groups()
    number = int(re.sub("[x/]", "", index))
    tile = Tile(None if entries else int(level), number, int(width or TILE_WIDTH))
    sound = (tile.level or 0) <= LEVEL_MAX and tile.path == path
    return tile if sound else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of the tree of a size, and no bundle; from the leaves up, in order."""
    level, hashes = 0, size
    while hashes:
        yield from tiles_between(level, 0, hashes)
        level, hashes = level + 1, hashes // TILE_WIDTH


def tiles_between(level: int | None, old: int, new: int) -> Iterator[Tile]:
    """The tiles of one level that hold something new when it grows from `old` hashes to `new`."""
    for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
        yield Tile(level, index, min(TILE_WIDTH, new - index * TILE_WIDTH))


def tile_holding(level: int, index: int, size: int) -> tuple[Tile, int, int]:
    """Where a complete subtree is found in the tiles of a tree.

    Args:
        level: the subtree has 2**level leaves.
        index: and begins with leaf index * 2**level.
        size: of the tree.

    Returns:
        The tile, and the hashes in it, from and to before, whose root the subtree's hash is.
    """
    tile_level, above = divmod(level, TILE_LEVELS)
    start = index << above
    if (index + 1) << level > size:
        raise ValueError(f"a tree of {size} has no complete subtree {level}, {index}")
    number, first = divmod(start, TILE_WIDTH)
    width = min(TILE_WIDTH, size // TILE_WIDTH**tile_level - number * TILE_WIDTH)
    return Tile(tile_level, number, width), first, first + (1 << above)


def subtrees_in(read_tile: Callable[[Tile], bytes], size: int) -> SubtreeReader:
    """The complete subtrees of a tree, out of its tiles.

    Args:
        read_tile: the bytes of a tile of the tree of this size; tiles are asked for once.
        size: of the tree.
    """
    kept = lru_cache(maxsize=READ_TILES_MAX)(read_tile)

    def read(level: int, index: int) -> bytes:
        tile, first, end = tile_holding(level, index, size)
        return root_of(hashes_in(kept(tile))[first:end])

    return read


def hashes_in(tile: bytes) -> list[bytes]:
    """The hashes of a tile, 32 bytes each."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def _index_path(index: int) -> str:
    """An index in elements of three digits, `x` before all but the last: x001/x234/067."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*("x" + part for part in parts[:-1]), parts[-1]])
