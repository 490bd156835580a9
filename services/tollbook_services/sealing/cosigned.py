"""The cosigned checkpoints of a partition as the engine keeps them, each by its size."""

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from tollbook_schemas.tlog.note import Note, note_from
from tollbook_services import keys
from tollbook_services.functions_caller import Functions
from tollbook_services.sealing.sealed import LIBRARY, SealedHead


class CosignedHeads:
    """Checkpoints of one partition with the cosignatures that were taken."""

    def __init__(self, redis: Redis, partition: int) -> None:
        """Take the engine's client and the partition; nothing is read yet."""
        self._redis = redis
        self._key = keys.cosigned(partition)
        self._functions = Functions(redis, LIBRARY)

    async def newest(self) -> bytes | None:
        """The cosigned checkpoint of the largest tree; None where there is none."""
        size = await cast("Awaitable[bytes | None]", self._redis.hget(self._key, "newest"))
        return None if size is None else await self._of(int(size))

    async def added_to(self, head: SealedHead) -> bytes:
        """The checkpoint that was sealed last, with the cosignatures of it."""
        stored = await self._of(head.size) if head.checkpoint else None
        if stored is None:
            return head.checkpoint
        sealed, cosigned = note_from(head.checkpoint), note_from(stored)
        if sealed.text != cosigned.text:
            return head.checkpoint
        own = {(one.name, one.key_id) for one in sealed.signatures}
        more = (one for one in cosigned.signatures if (one.name, one.key_id) not in own)
        return sealed.with_signatures(more).document()

    async def add(self, size: int, note: Note) -> None:
        """Keep the cosignatures of a checkpoint, besides those that are there, durably.

        Args:
            size: of its tree.
            note: the checkpoint with signatures that were verified.
        """
        while True:
            stored = await self._of(size)
            before = note if stored is None else note_from(stored)
            merged = before.with_signatures(note.signatures) if before.text == note.text else note
            arguments: list[str | bytes | int] = [size, stored or b"", merged.document()]
            if await self._functions.call("tollbook_cosigned", [self._key], arguments):
                return

    async def _of(self, size: int) -> bytes | None:
        return await cast("Awaitable[bytes | None]", self._redis.hget(self._key, str(size)))
