"""Remembers beside the key which tree was signed last, so that no fork of it is ever signed.

A ledger that was restored from an older copy would grow into another tree than the one auditors
have a signature of. A log must not sign that (c2sp.org/tlog-checkpoint, signatures).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from tollbook_schemas.errors import CheckFailedError
from tollbook_services.durability import sync_folder
from tollbook_services.sealing.keyring import locked

_SUFFIX: Final = ".heads"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A tree that was signed: how many entries, and their root."""

    size: int
    root: bytes


class SignedHeads:
    """The last signed head of each log of a ledger, in a file; without one nothing is known."""

    def __init__(self, path: Path | None, ledger_id: str) -> None:
        """Take the file, which need not be there, and the ledger."""
        self._path = path
        self._ledger = ledger_id

    @classmethod
    def beside(cls, key_file: Path | None, ledger_id: str) -> "SignedHeads":
        """Those of a key file."""
        path = key_file.with_name(key_file.name + _SUFFIX) if key_file else None
        return cls(path, ledger_id)

    def read(self, partition: int) -> SignedHead:
        """What was signed last; size 0 where nothing was.

        Raises:
            CheckFailedError: the file holds something else.
        """
        try:
            head = self._all().get(self._name(partition), {"size": 0, "root": ""})
            return SignedHead(int(head["size"]), bytes.fromhex(head["root"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CheckFailedError(
                f"{self._path} does not say which heads were signed ({error}): restore it"
            ) from None

    def write(self, partition: int, head: SignedHead) -> None:
        """Remember a head durably, unless a later one is; before it is published."""
        if self._path is None:
            return
        with locked(self._path):
            if head.size > self.read(partition).size:
                self._replace(self._path, partition, head)

    def _replace(self, path: Path, partition: int, head: SignedHead) -> None:
        heads = {**self._all(), self._name(partition): {"size": head.size, "root": head.root.hex()}}
        waiting = path.with_name(path.name + ".new")
        with waiting.open("wb") as file:
            file.write(orjson.dumps(heads, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
        sync_folder(path.parent)

    def _all(self) -> dict[str, Any]:
        if self._path is None or not self._path.exists():
            return {}
        found: dict[str, Any] = orjson.loads(self._path.read_bytes())
        return found

    def _name(self, partition: int) -> str:
        return f"{self._ledger}/{partition}"
