"""Asks witnesses to cosign the newest checkpoints of this ledger (c2sp.org/tlog-witness)."""

import asyncio
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_schemas.tlog.checkpoint import checkpoint_from
from tollbook_schemas.tlog.note import Note, NoteError, note_from, signatures_from
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH
from tollbook_services.sealing.cosignatures import Accepted, Cosignatures
from tollbook_services.sealing.logs import LogFiles
from tollbook_services.sealing.verification import LiveLogs, consistency_from
from tollbook_services.sealing.witness_request import WitnessRequest, size_from
from tollbook_services.shown import safe_url

ADD_CHECKPOINT: Final = "/add-checkpoint"

TIMEOUT_S: Final = 30.0
"""Seconds that a witness has for an answer: it writes to a disk, and no more."""

ANSWER_BYTES_MAX: Final = 65_536
"""Bytes of an answer that are read: a cosignature is some 150."""

TRIES_MAX: Final = 4
"""Requests for one checkpoint: the first learns the size, and others may ask at the same time."""


async def cosigned_by(logs: LiveLogs, url: str) -> tuple[Accepted, ...]:
    """Have the newest checkpoint of every log cosigned by a witness, and keep what it answers.

    Args:
        logs: of this ledger.
        url: the witness's submission prefix.

    Raises:
        UsageError: the URL is none.
        EngineError: the witness does not answer.
        CheckFailedError: it refuses, has cosigned another history, or its answer does not hold.
    """
    cosignatures = Cosignatures(logs.ledger)
    accepted = []
    for number in range(logs.description.partitions):
        note = await _cosigned(logs.files(number), url)
        accepted.append(await cosignatures.accept(note))
    return tuple(accepted)


async def _cosigned(files: LogFiles, url: str) -> Note:
    document = await files.read(CHECKPOINT_PATH)
    if document is None:
        raise UsageError("nothing was sealed yet: run `tollbook serve`, or `tollbook sealer`")
    note = note_from(document)
    head = checkpoint_from(note.text)
    old = 0
    for _ in range(TRIES_MAX):
        proof = await consistency_from(files, old, head.size)
        body = WitnessRequest(old, proof, note).document()
        status, answer = await asyncio.to_thread(_post, url, body)
        if status == HTTPStatus.OK:
            try:
                return note.with_signatures(signatures_from(answer))
            except NoteError as error:
                raise CheckFailedError(f"{safe_url(url)} answers no cosignature: {error}") from None
        known = size_from(answer.removesuffix("\n")) if status == HTTPStatus.CONFLICT else None
        if known is None:
            reason = " ".join(answer.split())[:200]
            raise CheckFailedError(f"{safe_url(url)} refuses {head.origin}: {status} {reason}")
        if known == old or known > head.size:
            raise CheckFailedError(
                f"{safe_url(url)} has cosigned {known:,} events of {head.origin}, which are not "
                f"what the {head.size:,} with the root {head.root.hex()} begin with: the engine "
                "was restored from an older copy, or somebody else signs with this key"
            )
        old = known
    raise EngineError(f"{safe_url(url)} answers another size each time; try again")


def _post(url: str, body: bytes) -> tuple[int, str]:
    """Status and text of the answer; redirections are not followed."""
    parts = urlsplit(url)
    kind = {"http": HTTPConnection, "https": HTTPSConnection}.get(parts.scheme)
    if kind is None or not parts.hostname:
        raise UsageError(f"{safe_url(url)} is no URL of a witness: it begins with https://")
    try:
        connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", parts.path.rstrip("/") + ADD_CHECKPOINT, body)
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_BYTES_MAX).decode(errors="replace")
        finally:
            connection.close()
    except ValueError as error:
        raise UsageError(f"{safe_url(url)} is no URL of a witness: {error}") from None
    except (OSError, HTTPException) as error:
        raise EngineError(f"{safe_url(url)} does not answer: {error}") from error
