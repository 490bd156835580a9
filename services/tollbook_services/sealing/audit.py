"""Verifies a log from its files: everything is computed anew from the bytes of its entries.

No hash that is stored is believed. What the entries lead to is compared with what was signed, and
with every tile; only to name the place of a fault are tiles read, and only those that lead to the
signed root.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from hashlib import sha256
from typing import Final

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.tlog.bundles import detached, entries_in
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.growth import GrowingTree, edge_tiles, tree_from
from tollbook_schemas.tlog.keys import VerifierKey, verified_of_log
from tollbook_schemas.tlog.merkle import HASH_BYTES, root_of
from tollbook_schemas.tlog.note import NoteError, note_from
from tollbook_schemas.tlog.tiles import (
    CHECKPOINT_PATH,
    TILE_WIDTH,
    Tile,
    hashes_in,
    tiles_between,
    tiles_of,
)
from tollbook_services.sealing.audit_report import AuditReport, LogFault
from tollbook_services.sealing.logs import LogFiles, event_path

FAULTS_MAX: Final = 20
"""Faults that are told: what is broken in many places is broken."""

Progress = Callable[[int, int], None]
"""Told how many events were verified, and how many there are."""


async def audit(
    files: LogFiles,
    origin: str,
    keys: Collection[VerifierKey],
    progress: Progress | None = None,
    *,
    witnesses: Collection[VerifierKey] = (),
) -> AuditReport:
    """Verify the log of one partition: signature, entries, tiles, and that nothing is missing.

    Args:
        files: of the log.
        origin: that its checkpoint has to have.
        keys: that are trusted, with the names they sign this log under.
        progress: told after each bundle.
        witnesses: each of which has to have cosigned the checkpoint.
    """
    read = await _checkpoint(files, origin, keys, witnesses)
    if isinstance(read, LogFault):
        return AuditReport(faults=(read,))
    checkpoint, signers = read
    faults = await _entries_and_tiles(files, checkpoint, progress)
    return AuditReport(
        checkpoint.origin, checkpoint.size, checkpoint.root.hex(), signers, tuple(faults)
    )


async def _checkpoint(
    files: LogFiles,
    origin: str,
    keys: Collection[VerifierKey],
    witnesses: Collection[VerifierKey],
) -> tuple[Checkpoint, tuple[str, ...]] | LogFault:
    document = await files.read(CHECKPOINT_PATH)
    if document is None:
        return LogFault(CHECKPOINT_PATH, "the log has no checkpoint")
    try:
        note = note_from(document)
        signers = verified_of_log(note, [*keys, *witnesses])
        checkpoint = checkpoint_from(note.text)
    except NoteError as error:
        return LogFault(CHECKPOINT_PATH, str(error))
    if checkpoint.origin != origin:
        return LogFault(CHECKPOINT_PATH, "it is of another log", None, origin, checkpoint.origin)
    if missing := [key.name for key in witnesses if key not in signers]:
        return LogFault(CHECKPOINT_PATH, f"it is not cosigned by {', '.join(missing)}")
    return checkpoint, tuple(key.name for key in signers)


async def _entries_and_tiles(
    files: LogFiles, checkpoint: Checkpoint, progress: Progress | None
) -> list[LogFault]:
    """What is wrong with entries and tiles, entries first."""
    size, faults = checkpoint.size, list[LogFault]()
    tree, tiles = GrowingTree(), dict[Tile, bytes]()
    async for bundle, entries in _bundles(files, size, faults):
        tree, new = tree.grown([leaf_hash(entry) for entry in entries])
        tiles |= new
        for tile in [tile for tile in new if not tile.partial]:
            faults += await _tile_fault(files, tile, tiles.pop(tile))
        faults += await _detached_faults(files, bundle, entries)
        if progress is not None:
            progress(tree.size, size)
        if len(faults) > FAULTS_MAX:
            break
    if tree.size == size and tree.root == checkpoint.root:
        for tile in tiles_of(size):
            if tile in tiles:
                faults += await _tile_fault(files, tile, tiles[tile])
        return faults[:FAULTS_MAX]
    return [*await _first_bad(files, checkpoint), *faults][:FAULTS_MAX]


async def _bundles(
    files: LogFiles, size: int, faults: list[LogFault]
) -> AsyncIterator[tuple[Tile, list[bytes]]]:
    """Every bundle with its entries, up to the first that is not whole."""
    for bundle in tiles_between(None, 0, size):
        entries, fault = await _entries(files, bundle)
        if fault is not None:
            faults.append(fault)
            return
        yield bundle, entries


async def _entries(files: LogFiles, bundle: Tile) -> tuple[list[bytes], LogFault | None]:
    """The entries of a bundle, and what is wrong with them as a whole."""
    first = bundle.index * TILE_WIDTH + 1
    data = await files.read(bundle.path)
    if data is None:
        return [], LogFault(bundle.path, "the entries are missing", first)
    try:
        entries = entries_in(data)
    except ValueError as error:
        return [], LogFault(bundle.path, str(error), first)
    if len(entries) == bundle.width:
        return entries, None
    numbers = (str(bundle.width), str(len(entries)))
    return entries, LogFault(bundle.path, "it holds another number of entries", None, *numbers)


async def _tile_fault(files: LogFiles, tile: Tile, computed: bytes) -> list[LogFault]:
    """Whether a tile is what the entries lead to."""
    stored = await files.read(tile.path)
    if stored == computed:
        return []
    if stored is None:
        return [LogFault(tile.path, "the tile is missing")]
    if len(stored) != len(computed):
        expected, found = str(len(computed)), str(len(stored))
        return [LogFault(tile.path, "the tile has another length", None, expected, found)]
    pairs = zip(hashes_in(computed), hashes_in(stored), strict=True)
    place, (expected_hash, found_hash) = next(
        (place, pair) for place, pair in enumerate(pairs) if pair[0] != pair[1]
    )
    sequence = tile.index * TILE_WIDTH + place + 1 if tile.level == 0 else None
    message = f"hash {place} of the tile is not what the entries lead to"
    return [LogFault(tile.path, message, sequence, expected_hash.hex(), found_hash.hex())]


async def _detached_faults(
    files: LogFiles, bundle: Tile, entries: Sequence[bytes]
) -> list[LogFault]:
    """What is wrong with the events that are too long for a bundle."""
    faults = []
    for place, entry in enumerate(entries):
        index = bundle.index * TILE_WIDTH + place
        try:
            told = detached(entry)
        except (ValueError, KeyError, TypeError):
            faults.append(LogFault(bundle.path, "the entry is malformed", index + 1))
            continue
        if told is None:
            continue
        path, (digest, length) = event_path(index), told
        event = await files.read(path)
        if event is None:
            faults.append(LogFault(path, "the event is missing", index + 1))
        elif (found := sha256(event).hexdigest()) != digest or len(event) != length:
            message = "the event is not the one of its entry"
            faults.append(LogFault(path, message, index + 1, digest, found))
    return faults


async def _first_bad(files: LogFiles, checkpoint: Checkpoint) -> list[LogFault]:
    """The first entry that is not the one that was signed, as far as the tiles still tell."""
    signed = await _signed_tiles(files, checkpoint)
    for bundle in tiles_between(None, 0, checkpoint.size):
        entries, fault = await _entries(files, bundle)
        leaves = hashes_in(signed.get(Tile(0, bundle.index, bundle.width), b""))
        for place, (expected, entry) in enumerate(zip(leaves, entries, strict=False)):
            if (found := leaf_hash(entry)) != expected:
                message = "the event is not the one that was signed"
                sequence = bundle.index * TILE_WIDTH + place + 1
                return [LogFault(bundle.path, message, sequence, expected.hex(), found.hex())]
        if fault is not None:
            return []  # told already
    message = f"sequence 1 to {checkpoint.size}: the events do not lead to the root that was signed"
    return [LogFault(CHECKPOINT_PATH, message, None, checkpoint.root.hex())]


async def _signed_tiles(files: LogFiles, checkpoint: Checkpoint) -> dict[Tile, bytes]:
    """The tiles that lead to the signed root, found from the root down; none where they do not."""
    size = checkpoint.size
    edge = await _read(files, edge_tiles(size))
    try:
        if tree_from(size, edge).root != checkpoint.root:
            return {}
    except ValueError:
        return {}
    signed, hashes = dict(edge), dict[Tile, bytes]()
    for tile in reversed(list(tiles_of(size))):
        found = edge.get(tile)
        if found is None and (stored := await files.read(tile.path)) is not None:
            above = hashes.get(tile.full, b"")
            found = stored if _hashes_to(stored, above) else None
        if found is None:
            continue
        signed[tile] = found
        if tile.level:
            for place, value in enumerate(hashes_in(found)):
                hashes[Tile(tile.level - 1, tile.index * TILE_WIDTH + place)] = value
    return signed


def _hashes_to(tile: bytes, above: bytes) -> bool:
    """Whether a full tile is the one of a hash in the tile above it."""
    return len(tile) == TILE_WIDTH * HASH_BYTES and root_of(hashes_in(tile)) == above


async def _read(files: LogFiles, tiles: Iterable[Tile]) -> dict[Tile, bytes]:
    """Those of the tiles that are there."""
    found = {}
    for tile in tiles:
        if (data := await files.read(tile.path)) is not None:
            found[tile] = data
    return found
