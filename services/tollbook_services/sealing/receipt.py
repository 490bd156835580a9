"""Receipts: an event, its place in a log and the signed head in a file (c2sp.org/tlog-proof)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.tlog.bundles import entry_of
from tollbook_schemas.tlog.checkpoint import checkpoint_from
from tollbook_schemas.tlog.keys import VerifierKey, verified_of_log
from tollbook_schemas.tlog.merkle import inclusion_proof
from tollbook_schemas.tlog.note import NoteError, note_from
from tollbook_schemas.tlog.proofs import shows_inclusion
from tollbook_schemas.tlog.tlog_proof import TlogProof
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.cosigned import CosignedHeads
from tollbook_services.sealing.proving import proof_from_tiles
from tollbook_services.sealing.sealed import SealedHead, SealedTree
from tollbook_services.stored import StoredEntry

SEALED_S_MAX: Final = 5.0
"""How long a receipt waits for its event to be sealed, which takes a second at most."""

_LOOK_AGAIN_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves.

    Attributes:
        origin: of the log.
        index: of the event in it, from 0.
        size: of the tree it was proven in.
        signers: names of the trusted keys that have signed the tree.
        event: the stored bytes.
    """

    origin: str
    index: int
    size: int
    signers: tuple[str, ...]
    event: bytes


async def receipt_of(ledger: Ledger, entry: StoredEntry) -> TlogProof:
    """The receipt of a stored event, in the newest sealed tree.

    Raises:
        EngineError: it is not sealed, and nobody seals it in `SEALED_S_MAX`.
        CheckFailedError: the sealed tree was altered.
    """
    tree = SealedTree(ledger.redis, ledger.id, entry.partition)
    head = await _sealed_head(tree, entry)
    index = entry.sequence - 1
    path = await proof_from_tiles(
        tree.tiles, head.size, lambda read: inclusion_proof(read, index, head.size)
    )
    checkpoint = await CosignedHeads(ledger.redis, entry.partition).added_to(head)
    return TlogProof(index, path, note_from(checkpoint), entry.stored)


def verify_receipt(proof: TlogProof, keys: tuple[VerifierKey, ...]) -> VerifiedReceipt:
    """What a receipt proves to who trusts some keys.

    Raises:
        CheckFailedError: says what does not hold.
    """
    if proof.extra is None:
        raise CheckFailedError("the receipt carries no event")
    try:
        signers = verified_of_log(proof.checkpoint, keys)
        checkpoint = checkpoint_from(proof.checkpoint.text)
    except NoteError as error:
        raise CheckFailedError(f"the checkpoint of the receipt: {error}") from None
    leaf = leaf_hash(entry_of(proof.extra))
    if not shows_inclusion(proof.path, leaf, proof.index, checkpoint.size, checkpoint.root):
        raise CheckFailedError(
            f"the event of the receipt, with the leaf hash {leaf.hex()}, is not entry "
            f"{proof.index} of the tree of {checkpoint.size:,} with the root "
            f"{checkpoint.root.hex()}: event, index or proof was altered"
        )
    names = tuple(key.name for key in signers)
    return VerifiedReceipt(checkpoint.origin, proof.index, checkpoint.size, names, proof.extra)


async def _sealed_head(tree: SealedTree, entry: StoredEntry) -> SealedHead:
    loop = asyncio.get_running_loop()
    until = loop.time() + SEALED_S_MAX
    while (head := await tree.head()).size < entry.sequence:
        if loop.time() >= until:
            raise EngineError(
                f"event {entry.sequence} of partition {entry.partition} is not sealed: run "
                "`tollbook serve`, or `tollbook sealer`"
            )
        await asyncio.sleep(_LOOK_AGAIN_S)
    return head
