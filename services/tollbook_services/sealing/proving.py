"""Makes proofs from tiles that have to be fetched: first which ones it takes, then the proof."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from tollbook_schemas.tlog.merkle import SubtreeReader
from tollbook_schemas.tlog.tiles import Tile, subtrees_in, tile_holding

Prove = Callable[[SubtreeReader], tuple[bytes, ...]]
"""Makes a proof out of complete subtrees; it asks for the same ones whatever they are."""

ReadTiles = Callable[[Collection[Tile]], Awaitable[Mapping[Tile, bytes]]]


async def proof_from_tiles(read_tiles: ReadTiles, size: int, prove: Prove) -> tuple[bytes, ...]:
    """A proof in the tree of a size.

    Args:
        read_tiles: fetches tiles of that tree.
        size: of the tree.
        prove: such as `lambda read: inclusion_proof(read, index, size)`.
    """
    wanted: dict[Tile, None] = {}

    def note(level: int, index: int) -> bytes:
        wanted[tile_holding(level, index, size)[0]] = None
        return b""

    prove(note)
    tiles = await read_tiles(wanted)
    return prove(subtrees_in(tiles.__getitem__, size))
