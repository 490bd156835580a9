"""Archives a ledger: copies what is sealed, and then takes what was verified out of the streams."""

from dataclasses import dataclass
from typing import Any, Final

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.tlog.tiles import TILE_WIDTH
from tollbook_services import keys
from tollbook_services.archive.copying import PartitionCopy, Progress
from tollbook_services.archive.place import ArchivePlace
from tollbook_services.archive.state import ArchiveMarks, archive_state
from tollbook_services.ledger import Ledger
from tollbook_services.position import position_from
from tollbook_services.references import Kind, listed
from tollbook_services.sealing.log_description import DESCRIPTION, KEY_HISTORY
from tollbook_services.sealing.verification import LiveLogs, live_logs

KEEP: Final = 10_000
"""Events left in each stream: what workers and questions of the day read, at memory speed."""

TRIMMED_AT_ONCE: Final = 10 * TILE_WIDTH
"""Events taken out in one call of the engine, for which all others wait: a few milliseconds."""


@dataclass(frozen=True, slots=True)
class ArchivedPartition:
    """What was done for one partition.

    Attributes:
        size: how many events the archive has, verified.
        written: files that were written now.
        trimmed: how many events the stream lacks now.
        freed: how many of them were taken out now.
    """

    partition: int
    size: int
    written: int
    trimmed: int
    freed: int


async def archive_ledger(
    ledger: Ledger, place: ArchivePlace, keep: int | None, progress: Progress
) -> list[ArchivedPartition]:
    """Copy every partition's sealed log into a place, verify it, and trim the streams.

    It may be ended at any moment, and run again: what is there is not written again, and nothing
    is trimmed that was not read back from the place and hashed to the signed root.

    Args:
        ledger: whose log.
        place: where to.
        keep: events that stay in each stream at least; None to trim nothing.
        progress: told how many events were copied.

    Raises:
        UsageError: nothing was sealed yet, or `keep` would empty a stream.
        CheckFailedError, EngineError: see `PartitionCopy.run`.
    """
    if keep is not None and keep < 1:
        raise UsageError("--keep: at least 1 event stays in each stream")
    logs = await live_logs(ledger)
    if logs is None:
        raise UsageError("nothing was sealed yet: run `tollbook serve`, or `tollbook sealer`")
    await _describe(logs, place)
    before = [await archive_state(ledger.redis, number) for number in range(ledger.partitions)]
    copied = []
    for number, state in enumerate(before):
        known = state.trimmed if state.place == place.name else 0  # the rest is read again
        copied.append(await PartitionCopy(ledger, number, place).run(known, progress))
    marks = ArchiveMarks(ledger.redis, ledger.id)
    done = []
    for number, (state, copy) in enumerate(zip(before, copied, strict=True)):
        await marks.archived(number, place.name, copy.size)
        trimmed = state.trimmed
        if keep is not None:
            trimmed = await _trim(ledger, marks, number, place.name, keep)
        freed = trimmed - state.trimmed
        done.append(ArchivedPartition(number, copy.size, copy.written, trimmed, freed))
    return done


async def _trim(ledger: Ledger, marks: ArchiveMarks, partition: int, place: str, keep: int) -> int:
    """Take whole bundles out of a stream, oldest first; how many events it lacks then."""
    state = await archive_state(ledger.redis, partition)
    spare = min(state.size, await ledger.head(partition) - keep)
    target = spare // TILE_WIDTH * TILE_WIDTH
    trimmed = state.trimmed
    await _keep_references(ledger, partition, range(trimmed + 1, target + 1))
    while trimmed < target:
        trimmed = await marks.trim(partition, place, min(target, trimmed + TRIMMED_AT_ONCE))
    return trimmed


async def _keep_references(ledger: Ledger, partition: int, span: range) -> None:
    """Keep a copy of the policies and gazetteers among the events that are to be taken out."""
    redis = ledger.redis
    kinds: tuple[Kind, ...] = ("policies", "gazetteers")
    for kind in kinds:
        for position in await listed(redis, kind, ledger.partitions):
            number, sequence = position_from(position)
            if number == partition and sequence in span:
                (entry,) = await ledger.read(partition, sequence - 1, 1)
                kept: Any = (keys.REFERENCES, position, entry.stored)
                await redis.hset(*kept)


async def _describe(logs: LiveLogs, place: ArchivePlace) -> None:
    """Say in the place which ledger it is, and with which keys it is signed."""
    document = logs.description.document()
    there = await place.read(DESCRIPTION)
    if there is not None and there != document:
        raise CheckFailedError(
            f"{place.name} is the archive of another ledger: its {DESCRIPTION} says "
            f"{there.decode(errors='replace').strip()}; name a place of its own"
        )
    history = b"".join(note.line + b"\n" for note in logs.notes)
    known = await place.read(KEY_HISTORY)
    if known is not None and not (history.startswith(known) or known.startswith(history)):
        raise CheckFailedError(f"{place.name}: the file {KEY_HISTORY!r} has another history")
    if known is None or len(known) < len(history):
        await _written(place, KEY_HISTORY, history)
    if there is None:
        await _written(place, DESCRIPTION, document)


async def _written(place: ArchivePlace, path: str, data: bytes) -> None:
    await place.write(path, data)
    if await place.read(path) != data:
        raise CheckFailedError(f"{path} in {place.name} is not what was written there")
