"""Verifies the logs of a ledger together, and that a newer head continues an older one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.keys import VerifierKey, verified_of_log
from tollbook_schemas.tlog.merkle import HASH_BYTES, consistency_proof
from tollbook_schemas.tlog.note import Note, NoteError
from tollbook_schemas.tlog.proofs import shows_consistency
from tollbook_schemas.tlog.tiles import Tile
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.audit import Progress, audit
from tollbook_services.sealing.audit_report import AuditReport
from tollbook_services.sealing.key_history import KeyNote, trusted_keys
from tollbook_services.sealing.log_description import LogDescription
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.log_names import origin_of, verifier_of
from tollbook_services.sealing.logs import LiveLog, LogFiles
from tollbook_services.sealing.proving import ReadTiles, proof_from_tiles


class LedgerLogs(Protocol):
    """The logs of a ledger, wherever they are."""

    @property
    def description(self) -> LogDescription:
        """Which ledger it is."""

    @property
    def notes(self) -> tuple[KeyNote, ...]:
        """The key history."""

    def files(self, partition: int) -> LogFiles:
        """The log of a partition."""


@dataclass(frozen=True, slots=True)
class LiveLogs:
    """The logs of a ledger in its engine."""

    ledger: Ledger
    description: LogDescription
    notes: tuple[KeyNote, ...]

    def files(self, partition: int) -> LiveLog:
        """The log of a partition."""
        return LiveLog(self.ledger, partition)


@dataclass(frozen=True, slots=True)
class LedgerAudit:
    """What the verification of all logs of a ledger has found.

    Attributes:
        description: which ledger.
        keys: the trusted keys it was verified with.
        reports: one for each partition.
    """

    description: LogDescription
    keys: tuple[VerifierKey, ...]
    reports: tuple[AuditReport, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return all(report.holds for report in self.reports)

    @property
    def events(self) -> int:
        """How many events the checkpoints are of."""
        return sum(report.size for report in self.reports)

    def document(self) -> dict[str, Any]:
        """As `verify --format json` prints it."""
        return {
            "ledger": self.description.ledger,
            "keys": [key.text for key in self.keys],
            "holds": self.holds,
            "events": self.events,
            "logs": [
                {
                    "partition": number,
                    "origin": report.origin,
                    "size": report.size,
                    "root": report.root,
                    "signers": list(report.signers),
                    "faults": [fault.document() for fault in report.faults],
                }
                for number, report in enumerate(self.reports)
            ],
        }


async def live_logs(ledger: Ledger) -> LiveLogs | None:
    """The logs of a ledger in its engine; None where nothing was ever sealed.

    Raises:
        CheckFailedError: its key history was altered.
    """
    notes = await LogKeys(ledger).history()
    if not notes:
        return None
    return LiveLogs(ledger, LogDescription.of(notes), notes)


async def verify_logs(
    logs: LedgerLogs,
    anchors: Collection[VerifierKey],
    progress: Progress | None = None,
    *,
    witnesses: Collection[VerifierKey] = (),
) -> LedgerAudit:
    """Verify every log of a ledger.

    Args:
        logs: to verify.
        anchors: keys that are trusted from elsewhere; one of the key history has to be among them.
        progress: told after each bundle of a log.
        witnesses: each of which has to have cosigned every checkpoint.

    Raises:
        CheckFailedError: no key of the history is trusted.
    """
    keys = trusted_keys(logs.notes, anchors)
    name = logs.description.name
    if not keys:
        known = ", ".join(key.text for key in (note.key for note in logs.notes))
        raise CheckFailedError(f"none of the keys that you trust is in the key history: {known}")
    reports = []
    for number in range(logs.description.partitions):
        own = [verifier_of(key, number) for key in keys]
        files, origin = logs.files(number), origin_of(name, number)
        reports.append(await audit(files, origin, own, progress, witnesses=witnesses))
    return LedgerAudit(logs.description, keys, tuple(reports))


async def verify_continuation(
    old: Note, new: Note, keys: Sequence[VerifierKey], files: LogFiles
) -> tuple[Checkpoint, Checkpoint]:
    """Verify that a newer checkpoint is of a log that begins with that of an older one.

    Args:
        old: the older checkpoint.
        new: the newer one.
        keys: that are trusted to sign them.
        files: of the log, whose tiles the proof is made of; they are not believed.

    Returns:
        Both, read.

    Raises:
        CheckFailedError: says what does not hold.
    """
    older, newer = _checkpoint(old, keys, "older"), _checkpoint(new, keys, "newer")
    if older.origin != newer.origin:
        raise CheckFailedError(f"they are of two logs, {older.origin} and {newer.origin}")
    if older.size > newer.size:
        raise CheckFailedError(
            f"the newer checkpoint has {newer.size:,} events, and the older {older.size:,}"
        )
    proof = await consistency_from(files, older.size, newer.size)
    if not shows_consistency(proof, older.size, older.root, newer.size, newer.root):
        raise CheckFailedError(
            f"the tree of {newer.size:,} events with the root {newer.root.hex()} does not begin "
            f"with that of {older.size:,} with the root {older.root.hex()}: the history was "
            "rewritten in between, or the tiles were altered; keep both checkpoints, as both are "
            "signed"
        )
    return older, newer


async def consistency_from(files: LogFiles, old: int, new: int) -> tuple[bytes, ...]:
    """The consistency proof between two sizes of a log, made from its tiles; nothing is verified.

    Raises:
        CheckFailedError: a tile that it takes is not there.
    """
    if not 0 < old < new:
        return ()
    return await proof_from_tiles(
        _reader(files), new, lambda read: consistency_proof(read, old, new)
    )


def _checkpoint(note: Note, keys: Sequence[VerifierKey], which: str) -> Checkpoint:
    try:
        verified_of_log(note, keys)
        return checkpoint_from(note.text)
    except NoteError as error:
        raise CheckFailedError(f"the {which} checkpoint: {error}") from None


def _reader(files: LogFiles) -> ReadTiles:
    async def read(tiles: Collection[Tile]) -> Mapping[Tile, bytes]:
        found = {}
        for tile in tiles:
            data = await files.read(tile.path)
            if data is None:  # the log may have grown since, and the tile with it
                data = await files.read(tile.full.path)
            if data is None:
                raise CheckFailedError(f"the log lacks {tile.path}, which the proof takes")
            found[tile] = data[: tile.width * HASH_BYTES]
        return found

    return read
