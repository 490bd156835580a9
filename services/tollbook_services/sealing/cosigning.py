"""Cosigns logs that were published somewhere: fetched, verified, compared with what was before."""

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.keys import SigningKey, VerifierKey, verified
from tollbook_schemas.tlog.note import Note, NoteError, note_from, signatures_from
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH
from tollbook_services.sealing.key_history import trusted_keys
from tollbook_services.sealing.log_names import origin_of, verifier_of
from tollbook_services.sealing.logs import LogFiles
from tollbook_services.sealing.verification import LedgerLogs, consistency_from
from tollbook_services.sealing.witness import Witness
from tollbook_services.sealing.witness_request import WitnessRequest
from tollbook_services.sealing.witness_state import WitnessState


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that was cosigned.

    Attributes:
        before: size of the tree that was cosigned last; 0 where none was.
        head: what the checkpoint says.
        note: the checkpoint with the log's signatures and the cosignature.
    """

    before: int
    head: Checkpoint
    note: Note


async def cosign_logs(
    logs: LedgerLogs, anchors: Collection[VerifierKey], key: SigningKey, state: WitnessState
) -> tuple[Cosigned, ...]:
    """Cosign the newest checkpoint of every log of a ledger; one for each partition.

    Args:
        logs: of the ledger.
        anchors: keys that are trusted from elsewhere; one of the key history has to be among them.
        key: of the witness.
        state: what it cosigned before.

    Raises:
        CheckFailedError: a log has no checkpoint that a trusted key signed, or does not continue
            what was cosigned; both roots are named, and nothing more is cosigned.
        UsageError: the key is not of a witness, or the state cannot be written.
    """
    trusted = trusted_keys(logs.notes, anchors)
    if not trusted:
        known = ", ".join(note.key.text for note in logs.notes)
        raise CheckFailedError(f"none of the keys that you trust is in the key history: {known}")
    witness = Witness(key, trusted, state)
    found = []
    for number in range(logs.description.partitions):
        origin = origin_of(logs.description.name, number)
        keys = [verifier_of(one, number) for one in trusted]
        note = await _checkpoint(logs.files(number), origin, keys)
        found.append(await _cosign(witness, state, note, logs.files(number)))
    return tuple(found)


async def _cosign(witness: Witness, state: WitnessState, note: Note, files: LogFiles) -> Cosigned:
    head = checkpoint_from(note.text)
    last = state.read(head.origin)
    contradicts = CheckFailedError(
        f"{head.origin}: the tree of {last.size:,} events with the root {last.root.hex()} was "
        f"cosigned, and the one of {head.size:,} with the root {head.root.hex()} does not continue "
        "it: an older copy is published, the history was rewritten, or tiles were altered; keep "
        "this checkpoint and the one in the state folder, as both are signed"
    )
    if head.size < last.size:
        raise contradicts
    proof = await consistency_from(files, last.size, head.size)
    answer = witness.add_checkpoint(WitnessRequest(last.size, proof, note).document())
    match answer.status:
        case HTTPStatus.OK:
            return Cosigned(last.size, head, note.with_signatures(signatures_from(answer.body)))
        case HTTPStatus.CONFLICT if state.read(head.origin) != last:  # another was faster
            return await _cosign(witness, state, note, files)
        case HTTPStatus.CONFLICT | HTTPStatus.UNPROCESSABLE_ENTITY:
            raise contradicts
        case _:
            raise CheckFailedError(f"{head.origin}: {answer.body.strip()}")


async def _checkpoint(files: LogFiles, origin: str, keys: Collection[VerifierKey]) -> Note:
    document = await files.read(CHECKPOINT_PATH)
    if document is None:
        raise CheckFailedError(f"{origin} has no checkpoint")
    try:
        note = note_from(document)
        verified(note, keys)
        found = checkpoint_from(note.text)
    except NoteError as error:
        raise CheckFailedError(f"the checkpoint of {origin}: {error}") from None
    if found.origin != origin:
        raise CheckFailedError(f"the checkpoint of {origin} is of {found.origin}")
    return note
