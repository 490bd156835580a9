"""A partition's log as files, wherever they are: in the engine, a directory, a URL, an archive.

Paths are those of c2sp.org/tlog-tiles: `checkpoint`, `tile/<L>/<N>[.p/<W>]` and
`tile/entries/<N>[.p/<W>]`; besides, `event/<index>` is an event that is too long for a bundle, and
the engine's log has `checkpoint.cosigned`, the newest checkpoint that a witness has cosigned.
"""

import re
from typing import Final, Protocol

from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.tlog.bundles import ENTRY_BYTES_MAX, bundle_of, entry_of
from tollbook_schemas.tlog.checkpoint import checkpoint_from
from tollbook_schemas.tlog.note import NoteError, note_from
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, TILE_WIDTH, Tile, tile_from
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.cosigned import CosignedHeads
from tollbook_services.sealing.sealed import SealedHead, SealedTree
from tollbook_services.stored import StoredEntry

COSIGNED_PATH: Final = CHECKPOINT_PATH + ".cosigned"

_EVENT: Final = re.compile(r"event/(0|[1-9][0-9]{0,15})", re.ASCII)


class LogFiles(Protocol):
    """Reads the files of one log."""

    async def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""


def event_path(index: int) -> str:
    """Where an event that is too long for a bundle is served; `index` is from 0."""
    return f"event/{index}"


class LiveLog:
    """The log of a partition out of its engine: what is sealed, and nothing beyond."""

    def __init__(self, ledger: Ledger, partition: int) -> None:
        """Take the ledger and the partition; nothing is read yet."""
        self._ledger = ledger
        self._partition = partition
        self._tree = SealedTree(ledger.redis, ledger.id, partition)
        self._cosigned = CosignedHeads(ledger.redis, partition)

    async def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none, or not yet.

        Raises:
            CheckFailedError: a tile that has to be there is not, or the checkpoint is of another
                size than what is sealed.
        """
        head = await self._tree.head()
        if path == CHECKPOINT_PATH:
            self._must_be_of_its_size(head)
            return await self._cosigned.added_to(head) or None
        if path == COSIGNED_PATH:
            return await self._cosigned.newest()
        if found := _EVENT.fullmatch(path):
            return await self._event(int(found[1]), head.size)
        tile = tile_from(path)
        if tile is None or tile.end > head.size:
            return None
        return await (self._bundle(tile) if tile.level is None else self._tree.tile(tile))

    def _must_be_of_its_size(self, head: SealedHead) -> None:
        """See that what is sealed is as much as its checkpoint says, if that can be read."""
        try:
            signed = checkpoint_from(note_from(head.checkpoint).text).size
        except NoteError:
            return  # who reads it sees what is wrong
        if signed != head.size:
            raise CheckFailedError(
                f"partition {self._partition}: {head.size:,} events are sealed, and the checkpoint "
                f"is of {signed:,}: the engine's data was altered"
            )

    async def _bundle(self, tile: Tile) -> bytes:
        entries = await self._entries(tile.index * TILE_WIDTH, tile.width)
        return bundle_of(entry_of(entry.stored) for entry in entries)

    async def _event(self, index: int, size: int) -> bytes | None:
        if index >= size:
            return None
        (entry,) = await self._entries(index, 1)
        return entry.stored if len(entry.stored) > ENTRY_BYTES_MAX else None

    async def _entries(self, index: int, count: int) -> list[StoredEntry]:
        """Stored events from an index on; the event of sequence 1 has the index 0."""
        return await self._ledger.read(self._partition, after=index, count=count)
