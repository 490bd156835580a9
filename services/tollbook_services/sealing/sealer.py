"""The sealer: adds what was appended to the Merkle tree of its partition, and signs the new head.

The tree is a projection like the others: folded in order from the stream, with its own position,
in steps that fail unless the position is the expected one. So any number of sealers may work, and
a killed one leaves nothing half done.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import structlog
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.tlog.bundles import ENTRY_BYTES_MAX, entry_of
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.growth import GrowingTree
from tollbook_schemas.tlog.keys import SigningKey
from tollbook_schemas.tlog.note import Note, note_from
from tollbook_services.heartbeats import BEAT_INTERVAL_S, Heartbeats, worker_name
from tollbook_services.ledger import Ledger
from tollbook_services.pages import Pages
from tollbook_services.sealing.log_names import origin_of, signer_of
from tollbook_services.sealing.sealed import SealedTree
from tollbook_services.stored import StoredEntry
from tollbook_services.verify import must_be_same_ledger

ROLE: Final = "sealer"

STEP_EVENTS: Final = 10_000
"""Events sealed in one step at most: some 50 ms, and 320 kB of hashes in one call."""

PAUSE_S: Final = 0.2
"""Seconds between two checkpoints of a partition: the head is sealed well within a second of its
append, and a busy partition does not sign hundreds of heads that nobody can fetch."""

ENGINE_GONE_S_MAX: Final = 30.0
"""How long a lost engine is waited for; after that the worker ends, and says why."""

RECONNECT_S: Final = 0.2

_log = structlog.get_logger("tollbook.sealer")


class Sealer:
    """Seals partitions with one key."""

    def __init__(
        self, ledger: Ledger, key: SigningKey, *, engine_gone_s_max: float = ENGINE_GONE_S_MAX
    ) -> None:
        """Take the ledger and the key that names its logs; nothing is read yet."""
        self._ledger = ledger
        self._key = key
        self._engine_gone_s_max = engine_gone_s_max
        self._heartbeats = Heartbeats(ledger.redis)

    async def run(self, partitions: Iterable[int], stop: asyncio.Event) -> None:
        """Follow the partitions until `stop` is set.

        Raises:
            EngineError: the engine stayed away, or is no longer fit.
            CheckFailedError: stored events or tiles were altered, or the ledger was replaced.
        """
        async with asyncio.TaskGroup() as group:
            for number in partitions:
                group.create_task(self._follow_always(number, stop))

    async def catch_up(self, partition: int) -> int:
        """Seal up to where the head is now; the size that is sealed then.

        Raises:
            EngineError, CheckFailedError: as `run`.
        """
        target = await self._ledger.head(partition)
        work = _Partition(self._ledger, self._key, partition)
        try:
            while await work.size() < target:
                await work.step()
            return await work.size()
        finally:
            await work.close()

    async def _follow_always(self, partition: int, stop: asyncio.Event) -> None:
        """Follow a partition, over losses of the engine that it comes back from."""
        loop = asyncio.get_running_loop()
        gone_since: float | None = None
        while not stop.is_set():
            try:
                await self._follow(partition, stop)
            except (LostConnectionError, EngineTimeoutError, OSError) as error:
                gone_since = loop.time() if gone_since is None else gone_since
                if loop.time() - gone_since > self._engine_gone_s_max:
                    raise EngineError(f"the engine has been away too long: {error}") from error
                _log.warning("engine lost, trying again", partition=partition, error=str(error))
                await asyncio.sleep(RECONNECT_S)

    async def _follow(self, partition: int, stop: asyncio.Event) -> None:
        work = _Partition(self._ledger, self._key, partition)
        loop = asyncio.get_running_loop()
        worker, beaten_s = worker_name(format(id(work), "x")), float("-inf")
        try:
            while not stop.is_set():
                if not await work.step():
                    await work.wait()
                if loop.time() - beaten_s >= BEAT_INTERVAL_S:
                    await must_be_same_ledger(self._ledger.redis, self._ledger.id)
                    await self._heartbeats.beat(
                        partition, worker, ROLE, "running", await work.size()
                    )
                    beaten_s = loop.time()
                await _pause(stop)
            await self._heartbeats.beat(partition, worker, ROLE, "stopped", await work.size())
        finally:
            await work.close()


class _Partition:
    """What one partition's sealing needs from step to step."""

    def __init__(self, ledger: Ledger, key: SigningKey, partition: int) -> None:
        self._ledger = ledger
        self._partition = partition
        self._origin = origin_of(key.name, partition)
        self._signer = signer_of(key, partition)
        self._sealed = SealedTree(ledger.redis, ledger.id, partition)
        self._pages = Pages(ledger, partition, STEP_EVENTS)
        self._tree: GrowingTree | None = None

    async def size(self) -> int:
        """How many events are sealed, as far as this worker knows."""
        return (await self._current()).size

    async def step(self) -> int:
        """Seal what follows, at most `STEP_EVENTS`; how many events were read for it."""
        tree = await self._current()
        entries = await self._pages.entries_after(tree.size)
        if not entries:
            return 0
        leaves = [_leaf(entry) for entry in entries]
        _must_follow(self._partition, tree.size, entries)
        grown, tiles = tree.grown(leaves)
        text = Checkpoint(self._origin, grown.size, grown.root).text
        note = Note(text, (self._signer.signature(text),))
        done = await self._sealed.seal(tree.size, grown.size, note.document(), tiles)
        self._tree = grown if done else None
        return len(entries)

    async def wait(self) -> None:
        """Wait until an event follows, or for a moment."""
        await self._pages.wait((await self._current()).size)

    async def close(self) -> None:
        """Give up what is being read."""
        await self._pages.close()

    async def _current(self) -> GrowingTree:
        if self._tree is None:
            self._tree = await self._stored()
        return self._tree

    async def _stored(self) -> GrowingTree:
        """The tree as it was sealed last, whose root has to be that of its checkpoint."""
        head = await self._sealed.head()
        if not head.checkpoint:
            return GrowingTree()
        said = checkpoint_from(note_from(head.checkpoint).text)
        if said.origin != self._origin:
            raise CheckFailedError(
                f"partition {self._partition} was sealed as {said.origin}, and the key is of "
                f"{self._origin}: a log keeps its name when its key is replaced"
            )
        tree = await self._sealed.tree(head.size)
        if (said.size, said.root) != (tree.size, tree.root):
            raise CheckFailedError(
                f"partition {self._partition}: the tiles of the sealed tree do not lead to the "
                "root of its checkpoint: one of them was altered"
            )
        return tree


def _leaf(entry: StoredEntry) -> bytes:
    """The leaf of an event, from its bytes; they have to be those that were acknowledged."""
    leaf = leaf_hash(entry.stored)
    if leaf != entry.leaf:
        raise CheckFailedError(
            f"event {entry.sequence} of partition {entry.partition} does not match the leaf hash "
            "stored with it: the engine's data was altered; nothing is sealed over it"
        )
    return leaf if len(entry.stored) <= ENTRY_BYTES_MAX else leaf_hash(entry_of(entry.stored))


def _must_follow(partition: int, size: int, entries: Sequence[StoredEntry]) -> None:
    expected = range(size + 1, size + 1 + len(entries))
    for wanted, entry in zip(expected, entries, strict=True):
        if entry.sequence != wanted:
            raise CheckFailedError(
                f"partition {partition} has event {entry.sequence} where {wanted} should be: "
                "events were lost; restore the engine's files from a backup"
            )


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), PAUSE_S)
    except TimeoutError:
        return
