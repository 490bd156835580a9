"""The keys of a ledger's logs: their history in the engine, the private one in its file."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.tlog.keys import SigningKey, VerifierKey
from tollbook_schemas.tlog.note import NoteError
from tollbook_services import keys
from tollbook_services.durability import sync_folder
from tollbook_services.functions_caller import Functions
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.key_history import KeyNote, key_notes_from
from tollbook_services.sealing.keyring import (
    locked,
    new_key,
    next_file,
    read_key_file,
    write_key_file,
)
from tollbook_services.sealing.sealed import LIBRARY


class LogKeys:
    """The key history of a ledger in its engine."""

    def __init__(self, ledger: Ledger) -> None:
        """Take the ledger; nothing is read yet."""
        self._redis = ledger.redis
        self._ledger = (ledger.id, ledger.partitions)
        self._functions = Functions(ledger.redis, LIBRARY)

    async def history(self) -> tuple[KeyNote, ...]:
        """Every key the logs were signed with, the one in use last.

        Raises:
            CheckFailedError: the history was altered, or is of another ledger.
        """
        lines = await cast("Awaitable[Any]", self._redis.lrange(keys.LOG_KEYS, 0, -1))
        try:
            notes = key_notes_from(lines)
        except NoteError as error:
            raise CheckFailedError(f"the engine's data was altered: {error}") from None
        if notes and (notes[0].ledger, notes[0].partitions) != self._ledger:
            raise CheckFailedError(
                f"the keys are of the ledger {notes[0].ledger} with {notes[0].partitions} "
                f"partitions, and this is {self._ledger[0]} with {self._ledger[1]}"
            )
        return notes

    async def use(self, key: SigningKey) -> tuple[VerifierKey, ...]:
        """See that a key is the one in use; the first one is written into the history.

        Returns:
            Every key of the history, this one last.

        Raises:
            CheckFailedError: the ledger is sealed with another key.
        """
        notes = await self.history()
        if not notes:
            await self._append(0, self._note(key, None))
            notes = await self.history()
        used = notes[-1].key
        if used != key.verifier:
            raise CheckFailedError(
                f"this ledger is sealed with the key {used.text}, and this is "
                f"{key.verifier.text}: name the file of the one in use, or replace that one with "
                "`tollbook keys rotate`"
            )
        return tuple(note.key for note in notes)

    async def replace(self, old: SigningKey, new: SigningKey) -> None:
        """Write into the history that one key replaces another; durably.

        Raises:
            CheckFailedError: the old one is not in use, or was replaced meanwhile.
        """
        count = len(await self.use(old))
        if not await self._append(count, self._note(new, old)):
            raise CheckFailedError("the key was replaced by somebody else at the same time")

    def _note(self, key: SigningKey, replaces: SigningKey | None) -> KeyNote:
        return KeyNote.made(self._ledger, key, replaces, datetime.now(UTC))

    async def _append(self, count: int, note: KeyNote) -> bool:
        called = self._functions.call("tollbook_log_key", [keys.LOG_KEYS], [count, note.line])
        return bool(await called)


async def rotated(log_keys: LogKeys, path: Path) -> SigningKey:
    """The key that takes the place of the one in a key file, from now on.

    The new key waits in a file of its own until the engine has the note that both have signed;
    then it takes the old one's place, and the old private key is gone: nothing has to be signed
    with it any more, and what is not kept cannot be stolen. Killed at any moment, `settle` ends it.

    Raises:
        UsageError: the key file cannot be read or written.
        CheckFailedError: its key is not the one in use.
    """
    with locked(path):
        await _settle(log_keys, path)
        old = read_key_file(path)
        new = new_key(old.name, old.kind)
        write_key_file(next_file(path), new)
        await log_keys.replace(old, new)
        await _settle(log_keys, path)
    return new


async def settle(log_keys: LogKeys, path: Path) -> None:
    """Finish a replacement of a key file that the engine knows of; undo one that it does not."""
    if next_file(path).exists():
        with locked(path):
            await _settle(log_keys, path)


async def _settle(log_keys: LogKeys, path: Path) -> None:
    waiting = next_file(path)
    if not waiting.exists():
        return
    notes = await log_keys.history()
    try:
        known = bool(notes) and read_key_file(waiting).verifier == notes[-1].key
    except UsageError:  # killed while it was written: nobody knows of it
        known = False
    if known:
        waiting.replace(path)
    else:
        waiting.unlink()
    sync_folder(path.parent)
