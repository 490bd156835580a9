"""Writes the logs of a ledger into a folder, file by file, as they are published."""

from pathlib import Path

from tollbook_schemas.tlog.bundles import detached, entries_in
from tollbook_schemas.tlog.checkpoint import checkpoint_from
from tollbook_schemas.tlog.note import note_from
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, tiles_between, tiles_of
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.log_description import DESCRIPTION, KEY_HISTORY
from tollbook_services.sealing.logs import LogFiles, event_path
from tollbook_services.sealing.verification import live_logs


async def write_logs(ledger: Ledger, folder: Path) -> None:
    """All that is sealed of a ledger."""
    logs = await live_logs(ledger)
    assert logs is not None
    write(folder / DESCRIPTION, logs.description.document())
    write(folder / KEY_HISTORY, b"".join(note.line + b"\n" for note in logs.notes))
    for number in range(logs.description.partitions):
        for path, data in (await files_of(logs.files(number))).items():
            write(folder / str(number) / path, data)


async def files_of(log: LogFiles) -> dict[str, bytes]:
    """Every file of one log."""
    checkpoint = await log.read(CHECKPOINT_PATH)
    assert checkpoint is not None
    files = {CHECKPOINT_PATH: checkpoint}
    size = checkpoint_from(note_from(checkpoint).text).size
    bundles = list(tiles_between(None, 0, size))
    for tile in (*tiles_of(size), *bundles):
        data = await log.read(tile.path)
        assert data is not None, tile.path
        files[tile.path] = data
    for bundle in bundles:
        for place, entry in enumerate(entries_in(files[bundle.path])):
            if detached(entry) is not None:
                path = event_path(bundle.index * 256 + place)
                event = await log.read(path)
                assert event is not None, path
                files[path] = event
    return files


def write(path: Path, data: bytes) -> None:
    """A file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
