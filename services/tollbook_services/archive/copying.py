"""Copies the sealed log of one partition into an archive, and verifies the copy from its bytes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.tlog.bundles import ENTRY_BYTES_MAX, bundle_of, entries_in, entry_of
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.growth import GrowingTree
from tollbook_schemas.tlog.note import NoteError, note_from
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, TILE_WIDTH, Tile, tiles_between
from tollbook_services.archive.place import ArchivePlace
from tollbook_services.ledger import Ledger, StoredEntry
from tollbook_services.sealing.logs import COSIGNED_PATH, LiveLog, event_path
from tollbook_services.sealing.sealed import SealedHead, SealedTree

BUNDLES_AT_ONCE: Final = 8
"""Bundles copied in one step: some 2,000 events, so a few MB."""

Progress = Callable[[int], None]
"""Told how many events were copied since it was told last."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of one partition.

    Attributes:
        size: how many events the archive has, verified.
        written: files that were written; those that were there and equal are not.
    """

    size: int
    written: int


class PartitionCopy:
    """One partition on its way into an archive.

    Each file is read back, and the tree is computed from what was read back: its root has to be
    the one that the ledger signed. Files that are there are never replaced by other bytes, but
    for the checkpoint, which only ever becomes a larger one.
    """

    def __init__(self, ledger: Ledger, partition: int, place: ArchivePlace) -> None:
        """Take the ledger, the partition, and where to."""
        self._ledger = ledger
        self._partition = partition
        self._place = place
        self._sealed = SealedTree(ledger.redis, ledger.id, partition)
        self._log = LiveLog(ledger, partition)
        self._written = 0

    async def run(self, known: int, progress: Progress) -> Copied:
        """Copy what is sealed beyond what is known to be there already.

        Args:
            known: how many events were archived in this place before.
            progress: told how many events were copied.

        Raises:
            CheckFailedError: the place has other bytes, or the copy does not lead to the signed
                root.
            EngineError: the place is away or full.
        """
        head = await self._sealed.head()
        signed = self._said(head)
        await self._must_continue(signed)
        tree = await self._sealed.tree(min(known, head.size) // TILE_WIDTH * TILE_WIDTH)
        for span in _steps(tree.size, head.size):
            tree = await self._copy(tree, span)
            progress(len(span))
        if tree.root != signed.root:
            raise CheckFailedError(
                f"partition {self._partition}: what was copied into {self._place.name} does not "
                "lead to the signed checkpoint; `tollbook verify` names the event"
            )
        await self._replace(CHECKPOINT_PATH, head.checkpoint)
        cosigned = await self._log.read(COSIGNED_PATH)
        if cosigned is not None:
            await self._replace(COSIGNED_PATH, cosigned)
        return Copied(head.size, self._written)

    async def _copy(self, tree: GrowingTree, span: range) -> GrowingTree:
        """Copy the events of a span of indexes; the tree computed from the copy."""
        entries = await self._events(span)
        for entry in entries:
            if len(entry.stored) > ENTRY_BYTES_MAX:
                await self._keep(event_path(entry.sequence - 1), entry.stored)
        leaves: list[bytes] = []
        for tile in tiles_between(None, span.start, span.stop):
            first = tile.index * TILE_WIDTH - span.start
            own = entries[first : first + tile.width]
            kept = await self._keep(tile.path, bundle_of(entry_of(one.stored) for one in own))
            leaves += map(leaf_hash, entries_in(kept))
        grown, tiles = tree.grown(leaves)
        for tile, hashes in tiles.items():
            await self._keep(tile.path, hashes)
        return grown

    async def _events(self, span: range) -> Sequence[StoredEntry]:
        found: list[StoredEntry] = []
        while len(found) < len(span):
            after = span.start + len(found)
            entries = await self._ledger.read(self._partition, after, len(span) - len(found))
            if not entries or entries[0].sequence != after + 1:
                raise CheckFailedError(
                    f"partition {self._partition} lacks event {after + 1}, which was sealed: "
                    "restore the engine's files from a backup"
                )
            found += entries
        return found

    async def _keep(self, path: str, data: bytes) -> bytes:
        """Have a file in the place; the bytes that are read from there, which are these."""
        there = await self._place.read(self._path(path))
        if there is None:
            await self._place.write(self._path(path), data)
            self._written += 1
            there = await self._place.read(self._path(path))
        if there != data:
            raise CheckFailedError(
                f"{self._path(path)} in {self._place.name} is not what this ledger has: the "
                "archive was altered, or it is another ledger's; nothing was trimmed"
            )
        return there

    async def _replace(self, path: str, data: bytes) -> None:
        """The same for a checkpoint, where an older one may be replaced."""
        there = await self._place.read(self._path(path))
        if there == data:
            return
        if there is not None and _size(there) > _size(data):
            return  # somebody else has archived more meanwhile
        await self._place.write(self._path(path), data)
        self._written += 1
        if await self._place.read(self._path(path)) != data:
            raise CheckFailedError(
                f"{self._path(path)} in {self._place.name} is not what was written there"
            )

    async def _must_continue(self, signed: Checkpoint) -> None:
        """See that a checkpoint that is there is one of this log's own past."""
        there = await self._place.read(self._path(CHECKPOINT_PATH))
        if there is None:
            return
        try:
            before = checkpoint_from(note_from(there).text)
        except NoteError as error:
            raise CheckFailedError(
                f"{self._path(CHECKPOINT_PATH)} in {self._place.name}: {error}"
            ) from None
        if before.origin != signed.origin or (
            before.size <= signed.size
            and (await self._sealed.tree(before.size)).root != before.root
        ):
            raise CheckFailedError(
                f"{self._path(CHECKPOINT_PATH)} in {self._place.name} is of another history: "
                "archive into a place of its own"
            )

    def _said(self, head: SealedHead) -> Checkpoint:
        try:
            return checkpoint_from(note_from(head.checkpoint).text)
        except NoteError as error:
            raise CheckFailedError(
                f"the checkpoint of partition {self._partition}: {error}"
            ) from None

    def _path(self, path: str) -> str:
        return f"{self._partition}/{path}"


def _steps(begin: int, end: int) -> Iterator[range]:
    """Spans of indexes from a whole bundle on, of some bundles each."""
    step = BUNDLES_AT_ONCE * TILE_WIDTH
    for first in range(begin, end, step):
        yield range(first, min(first + step, end))


def _size(note: bytes) -> int:
    try:
        return checkpoint_from(note_from(note).text).size
    except NoteError:
        return -1


__all__ = ["Copied", "PartitionCopy", "Progress", "Tile"]
