"""`keys generate`, `show` and `rotate`: what the ledger's logs are signed with."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import UsageError
from tollbook_schemas.times import format_instant
from tollbook_schemas.tlog.keys import KeyKind, VerifierKey
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.render import console, data, words
from tollbook_services.sealing.key_history import KeyNote
from tollbook_services.sealing.keyring import new_key, write_key_file
from tollbook_services.sealing.log_keys import LogKeys, rotated
from tollbook_services.sealing.log_names import verifier_of
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

_COLUMNS: Final = ("key", "since", "replaces", "in_use")


async def generate(
    name: Annotated[str, Parameter(help="Names the key and so the logs: log.example.org/coast.")],
    *,
    out: Annotated[
        Path | None, Parameter(help="Its file [default: keys/signing in the embedded store].")
    ] = None,
    witness: Annotated[
        bool, Parameter(negative="", help="To witness other ledgers with, not to seal one.")
    ] = False,
    common: Common = COMMON,
) -> None:
    """Make a private key in a file that only its owner can read, and print its public half."""
    path = out or (None if witness else common.settings().key_file)
    if path is None:
        raise UsageError("say where the key is to be kept: --out FILE")
    key = new_key(name, KeyKind.WITNESS if witness else KeyKind.LOG)
    write_key_file(path, key)
    _say({"key": key.verifier.text, "file": str(path)}, f"made {path}; its public half:", common)


async def show(*, common: Common = COMMON) -> None:
    """The public keys of this ledger: the one in use, those before it, and one for each log.

    Hand out the first line: who trusts one key of the history can trust the others through it.
    """
    async with open_tollbook(common.settings()) as book:
        notes = await LogKeys(book.ledger).history()
        partitions = book.ledger.partitions
    if not notes:
        raise UsageError("nothing was sealed yet: `tollbook serve` and `tollbook sealer` seal")
    logs = [verifier_of(notes[-1].key, number) for number in range(partitions)]
    match common.format:
        case "json":
            data.write_json(
                {
                    "key": notes[-1].key.text,
                    "logs": [key.text for key in logs],
                    "history": list(_history(notes)),
                }
            )
        case "csv":
            data.write_csv(_COLUMNS, _history(notes))
        case _:
            console.answer(Text(notes[-1].key.text, no_wrap=True), _table(notes), _names(logs))


async def rotate(*, common: Common = COMMON) -> None:
    """Replace the private key in its file by a new one; the history says so, signed by both.

    What the old key signed stays verifiable. Sealers that run end and are started again by
    `tollbook serve`, with the new key.
    """
    settings = common.settings()
    path = _replaceable(settings)
    async with open_tollbook(settings) as book:
        key = await rotated(LogKeys(book.ledger), path)
    said = f"replaced the key in {path}; the public half of the new one:"
    _say({"key": key.verifier.text, "file": str(path)}, said, common)


def _replaceable(settings: Settings) -> Path:
    if settings.signing_key is not None:
        raise UsageError(
            "the key is given in TOLLBOOK_SIGNING_KEY, where nobody can replace it: write it into "
            "a file of mode 600, name that in TOLLBOOK_SIGNING_KEY_FILE, and run this again"
        )
    if settings.key_file is None:
        raise UsageError("name the key's file in TOLLBOOK_SIGNING_KEY_FILE")
    return settings.key_file


def _say(document: dict[str, Any], text: str, common: Common) -> None:
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(tuple(document), [document])
        case _:
            console.note(text)
            console.answer(Text(document["key"], no_wrap=True))


def _history(notes: Sequence[KeyNote]) -> Iterable[dict[str, Any]]:
    for note in notes:
        yield {
            "key": note.key.text,
            "since": format_instant(note.since),
            "replaces": note.replaces.text if note.replaces else None,
            "in_use": note is notes[-1],
        }


def _table(notes: Sequence[KeyNote]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("key id", "since", "replaces", ""):
        table.add_column(column)
    for note in notes:
        table.add_row(
            note.key.key_id.hex(),
            format_instant(note.since),
            note.replaces.key_id.hex() if note.replaces else words.MISSING,
            "in use" if note is notes[-1] else "",
        )
    return table


def _names(logs: Sequence[VerifierKey]) -> Text:
    lead = "Each partition is a log of its own; other tools verify them with:"
    return Text("\n".join((lead, *(key.text for key in logs))), no_wrap=True)
