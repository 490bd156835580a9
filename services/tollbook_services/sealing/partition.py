"""Seals one partition step by step: events read, leaves added, the new head signed and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.tlog.bundles import ENTRY_BYTES_MAX, entry_of
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.growth import GrowingTree
from tollbook_schemas.tlog.keys import SigningKey, VerifierKey, verified_of_log
from tollbook_schemas.tlog.note import Note, NoteError, note_from
from tollbook_schemas.tlog.tiles import Tile
from tollbook_services import keys
from tollbook_services.durability import must_be_confirmed
from tollbook_services.fence import Fence
from tollbook_services.ledger import Ledger
from tollbook_services.pages import Pages, wait_for_event
from tollbook_services.sealing.log_names import origin_of, signer_of, verifier_of
from tollbook_services.sealing.sealed import SealedTree
from tollbook_services.sealing.signed_heads import SignedHead, SignedHeads
from tollbook_services.stored import StoredEntry

STEP_EVENTS: Final = 10_000
"""Events sealed in one step at most: some 50 ms, and 320 kB of hashes in one call."""

_FORK: Final = (
    "the engine was restored from an older copy, and what auditors hold a signature of would be "
    "contradicted; restore the engine's files from a newer backup"
)


@dataclass(frozen=True, slots=True)
class Signing:
    """What a sealer signs with.

    Attributes:
        key: in use.
        known: the public keys that the logs were ever signed with.
        heads: what was signed last.
        fence: the lease that is sealed under; None for whoever has none.
    """

    key: SigningKey
    known: tuple[VerifierKey, ...]
    heads: SignedHeads
    fence: Fence | None = None


class PartitionSealing:
    """What sealing one partition needs from step to step."""

    def __init__(self, ledger: Ledger, signing: Signing, partition: int) -> None:
        """Take the ledger, what signs, and the partition; nothing is read yet."""
        self._ledger = ledger
        self._heads = signing.heads
        self._signed = signing.heads.read(partition)
        self._partition = partition
        self._origin = origin_of(signing.key.name, partition)
        self._signer = signer_of(signing.key, partition)
        self._trusted = [verifier_of(key, partition) for key in signing.known]
        self._sealed = SealedTree(ledger.redis, ledger.id, partition, signing.fence)
        self._pages = Pages(ledger, partition, STEP_EVENTS)
        self._tree: GrowingTree | None = None
        self._is_mine = False
        """Whether the checkpoint that is published was signed with today's key."""

    async def size(self) -> int:
        """How many events are sealed, as far as this worker knows."""
        return (await self._current()).size

    async def step(self) -> int:
        """Seal what follows, at most `STEP_EVENTS`; how many events were read for it.

        Where nothing follows, the head is signed nevertheless that never was, or not with this
        key: so an empty log has a checkpoint, and a log has one of the key in use.
        """
        tree = await self._current()
        entries = await self._pages.entries_after(tree.size, self._upto(tree.size))
        if not entries:
            await self._must_not_be_older()
            if not self._is_mine:
                await self._publish(tree.size, tree, {})
            return 0
        leaves = [_leaf(entry) for entry in entries]
        _must_follow(self._partition, tree.size, entries)
        grown, tiles = tree.grown(leaves)
        self._must_not_fork(grown)
        await self._publish(tree.size, grown, tiles)
        return len(entries)

    async def wait(self) -> None:
        """Wait until an event follows, or for a moment."""
        await wait_for_event(self._ledger, self._partition, (await self._current()).size)

    async def close(self) -> None:
        """Give up what is being read."""
        await self._pages.close()

    async def _publish(self, expected: int, tree: GrowingTree, tiles: Mapping[Tile, bytes]) -> None:
        """Sign and keep a head; where another sealer was faster, what it sealed is read again.

        Only of events that the replicas have too: a failover takes away what they lack, and a
        signed head that covers it would contradict the log for ever.
        """
        await must_be_confirmed(self._ledger.redis, keys.state(self._partition))
        text = Checkpoint(self._origin, tree.size, tree.root).text
        note = Note(text, (self._signer.signature(text),))
        self._remember(SignedHead(tree.size, tree.root))
        done = await self._sealed.seal(expected, tree.size, note.document(), tiles)
        self._tree = tree if done else None
        self._is_mine = done

    async def _current(self) -> GrowingTree:
        if self._tree is None:
            self._tree = await self._stored()
        return self._tree

    async def _stored(self) -> GrowingTree:
        """The tree as it was sealed last, whose root has to be that of its checkpoint."""
        head = await self._sealed.head()
        if not head.checkpoint:
            return GrowingTree()
        tree = await self._sealed.tree(head.size)
        try:
            note = note_from(head.checkpoint)
            signers = verified_of_log(note, self._trusted)
            said = checkpoint_from(note.text)
        except NoteError as error:
            raise self._altered(str(error)) from None
        if said != Checkpoint(self._origin, tree.size, tree.root):
            raise self._altered("the tiles of the sealed tree do not lead to it")
        self._is_mine = self._signer.verifier in signers
        if tree.size >= self._signed.size:
            self._must_not_fork(await self._sealed.tree(self._signed.size))
        return tree

    def _altered(self, reason: str) -> CheckFailedError:
        return CheckFailedError(
            f"the checkpoint of partition {self._partition}: {reason}; the engine's data was "
            "altered"
        )

    def _upto(self, size: int) -> int | None:
        """Where to stop, so that the tree can be compared with the one that was signed last."""
        return self._signed.size if size < self._signed.size else None

    def _remember(self, head: SignedHead) -> None:
        if head.size > self._signed.size:
            self._heads.write(self._partition, head)
            self._signed = head

    def _must_not_fork(self, tree: GrowingTree) -> None:
        """Refuse another tree than the one of this size that was signed last."""
        signed = self._signed
        if tree.size == signed.size and signed.size and tree.root != signed.root:
            raise CheckFailedError(
                f"partition {self._partition}: a tree of {signed.size:,} events with the root "
                f"{signed.root.hex()} was signed, and theirs is {tree.root.hex()}: {_FORK}"
            )

    async def _must_not_be_older(self) -> None:
        """Refuse a ledger that ends before the tree that was signed last."""
        head = await self._ledger.head(self._partition)
        if head < self._signed.size:
            raise CheckFailedError(
                f"partition {self._partition}: a tree of {self._signed.size:,} events was signed, "
                f"and it has {head:,}: {_FORK}"
            )


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
