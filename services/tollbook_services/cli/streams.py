"""`events` and `rejected`: what the streams hold, read back or tried again."""

from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Final

import orjson
from cyclopts import Parameter, validators
from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import InputRefusedError, UsageError
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.times import format_instant
from tollbook_services.cli.common import COMMON, Common, Format
from tollbook_services.event_listing import PAGE, last_wanted, listed_events, wanted_partitions
from tollbook_services.exporting.ledger_events import place_of
from tollbook_services.ledger import RefusedEntry, StoredEntry
from tollbook_services.publish import rejected_receipt
from tollbook_services.read_again import SETTLED, read_again
from tollbook_services.render import console, data, words
from tollbook_services.stored import Whole
from tollbook_services.wiring import Tollbook, open_tollbook

_REFUSED: Final = (
    "position",
    "recorded_at",
    "origin",
    "source",
    "id",
    "crisis",
    "errors",
    "whole",
    "raw",
)
_EVENT: Final = ("partition", "sequence", "recorded_at", "type", "source", "id", "crisis", "leaf")

_SEQUENCE: Final = validators.Number(gte=1, lte=INTEGER_MAX)


async def events(
    *,
    partition: Annotated[int | None, Parameter(help="Only this partition.")] = None,
    crisis: Annotated[str | None, Parameter(help="Only events of this crisis.")] = None,
    from_: Annotated[
        int,
        Parameter(name="--from", help="First sequence of each partition.", validator=_SEQUENCE),
    ] = 1,
    to: Annotated[
        int | None, Parameter(help="Last sequence of each partition.", validator=_SEQUENCE)
    ] = None,
    known_as_of: Annotated[
        str | None,
        Parameter(help="Only what had been recorded by then: a time, or <partition>:<sequence>."),
    ] = None,
    common: Common = COMMON,
) -> None:
    """The stored events, as recorded: JSON Lines with --format json.

    Each line has the partition, the sequence, the leaf hash (RFC 6962) and the event, byte for
    byte as it is stored.
    """
    if to is not None and from_ > to:
        raise UsageError(f"--from comes after --to: {from_} and {to}")
    async with open_tollbook(common.settings()) as book:
        wanted = wanted_partitions(book, partition, crisis)
        last = await last_wanted(book, wanted, to, known_as_of)
        entries = listed_events(book, last, from_, crisis)
        await _print_events(entries, common.format)


async def _print_events(
    entries: AsyncIterator[tuple[StoredEntry, dict[str, Any]]], wanted: Format
) -> None:
    if wanted == "json":
        async for entry, _ in entries:
            data.write_json_line(place_of(entry) | {"event": orjson.Fragment(entry.stored)})
        return
    rows = [{**place_of(entry), **_named(event)} async for entry, event in entries]
    if wanted == "csv":
        data.write_csv(_EVENT, rows)
    elif rows:
        console.answer(_event_table(rows))
    else:
        console.answer(Text("No events."))


def _named(event: dict[str, Any]) -> dict[str, Any]:
    body = event.get("data") or {}
    about = body.get("title") or body.get("reason") or ""
    return {
        "type": event["type"],
        "source": event["source"],
        "id": event["id"],
        "crisis": event["subject"],
        "about": about,
    }


def _event_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("sequence", justify="right", no_wrap=True)
    table.add_column("recorded", no_wrap=True)
    table.add_column("type", no_wrap=True)
    table.add_column("id", max_width=30)
    table.add_column("about")
    for row in rows:
        table.add_row(
            str(row["partition"]),
            words.number(row["sequence"]),
            words.moment(row["recorded_at"]),
            words.clean(row["type"]).removeprefix("org.tollbook."),
            words.clean(row["id"]),
            words.clean(row["about"]),
        )
    return table


async def rejected(
    *,
    replay: Annotated[
        bool,
        Parameter(negative="", help="Read it again as of today; publish what is valid now."),
    ] = False,
    dry_run: Annotated[
        bool, Parameter(negative="", help="With --replay: only show what would become of it.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """What was refused as no valid event, byte for byte, with pointers to what is wrong.

    With --replay nothing leaves the list, and what was published before is a duplicate.
    """
    if dry_run and not replay:
        raise UsageError("--dry-run is for --replay: nothing is written without it")
    async with open_tollbook(common.settings()) as book:
        entries = _pages(book.ledger.read_rejected)
        if replay:
            return await _replay(book, entries, dry_run=dry_run)
        await _print_refused(entries, common.format, "Nothing was rejected.")
    return 0


async def _replay(book: Tollbook, entries: AsyncIterator[RefusedEntry], *, dry_run: bool) -> int:
    counts: Counter[str] = Counter()
    async for entry, receipt in read_again(entries, book.ledger, book.admission, dry_run=dry_run):
        counts[receipt.status] += 1
        data.write_json_line({"rejected": entry.position, **receipt.document(book.ledger.id)})
    kinds = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    what = "nothing was written: " if dry_run else ""
    console.note(f"{what}{words.plural(counts.total(), 'refused document')}: {kinds or 'none'}")
    refused = sum(count for status, count in counts.items() if status not in SETTLED)
    return InputRefusedError.exit_code if refused else 0


async def _pages(
    read: Callable[[str, int], Awaitable[list[RefusedEntry]]],
) -> AsyncIterator[RefusedEntry]:
    after = "0"
    while page := await read(after, PAGE):
        for entry in page:
            yield entry
        after = page[-1].position


async def _print_refused(entries: AsyncIterator[RefusedEntry], wanted: Format, none: str) -> None:
    if wanted == "json":
        async for entry in entries:
            data.write_json_line(_refused(entry))
        return
    rows = [_refused(entry) async for entry in entries]
    if wanted == "csv":
        data.write_csv(_REFUSED, rows)
    elif rows:
        console.answer(_refused_table(rows))
    else:
        console.answer(Text(none))


def _refused(entry: RefusedEntry) -> dict[str, Any]:
    named = rejected_receipt(entry.raw, ())
    return {
        "position": entry.position,
        "recorded_at": format_instant(entry.recorded_at),
        "origin": entry.origin,
        "source": named.source,
        "id": named.id,
        "crisis": named.crisis,
        "errors": [{"pointer": pointer, "message": text} for pointer, text in entry.reasons],
        "whole": _whole(entry.whole),
        **_raw(entry.raw),
    }


def _whole(whole: Whole | None) -> dict[str, Any] | None:
    """What is known of a document of which `raw` is only the beginning."""
    return None if whole is None else {"bytes": whole.length, "sha256": whole.sha256.hex()}


def _raw(raw: bytes) -> dict[str, str]:
    """The bytes as text, and in base64 too where they are not UTF-8."""
    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        return {"raw": raw.decode(errors="replace"), "raw_base64": b64encode(raw).decode()}


def _refused_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("recorded", no_wrap=True)
    table.add_column("origin", max_width=24)
    table.add_column("id", max_width=24)
    table.add_column("where", max_width=28, overflow="fold")
    table.add_column("what is wrong")
    for row in rows:
        lead = (
            words.moment(row["recorded_at"]),
            words.clean(row["origin"]),
            words.clean(row["id"] or words.MISSING),
        )
        for error in row["errors"]:
            where = words.clean(error["pointer"]) or "the document"
            table.add_row(*lead, where, words.clean(error["message"]))
            lead = ("", "", "")
        table.add_section()
    return table
