"""Where an archive lies: a folder or an object store, read and written file by file, durably."""

import asyncio
import os
import secrets
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError

from tollbook_schemas.errors import EngineError, UsageError
from tollbook_services.archive.reading import MOVED
from tollbook_services.durability import sync_folder
from tollbook_services.sealing.log_places import StoreFiles, store_of
from tollbook_services.shown import safe_url


class ArchivePlace(Protocol):
    """Files by their paths below one place."""

    name: str
    """What the engine remembers it by: an absolute folder, or a URL without secrets."""

    async def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""

    async def write(self, path: str, data: bytes) -> None:
        """Make or replace a file; durable when this returns."""


def place_of(name: str, *, create: bool = False) -> ArchivePlace:
    """The place of a folder, `file:///folder`, or of a URL such as `s3://bucket/prefix`.

    What an object store asks of a client (AWS_ACCESS_KEY_ID and the like) comes from the
    environment alone, so it stands in no key, log or error.

    Args:
        name: the folder or the URL.
        create: make the folder where there is none.

    Raises:
        UsageError: there is no such folder, or the URL means nothing or has a password.
    """
    parts = urlsplit(name)
    if "://" in name and parts.scheme != "file":
        if parts.password is not None or parts.username is not None or parts.query:
            raise UsageError(
                f"{safe_url(name)}: an archive's URL has no credentials; they come from the "
                "environment, such as AWS_ACCESS_KEY_ID"
            )
        return StorePlace(name)
    folder = Path(unquote(parts.path) if parts.scheme == "file" else name).absolute()
    if create:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from error
    return FolderPlace(folder)


class FolderPlace:
    """A local folder. What is written is synced, and so are the folders that came with it."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self.name = str(folder)
        self._folder = folder

    async def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none.

        Raises:
            EngineError: the folder is away, or cannot be read.
        """
        return await asyncio.to_thread(self._read, path)

    async def write(self, path: str, data: bytes) -> None:
        """Write a file beside its place and rename it, so that it is there whole or not at all.

        Raises:
            EngineError: the disk is full, or may not be written.
        """
        await asyncio.to_thread(self._write, path, data)

    def _read(self, path: str) -> bytes | None:
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            if not self._folder.is_dir():
                raise self._away("it is not there") from error
            return None
        except OSError as error:
            raise self._away(error.strerror or str(error)) from error

    def _write(self, path: str, data: bytes) -> None:
        target = self._folder / path
        waiting = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            self._make_folder(target.parent)
            try:
                with waiting.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                waiting.replace(target)
            finally:
                waiting.unlink(missing_ok=True)
            sync_folder(target.parent)
        except OSError as error:
            raise EngineError(
                f"the archive in {self.name} cannot be written ({error.strerror or error}): "
                "nothing was trimmed; run the same command again"
            ) from error

    def _make_folder(self, folder: Path) -> None:
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            sync_folder(one.parent)

    def _away(self, reason: str) -> EngineError:
        return EngineError(
            f"the archive in {self.name} cannot be read ({reason}): older events lie only there; "
            f"bring it back, or say with {MOVED} where it is now"
        )


class StorePlace:
    """An object store; it answers a write once it keeps the object."""

    def __init__(self, url: str) -> None:
        """Take its URL.

        Raises:
            UsageError: the URL means nothing.
        """
        self.name = url
        self._store = store_of(url)
        self._files = StoreFiles(self._store, f"the archive in {url}")

    async def read(self, path: str) -> bytes | None:
        """The bytes of an object; None where there is none.

        Raises:
            EngineError: the store is away, or refuses.
        """
        return await self._files.read(path)

    async def write(self, path: str, data: bytes) -> None:
        """Make or replace an object.

        Raises:
            EngineError: the store is away, or refuses.
        """
        try:
            await obstore.put_async(self._store, path, data)
        except (BaseError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise EngineError(
                f"the archive in {self.name} cannot be written ({reason}): nothing was trimmed; "
                "run the same command again"
            ) from error
