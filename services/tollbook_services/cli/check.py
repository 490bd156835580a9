"""`check`: every invariant of the ledger and its views, one line each."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.text import Text

from tollbook_schemas.errors import CheckFailedError
from tollbook_services.acknowledged import check_acknowledged, read_acknowledged
from tollbook_services.check import check_events
from tollbook_services.check_views import check_folds, check_positions, page_sizes
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.invariants import Invariant, Look, all_of
from tollbook_services.render import console, data, words
from tollbook_services.wiring import Tollbook, open_tollbook
from tollbook_services.withheld.checking import check_withheld

_COLUMNS = ("name", "holds", "checked", "faults_count", "promise")


async def check(
    *,
    receipts: Annotated[
        Path | None, Parameter(help="Receipts that `publish` printed: each has to be kept.")
    ] = None,
    events: Annotated[
        Path | None, Parameter(help="What was published: it has to be there byte for byte.")
    ] = None,
    quick: Annotated[
        bool, Parameter(negative="", help="Only the events and their keys; fold nothing.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Look at every invariant and name what does not hold; exit 4 where one does not."""
    async with open_tollbook(common.settings(), sound=False) as book:
        looks: list[tuple[str, Look]] = [("events", partial(check_events, book.redis))]
        looks.append(("withheld", partial(check_withheld, book)))
        if receipts is not None or events is not None:
            looks.append(("acknowledged", partial(_acknowledged, book, receipts, events)))
        looks.append(("positions", partial(check_positions, book)))
        if not quick:
            looks.append(("views", partial(_views, book)))
        found = await all_of(*looks)
    _show(found, common)
    return 0 if all(one.holds for one in found) else CheckFailedError.exit_code


async def _acknowledged(
    book: Tollbook, receipts: Path | None, events: Path | None
) -> list[Invariant]:
    known = await book.admission.gazetteer()
    told = await read_acknowledged(receipts, events, known, book.ledger.foreseen)
    return await check_acknowledged(book.redis, told)


async def _views(book: Tollbook) -> list[Invariant]:
    await book.catch_up()
    heads = [await book.ledger.head(number) for number in range(book.ledger.partitions)]
    with console.progress() as bar:
        task = bar.add_task("folding", total=None)

        def advanced(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return await check_folds(book, page_sizes(sum(heads)), advanced)


def _show(found: list[Invariant], common: Common) -> None:
    match common.format:
        case "json":
            holds = all(one.holds for one in found)
            data.write_json({"holds": holds, "invariants": [_document(one) for one in found]})
        case "csv":
            data.write_csv(_COLUMNS, [_document(one) for one in found])
        case _:
            console.answer(Text("\n".join(line for one in found for line in _lines(one))))


def _document(one: Invariant) -> dict[str, Any]:
    document: dict[str, Any] = {name: getattr(one, name) for name in _COLUMNS}
    return {**document, "faults": list(one.faults)}


def _lines(one: Invariant) -> list[str]:
    if one.holds:
        return [f"holds   {one.name}: {one.promise} ({one.checked:,})"]
    faults = words.plural(one.faults_count, "fault")
    lines = [f"FAILS   {one.name}: {one.promise} ({one.checked:,}, {faults})"]
    lines += [f"        {words.clean(fault)}" for fault in one.faults]
    if (hidden := one.faults_count - len(one.faults)) > 0:
        lines.append(f"        and {hidden:,} more")
    return lines
