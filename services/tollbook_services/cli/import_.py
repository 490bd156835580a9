"""`import`: the files of other producers, row by row, into reports."""

import shutil
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from rich.table import Table

from tollbook_schemas.errors import InputRefusedError, UsageError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.engine_files import EngineFiles
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.importing.formats import FormatName, importer_of
from tollbook_services.importing.rows import Context
from tollbook_services.importing.run import Outcome, Store, in_batches, overlapping, read
from tollbook_services.importing.stores import DryStore, LedgerStore
from tollbook_services.importing.tally import SHOWN_MAX, STATUSES, Tally
from tollbook_services.render import console, data
from tollbook_services.wiring import Tollbook, open_tollbook


async def import_(
    kind: Annotated[FormatName, Parameter(name="FORMAT", help="What the files are.")],
    file: Annotated[tuple[str, ...], Parameter(help="The files; - reads standard input.")],
    /,
    *,
    crisis: Annotated[str, Parameter(help="The crisis that the reports are about.")],
    map_: Annotated[
        Path | None, Parameter(name="--map", help="A TOML file that says what columns mean.")
    ] = None,
    dry_run: Annotated[
        bool, Parameter(negative="", help="Write nothing; say what would become of each row.")
    ] = False,
    wait: Annotated[
        bool, Parameter(help="Return only when the read models show the events.")
    ] = True,
    common: Common = COMMON,
) -> int:
    """Import files of UCDP, IOM, ACLED, IDMC, Tech for Palestine, HXL sheets, or any table.

    A file can be imported again, or after an interruption: what is there is not appended twice.
    """
    if not file:
        raise UsageError("give at least one file, or - for standard input")
    importer, mapping = importer_of(kind), _mapping(map_)
    tally = Tally()
    async with _book(common, dry_run=dry_run) as book:
        gazetteer = None if book is None else await gazetteer_of(book, crisis)
        context = Context.of(crisis, gazetteer, mapping)
        admitted = context.gazetteer if book is None else await book.admission.gazetteer()
        store = _store(book, kind, dry_run=dry_run)
        for name in file:
            with _on_disk(name) as path:
                outcomes = read(importer, path, context, admitted)
                await _import_one(name, overlapping(in_batches(outcomes), store), tally, common)
        if book is not None and wait and not dry_run:
            await _visible(book, tally)
    return _answer(tally, common, dry_run=dry_run)


async def _import_one(
    name: str, batches: AsyncIterator[list[Outcome]], tally: Tally, common: Common
) -> None:
    with console.progress() as bar:
        task = bar.add_task(f"importing {name}", total=None)
        async for batch in batches:
            for one in batch:
                tally.add(name, one)
                if common.format == "json":
                    data.write_json_line(_line(one))
            bar.advance(task, sum(len(one.rows) for one in batch))


async def _visible(book: Tollbook, tally: Tally) -> None:
    patience_s = book.settings.visible_timeout_s
    if tally.heads and not await book.catch_up(tally.heads, patience_s=patience_s):
        console.note(
            f"durable, but not in the read models after {patience_s:g} s: see `tollbook status`"
        )


def _answer(tally: Tally, common: Common, *, dry_run: bool) -> int:
    rows = tally.by_file()
    if common.format == "csv":
        data.write_csv(("file", "rows", *STATUSES), rows)
    elif common.format == "table":
        table = Table("file", *("rows", *STATUSES), box=None)
        for row in rows:
            table.add_row(*(str(cell) if at == "file" else f"{cell:,}" for at, cell in row.items()))
        console.answer(table)
    for line in tally.refusals:
        console.note(line)
    if tally.refused > len(tally.refusals):
        console.note(f"and {tally.refused - SHOWN_MAX:,} more rows were refused")
    if dry_run:
        console.note("dry run: nothing was written")
        if tally.first is not None:
            console.note(f"the first event: {orjson.dumps(tally.first).decode()}")
    elif kept := tally.where_kept():
        console.note(kept)
    return InputRefusedError.exit_code if tally.refused or tally.quarantined else 0


def _line(one: Outcome) -> dict[str, Any]:
    place = {"file": one.rows[0].file, "line": one.rows[0].line, "rows": len(one.rows)}
    return place | (one.receipt.document() if one.receipt is not None else {})


def _store(book: Tollbook | None, kind: str, *, dry_run: bool) -> Store:
    if book is None or dry_run:
        return DryStore(None if book is None else book.ledger)
    return LedgerStore(book.ledger, kind)


@asynccontextmanager
async def _book(common: Common, *, dry_run: bool) -> AsyncIterator[Tollbook | None]:
    """The store; a dry run needs none."""
    settings = common.settings()
    if dry_run and settings.redis is None and not EngineFiles(settings.data).ledger.exists():
        yield None
        return
    async with open_tollbook(settings, create=not dry_run) as book:
        yield book


@contextmanager
def _on_disk(name: str) -> Iterator[Path]:
    """A file that can be read more than once."""
    if name != "-":
        yield Path(name)
        return
    with tempfile.TemporaryDirectory(prefix="tollbook-import-") as folder:
        file = Path(folder) / "standard-input"
        with file.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield file


def _mapping(file: Path | None) -> Mapping[str, Any] | None:
    if file is None:
        return None
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no TOML: {error}") from error
