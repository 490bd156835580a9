"""`quarantine list`, `show`, `accept` and `discard`: other contents of a recorded key."""

import getpass
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from cyclopts import Group, Parameter
from rich.text import Text

from tollbook_schemas.errors import InputRefusedError, UsageError
from tollbook_services.cli.acts import change_lines
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.editorial import Reason
from tollbook_services.decisions import Kind
from tollbook_services.document_difference import Absent, Difference, differences
from tollbook_services.editorial import preview_all
from tollbook_services.event_listing import wanted_partitions
from tollbook_services.quarantine import (
    Held,
    find_held,
    held_document,
    held_events,
    recorded_first,
)
from tollbook_services.quarantine_decide import Decided, Verdict, decide
from tollbook_services.quarantine_supersede import corrected_cells, correction
from tollbook_services.quarantine_supersede import supersede as supersede_one
from tollbook_services.queries import known_or_refuse
from tollbook_services.render import console, data, words
from tollbook_services.render import quarantine as tables
from tollbook_services.wiring import Tollbook, open_tollbook

_WHO = Group("Who says it", sort_key=70)
_ENTRY = "Its position as `quarantine list` prints it, or SOURCE/ID for every content of that key."

All = Annotated[str | None, Parameter(name="--all", help="Instead: all that waits of this crisis.")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class By:
    """Who decides, and whether it is only tried."""

    source: Annotated[
        str | None,
        Parameter(
            group=_WHO,
            env_var="TOLLBOOK_SOURCE",
            help="URI of the desk that says it [default: urn:tollbook:desk:USER].",
        ),
    ] = None
    dry_run: Annotated[
        bool, Parameter(group=_WHO, negative="", help="Say what would be done; record nothing.")
    ] = False

    @property
    def uri(self) -> str:
        """The `source` of the decisions."""
        return self.source or f"urn:tollbook:desk:{getpass.getuser()}"


BY = By()


async def list_(
    crisis: Annotated[str | None, Parameter(help="Only events about this crisis.")] = None,
    *,
    all_: Annotated[
        bool, Parameter(name="--all", negative="", help="Also what was decided about.")
    ] = False,
    partition: Annotated[int | None, Parameter(help="Only this partition.")] = None,
    common: Common = COMMON,
) -> None:
    """Events that reuse a recorded source and id with other content, and wait for a decision."""
    async with open_tollbook(common.settings()) as book:
        partitions = wanted_partitions(book, partition, crisis)
        entries = _wanted(book, partitions, crisis, decided=all_)
        if common.format == "json":
            async for held in entries:
                data.write_json_line(await held_document(book.ledger, held))
            return
        rows = [await held_document(book.ledger, held) async for held in entries]
        if common.format == "csv":
            data.write_csv(tables.LISTED, rows)
        elif rows:
            console.answer(tables.list_table(rows))
        else:
            if crisis is not None:
                await known_or_refuse(book, crisis)
            console.answer(Text(f"Nothing {'is' if all_ else 'waits'} in quarantine."))


async def show(entry: Annotated[str, Parameter(help=_ENTRY)], *, common: Common = COMMON) -> None:
    """An event in quarantine beside the one recorded first, field by field where they differ."""
    async with open_tollbook(common.settings()) as book:
        found = [await _compared(book, held) for held in await find_held(book.ledger, [entry])]
    match common.format:
        case "json":
            data.write_json({"entries": found})
        case "csv":
            rows = [row for one in found for row in tables.difference_rows(one)]
            data.write_csv(tables.DIFFERING, rows)
        case _:
            console.answer(*(part for one in found for part in tables.entry_parts(one)))


async def accept(
    *entry: Annotated[str, Parameter(help=f"{_ENTRY} Several may be named.")],
    reason: Reason,
    all_: All = None,
    as_: Annotated[
        str | None,
        Parameter(name="--as", help="The id to record it under [default: made from its content]."),
    ] = None,
    by: By = BY,
    common: Common = COMMON,
) -> int:
    """Both are meant: record the events in quarantine under ids of their own.

    Each copy is what was sent but for its id, and is recorded together with the decision.
    """
    return await _decide(entry, all_, "accepted", reason, as_, by, common)


async def supersede(
    *entry: Annotated[str, Parameter(help=f"{_ENTRY} Several may be named.")],
    reason: Reason,
    by: By = BY,
    common: Common = COMMON,
) -> int:
    """The producer corrected the report: its recorded figures say what the one in quarantine says.

    Figures that differ are revised, those it no longer has retracted, and it counts nowhere by
    itself. So nobody is counted twice, and the history of each figure says what was corrected.
    """
    verdict = Verdict("discarded", reason, by.uri)
    async with open_tollbook(common.settings()) as book:
        found = [
            await correction(book, held, reason, by.uri)
            for held in await find_held(book.ledger, entry)
        ]
        changes = await corrected_cells(book, [one for one in found if one.held.ruling is None])
        decided = (await supersede_one(book, one, verdict, dry_run=by.dry_run) for one in found)
        outcomes = await _print_decided(decided, common)
        for line in change_lines(changes):
            console.note(line)
        if not by.dry_run:
            await book.catch_up(patience_s=book.settings.visible_timeout_s)
    return _told(outcomes, dry_run=by.dry_run)


async def discard(
    *entry: Annotated[str, Parameter(help=f"{_ENTRY} Several may be named.")],
    reason: Reason,
    all_: All = None,
    by: By = BY,
    common: Common = COMMON,
) -> int:
    """The events in quarantine are not meant: they stay there and count nowhere.

    Sent again they are duplicates. What was discarded can still be accepted later.
    """
    return await _decide(entry, all_, "discarded", reason, None, by, common)


async def _decide(
    entry: tuple[str, ...],
    crisis: str | None,
    kind: Kind,
    reason: str,
    as_: str | None,
    by: By,
    common: Common,
) -> int:
    if bool(entry) == (crisis is not None):
        raise UsageError("name entries of `tollbook quarantine list`, or give --all CRISIS")
    verdict = Verdict(kind, reason, by.uri, as_)
    async with open_tollbook(common.settings()) as book:
        found = await _meant(book, entry, crisis)
        console.note(f"{words.plural(len(found), 'entry', 'entries')} to be {kind}")
        copies: list[dict[str, Any]] = []
        decided = decide(book.ledger, book.admission, found, verdict, dry_run=by.dry_run)
        outcomes = await _print_decided(_noting(decided, copies), common)
        for line in change_lines(await preview_all(book, copies)):
            console.note(line)
        if not by.dry_run:
            await book.catch_up(patience_s=book.settings.visible_timeout_s)
    return _told(outcomes, dry_run=by.dry_run)


async def _noting(
    decided: AsyncIterator[Decided], copies: list[dict[str, Any]]
) -> AsyncIterator[Decided]:
    """The same, with the events that would be recorded noted on the way."""
    async for one in decided:
        if one.copy is not None:
            copies.append(orjson.loads(one.copy))
        yield one


def _told(outcomes: Counter[str], *, dry_run: bool) -> int:
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
    nothing = "; nothing was recorded" if dry_run else ""
    console.note(f"{counts or 'nothing to decide'}{nothing}")
    return InputRefusedError.exit_code if outcomes["refused"] else 0


async def _meant(book: Tollbook, names: tuple[str, ...], crisis: str | None) -> list[Held]:
    if crisis is None:
        return await find_held(book.ledger, names)
    found = [one async for one in _wanted(book, [book.partition_of(crisis)], crisis)]
    if not found:
        await known_or_refuse(book, crisis)
    return found


async def _wanted(
    book: Tollbook, partitions: list[int], crisis: str | None, *, decided: bool = False
) -> AsyncIterator[Held]:
    async for held in held_events(book.ledger, partitions):
        if (decided or held.ruling is None) and crisis in (None, held.crisis):
            yield held


async def _print_decided(decided: AsyncIterator[Decided], common: Common) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    rows = []
    async for one in decided:
        outcomes[one.outcome] += 1
        rows.append(_decided_document(one))
        if common.format == "json":
            data.write_json_line(rows.pop())
    if common.format == "csv":
        data.write_csv(tables.DECIDED, rows)
    elif rows:
        console.answer(tables.decided_table(rows))
    return outcomes


def _decided_document(one: Decided) -> dict[str, Any]:
    held = one.held
    return {
        "position": held.position,
        "source": held.source,
        "id": held.id,
        "crisis": held.crisis,
        "outcome": one.outcome,
        "as": one.as_,
        "partition": held.partition,
        "sequence": one.sequence,
        "message": one.message,
    }


async def _compared(book: Tollbook, held: Held) -> dict[str, Any]:
    first = await recorded_first(book.ledger, held)
    event = None if first is None else orjson.loads(first.sent())
    differing = [] if event is None else differences(event, held.event)
    return {
        "quarantined": await held_document(book.ledger, held) | {"event": held.event},
        "recorded": None
        if first is None
        else {"partition": first.partition, "sequence": first.sequence, "event": event},
        "differences": [_difference(one) for one in differing],
        "correction": await _correction(book, held),
    }


async def _correction(book: Tollbook, held: Held) -> dict[str, Any]:
    """Which figures `supersede` would correct, by their ids and fields; or why it cannot."""
    found = await correction(book, held, "looked at", "urn:tollbook:nobody")
    figures = {name: list(fields) for name, fields in (found.differing or {}).items()}
    return {"figures": figures, "refused": found.refused}


def _difference(one: Difference) -> dict[str, Any]:
    """A field that differs; a side that does not have it is left out."""
    sides = {"recorded": one.left, "quarantined": one.right}
    there = {name: value for name, value in sides.items() if not isinstance(value, Absent)}
    return {"pointer": one.pointer, **there}
