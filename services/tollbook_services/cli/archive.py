"""`archive`: sealed events into a folder or object store, and out of the engine's memory."""

from typing import Annotated

from cyclopts import Parameter
from rich import box
from rich.table import Table

from tollbook_services.append_only_file import rewritten
from tollbook_services.archive.archiving import KEEP, ArchivedPartition, archive_ledger
from tollbook_services.archive.place import place_of
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.render import console, data, words
from tollbook_services.sealing.on_demand import seal_where_nobody_does
from tollbook_services.wiring import open_tollbook

_COLUMNS = ("partition", "size", "written", "trimmed", "freed")


async def archive(
    place: Annotated[
        str, Parameter(help="A folder, or a URL such as s3://bucket/prefix (see docs/archive.md).")
    ],
    *,
    keep: Annotated[
        int, Parameter(help="Events that stay in the stream of each partition at least.")
    ] = KEEP,
    trim: Annotated[
        bool, Parameter(negative="--no-trim", help="Take what was verified out of the streams.")
    ] = True,
    common: Common = COMMON,
) -> None:
    """Copy the sealed logs, read the copy back and verify it, and only then trim the streams.

    Every command reads archive and streams as one ledger. Run again it goes on where it ended;
    what it writes is what `verify PLACE` and other people's tools read.
    """
    async with open_tollbook(common.settings()) as book:
        await seal_where_nobody_does(book)
        where = place_of(place, create=True)
        with console.progress() as bar:
            task = bar.add_task("archiving", total=None)
            done = await archive_ledger(
                book.ledger, where, keep if trim else None, lambda count: bar.advance(task, count)
            )
        advice = ""
        if any(one.freed for one in done):
            advice = await rewritten(book.redis)
    if advice:
        console.note(f"what was freed stays on the disk until a rewrite: {advice}")
    rows = [_row(one) for one in done]
    match common.format:
        case "json":
            data.write_json({"place": where.name, "partitions": rows})
        case "csv":
            data.write_csv(_COLUMNS, rows)
        case _:
            console.answer(_table(done), f"in {where.name}")


def _row(one: ArchivedPartition) -> dict[str, int]:
    return {name: getattr(one, name) for name in _COLUMNS}


def _table(done: list[ArchivedPartition]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    headings = ("partition", "archived", "files written", "only archived", "freed now")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for one in done:
        table.add_row(*(words.number(getattr(one, name)) for name in _COLUMNS))
    return table
