"""`backup`: a verified copy of the embedded store, while it is used."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tollbook_schemas.errors import EngineError
from tollbook_services.backup import back_up
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.render import console, data
from tollbook_services.wiring import open_tollbook


async def backup(
    folder: Annotated[Path, Parameter(help="A new folder.")],
    *,
    common: Common = COMMON,
) -> None:
    """Copy the embedded store into a folder, and open and verify the copy.

    Publishing goes on meanwhile. To restore, name the folder with --data, or put it in the place
    of the data directory. The signing key is not in it: keep a copy of that apart.
    """
    async with open_tollbook(common.settings(), sound=False) as book:
        try:
            done = await back_up(book, folder)
        except OSError as error:
            raise EngineError(f"cannot copy the store to {folder}: {error}") from error
    document = {"folder": str(done.folder), "events": done.events, "bytes": done.bytes}
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(tuple(document), [document])
        case _:
            size = f"{done.bytes / 2**20:,.1f} MiB"
            console.answer(f"{done.events:,} events, verified, {size} in {done.folder}")
