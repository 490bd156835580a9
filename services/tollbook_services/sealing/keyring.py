"""Files of private keys: one line each, readable by their owner only, replaced atomically."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tollbook_schemas.errors import UsageError
from tollbook_schemas.tlog.keys import SEED_BYTES, KeyKind, SigningKey, signing_key_from
from tollbook_schemas.tlog.note import NoteError
from tollbook_services.durability import sync_folder

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
_NEXT: Final = ".next"
_LOCK: Final = ".lock"


def new_key(name: str, kind: KeyKind = KeyKind.LOG) -> SigningKey:
    """A key of 32 random bytes.

    Raises:
        UsageError: the name cannot be that of a key.
    """
    try:
        return SigningKey.from_seed(name, kind, secrets.token_bytes(SEED_BYTES))
    except NoteError as error:
        raise UsageError(str(error)) from None


def read_key_file(path: Path) -> SigningKey:
    """The key in a file.

    Raises:
        UsageError: there is none, others may read it, or it holds no key; the key is never shown.
    """
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            raise UsageError(f"others may read the private key in {path}: run `chmod 600 {path}`")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"the private key in {path} cannot be read: {reason}") from None
    return key_from_text(text, str(path))


def key_from_text(text: str, place: str) -> SigningKey:
    """The key that a text holds; `place` is where the text is from.

    Raises:
        UsageError: it holds none; the text is never shown.
    """
    try:
        return signing_key_from(text)
    except NoteError as error:
        raise UsageError(f"{place}: {error}; make one with `tollbook keys generate`") from None


def write_key_file(path: Path, key: SigningKey) -> None:
    """A new file with a key, durable, in a folder that is made for its owner only.

    Raises:
        UsageError: there is a file already, or it cannot be written.
    """
    try:
        path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(path, flags, _PRIVATE_FILE), "w", encoding="utf-8") as file:
            file.write(key.secret_text + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except FileExistsError:
        raise UsageError(f"{path} is there already, and keys are not overwritten") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time replaces the key in a file; the others wait for it.

    Raises:
        UsageError: its folder cannot be written.
    """
    try:
        handle = os.open(path.with_name(path.name + _LOCK), os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
    except OSError as error:
        raise UsageError(f"{path.parent} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def next_file(path: Path) -> Path:
    """Where the key that will replace a key file's waits until the ledger knows of it."""
    return path.with_name(path.name + _NEXT)
