"""Which private key a process seals with: from its settings, or the embedded store's own."""

import sys
from typing import Final

from tollbook_schemas.errors import UsageError
from tollbook_schemas.tlog.keys import SigningKey
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.keyring import key_from_text, new_key, read_key_file, write_key_file
from tollbook_services.sealing.log_keys import LogKeys, settle
from tollbook_services.settings import Settings

_NAME_DIGITS: Final = 16
"""Digits of the ledger's id in the name of a key that nobody named: ledgers are told apart."""

NO_KEY: Final = (
    "there is no key to seal with: make one with `tollbook keys generate NAME --out FILE`, and "
    "name its file in TOLLBOOK_SIGNING_KEY_FILE; or name the key as well, in "
    "TOLLBOOK_SIGNING_KEY_NAME, and it is made there"
)


def has_key(settings: Settings) -> bool:
    """Whether the settings name a key, or are of a store that gets its own."""
    return settings.signing_key is not None or settings.key_file is not None


async def chosen_key(settings: Settings, ledger: Ledger) -> SigningKey:
    """The key to seal with; a replacement of its file that was cut short is ended first.

    Raises:
        UsageError: there is none, or it cannot be read.
        CheckFailedError: the key history in the engine was altered.
    """
    if settings.signing_key is None and settings.key_file is not None:
        await settle(LogKeys(ledger), settings.key_file)
    return read_key(settings)


def read_key(settings: Settings) -> SigningKey:
    """The key that the settings name; errors as for `chosen_key`."""
    if settings.signing_key is not None:
        return key_from_text(settings.signing_key.get_secret_value(), "TOLLBOOK_SIGNING_KEY")
    path = settings.key_file
    if path is None or not path.exists():
        raise UsageError(NO_KEY if path is None else f"{path} is not there; {NO_KEY}")
    return read_key_file(path)


def make_missing_key(settings: Settings, ledger_id: str) -> None:
    """Make the key of an embedded store that has none, or one that was given a name, and say so.

    A file that was named without a name for its key is not made: it may be on a disk that is away.
    """
    path, name = settings.key_file, settings.signing_key_name
    if name is None and settings.signing_key_file is None:
        name = f"tollbook-{ledger_id[:_NAME_DIGITS]}"
    if settings.signing_key is not None or path is None or name is None or path.exists():
        return
    key = new_key(name)
    write_key_file(path, key)
    sys.stderr.write(
        f"tollbook: made the key {key.name} in {path}, to seal the ledger with; auditors verify "
        f"with its public half: {key.verifier.text}\n"
    )
