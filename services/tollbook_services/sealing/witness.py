"""A witness: cosigns heads of other ledgers' logs, and never two that contradict each other.

What it answers is c2sp.org/tlog-witness, whoever asks: the server, or the command that fetches the
checkpoint itself.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from tollbook_schemas.errors import UsageError
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.keys import KeyKind, SigningKey, VerifierKey, verified
from tollbook_schemas.tlog.note import NoteError
from tollbook_schemas.tlog.proofs import shows_consistency
from tollbook_services.sealing.log_names import keys_for
from tollbook_services.sealing.witness_request import WitnessRequest
from tollbook_services.sealing.witness_state import WitnessState

SIZE_TYPE: Final = "text/x.tlog.size"
_TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: cosignature lines (200), its size (409), or what is wrong."""

    status: HTTPStatus
    body: str
    media_type: str = _TEXT


class Witness:
    """Cosigns the logs of the keys that it was given."""

    def __init__(
        self,
        key: SigningKey,
        logs: Collection[VerifierKey],
        state: WitnessState,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the key to cosign with, the keys of the logs, and what was cosigned before.

        Args:
            key: of the witness.
            logs: keys of ledgers, or of single logs.
            state: what was cosigned.
            now: seconds since 1970.

        Raises:
            UsageError: the key is that of a log.
        """
        if key.kind is not KeyKind.WITNESS:
            raise UsageError(
                f"{key.name} is the key of a log: make one of a witness with "
                "`tollbook keys generate NAME --witness --out FILE`"
            )
        self._key = key
        self._logs = tuple(logs)
        self._state = state
        self._now = now

    def add_checkpoint(self, body: bytes) -> Answer:
        """Verify a checkpoint against what was cosigned, keep it durably, and cosign it.

        Raises:
            CheckFailedError: the state was altered.
            UsageError: the state cannot be read or written.
        """
        try:
            request = WitnessRequest.read(body)
            head = checkpoint_from(request.checkpoint.text)
        except NoteError as error:
            return _refused(HTTPStatus.BAD_REQUEST, str(error))
        own = [
            key
            for key in keys_for(request.checkpoint, self._logs)
            if (key.name, key.kind) == (head.origin, KeyKind.LOG)
        ]
        if not own:
            return _refused(HTTPStatus.NOT_FOUND, f"no key of the log {head.origin} is known here")
        try:
            verified(request.checkpoint, own)
        except NoteError as error:
            return _refused(HTTPStatus.FORBIDDEN, str(error))
        if request.old > head.size:
            return _refused(HTTPStatus.BAD_REQUEST, "the old size is beyond the checkpoint's")
        return self._cosigned(request, head)

    def _cosigned(self, request: WitnessRequest, head: Checkpoint) -> Answer:
        with self._state.held(head.origin) as last:
            same_size = last.size == head.size
            if request.old != last.size or (same_size and last.root != head.root):
                return Answer(HTTPStatus.CONFLICT, f"{last.size}\n", SIZE_TYPE)
            if not shows_consistency(request.proof, last.size, last.root, head.size, head.root):
                return _refused(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    f"the proof does not lead from {last.size} events with the root "
                    f"{last.root.hex()} to {head.size} with {head.root.hex()}",
                )
            made = self._key.signature(request.checkpoint.text, int(self._now()))
            self._state.replace(head.origin, request.checkpoint.with_signatures([made]))
        return Answer(HTTPStatus.OK, made.line)


def _refused(status: HTTPStatus, reason: str) -> Answer:
    return Answer(status, reason + "\n")
