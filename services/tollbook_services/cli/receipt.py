"""`receipt`: the proof that an event is in the ledger, to be verified without it."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tollbook_schemas.errors import UsageError
from tollbook_services.cli.common import WHERE, Where
from tollbook_services.render import console
from tollbook_services.sealing.on_demand import seal_where_nobody_does
from tollbook_services.sealing.receipt import receipt_of
from tollbook_services.wiring import open_tollbook


async def receipt(
    source: Annotated[str, Parameter(help="The source of the event.")],
    id_: Annotated[str, Parameter(name="ID", help="Its id.")],
    *,
    out: Annotated[
        Path | None, Parameter(help="Write it here, by custom x.tlog-proof [default: print it].")
    ] = None,
    where: Where = WHERE,
) -> None:
    """The stored event, its place in the log of its partition, and the signed head: one file.

    `tollbook verify FILE --key KEY` verifies it without the ledger, and so do other tools that
    read c2sp.org/tlog-proof.
    """
    async with open_tollbook(where.settings()) as book:
        entry = await book.ledger.find(source, id_)
        if entry is None:
            raise UsageError(
                f"this ledger has no event {id_!r} of {source!r}: `tollbook events` lists them"
            )
        await seal_where_nobody_does(book)
        document = (await receipt_of(book.ledger, entry)).document()
    if out is None:
        sys.stdout.write(document.decode())
        return
    out.write_bytes(document)
    console.note(f"wrote {out}: event {entry.sequence} of partition {entry.partition}")
