"""Logs wherever they were published: a folder, an object store, a web address."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_schemas.tlog.keys import VerifierKey
from tollbook_schemas.tlog.note import NoteError
from tollbook_services.sealing.key_history import KeyNote, key_notes_from
from tollbook_services.sealing.log_description import (
    DESCRIPTION,
    KEY_HISTORY,
    LogDescription,
    partition_path,
)
from tollbook_services.shown import safe_url

_RETRIES_MAX: Final = 3
"""Tries of a request over a network before the place counts as away."""


class StoreFiles:
    """The files below a prefix of an object store."""

    def __init__(self, store: ObjectStore, place: str, prefix: str = "") -> None:
        """Take the store, what it is called in errors, and the prefix of every path."""
        self._store = store
        self._place = place
        self._prefix = prefix

    async def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none.

        Raises:
            EngineError: the store does not answer, or refuses.
        """
        try:
            found = await obstore.get_async(self._store, self._prefix + path)
            return bytes(await found.bytes_async())
        except (FileNotFoundError, NotFoundError):
            return None
        except (BaseError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise EngineError(f"{self._place} cannot be read: {reason}") from error


@dataclass(frozen=True, slots=True)
class PublishedLogs:
    """The logs of a ledger in one place.

    Attributes:
        place: as it is told in errors.
        description: which ledger it is, by its own words.
        notes: the key history, every link of which is signed as it must be.
    """

    place: str
    store: ObjectStore
    description: LogDescription
    notes: tuple[KeyNote, ...]

    def files(self, partition: int) -> StoreFiles:
        """The log of a partition."""
        return StoreFiles(self.store, self.place, partition_path(partition, ""))

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Every key of the history, the one in use last; none is trusted for standing there."""
        return tuple(note.key for note in self.notes)


def store_of(place: str) -> ObjectStore:
    """The object store of a folder or a URL (`file:`, `http:`, `https:`, `s3:`, `gs:`, `az:`).

    Raises:
        UsageError: there is no such folder, or the URL means nothing.
    """
    if "://" not in place:
        if not Path(place).is_dir():
            raise UsageError(f"there is no folder {place}")
        return LocalStore(Path(place).resolve())
    try:
        return from_url(
            place,
            client_options={"allow_http": True},
            retry_config={"max_retries": _RETRIES_MAX},
        )
    except (BaseError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{safe_url(place)} is no place of logs: {reason}") from None


async def open_logs(place: str) -> PublishedLogs:
    """The logs that were published in a place.

    Raises:
        UsageError: there is no such place, or no logs in it.
        CheckFailedError: its description or its key history was altered.
        EngineError: it cannot be read.
    """
    store, shown = store_of(place), safe_url(place) if "://" in place else place
    files = StoreFiles(store, shown)
    document, history = await files.read(DESCRIPTION), await files.read(KEY_HISTORY)
    if document is None:
        raise UsageError(f"{shown} holds no logs: it has no {DESCRIPTION}")
    if history is None:
        raise CheckFailedError(f"{shown} lacks its key history, the file {KEY_HISTORY!r}")
    try:
        description = LogDescription.read(document)
        notes = key_notes_from(history.splitlines())
        must_belong(description, notes)
    except NoteError as error:
        raise CheckFailedError(f"{shown}: {error}") from None
    return PublishedLogs(shown, store, description, notes)


def must_belong(description: LogDescription, notes: tuple[KeyNote, ...]) -> None:
    """See that a description is what the signed key history says.

    Raises:
        NoteError: it is not.
    """
    if not notes:
        raise NoteError("the key history is empty")
    if (signed := LogDescription.of(notes)) != description:
        raise NoteError(f"{DESCRIPTION} says {description}, and the key history {signed}")
