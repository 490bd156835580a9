"""`parked`: events that no fold could take, and another try with today's folds."""

from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.rebuild import build, folded_again
from tollbook_services.parked import parked_documents, places
from tollbook_services.render import console, data, words
from tollbook_services.replay import ReplayResult
from tollbook_services.wiring import open_tollbook

_COLUMNS: Final = (
    "projection", "partition", "sequence", "event", "crisis", "type", "reason", "since",
)  # fmt: skip


async def parked(
    *,
    replay: Annotated[
        bool, Parameter(negative="", help="Fold them again, in their places in the ledger.")
    ] = False,
    dry_run: Annotated[
        bool, Parameter(negative="", help="With --replay: only say what it would change.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Events that could not be folded: where they stand, why, and since when.

    With --replay the rows they are missing from are built anew beside the live ones, with each
    event in its place, and swapped; `tollbook rebuild --back` undoes that. Exit code 4 where some
    still cannot be folded.
    """
    if dry_run and not replay:
        raise UsageError("--dry-run says what --replay would do: give both")
    async with open_tollbook(common.settings()) as book:
        await book.catch_up()
        found = await parked_documents(book)
        if not replay:
            _show(found, common)
            return 0
        if not found:
            _say({"parked": 0, "folded": 0, "still_parked": 0, "rows": 0, "swapped": False}, common)
            return 0
        if dry_run:
            result = await folded_again(book)
        else:
            rebuilder = book.rebuilder(places(found))
            result = await build(rebuilder)
            await rebuilder.swap()
    outcome = _outcome(result, len(found), swapped=not dry_run)
    _say(outcome, common)
    return CheckFailedError.exit_code if outcome["still_parked"] else 0


def _outcome(result: ReplayResult, count: int, *, swapped: bool) -> dict[str, Any]:
    still = sum(one.parked_replayed for one in result.projections)
    rows = sum(one.differing for one in result.projections)
    return {
        "parked": count,
        "folded": max(0, count - still),
        "still_parked": still,
        "rows": rows,
        "swapped": swapped,
    }


def _say(outcome: dict[str, Any], common: Common) -> None:
    match common.format:
        case "json":
            data.write_json(outcome)
        case "csv":
            data.write_csv(tuple(outcome), [outcome])
        case _ if not outcome["parked"]:
            console.answer(Text("Nothing is parked."))
        case _:
            done = "" if outcome["swapped"] else "would "
            console.answer(
                Text(
                    f"{words.plural(outcome['parked'], 'parked event')}: {outcome['folded']:,} "
                    f"{done}fold now, {outcome['still_parked']:,} still cannot; "
                    f"{words.plural(outcome['rows'], 'row')} {done}change"
                )
            )


def _show(found: list[dict[str, Any]], common: Common) -> None:
    match common.format:
        case "json":
            data.write_json({"parked": found})
        case "csv":
            data.write_csv(_COLUMNS, found)
        case _ if not found:
            console.answer(Text("Nothing is parked."))
        case _:
            table = Table(box=box.SIMPLE, pad_edge=False)
            for column in _COLUMNS:
                table.add_column(column.replace("_", " "), overflow="fold")
            for document in found:
                table.add_row(*(words.clean(str(document[column] or "")) for column in _COLUMNS))
            console.answer(table)
