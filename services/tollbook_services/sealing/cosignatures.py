"""Cosignatures of this ledger's checkpoints: from which witnesses they are taken, and verified."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.keys import KeyKind, VerifierKey, verified, verifier_key_from
from tollbook_schemas.tlog.note import Note, NoteError, note_from
from tollbook_services import keys
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.cosigned import CosignedHeads
from tollbook_services.sealing.key_history import KeyNote
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.log_names import origin_of, verifier_of
from tollbook_services.sealing.sealed import SealedTree

_SIGNATURE: Final = "— "


@dataclass(frozen=True, slots=True)
class Accepted:
    """Cosignatures that were taken.

    Attributes:
        head: the checkpoint that they are of.
        witnesses: their names.
    """

    head: Checkpoint
    witnesses: tuple[str, ...]


class Cosignatures:
    """What witnesses say of the logs of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Take the ledger; nothing is read yet."""
        self._ledger = ledger

    async def trust(self, key: VerifierKey) -> None:
        """Take cosignatures of a witness from now on, durably.

        Raises:
            UsageError: it is the key of a log.
        """
        if key.kind is not KeyKind.WITNESS:
            raise UsageError(f"{key.text} is the key of a log: a witness has one of the kind 04")
        await self._ledger.redis.sadd(keys.LOG_WITNESSES, key.text)

    async def distrust(self, named: str) -> tuple[VerifierKey, ...]:
        """Take no more cosignatures of a witness; those that were taken stay.

        Args:
            named: its public key, or its name for all of its keys.

        Returns:
            The keys that are no longer trusted.

        Raises:
            UsageError: no such witness is trusted.
        """
        known = await self.witnesses()
        found = tuple(key for key in known if named in {key.text, key.name})
        if not found:
            names = ", ".join(key.name for key in known) or "none"
            raise UsageError(f"no witness {named!r} is trusted; these are: {names}")
        await self._ledger.redis.srem(keys.LOG_WITNESSES, *(key.text for key in found))
        return found

    async def witnesses(self) -> tuple[VerifierKey, ...]:
        """The witnesses whose cosignatures are taken, by name.

        Raises:
            CheckFailedError: the engine holds something else.
        """
        found = cast("Awaitable[set[bytes]]", self._ledger.redis.smembers(keys.LOG_WITNESSES))
        try:
            return tuple(verifier_key_from(text.decode()) for text in sorted(await found))
        except ValueError as error:
            raise CheckFailedError(f"the engine's data was altered: {error}") from None

    async def accept(self, note: Note) -> Accepted:
        """Take the cosignatures of a checkpoint of this ledger; those of strangers are dropped.

        Args:
            note: with the signature of the log and those of witnesses.

        Raises:
            CheckFailedError: the checkpoint is not one of this ledger, a signature is not what it
                says, or no witness that is trusted has cosigned it.
        """
        witnesses = await self.witnesses()
        try:
            head = checkpoint_from(note.text)
            partition, own = self._log_of(head, await LogKeys(self._ledger).history())
            verified(note, own)
            signers = verified(note, [*own, *witnesses])
        except NoteError as error:
            raise CheckFailedError(f"the cosigned checkpoint: {error}") from None
        names = tuple(key.name for key in signers if key in witnesses)
        if not names:
            signed = ", ".join(sorted({one.name for one in note.signatures}))
            raise CheckFailedError(
                f"no witness that is trusted has cosigned the checkpoint of {head.origin}, only "
                f"{signed}: trust one with `tollbook witness trust KEY`"
            )
        await self._must_be_ours(partition, head)
        known = [one for one in note.signatures if any(key.is_of(one) for key in signers)]
        await CosignedHeads(self._ledger.redis, partition).add(
            head.size, Note(note.text, tuple(known))
        )
        return Accepted(head, names)

    def _log_of(
        self, head: Checkpoint, notes: Sequence[KeyNote]
    ) -> tuple[int, tuple[VerifierKey, ...]]:
        """The partition whose log a checkpoint is of, and the keys that it was signed with."""
        for number in range(self._ledger.partitions if notes else 0):
            if head.origin == origin_of(notes[-1].key.name, number):
                return number, tuple(verifier_of(note.key, number) for note in notes)
        raise NoteError(f"it is of {head.origin}, which is no log of this ledger")

    async def _must_be_ours(self, partition: int, head: Checkpoint) -> None:
        """See that the tree here was that of a checkpoint when it had its size."""
        tree = SealedTree(self._ledger.redis, self._ledger.id, partition)
        sealed = await tree.head()
        if head.size > sealed.size:
            raise CheckFailedError(
                f"{head.origin}: {head.size:,} events were cosigned, and {sealed.size:,} are "
                "sealed here: the engine was restored from an older copy"
            )
        ours = (await tree.tree(head.size)).root
        if ours != head.root:
            raise CheckFailedError(
                f"{head.origin}: a tree of {head.size:,} events with the root {head.root.hex()} "
                f"was cosigned, and the one here has {ours.hex()}"
            )


def notes_from(document: bytes) -> tuple[Note, ...]:
    """Cosigned checkpoints, one after the other, as `witness cosign` prints them.

    Raises:
        NoteError: one of them is no signed note.
    """
    found: list[bytes] = []
    ends = True
    for line in document.splitlines(keepends=True):
        signature = line.startswith(_SIGNATURE.encode())
        if ends and not signature:
            found.append(b"")
        if not found:
            raise NoteError("a cosigned checkpoint begins with the name of its log")
        found[-1] += line
        ends = signature
    if not found:
        raise NoteError("there is no cosigned checkpoint")
    return tuple(map(note_from, found))
