"""The history in logs that were published, read as a ledger's is; with what was signed, proved."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import orjson

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.parse import RECORDED_TIME
from tollbook_schemas.times import instant_of
from tollbook_schemas.tlog.bundles import detached, entries_in
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.note import NoteError, note_from
from tollbook_schemas.tlog.proofs import shows_consistency
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, TILE_WIDTH, Tile
from tollbook_services.folded import FoldedHead
from tollbook_services.ledger import StoredEntry
from tollbook_services.sealing.audit_report import AuditReport
from tollbook_services.sealing.logs import LogFiles, event_path
from tollbook_services.sealing.verification import LedgerLogs, consistency_from


class LogHistory:
    """The events of published logs, bundle by bundle, each log up to its checkpoint.

    Checkpoints are read once, so that what is added meanwhile is not seen.
    """

    def __init__(self, logs: LedgerLogs, checkpoints: Sequence[Checkpoint]) -> None:
        """Use `open`, which reads the checkpoints."""
        self._logs = logs
        self._checkpoints = tuple(checkpoints)
        self._bundle: tuple[int, Tile, list[bytes]] | None = None

    @classmethod
    async def open(cls, logs: LedgerLogs) -> "LogHistory":
        """The history of logs; neither signatures nor events are verified.

        Raises:
            CheckFailedError: a log has no checkpoint that can be read.
        """
        numbers = range(logs.description.partitions)
        return cls(logs, [await _checkpoint(logs.files(number), number) for number in numbers])

    @property
    def id(self) -> str:
        """Of the ledger, as its description says."""
        return self._logs.description.ledger

    @property
    def partitions(self) -> int:
        """How many logs there are."""
        return len(self._checkpoints)

    async def head(self, partition: int) -> int:
        """The size of a log."""
        return self._checkpoints[partition].size

    async def read(
        self, partition: int, after: int, count: int, upto: int | None = None
    ) -> list[StoredEntry]:
        """The events behind a position, in order: at most `count`, none later than `upto`.

        Raises:
            CheckFailedError: entries are missing, or are no events.
        """
        size = self._checkpoints[partition].size
        end = min(size, after + count, size if upto is None else upto)
        found: list[StoredEntry] = []
        while (index := after + len(found)) < end:
            entries = await self._entries(partition, index // TILE_WIDTH, size)
            first = index % TILE_WIDTH
            for entry in entries[first : first + end - index]:
                place = partition, after + len(found) + 1
                found.append(await self._event(entry, *place))
        return found

    async def must_lead_to(
        self, heads: Sequence[FoldedHead], audited: Sequence[AuditReport]
    ) -> None:
        """See that what was folded is the beginning of the logs that were verified.

        Args:
            heads: what was folded of each partition.
            audited: what was verified of each.

        Raises:
            CheckFailedError: it is not, as the logs were altered after they had been verified.
        """
        for head, report in zip(heads, audited, strict=True):
            root = bytes.fromhex(report.root)
            files = self._logs.files(head.partition)
            proof = await consistency_from(files, head.sequence, report.size)
            if not shows_consistency(proof, head.sequence, head.root, report.size, root):
                raise CheckFailedError(
                    f"partition {head.partition}: the {head.sequence:,} events that were folded "
                    f"are not the beginning of the log of {report.size:,} that was verified: it "
                    "was altered meanwhile"
                )

    async def _entries(self, partition: int, number: int, size: int) -> list[bytes]:
        """The entries of a bundle; the last one that was read is kept."""
        tile = Tile(None, number, min(TILE_WIDTH, size - number * TILE_WIDTH))
        if self._bundle is not None and self._bundle[:2] == (partition, tile):
            return self._bundle[2]
        data = await self._logs.files(partition).read(tile.path)
        place = f"partition {partition}, {tile.path}"
        if data is None:
            raise CheckFailedError(f"{place}: the entries are missing")
        try:
            entries = entries_in(data)
        except ValueError as error:
            raise CheckFailedError(f"{place}: {error}") from None
        if len(entries) != tile.width:
            raise CheckFailedError(
                f"{place}: it holds another number of entries, expected {tile.width}, found "
                f"{len(entries)}"
            )
        self._bundle = partition, tile, entries
        return entries

    async def _event(self, entry: bytes, partition: int, sequence: int) -> StoredEntry:
        place = f"partition {partition}, sequence {sequence}"
        try:
            told, stored = detached(entry), entry
            if told is not None:
                data = await self._logs.files(partition).read(event_path(sequence - 1))
                if data is None or (sha256(data).hexdigest(), len(data)) != told:
                    raise CheckFailedError(f"{place}: the event is not the one of its entry")
                stored = data
            recorded = _recorded_at(stored)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckFailedError(f"{place}: the entry is no stored event: {error!r}") from None
        return StoredEntry(partition, sequence, stored, leaf_hash(stored), recorded)


def _recorded_at(stored: bytes) -> datetime:
    return instant_of(orjson.loads(stored)[RECORDED_TIME])


async def _checkpoint(files: LogFiles, partition: int) -> Checkpoint:
    document = await files.read(CHECKPOINT_PATH)
    if document is None:
        raise CheckFailedError(f"partition {partition}: the log has no checkpoint")
    try:
        return checkpoint_from(note_from(document).text)
    except NoteError as error:
        raise CheckFailedError(f"partition {partition}, {CHECKPOINT_PATH}: {error}") from None
