"""Reads events that the stream no longer has, out of the archive, each compared with its leaf."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, cast

from redis.asyncio import Redis

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.times import instant_of
from tollbook_schemas.tlog.bundles import detached, entries_in
from tollbook_schemas.tlog.tiles import TILE_WIDTH, Tile, hashes_in
from tollbook_services import keys
from tollbook_services.archive.state import archive_state
from tollbook_services.stored import StoredEntry

if TYPE_CHECKING:
    from tollbook_services.archive.place import ArchivePlace

MOVED: Final = "TOLLBOOK_ARCHIVE"
"""Variable that says where an archive is now, if it was moved since."""

KEPT_BUNDLES: Final = 16
"""Bundles kept in memory: two reads of a page; some 5 MB at 1 kB an event."""

_RECORDED: Final = b',"recordedtime":"'
_SOURCE: Final = b',"source":"'

_Key = tuple[int, int]
"""Partition and index of a bundle."""


class ArchivedEvents:
    """The events of a ledger that were taken out of its streams.

    What the archive says is believed only as far as it hashes to the sealed tiles in the engine.
    """

    def __init__(self, redis: Redis) -> None:
        """Take the engine's client; nothing is read yet."""
        self._redis = redis
        self._places: dict[str, ArchivePlace] = {}
        self._bundles: OrderedDict[_Key, list[StoredEntry]] = OrderedDict()

    async def trimmed(self, partition: int) -> int:
        """How many events, from the first on, are not in the stream of a partition any more."""
        found = self._redis.hget(keys.archived(partition), "trimmed")
        return int(await cast("Awaitable[bytes | None]", found) or 0)

    async def read(self, partition: int, after: int, count: int) -> list[StoredEntry]:
        """Archived events behind a position; the caller knows that so many were trimmed.

        Raises:
            EngineError: the archive is away.
            CheckFailedError: it lacks an event, or has another one.
        """
        wanted = range(after // TILE_WIDTH, (after + count - 1) // TILE_WIDTH + 1)
        missing = [index for index in wanted if (partition, index) not in self._bundles]
        if missing:
            place = self._place((await archive_state(self._redis, partition)).place)
            tiles = await self._tiles(partition, missing)
            found = await asyncio.gather(
                *(
                    _bundle(place, partition, index, tile)
                    for index, tile in zip(missing, tiles, strict=True)
                )
            )
            self._bundles |= {
                (partition, index): entries for index, entries in zip(missing, found, strict=True)
            }
        entries = [one for index in wanted for one in self._bundles[partition, index]]
        self._forget(partition, wanted)
        begin = after - wanted.start * TILE_WIDTH
        return entries[begin : begin + count]

    def _place(self, name: str) -> "ArchivePlace":
        from tollbook_services.archive.place import place_of  # noqa: PLC0415 - object stores: 50 ms

        name = os.environ.get(MOVED) or name
        if name not in self._places:
            self._places[name] = place_of(name)
        return self._places[name]

    def _forget(self, partition: int, used: Sequence[int]) -> None:
        for index in used:
            self._bundles.move_to_end((partition, index))
        while len(self._bundles) > KEPT_BUNDLES:
            self._bundles.popitem(last=False)

    async def _tiles(self, partition: int, indexes: Sequence[int]) -> list[bytes]:
        """The leaf hashes of bundles, out of the sealed tree."""
        names = [f"0/{index}" for index in indexes]
        reply = self._redis.hmget(keys.tiles(partition), names)
        found = await cast("Awaitable[list[bytes | None]]", reply)
        for index, tile in zip(indexes, found, strict=True):
            if tile is None:
                raise CheckFailedError(
                    f"partition {partition}: the sealed tree lacks {Tile(0, index).path}, so what "
                    "the archive has cannot be compared: restore the engine's files from a backup"
                )
        return [tile for tile in found if tile is not None]


async def _bundle(
    place: "ArchivePlace", partition: int, index: int, tile: bytes
) -> list[StoredEntry]:
    """The events of a full bundle, compared with their leaves."""
    path = f"{partition}/{Tile(None, index).path}"
    data = await place.read(path)
    if data is None:
        raise CheckFailedError(f"the archive in {place.name} lacks {path}")
    try:
        entries = entries_in(data)
    except ValueError as error:
        raise CheckFailedError(f"the archive in {place.name}: {path}: {error}") from None
    leaves = hashes_in(tile)
    if len(entries) != len(leaves):
        raise CheckFailedError(
            f"the archive in {place.name}: {path} has {len(entries)} events, not {len(leaves)}"
        )
    first = index * TILE_WIDTH + 1
    found = []
    for sequence, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), first):
        if leaf_hash(entry) != leaf:
            raise CheckFailedError(
                f"event {sequence} of partition {partition} in the archive in {place.name} is not "
                f"the one that was sealed: {path} was altered"
            )
        stored = await _whole(place, partition, sequence, entry)
        found.append(
            StoredEntry(partition, sequence, stored, leaf_hash(stored), recorded_at(stored))
        )
    return found


async def _whole(place: "ArchivePlace", partition: int, sequence: int, entry: bytes) -> bytes:
    """The event of an entry; one that is too long for a bundle lies in a file of its own."""
    told = detached(entry)
    if told is None:
        return entry
    path = f"{partition}/event/{sequence - 1}"
    stored = await place.read(path)
    if stored is None:
        raise CheckFailedError(f"the archive in {place.name} lacks {path}")
    if (sha256(stored).hexdigest(), len(stored)) != told:
        raise CheckFailedError(
            f"event {sequence} of partition {partition} in the archive in {place.name} is not the "
            f"one that was sealed: {path} was altered"
        )
    return stored


def recorded_at(stored: bytes) -> datetime:
    """When an event was recorded, by what its stored bytes say.

    Raises:
        CheckFailedError: they do not say it.
    """
    end = stored.rfind(_SOURCE)
    begin = stored.rfind(_RECORDED, 0, end)
    if begin < 0:
        raise CheckFailedError("a stored event does not say when it was recorded")
    return _instant(stored[begin + len(_RECORDED) : end - 1])


@lru_cache(maxsize=8)
def _instant(text: bytes) -> datetime:
    return instant_of(text.decode())
