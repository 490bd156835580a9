"""`verify`: everything computed anew from the events, and compared with what was signed."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.text import Text

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.tlog.keys import VerifierKey
from tollbook_schemas.tlog.note import Note, NoteError, note_from
from tollbook_schemas.tlog.tlog_proof import tlog_proof_from
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.replay import replay_text, run_replay
from tollbook_services.cli.trusted import Keys, Witnesses, audited, keys_from, witnesses_from
from tollbook_services.render import console, data, words
from tollbook_services.replay import ReplayResult
from tollbook_services.sealing.log_names import keys_for
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.sealing.receipt import verify_receipt
from tollbook_services.sealing.verification import (
    LedgerAudit,
    LedgerLogs,
    live_logs,
    verify_continuation,
)
from tollbook_services.wiring import Tollbook, open_tollbook

_COLUMNS: Final = ("partition", "origin", "size", "root", "holds", "faults")


async def verify(
    what: Annotated[
        str | None,
        Parameter(help="A folder or URL of published logs, or a receipt [default: this ledger]."),
    ] = None,
    *,
    key: Keys = (),
    witness: Witnesses = (),
    continues: Annotated[
        Path | None, Parameter(help="An older checkpoint that WHAT, a newer one, has to continue.")
    ] = None,
    log: Annotated[
        str | None, Parameter(help="With --continues: where the logs are [default: this ledger].")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Verify the ledger here, logs that were published, a receipt, or two checkpoints.

    Every hash is computed from the events themselves; none that is stored is believed. Exit 4
    names the first event that is not the one that was signed, what was expected and what is there.
    The ledger here is also folded again, and compared with its views.
    """
    keys = keys_from(key)
    witnesses = witnesses_from(witness)
    if continues is not None:
        if witnesses:
            raise UsageError("--witness is for logs, and --continues for two checkpoints")
        return await _continuation(continues, what, log, keys, common)
    if what is None:
        return await _here(keys, witnesses, common)
    return await _published(what, keys, witnesses, common)


async def _here(
    keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey], common: Common
) -> int:
    async with open_tollbook(common.settings(), sound=False) as book:
        logs = await _sealed(book)
        if not keys:
            console.note(
                "no --key was given: verified with the key that the ledger itself names, which "
                "shows what was altered by others, not by who has the private key"
            )
        audit = await audited(logs, keys or [note.key for note in logs.notes], witnesses)
        await book.catch_up()
        replayed = await run_replay(book)
    _say_audit(audit, common, replayed)
    return 0 if audit.holds and replayed.identical else CheckFailedError.exit_code


async def _published(
    place: str,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    common: Common,
) -> int:
    if not keys:
        raise UsageError(
            "say which key you trust: --key KEY, as the ledger's operator hands it out; who wrote "
            f"{place} can have put any key there"
        )
    if (document := _file(place)) is not None:
        if witnesses:
            raise UsageError("--witness is for logs; for a receipt, name the witness with --key")
        return _receipt(Path(place), document, keys, common)
    logs = await open_logs(place)
    audit = await audited(logs, keys, witnesses)
    _say_audit(audit, common)
    return 0 if audit.holds else CheckFailedError.exit_code


def _receipt(path: Path, document: bytes, keys: Sequence[VerifierKey], common: Common) -> int:
    try:
        proof = tlog_proof_from(document)
    except NoteError as error:
        raise CheckFailedError(f"{path} is no receipt: {error}") from None
    found = verify_receipt(proof, keys_for(proof.checkpoint, keys))
    told = {
        "holds": True,
        "log": found.origin,
        "sequence": found.index + 1,
        "size": found.size,
        "signers": list(found.signers),
        "event": found.event.decode(),
    }
    match common.format:
        case "json":
            data.write_json(told)
        case "csv":
            data.write_csv(tuple(told), [{**told, "signers": " ".join(found.signers)}])
        case _:
            lead = (
                f"holds: event {found.index + 1:,} of {found.size:,} of the log {found.origin}, "
                f"signed by {', '.join(found.signers)}"
            )
            console.answer(_unwrapped(lead), _unwrapped(words.clean(found.event.decode())))
    return 0


async def _continuation(
    old: Path, new: str | None, place: str | None, keys: Sequence[VerifierKey], common: Common
) -> int:
    if new is None:
        raise UsageError("name the newer checkpoint: tollbook verify NEW --continues OLD")
    older, newer = _read_note(old), _read_note(Path(new))
    if place is None:
        async with open_tollbook(common.settings(), sound=False) as book:
            return await _continues(older, newer, await _sealed(book), keys, common)
    return await _continues(older, newer, await open_logs(place), keys, common)


async def _continues(
    older: Note, newer: Note, logs: LedgerLogs, keys: Sequence[VerifierKey], common: Common
) -> int:
    if not keys:
        raise UsageError("say which key you trust: --key KEY, as `tollbook keys show` prints it")
    origin = newer.text.partition("\n")[0]
    name, _, number = origin.rpartition("/")
    count = logs.description.partitions
    if name != logs.description.name or not number.isdecimal() or int(number) >= count:
        raise UsageError(
            f"the checkpoint is of {origin}, and these are the {count} logs of "
            f"{logs.description.name}: name theirs with --log"
        )
    files = logs.files(int(number))
    first, second = await verify_continuation(older, newer, keys_for(newer, keys), files)
    document = {"holds": True, "log": origin, "from": first.size, "to": second.size}
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(tuple(document), [document])
        case _:
            console.answer(
                _unwrapped(
                    f"holds: the {second.size:,} events of {origin} begin with the {first.size:,} "
                    "of the older checkpoint"
                )
            )
    return 0


async def _sealed(book: Tollbook) -> LedgerLogs:
    logs = await live_logs(book.ledger)
    if logs is None:
        raise UsageError("nothing was sealed yet: run `tollbook serve`, or `tollbook sealer`")
    return logs


def _say_audit(audit: LedgerAudit, common: Common, replayed: ReplayResult | None = None) -> None:
    document = audit.document()
    if replayed is not None:
        document["views"] = {
            "identical": replayed.identical,
            "digest_live": replayed.digest_live,
            "digest_replayed": replayed.digest_replayed,
        }
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(_COLUMNS, _rows(audit))
        case _:
            parts = [_unwrapped("\n".join(_lines(audit)))]
            console.answer(*parts, *([_unwrapped(replay_text(replayed))] if replayed else []))


def _unwrapped(text: str) -> Text:
    """Lines to compare and to copy, whatever the width."""
    return Text(text, no_wrap=True)


def _rows(audit: LedgerAudit) -> Iterable[dict[str, Any]]:
    for number, report in enumerate(audit.reports):
        yield {
            "partition": number,
            "origin": report.origin,
            "size": report.size,
            "root": report.root,
            "holds": report.holds,
            "faults": "; ".join(fault.text for fault in report.faults),
        }


def _lines(audit: LedgerAudit) -> Iterable[str]:
    verdict = "verified" if audit.holds else "ALTERED"
    logs = words.plural(len(audit.reports), "log")
    yield f"{verdict}: {words.plural(audit.events, 'event')} in {logs} of {audit.description.name}"
    for number, report in enumerate(audit.reports):
        if report.holds:
            yield f"{report.origin}: {words.plural(report.size, 'event')}, root {report.root}"
        for fault in report.faults:
            yield f"partition {number}, {fault.text}"


def _read_note(path: Path) -> Note:
    document = _file(str(path))
    if document is None:
        raise UsageError(f"there is no file {path}")
    try:
        return note_from(document)
    except NoteError as error:
        raise CheckFailedError(f"{path}: {error}") from None


def _file(place: str) -> bytes | None:
    """The bytes of a file; None for a folder, a URL, or nothing."""
    path = Path(place)
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
