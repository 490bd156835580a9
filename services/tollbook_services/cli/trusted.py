"""The keys that a command is told to trust, and the verification of logs with them."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from cyclopts import Parameter

from tollbook_schemas.errors import UsageError
from tollbook_schemas.tlog.keys import KeyKind, VerifierKey, verifier_key_from
from tollbook_schemas.tlog.note import NoteError
from tollbook_services.render import console
from tollbook_services.sealing.audit import Progress
from tollbook_services.sealing.verification import LedgerAudit, LedgerLogs, verify_logs

Keys = Annotated[
    tuple[str, ...],
    Parameter(name="--key", help="A public key that you trust, as `keys show` prints it; repeat."),
]


Witnesses = Annotated[
    tuple[str, ...],
    Parameter(name="--witness", help="A witness that has to have cosigned every log; repeat."),
]


def witnesses_from(texts: Iterable[str]) -> list[VerifierKey]:
    """The keys of `--witness`.

    Raises:
        UsageError: one is none, or that of a log.
    """
    found = keys_from(texts, "--witness")
    for key in found:
        if key.kind is not KeyKind.WITNESS:
            raise UsageError(f"--witness: {key.text} is the key of a log: name it with --key")
    return found


def keys_from(texts: Iterable[str], option: str = "--key") -> list[VerifierKey]:
    """The keys of an option.

    Raises:
        UsageError: one is none.
    """
    try:
        return list(map(verifier_key_from, texts))
    except NoteError as error:
        raise UsageError(f"{option}: {error}") from None


async def audited(
    logs: LedgerLogs, keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey] = ()
) -> LedgerAudit:
    """Verify logs, with a progress bar on stderr."""
    with console.progress() as bar:
        task = bar.add_task("verifying", total=None)

        def advanced(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        progress: Progress = advanced
        return await verify_logs(logs, keys, progress, witnesses=witnesses)
