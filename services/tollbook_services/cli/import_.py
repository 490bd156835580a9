"""`import`: the files of other producers, row by row, into reports."""

import re
import shutil
import stat
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path, PurePath
from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import InputRefusedError, UsageError
from tollbook_schemas.scope import is_ledger_subject
from tollbook_schemas.text import CRISIS_PATTERN, WANTED
from tollbook_services.cli.common import COMMON, Common, Format
from tollbook_services.engine_files import EngineFiles
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.importing.formats import FormatName, importer_of
from tollbook_services.importing.rows import Context, Document
from tollbook_services.importing.run import Outcome, Store, in_batches, overlapping, read
from tollbook_services.importing.stores import DryStore, LedgerStore
from tollbook_services.importing.tables import encoding_note, sheets_note
from tollbook_services.importing.tally import COUNTED, Tally
from tollbook_services.render import console, data
from tollbook_services.render.words import clean
from tollbook_services.wiring import Tollbook, open_tollbook


async def import_(
    kind: Annotated[FormatName, Parameter(name="FORMAT", help="What the files are.")],
    file: Annotated[
        tuple[str, ...],
        Parameter(help="The files; - reads standard input.", allow_leading_hyphen=True),
    ],
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
    _refuse_options(file)
    _refuse_crisis(crisis)
    importer, mapping = importer_of(kind), _mapping(map_)
    shown, broken = Shown(common.format), None
    async with _book(common, dry_run=dry_run) as book:
        gazetteer = None if book is None else await gazetteer_of(book, crisis)
        context = Context.of(crisis, gazetteer, mapping)
        admitted = context.gazetteer if book is None else await book.admission.gazetteer()
        shown.ledger = None if book is None else book.ledger.id
        store = _store(book, kind, crisis, dry_run=dry_run)
        try:
            for place, name in enumerate(file):
                left = file[place + 1 :]
                with _on_disk(name) as (path, called):
                    outcomes = in_batches(read(importer, path, context, admitted, called))
                    await _import_one(called or name, path, overlapping(outcomes, store), shown)
        except UsageError as error:
            broken = _with_the_rest(error, left)
        if book is not None and wait and not dry_run:
            await _visible(book, shown.tally)
    return shown.end(broken, dry_run=dry_run)


def _with_the_rest(error: UsageError, left: Sequence[str]) -> UsageError:
    """The error with the files that were not read because of it."""
    if left:
        error.add_note(f"not read because of that: {', '.join(map(clean, left))}")
    return error


def _refuse_options(names: Sequence[str]) -> None:
    """A mistyped option is no file."""
    for name in names:
        if name != "-" and name.startswith("-"):
            raise UsageError(f"no option {name}: a file that is called so is ./{name}")


def _under_its_name(error: UsageError, path: Path, name: str) -> UsageError:
    """The error with the name that was given, and with its notes: lines to copy."""
    told = UsageError(str(error).replace(str(path), name))
    for note in getattr(error, "__notes__", ()):
        told.add_note(note)
    return told


def _refuse_crisis(crisis: str) -> None:
    """A crisis that no report may have is told once, not for every row."""
    if not re.fullmatch(CRISIS_PATTERN, crisis) or is_ledger_subject(crisis):
        raise UsageError(f"{crisis!r} is not {WANTED[CRISIS_PATTERN]}")


class Shown:
    """Prints what became of the rows; a reader who goes away does not stop the import.

    Attributes:
        tally: what became of them.
        ledger: the ledger's id, for the positions of receipts.
    """

    def __init__(self, kind: Format) -> None:
        """Take how to print: receipts as they come for JSON, else a table at the end."""
        self.tally = Tally()
        self.ledger: str | None = None
        self._kind = kind
        self._listening = True

    def batch(self, name: str, outcomes: Sequence[Outcome]) -> None:
        """Count a batch, and print its receipts."""
        for one in outcomes:
            self.tally.add(name, one)
        if self._kind != "json" or not self._listening:
            return
        try:
            for one in outcomes:
                if one.receipt is not None:
                    data.write_json_line(_place(name, one) | one.receipt.document(self.ledger))
        except BrokenPipeError:
            self._listening = False

    def end(self, broken: UsageError | None, *, dry_run: bool) -> int:
        """Print the summary, numbers to stdout, the rest to stderr; the exit code.

        Raises:
            UsageError: what ended the import before its end; what came before it is told.
        """
        if broken is None or self.tally.count("rows"):
            self._sum_up(dry_run=dry_run)
        if broken is not None:
            raise broken
        return InputRefusedError.exit_code if self.tally.not_taken else 0

    def _sum_up(self, *, dry_run: bool) -> None:
        rows = self.tally.by_file()
        if self._kind == "csv":
            data.write_csv(("file", *COUNTED), rows)
        elif self._kind == "table":
            console.answer(*_tables(rows, self.tally.first if dry_run else None))
        for line in self.tally.summary():
            console.note(line)
        if dry_run:
            console.note("dry run: nothing was written")
        elif kept := self.tally.where_kept():
            console.note(kept)


def _tables(rows: Sequence[Mapping[str, Any]], first: Document | None) -> Iterator[RenderableType]:
    table = Table(box=None)
    table.add_column("file", overflow="fold")
    for name in COUNTED:
        table.add_column(name, justify="right", no_wrap=True)
    files = [row["file"] for row in rows]
    names = [PurePath(file).name for file in files]
    shown = names if len(set(names)) == len(names) else files  # a long path would be folded
    for file, row in zip(shown, rows, strict=True):
        table.add_row(clean(file), *(f"{row[name]:,}" for name in COUNTED))
    yield table
    if first is not None:
        text = orjson.dumps(first, option=orjson.OPT_INDENT_2).decode()
        yield Text(f"the first event:\n{text}")


async def _import_one(
    name: str, path: Path, batches: AsyncIterator[list[Outcome]], shown: Shown
) -> None:
    shown.tally.begin(name)
    try:
        with console.row_progress() as bar:
            task = bar.add_task(f"importing {clean(name)}", total=None)
            async for batch in batches:
                shown.batch(name, batch)
                bar.advance(task, sum(one.rows_count for one in batch))
    except UsageError as error:
        raise _under_its_name(error, path, name) from error
    for note in (encoding_note(path), sheets_note(path)):
        if note is not None:
            console.note(f"{clean(name)}: {clean(note)}")


async def _visible(book: Tollbook, tally: Tally) -> None:
    patience_s = book.settings.visible_timeout_s
    if tally.heads and not await book.catch_up(tally.heads, patience_s=patience_s):
        console.note(
            f"durable, but not in the read models after {patience_s:g} s: see `tollbook status`"
        )


def _place(name: str, one: Outcome) -> dict[str, Any]:
    return {"file": name, "line": one.rows[0].line, "rows": len(one.rows)}


def _store(book: Tollbook | None, kind: str, crisis: str, *, dry_run: bool) -> Store:
    if book is None or dry_run:
        return DryStore(None if book is None else book.ledger)
    return LedgerStore(book.ledger, kind, crisis)


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
def _on_disk(name: str) -> Iterator[tuple[Path, str | None]]:
    """A file that can be read more than once, and what it is called where not by its path."""
    if name != "-" and not _is_pipe(name):
        yield Path(name), None
        return
    with tempfile.TemporaryDirectory(prefix="tollbook-import-") as folder:
        file = Path(folder) / "standard-input"
        with file.open("wb") as copy:
            if name == "-":
                shutil.copyfileobj(sys.stdin.buffer, copy)
            else:
                with Path(name).open("rb") as pipe:
                    shutil.copyfileobj(pipe, copy)
        yield file, "standard input" if name == "-" else name


def _is_pipe(name: str) -> bool:
    """Whether a name is of something that can be read once only: a pipe, /dev/stdin, `<(...)`."""
    try:
        mode = Path(name).stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _mapping(file: Path | None) -> Mapping[str, Any] | None:
    if file is None:
        return None
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no TOML: {error}") from error
