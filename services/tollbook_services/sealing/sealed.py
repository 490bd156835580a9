"""The sealed tree of a partition as the engine keeps it: the last checkpoint, and every tile."""

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis

from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.tlog.growth import GrowingTree, edge_tiles, tree_from
from tollbook_schemas.tlog.merkle import HASH_BYTES
from tollbook_schemas.tlog.tiles import Tile
from tollbook_services import keys
from tollbook_services.fence import Fence, LeaseLostError
from tollbook_services.functions_caller import Functions
from tollbook_services.stored import number_from

LIBRARY: Final = ("tollbook_sealing_v1", "sealing.lua")


@dataclass(frozen=True, slots=True)
class SealedHead:
    """What was sealed last.

    Attributes:
        size: how many events, from the first on.
        checkpoint: the signed note; empty before the first.
    """

    size: int
    checkpoint: bytes


class SealedTree:
    """The tree of one partition in the engine.

    A tile is kept once, as wide as it has become: a narrower one is its beginning.
    """

    def __init__(
        self, redis: Redis, ledger_id: str, partition: int, fence: Fence | None = None
    ) -> None:
        """Take the engine's client, the ledger and the partition; nothing is read yet.

        With `fence`, nothing is sealed but under this lease.
        """
        self.partition = partition
        self._fence = fence
        self._redis = redis
        self._ledger = ledger_id
        self._functions = Functions(redis, LIBRARY)

    async def head(self) -> SealedHead:
        """What was sealed last.

        Raises:
            EngineError: it is of another ledger.
            CheckFailedError: it is not as it was written.
        """
        found: Any = self._redis.hmget(
            keys.sealed(self.partition), ["ledger", "size", "checkpoint"]
        )
        ledger, size, checkpoint = await cast("Awaitable[Any]", found)
        if ledger is None and size is None and checkpoint is None:
            return SealedHead(0, b"")
        if ledger is not None and ledger != self._ledger.encode():
            raise self._other_ledger()
        try:
            head = SealedHead(number_from(size or b""), checkpoint or b"")
        except ValueError as error:
            raise self._altered(str(error)) from None
        if ledger is None:
            raise self._altered("it does not say of which ledger it is")
        return head

    async def tile(self, tile: Tile) -> bytes:
        """The hashes of a tile of the sealed tree.

        Raises:
            CheckFailedError: it is not there, or not that wide.
        """
        return (await self.tiles([tile]))[tile]

    async def tiles(self, wanted: Collection[Tile]) -> dict[Tile, bytes]:
        """Several tiles, read at one moment; errors as for one."""
        if not wanted:
            return {}
        places = [_place(tile) for tile in wanted]
        stored = await cast("Awaitable[Any]", self._redis.hmget(keys.tiles(self.partition), places))
        return {tile: self._cut(tile, data) for tile, data in zip(wanted, stored, strict=True)}

    async def tree(self, size: int) -> GrowingTree:
        """The sealed tree of a size as what it grows from; errors as for a tile."""
        return tree_from(size, await self.tiles(list(edge_tiles(size))))

    async def seal(
        self, expected: int, size: int, checkpoint: bytes, tiles: Mapping[Tile, bytes]
    ) -> bool:
        """Replace the checkpoint and add tiles, in one step; False where another was faster.

        Args:
            expected: the size that was sealed last.
            size: the new one.
            checkpoint: the signed note of it.
            tiles: what is new or wider in the tree of this size.

        Raises:
            EngineError: the engine holds another ledger, or has fewer events than `size`.
            LeaseLostError: another worker has the lease.
        """
        arguments: list[str | bytes | int] = [self._ledger, expected, size, checkpoint]
        for tile, hashes in tiles.items():
            arguments += (_place(tile), hashes)
        names = [
            keys.sealed(self.partition), keys.tiles(self.partition), keys.state(self.partition)
        ]  # fmt: skip
        function, fence = "tollbook_seal", self._fence
        if fence is not None:
            function = f"{function}_held"
            names, arguments = [keys.leases(self.partition), *names], [*fence, *arguments]
        what, _ = await self._functions.call(function, names, arguments)
        match what:
            case b"fenced" if fence is not None:
                raise LeaseLostError.of(fence, self.partition)
            case b"other_ledger":
                raise self._other_ledger()
            case b"beyond":
                raise EngineError(
                    f"partition {self.partition} has fewer events than the {size:,} to be sealed: "
                    "the engine was replaced; restore its files from a backup"
                )
            case outcome:
                return bool(outcome == b"sealed")

    def _cut(self, tile: Tile, stored: bytes | None) -> bytes:
        wanted = tile.width * HASH_BYTES
        if stored is None or len(stored) < wanted:
            raise CheckFailedError(
                f"partition {self.partition}: the sealed tree lacks {tile.path}: the engine's "
                "data was altered; `tollbook verify` names what is wrong"
            )
        return stored[:wanted]

    def _altered(self, reason: str) -> CheckFailedError:
        return CheckFailedError(
            f"what is sealed of partition {self.partition} is not as it was written ({reason}): "
            "the engine's data was altered"
        )

    def _other_ledger(self) -> EngineError:
        return EngineError(
            f"what is sealed of partition {self.partition} is of another ledger than {self._ledger}"
        )


def _place(tile: Tile) -> str:
    return f"{tile.level}/{tile.index}"
