"""Our trees, proofs, notes and logs against those of Go's checksum database."""

import base64
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.tlog_kit import LOG, WITNESS, grown, leaves_of

from tollbook_schemas.tlog.bundles import bundle_of
from tollbook_schemas.tlog.checkpoint import Checkpoint
from tollbook_schemas.tlog.keys import verified
from tollbook_schemas.tlog.merkle import consistency_proof, inclusion_proof
from tollbook_schemas.tlog.note import Note, note_from
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, Tile, subtrees_in, tiles_between

SIZE_MAX = 300
SIZES = [1, 2, 255, 256, 257, 511, 512, 700]


def test_every_root_and_proof_of_trees_of_up_to_300_leaves_is_that_of_go(go_tlog):
    lines = go_tlog.run("proofs", str(SIZE_MAX)).decode().split("\n")
    leaves = leaves_of(SIZE_MAX)
    ours = []
    for size in range(1, SIZE_MAX + 1):
        tree, tiles = grown(leaves[:size])
        read = cache(subtrees_in(tiles.__getitem__, size))
        inclusion, consistency = sha256(), sha256()
        for index in range(size):
            inclusion.update(b"".join(inclusion_proof(read, index, size)))
            consistency.update(b"".join(consistency_proof(read, index + 1, size)))
        digests = (tree.root.hex(), inclusion.hexdigest(), consistency.hexdigest())
        ours.append(" ".join((str(size), *digests)))
    assert lines[1:] == [*ours, ""]  # Go has zeros for the empty tree, RFC 6962 a hash


def test_go_opens_our_notes_and_we_open_those_of_go(go_tlog):
    text = Checkpoint(LOG.name, 12, bytes(range(32))).text
    ours = Note(text, (WITNESS.signature(text, 1_679_315_147), LOG.signature(text)))
    assert go_tlog.run("open", LOG.verifier.text, given=ours.document()) == f"{LOG.name}\n".encode()
    theirs = note_from(go_tlog.run("sign", LOG.secret_text, given=text.encode()))
    assert theirs == Note(text, (LOG.signature(text),))
    assert verified(theirs, [LOG.verifier]) == (LOG.verifier,)


@pytest.mark.parametrize("size", SIZES)
def test_go_reads_a_log_of_ours_and_proves_its_entries_as_we_do(go_tlog, tmp_path, size):
    write_log(tmp_path, size)
    tree, tiles = grown(leaves_of(size))
    key = LOG.verifier.text
    assert go_tlog.run("read", str(tmp_path), key).decode() == f"{size} {tree.root.hex()}\n"
    for index in {0, size // 2, size - 1}:
        proof = inclusion_proof(subtrees_in(tiles.__getitem__, size), index, size)
        printed = "".join(base64.b64encode(one).decode() + "\n" for one in proof)
        assert go_tlog.run("prove", str(tmp_path), key, str(index)).decode() == printed


@pytest.mark.parametrize(
    "path", ["checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/44"]
)
def test_go_refuses_a_log_in_which_a_byte_was_changed(go_tlog, tmp_path, path):
    write_log(tmp_path, 300)
    data = bytearray((tmp_path / path).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / path).write_bytes(data)
    assert go_tlog.tried("read", str(tmp_path), LOG.verifier.text).returncode == 1


def write_log(folder: Path, size: int) -> None:
    """The files of a log of the entries `entry 0`, `entry 1`, ..."""
    tree, files = grown(leaves_of(size))
    for tile in tiles_between(None, 0, size):
        first = tile.index * 256
        numbers = range(first, first + tile.width)
        files[tile] = bundle_of(b"entry %d" % number for number in numbers)
    for tile, data in files.items():
        write(folder / tile.path, data)
    text = Checkpoint(LOG.name, size, tree.root).text
    write(folder / CHECKPOINT_PATH, Note(text, (LOG.signature(text),)).document())


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_the_paths_that_go_reads_are_ours(tmp_path):
    write_log(tmp_path, 257)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        CHECKPOINT_PATH,
        *(Tile(level, 0).path for level in (0, None)),
        *(Tile(level, 1, 1).path for level in (0, None)),
        Tile(1, 0, 1).path,
    }
