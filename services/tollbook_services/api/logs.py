"""The published logs, read live: the layout of c2sp.org/tlog-tiles, as an archive has it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response

from tollbook_schemas.errors import NotFoundError
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH
from tollbook_services.access.roles import Action
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import needs
from tollbook_services.api.told import Responses, problems, text_answer
from tollbook_services.sealing.key_history import KeyNote
from tollbook_services.sealing.log_description import DESCRIPTION, KEY_HISTORY, LogDescription
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.logs import COSIGNED_PATH, LiveLog, event_path

router = APIRouter(prefix="/v1/log", tags=["log"], dependencies=[Depends(needs(Action.READ))])

Held = Annotated[Running, Depends(running_of)]

_CHANGING: Final = "private, no-cache"

_FOR_EVER: Final = "private, max-age=31536000, immutable"
"""Tiles and events never change; a narrower tile is a file of its own."""

_TEXT: Final = "text/plain"
_BYTES: Final = "application/octet-stream"

Partition = Annotated[int, Path(ge=0, le=INTEGER_MAX, description="Number of the partition.")]


def _file(what: str, media: str) -> Responses:
    return text_answer(what, media) | problems(404, 422)


@router.get(f"/{DESCRIPTION}", responses=_file("Which ledger it is.", "application/json"))
async def description(running: Held) -> Response:
    """Which ledger these are the logs of: its id, the name of its key, how many partitions."""
    notes = await _notes(running)
    return _told(LogDescription.of(notes).document(), "application/json")


@router.get(f"/{KEY_HISTORY}", responses=_file("A line of JSON for each key.", _TEXT))
async def key_history(running: Held) -> Response:
    """Every key that the logs were signed with, as signed notes; the one in use is the last."""
    notes = await _notes(running)
    return _told(b"".join(note.line + b"\n" for note in notes), _TEXT)


@router.get(f"/{{partition}}/{CHECKPOINT_PATH}", responses=_file("A signed note.", _TEXT))
async def checkpoint(running: Held, partition: Partition) -> Response:
    """The signed head of a partition's log (c2sp.org/tlog-checkpoint), with its cosignatures."""
    return _told(await _read(running, partition, CHECKPOINT_PATH), _TEXT)


@router.get(f"/{{partition}}/{COSIGNED_PATH}", responses=_file("A signed note.", _TEXT))
async def cosigned(running: Held, partition: Partition) -> Response:
    """The newest head that a witness has cosigned."""
    return _told(await _read(running, partition, COSIGNED_PATH), _TEXT)


@router.get("/{partition}/tile/{path:path}", responses=_file("Hashes, or entries.", _BYTES))
async def tile(
    running: Held, partition: Partition, path: Annotated[str, Path(max_length=200)]
) -> Response:
    """A tile or an entry bundle (c2sp.org/tlog-tiles): `<L>/<N>[.p/<W>]`, `entries/<N>[.p/<W>]`."""
    return _told(await _read(running, partition, f"tile/{path}"), _BYTES, _FOR_EVER)


@router.get("/{partition}/event/{index}", responses=_file("Stored bytes.", _BYTES))
async def long_event(
    running: Held, partition: Partition, index: Annotated[int, Path(ge=0, le=INTEGER_MAX)]
) -> Response:
    """An event that is too long for an entry bundle; its index is from 0."""
    return _told(await _read(running, partition, event_path(index)), _BYTES, _FOR_EVER)


async def _notes(running: Running) -> tuple[KeyNote, ...]:
    notes = await LogKeys(running.book.ledger).history()
    if not notes:
        raise NotFoundError("nothing was sealed yet: this ledger has no key")
    return notes


async def _read(running: Running, partition: int, path: str) -> bytes:
    ledger = running.book.ledger
    found = await LiveLog(ledger, partition).read(path) if partition < ledger.partitions else None
    if found is None:
        raise NotFoundError(f"the log of partition {partition} has no {path}, or not yet")
    return found


def _told(data: bytes, media: str, caching: str = _CHANGING) -> Response:
    return Response(data, headers={"Cache-Control": caching}, media_type=media)
