"""`gazetteer show` and `publish`: areas, their codes, and what they meant at a date."""

import getpass
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from tollbook_schemas.errors import InputRefusedError, UsageError
from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.gazetteer_documents import Choice, Made, documents_from, no_country
from tollbook_services.gazetteer_files import TableFault, read_areas
from tollbook_services.gazetteers import (
    Wanted,
    area_document,
    everywhere,
    gazetteer_of,
    publish_all,
    wanted,
)
from tollbook_services.render import console, data, words
from tollbook_services.render.areas import area_parts, plan_table
from tollbook_services.wiring import Tollbook, open_tollbook

FAULTS_SHOWN_MAX: Final = 50
"""Faults of a table printed one by one: enough to see what is wrong with it."""

_PLANNED: Final = ("gazetteer", "country", "valid_from", "areas", "recorded")
_FOUND: Final = ("code", "name", "level")
_DONE: Final = ("appended", "duplicate")


async def show(
    code: Annotated[str, Parameter(help="ISO 3166 or P-code; `tollbook areas` finds it.")],
    *,
    at: Annotated[date | None, Parameter(help="Also what the code meant on this day.")] = None,
    crisis: Annotated[
        str | None, Parameter(help="As this crisis reads it [default: as all crises do].")
    ] = None,
    common: Common = COMMON,
) -> None:
    """An area: its names and codes, what is around it and inside it, and when that changed."""
    async with open_tollbook(common.settings()) as book:
        gazetteer = await gazetteer_of(book, crisis)
    document = area_document(gazetteer, code, at)
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            rows = [{**one, "level": document["level"] + 1} for one in document["areas"]]
            data.write_csv(_FOUND, rows)
        case _:
            console.answer(*area_parts(document))


async def publish(  # noqa: PLR0913 - one option for each choice
    file: Annotated[
        tuple[Path, ...], Parameter(help="CSV tables, plain or .gz: global P-codes, or COD-AB.")
    ],
    /,
    *,
    reason: Annotated[str, Parameter(help="Why: 1 to 2,000 characters, kept for ever.")],
    country: Annotated[
        tuple[str, ...],
        Parameter(negative_iterable="", help="Only this country, such as LBN; repeat the option."),
    ] = (),
    deepest: Annotated[int | None, Parameter(help="Leave out areas of deeper levels.")] = None,
    name: Annotated[str, Parameter(help="What the ids begin with: NAME-lbn/DATE.")] = "cod-ab",
    valid_from: Annotated[
        date | None, Parameter(help="The day from which it holds, instead of the table's.")
    ] = None,
    same_names: Annotated[
        bool,
        Parameter(
            negative="",
            help="A first-level area is the ISO one of the same name, where both names are unique.",
        ),
    ] = False,
    url: Annotated[str | None, Parameter(help="Where the table is from.")] = None,
    crisis: Annotated[
        tuple[str, ...],
        Parameter(
            negative_iterable="",
            help="Only for this crisis; repeat the option [default: for all crises].",
        ),
    ] = (),
    source: Annotated[
        str | None,
        Parameter(
            env_var="TOLLBOOK_SOURCE",
            help="URI of who publishes it [default: urn:tollbook:desk:USER].",
        ),
    ] = None,
    dry_run: Annotated[
        bool, Parameter(negative="", help="Show what would be published; record nothing.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Publish tables of areas: one gazetteer for each country and day, one receipt each.

    Reports are read with the gazetteer of their time. A country whose table has a fault is left
    out; publishing the same table again adds nothing.
    """
    known = default_gazetteer()
    choice = Choice(_countries(known, country), deepest, name, valid_from, same_names)
    made = _read(file, known, choice)
    said = {"reason": reason, **({} if url is None else {"url": url})}
    uri = source or f"urn:tollbook:desk:{getpass.getuser()}"
    async with open_tollbook(common.settings(), create=True) as book:
        subjects = crisis or everywhere(book)
        events = [
            await wanted(book, {**document, **said}, subject, uri)
            for document in made.documents
            for subject in subjects
        ]
        if dry_run:
            _show_plan(events, common)
            refused = 0
        else:
            refused = await _append(book, events)
    _note_twins(made, same=same_names)
    _note_faults(made.faults)
    return InputRefusedError.exit_code if refused or made.faults else 0


def _countries(known: Gazetteer, codes: Sequence[str]) -> frozenset[str]:
    found = set()
    for code in codes:
        area = known.resolve(code)
        if area is None or area.level != 0:
            raise UsageError(f"--country: {no_country(known, code)}")
        found.add(area.code)
    return frozenset(found)


def _read(files: Sequence[Path], known: Gazetteer, choice: Choice) -> Made:
    """The documents of all files; a country with a fault anywhere is left out."""
    tables = [read_areas(path) for path in files]
    for path, table in zip(files, tables, strict=True):
        if table.unused:
            console.note(
                f"{path.name}: columns not used: {', '.join(map(words.clean, table.unused))}"
            )
    faults = [
        fault
        for table in tables
        for fault in table.faults
        if fault.country is None
        or not choice.countries
        or known.canonical(fault.country) in choice.countries
    ]
    spoiled = {known.canonical(fault.country) for fault in faults if fault.country}
    rows = (row for table in tables for row in table.rows)
    sound = (row for row in rows if known.canonical(row.country) not in spoiled)
    made = documents_from(sound, known, choice)
    made.faults[:0] = faults
    if not made.documents and not made.faults:
        raise UsageError("the tables have no areas of the countries asked for")
    return made


async def _append(book: Tollbook, events: Sequence[Wanted]) -> int:
    """Append the events and print their receipts; how many were refused."""
    counts: Counter[str] = Counter()
    with console.progress() as bar:
        task = bar.add_task("publishing", total=len(events))
        async for receipts in publish_all(book, events):
            for receipt in receipts:
                counts[receipt.status] += 1
                data.write_json_line(receipt.document(book.ledger.id))
            bar.advance(task, len(receipts))
    patience_s = book.settings.visible_timeout_s
    if not await book.catch_up(patience_s=patience_s):
        console.note(f"durable, but not in force after {patience_s:g} s: see `tollbook status`")
    kinds = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    console.note(f"{words.plural(counts.total(), 'event')}: {kinds or 'nothing to publish'}")
    return sum(count for status, count in counts.items() if status not in _DONE)


def _note_twins(made: Made, *, same: bool) -> None:
    """Say which first-level areas are taken for ISO areas, or could be."""
    found = {table: twins for table, twins in made.twins.items() if twins}
    for table, twins in list(found.items())[:FAULTS_SHOWN_MAX] if same else ():
        pairs = ", ".join(f"{code} is {iso}" for code, iso in twins.items())
        console.note(f"{table}, by name: {pairs}")
    if found and not same:
        count = sum(map(len, found.values()))
        console.note(
            f"{words.plural(count, 'first-level area')} in {words.plural(len(found), 'table')} "
            "have the name of an ISO area, but other codes: figures under both kinds of code would "
            "be added; --same-names takes them for one"
        )


def _note_faults(faults: Sequence[TableFault]) -> None:
    for fault in faults[:FAULTS_SHOWN_MAX]:
        console.note(words.clean(fault))
    if len(faults) > FAULTS_SHOWN_MAX:
        console.note(f"and {words.plural(len(faults) - FAULTS_SHOWN_MAX, 'more fault')}")
    if faults:
        left = sorted({words.clean(fault.country) for fault in faults if fault.country})
        console.note(f"left out for their faults: {', '.join(left) or 'rows without a country'}")


def _show_plan(events: Sequence[Wanted], common: Common) -> None:
    rows: list[dict[str, Any]] = []
    for one in events:
        said = one.event["data"]
        planned = {name: said[name] for name in _PLANNED[:3]}
        subject = one.event["subject"]
        rows.append(
            {**planned, "areas": len(said["areas"]), "subject": subject, "recorded": one.recorded}
        )
    match common.format:
        case "json":
            data.write_json({"events": rows})
        case "csv":
            data.write_csv((*_PLANNED[:4], "subject", "recorded"), rows)
        case _:
            console.answer(plan_table(rows))
