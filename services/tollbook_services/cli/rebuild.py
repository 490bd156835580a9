"""`rebuild`: build the views anew beside the live ones, compare, and swap them in."""

from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.text import Text

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.replay import difference_lines, run_replay
from tollbook_services.collecting import uncollected
from tollbook_services.rebuild import Rebuilder
from tollbook_services.render import console, data, words
from tollbook_services.replay import ReplayResult
from tollbook_services.wiring import Tollbook, open_tollbook

_COLUMNS: Final = (
    "identical", "swapped", "events", "digest_live", "digest_rebuilt", "differences_count",
    "differences",
)  # fmt: skip


async def rebuild(
    *,
    dry_run: Annotated[
        bool, Parameter(negative="", help="Only say what would differ; write nothing.")
    ] = False,
    accept: Annotated[
        bool, Parameter(negative="", help="Swap even where the new rows differ from the live ones.")
    ] = False,
    back: Annotated[
        bool, Parameter(negative="", help="Go back to the views before the last rebuild.")
    ] = False,
    drop: Annotated[
        bool, Parameter(negative="", help="Delete every built view that is not live.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Fold the whole ledger into new views beside the live ones, and swap where they are equal.

    Readers and projectors go on meanwhile, and the change feed is not written to. Where the new
    views differ nothing is swapped, and the exit code is 4: after a change of the rules look at
    the differences and give --accept. The former views are kept for --back until --drop.
    """
    if dry_run + accept + back + drop > 1:
        raise UsageError("give only one of --dry-run, --accept, --back and --drop")
    async with open_tollbook(common.settings()) as book:
        await book.catch_up()
        if drop:
            return _done("dropped", await book.rebuilder().drop(), "key", common)
        if back:
            return _done("back", await book.rebuilder().back(), "view", common)
        if dry_run:
            return _show(await folded_again(book), common, swapped=False, accept=True)
        rebuilder = book.rebuilder()
        result = await build(rebuilder)
        swapped = result.identical or accept
        if swapped:
            await rebuilder.swap()
    return _show(result, common, swapped=swapped, accept=accept)


async def build(rebuilder: Rebuilder) -> ReplayResult:
    """Build beside the live views, with a progress bar on stderr."""
    with console.progress() as bar:
        task = bar.add_task("rebuilding", total=None)

        def advanced(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        with uncollected():
            return await rebuilder.build(advanced)


async def folded_again(book: Tollbook) -> ReplayResult:
    """What a rebuild would find, folded in memory only."""
    return await run_replay(book)


def _done(name: str, count: int, noun: str, common: Common) -> int:
    match common.format:
        case "json":
            data.write_json({name: count})
        case "csv":
            data.write_csv((name,), [{name: count}])
        case _:
            verb = "deleted" if name == "dropped" else "live again"
            console.answer(Text(f"{words.plural(count, noun)} {verb}"))
    return 0


def _show(result: ReplayResult, common: Common, *, swapped: bool, accept: bool) -> int:
    document: dict[str, Any] = {
        "identical": result.identical,
        "swapped": swapped,
        "events": result.events,
        "digest_live": result.digest_live,
        "digest_rebuilt": result.digest_replayed,
        "differences_count": result.differences_count,
        "differences": result.differences,
    }
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(_COLUMNS, [document])
        case _:
            console.answer(Text("\n".join(_lines(result, swapped=swapped, accept=accept))))
    return 0 if result.identical or accept else CheckFailedError.exit_code


def _lines(result: ReplayResult, *, swapped: bool, accept: bool) -> list[str]:
    verdict = "identical" if result.identical else "DIFFERENT"
    outcome = "swapped: `tollbook rebuild --back` undoes it" if swapped else "nothing was swapped"
    lines = [
        f"{verdict}: {words.plural(result.events, 'event')} folded again; {outcome}",
        f"live      {result.digest_live}",
        f"rebuilt   {result.digest_replayed}",
        *difference_lines(result),
    ]
    if not (result.identical or accept):
        lines.append("after a change of the rules that is meant: `tollbook rebuild --accept`")
    return lines
