"""`witness cosign` and `serve` for other ledgers; `trust`, `request` and so on for the one here."""

import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.tlog.keys import VerifierKey, verifier_key_from
from tollbook_schemas.tlog.note import NoteError
from tollbook_services.cli.common import COMMON, WHERE, Common, Where
from tollbook_services.cli.workers import stopped_by_signals
from tollbook_services.logs import configure_logs
from tollbook_services.render import console, data, words
from tollbook_services.sealing.cosignatures import Accepted, Cosignatures, notes_from
from tollbook_services.sealing.cosigning import Cosigned, cosign_logs
from tollbook_services.sealing.keyring import read_key_file
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.sealing.on_demand import seal_where_nobody_does
from tollbook_services.sealing.verification import live_logs
from tollbook_services.sealing.witness import Witness
from tollbook_services.sealing.witness_client import cosigned_by
from tollbook_services.sealing.witness_server import WitnessServer
from tollbook_services.sealing.witness_state import WitnessState
from tollbook_services.wiring import open_tollbook

_COSIGNED: Final = ("log", "before", "size", "root", "note")
_TAKEN: Final = ("log", "size", "root", "witnesses")
_TRUSTED: Final = ("name", "key")
_PORT_MAX: Final = 65_535

Keys = Annotated[
    tuple[str, ...],
    Parameter(name="--key", help="The public key of the ledger, from `keys show`; repeat."),
]
WitnessKey = Annotated[
    Path, Parameter(help="Private key, from `keys generate NAME --witness --out FILE`.")
]
State = Annotated[Path, Parameter(help="Folder that remembers what was cosigned; back it up.")]


async def cosign(
    logs: Annotated[str, Parameter(help="A folder or URL of published logs.")],
    *,
    key: Keys,
    witness_key: WitnessKey,
    state: State,
    common: Common = COMMON,
) -> None:
    """Cosign the newest checkpoints of another ledger, if they continue those cosigned before.

    Prints the checkpoints with the cosignatures, for `tollbook witness add` there. Exit 4 and both
    roots where a log went back or shows another history.
    """
    published = await open_logs(logs)
    done = await cosign_logs(published, _keys(key), read_key_file(witness_key), WitnessState(state))
    match common.format:
        case "json":
            data.write_json({"cosigned": list(map(_cosigned_row, done))})
        case "csv":
            data.write_csv(_COSIGNED, map(_cosigned_row, done))
        case _:
            for one in done:
                since = f"continues {one.before:,}" if one.before else "the first one seen"
                events = words.plural(one.head.size, "event")
                console.note(f"cosigned {one.head.origin}: {events}, {since}")
            sys.stdout.write("".join(one.note.document().decode() for one in done))


async def serve(
    *,
    key: Keys,
    witness_key: WitnessKey,
    state: State,
    listen: Annotated[str, Parameter(help="Host and port.")] = "127.0.0.1:8080",
    where: Where = WHERE,
) -> None:
    """Cosign what the ledgers of the keys send: POST /add-checkpoint, until told to stop.

    Without encryption: put a server that speaks HTTPS in front of it.
    """
    del where
    configure_logs()
    witness = Witness(read_key_file(witness_key), _keys(key), WitnessState(state))
    with stopped_by_signals() as stop, _server(_address(listen), witness) as server:
        host, port = server.server_address[:2]
        console.note(f"witness on http://{host!s}:{port}/add-checkpoint")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        await stop.wait()
        server.shutdown()
        thread.join()


async def trust(
    key: Annotated[str, Parameter(help="The witness's public key, as it hands it out.")],
    *,
    where: Where = WHERE,
) -> None:
    """Take cosignatures of a witness for the logs of the ledger here."""
    (parsed,) = _keys([key])
    async with open_tollbook(where.settings()) as book:
        await Cosignatures(book.ledger).trust(parsed)
    console.note(f"cosignatures of {parsed.name} are taken from now on")


async def list_(*, common: Common = COMMON) -> None:
    """The witnesses whose cosignatures are taken, with their public keys."""
    async with open_tollbook(common.settings()) as book:
        found = await Cosignatures(book.ledger).witnesses()
    rows = [{"name": key.name, "key": key.text} for key in found]
    match common.format:
        case "json":
            data.write_json({"witnesses": rows})
        case "csv":
            data.write_csv(_TRUSTED, rows)
        case _:
            sys.stdout.write("".join(f"{key.text}\n" for key in found))
            if not found:
                console.note("no witness is trusted: tollbook witness trust KEY")


async def untrust(
    witness: Annotated[str, Parameter(help="Its public key, or its name.")],
    *,
    where: Where = WHERE,
) -> None:
    """Take no more cosignatures of a witness; those that were taken stay."""
    async with open_tollbook(where.settings()) as book:
        gone = await Cosignatures(book.ledger).distrust(witness)
    for key in gone:
        console.note(f"cosignatures of {key.text} are not taken any more")


async def request(
    url: Annotated[tuple[str, ...], Parameter(help="Witnesses: what is before /add-checkpoint.")],
    *,
    common: Common = COMMON,
) -> None:
    """Ask witnesses to cosign the newest checkpoints here, and keep their cosignatures.

    They have to be trusted: `tollbook witness trust KEY`.
    """
    async with open_tollbook(common.settings()) as book:
        await seal_where_nobody_does(book)
        logs = await live_logs(book.ledger)
        if logs is None:
            raise UsageError("nothing was sealed yet: run `tollbook serve`, or `tollbook sealer`")
        taken = [one for witness in url for one in await cosigned_by(logs, witness)]
    _say_taken(taken, common)


async def add(
    file: Annotated[Path, Parameter(help="Cosigned checkpoints, as `witness cosign` prints them.")],
    *,
    common: Common = COMMON,
) -> None:
    """Take cosigned checkpoints out of a file; each is verified, and has to be of a tree here."""
    try:
        notes = notes_from(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except NoteError as error:
        raise CheckFailedError(f"{file}: {error}") from None
    async with open_tollbook(common.settings()) as book:
        cosignatures = Cosignatures(book.ledger)
        taken = [await cosignatures.accept(note) for note in notes]
    _say_taken(taken, common)


def _say_taken(taken: Sequence[Accepted], common: Common) -> None:
    match common.format:
        case "json":
            data.write_json({"taken": list(map(_taken_row, taken))})
        case "csv":
            rows = map(_taken_row, taken)
            data.write_csv(
                _TAKEN, ({**row, "witnesses": " ".join(row["witnesses"])} for row in rows)
            )
        case _:
            sys.stdout.write("".join(_taken_lines(taken)))


def _taken_lines(taken: Sequence[Accepted]) -> Iterable[str]:
    for one in taken:
        events = words.plural(one.head.size, "event")
        yield f"{one.head.origin}: {events}, cosigned by {', '.join(one.witnesses)}\n"


def _taken_row(one: Accepted) -> dict[str, Any]:
    return {
        "log": one.head.origin,
        "size": one.head.size,
        "root": one.head.root.hex(),
        "witnesses": list(one.witnesses),
    }


def _cosigned_row(one: Cosigned) -> dict[str, Any]:
    return {
        "log": one.head.origin,
        "before": one.before,
        "size": one.head.size,
        "root": one.head.root.hex(),
        "note": one.note.document().decode(),
    }


def _keys(texts: Iterable[str]) -> tuple[VerifierKey, ...]:
    try:
        return tuple(map(verifier_key_from, texts))
    except NoteError as error:
        raise UsageError(f"the key: {error}") from None


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _PORT_MAX:
        raise UsageError(f"--listen: {listen!r} is no host and port, such as 127.0.0.1:8080")
    return host, int(port)


def _server(address: tuple[str, int], witness: Witness) -> WitnessServer:
    try:
        return WitnessServer(address, witness)
    except OSError as error:
        raise UsageError(f"--listen: {address[0]}:{address[1]}: {error.strerror}") from None
