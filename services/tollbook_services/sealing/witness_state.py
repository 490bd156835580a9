"""What a witness has cosigned last of each log: a file for each, durable before it answers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.merkle import EMPTY_ROOT
from tollbook_schemas.tlog.note import Note, NoteError, note_from
from tollbook_services.durability import sync_folder
from tollbook_services.sealing.keyring import locked

_SUFFIX: Final = ".checkpoint"
_PRIVATE_FOLDER: Final = 0o700


class WitnessState:
    """The newest cosigned checkpoint of each log, by its origin, in a folder.

    A file is the checkpoint as it was cosigned: with the log's signature it is the evidence, where
    the log shows another history later. Its name is the SHA-256 of the origin.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made when something is cosigned."""
        self._folder = folder

    def read(self, origin: str) -> Checkpoint:
        """What was cosigned last of a log; the empty tree where nothing was.

        Raises:
            CheckFailedError: the file holds something else.
            UsageError: it cannot be read.
        """
        path = self._path(origin)
        try:
            found = checkpoint_from(note_from(path.read_bytes()).text)
        except FileNotFoundError:
            return Checkpoint(origin, 0, EMPTY_ROOT)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except NoteError as error:
            raise self._altered(path, origin, str(error)) from None
        if found.origin != origin:
            raise self._altered(path, origin, f"it is of {found.origin}")
        return found

    @contextmanager
    def held(self, origin: str) -> Iterator[Checkpoint]:
        """What was cosigned last, while nobody else can cosign; errors as for `read`."""
        try:
            self._folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self._folder} cannot be made: {error.strerror}") from None
        with locked(self._path(origin)):
            yield self.read(origin)

    def replace(self, origin: str, cosigned: Note) -> None:
        """Keep a cosigned checkpoint durably, in the place of the last; only while `held`.

        Raises:
            UsageError: it cannot be written.
        """
        path = self._path(origin)
        waiting = path.with_name(path.name + ".new")
        try:
            with waiting.open("wb") as file:
                file.write(cosigned.document())
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from None

    def _path(self, origin: str) -> Path:
        return self._folder / (sha256(origin.encode()).hexdigest() + _SUFFIX)

    def _altered(self, path: Path, origin: str, reason: str) -> CheckFailedError:
        return CheckFailedError(
            f"{path} does not say what was cosigned of {origin} ({reason}): restore it; without "
            "it nothing more of that log is cosigned"
        )
