"""Merkle trees and their tiles, against the words of RFC 6962 and of tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tlog_kit import grown, leaves_of, slow_root

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.tlog.growth import GrowingTree, edge_tiles, tree_from
from tollbook_schemas.tlog.merkle import range_root, root_of
from tollbook_schemas.tlog.tiles import Tile, subtrees_in, tile_from, tiles_of

# The eight inputs and roots with which Certificate Transparency implementations are tested.
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
          "606162636465666768696a6b6c6d6e6f")  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(9))
def test_the_roots_of_the_published_vectors(size):
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]
    assert root_of(leaves).hex() == ROOTS[size]
    assert grown(leaves)[0].root.hex() == ROOTS[size]


def test_the_roots_of_trees_of_up_to_600_leaves_are_those_of_the_definition():
    leaves = leaves_of(600)
    tree = GrowingTree()
    for size, leaf in enumerate(leaves):
        assert tree.root == root_of(leaves[:size])
        assert (size > 300 and size % 37) or tree.root == slow_root(leaves[:size])
        tree, _ = tree.grown([leaf])
    assert tree.root == slow_root(leaves)


@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=4).map(sorted))
def test_a_tree_grown_in_steps_has_the_tiles_and_the_root_of_one_grown_at_once(sizes):
    leaves = leaves_of(sizes[-1])
    once, tiles = grown(leaves)
    stepwise, every = grown(leaves, *sizes)
    assert stepwise == once
    assert {tile: every[tile] for tile in tiles} == tiles
    assert list(tiles_of(len(leaves))) == sorted(tiles)


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts():
    tiles = list(tiles_of(70_000))
    assert len(tiles) == 273 + 1 + 1 + 1 + 1
    assert tiles[273:] == [Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(size=st.integers(0, 1_500), more=st.integers(0, 600))
def test_a_tree_continues_from_its_last_tiles(size, more):
    leaves = leaves_of(size + more)
    before, tiles = grown(leaves[:size])
    assert set(edge_tiles(size)) <= set(tiles)
    continued = tree_from(size, tiles)
    assert continued == before
    assert continued.grown(leaves[size:])[0].root == grown(leaves)[0].root


def test_a_tree_does_not_continue_without_its_last_tile_of_each_level():
    _, tiles = grown(leaves_of(513))
    for missing in (Tile(0, 2, 1), Tile(1, 0, 2)):
        rest = {tile: hashes for tile, hashes in tiles.items() if tile != missing}
        with pytest.raises(ValueError, match=f"its last tile of level {missing.level}"):
            tree_from(513, rest)
    with pytest.raises(ValueError, match="level 0"):
        tree_from(513, {**tiles, Tile(0, 2, 1): bytes(31)})


@given(size=st.integers(1, 1_100), data=st.data())
def test_complete_subtrees_are_found_in_the_tiles(size, data):
    leaves = leaves_of(size)
    _, tiles = grown(leaves)
    read = subtrees_in(tiles.__getitem__, size)
    level = data.draw(st.integers(0, size.bit_length() - 1))
    index = data.draw(st.integers(0, (size >> level) - 1))
    inside = leaves[index << level : (index + 1) << level]
    assert read(level, index) == slow_root(inside)
    with pytest.raises(ValueError, match="no complete subtree"):
        read(level, size >> level)
    assert range_root(read, 0, size) == slow_root(leaves)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 1_234_067), "tile/3/x001/x234/067"),
        (Tile(0, 1_000), "tile/0/x001/000"),
        (Tile(None, 999, 255), "tile/entries/999.p/255"),
        (Tile(63, 12, 1), "tile/63/012.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path == path
    assert tile_from(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000", "tile/64/000", "tile/0/0", "tile/0/1234",
        "tile/0/x000/001", "tile/0/001/002",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/data/000", "checkpoint",
        "tile/0/000/", "/tile/0/000", "tile/0/\u0660\u0660\u0660", "tile/0/000\n",
    ],
)  # fmt: skip
def test_other_paths_name_no_tile(path):
    assert tile_from(path) is None
