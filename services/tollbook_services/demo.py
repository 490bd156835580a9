"""The demo: the Syrian coast, 6 to 12 March 2025, told with the product's own answers."""

import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from importlib import resources
from itertools import groupby
from pathlib import Path
from shutil import which
from typing import Any, Final

import orjson
from rich import box
from rich.console import RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import CheckFailedError, InputRefusedError
from tollbook_schemas.times import end_of
from tollbook_services import queries
from tollbook_services.ledger import Receipt
from tollbook_services.publish import Document, publish, split_documents
from tollbook_services.queries import Question
from tollbook_services.render import cells, checks, console, words
from tollbook_services.replay import ReplayResult
from tollbook_services.wiring import Tollbook

CRISIS: Final = "syria-coast-2025"
_COUNTER: Final = "sohr"
_FILE: Final = "coast-2025.jsonl"
_RELAYS: Final = frozenset({"stale_relay", "held_relay"})
_HEAD: Final = Style(bold=True)

Replay = Callable[[Tollbook], Awaitable[ReplayResult]]


async def tell(book: Tollbook, replay: Replay) -> int:
    """Publish the crisis and show what became of it; the exit code."""
    documents = list(split_documents(io.BytesIO(_story())))
    _say(
        f"The Syrian coast, March 2025: {len(documents)} publications, with their real figures.",
        f"Each becomes an immutable event in a ledger in {words.clean(book.settings.place)}.",
    )
    article, *bulletins = documents
    receipt = await _publish(book, article)
    await _show_article(book, article, receipt)
    receipts = await _show_bulletins(book, bulletins)
    last = max(receipt.sequence or 0, *(one.sequence or 0 for one in receipts))
    await _show_series(book, last)
    tolls = await _show_tolls(book, last)
    await _show_displacement(book, last)
    same = await _show_replay(book, replay) and "parked" not in tolls
    _show_next(book)
    if any(one.status not in ("appended", "duplicate") for one in (receipt, *receipts)):
        return InputRefusedError.exit_code
    return 0 if same else CheckFailedError.exit_code


async def _publish(book: Tollbook, document: Document) -> Receipt:
    (receipt,) = await publish([document], book.ledger, book.admission, origin="demo")
    await book.catch_up([book.partition_of(CRISIS)])
    return receipt


async def _show_article(book: Tollbook, article: Document, receipt: Receipt) -> None:
    event = orjson.loads(article.raw)
    document = await queries.tolls(
        book, CRISIS, Question(measure="killed", known_as_of=_known(receipt.sequence))
    )
    _heading(f"1. One article, {len(event['data']['figures'])} figures")
    _say(
        f"{_headline(event)}.",
        f"Receipt: {receipt.status}, sequence {receipt.sequence}.",
        "Its four tolls add up to 2,018, but one is the sum of the other three, and no source "
        "says which province they fell in.",
    )
    console.answer(*cells.cell_tables(document["cells"], book.gazetteer.name))
    _say(
        "'unallocated' is what is certain for both provinces together and for neither alone; a "
        "province without a report is absent, not zero.",
        checks.summary(document["checks"]),
    )


async def _show_bulletins(book: Tollbook, bulletins: Iterable[Document]) -> list[Receipt]:
    _heading("2. Bulletin by bulletin")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("seq", justify="right", no_wrap=True)
    table.add_column("published", no_wrap=True)
    table.add_column("what it says")
    table.add_column("civilians", justify="right", no_wrap=True)
    table.add_column("receipt", no_wrap=True, min_width=len("duplicate"))
    receipts = []
    with console.progress() as bar:
        task = bar.add_task("publishing", total=None)
        for document in bulletins:
            receipt = await _publish(book, document)
            receipts.append(receipt)
            event = orjson.loads(document.raw)
            table.add_row(
                words.number(receipt.sequence),
                words.moment(event["time"]),
                _title(event),
                await _civilians(book, receipt),
                receipt.status,
            )
            bar.advance(task)
    console.answer(table)
    _say(
        "'civilians' is what the ledger makes of SOHR's figures for Syria after each event. 340 "
        "and 532 are older than the article's 745: they go into the history and change nothing."
    )
    return receipts


async def _civilians(book: Tollbook, receipt: Receipt) -> str:
    """The country's civilians by SOHR as known at a receipt: `1,383`, or `1,225 or more`."""
    question = Question(measure="killed", originator=_COUNTER, known_as_of=_known(receipt.sequence))
    document = await queries.tolls(book, CRISIS, question)
    for cell in document["cells"]:
        wanted = (cell["kind"], cell["area"], cell["segment"]) == ("area", "SY", "civilian")
        if wanted and cell["unit"] == "person":
            if cell["best"] is not None and cell["high"] is not None:
                return words.number(cell["best"])
            return f"{words.number(cell['low'])} to {words.high(cell['high'])}"
    return words.MISSING


async def _show_series(book: Tollbook, last: int) -> None:
    document = await queries.revisions(
        book,
        CRISIS,
        Question(measure="killed", originator=_COUNTER, known_as_of=_known(last)),
    )
    _heading("3. How one number moved, and what did not move it")
    steps = list(_civilian_steps(document))
    _say("Civilians killed, as SOHR counted them:")
    console.answer(Text("  " + " -> ".join(text for text, _ in steps), style=_HEAD))
    console.answer(_step_table(steps, book))
    for series, step in _relays(document):
        flags = words.words([flag for flag in step["flags"] if flag in _RELAYS])
        _say(
            f"{flags}: {words.short_figure(step['figure'])} printed "
            f"{words.quantity(step['quantity'])} ({words.segment(series['segment'])}) on "
            f"{words.moment(step['published_at'])}, an old number; kept, and changes nothing."
        )


def _civilian_steps(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(value, revision) of SOHR's cumulative civilians over several provinces, no value twice."""
    found = [
        {**step, "areas": series["areas"]}
        for series in document["series"]
        if series["segment"] == "civilian"
        and series["basis"] == "cumulative"
        and series["unit"] == "person"
        and series["place"] is None
        and len(series["areas"]) > 1
        for step in series["revisions"]
        if step["counts"]
    ]
    found.sort(key=lambda step: end_of(step["as_of"]))
    for value, group in groupby(found, key=lambda step: step["quantity"].get("value")):
        yield words.number(value), next(group)


def _step_table(steps: Iterable[tuple[str, dict[str, Any]]], book: Tollbook) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("as of", "printed as", "areas", "figure"):
        table.add_column(column)
    for _, step in steps:
        table.add_row(
            words.moment(step["as_of"]),
            words.quantity(step["quantity"]),
            cells.joined(step["areas"], book.gazetteer.name),
            words.short_figure(step["figure"]),
        )
    return table


def _relays(
    document: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for series in document["series"]:
        for step in series["revisions"]:
            if _RELAYS.intersection(step["flags"]):
                yield series, step


async def _show_tolls(book: Tollbook, last: int) -> Mapping[str, Any]:
    _heading("4. Killed, by province, at the end (SOHR)")
    known = _known(last)
    own = await queries.tolls(
        book, CRISIS, Question(measure="killed", originator=_COUNTER, known_as_of=known)
    )
    console.answer(*cells.cell_tables(own["cells"], book.gazetteer.name))
    everyone = await queries.tolls(book, CRISIS, Question(known_as_of=known))
    _say(f"All originators. {checks.summary(everyone['checks'])}")
    _failing(everyone)
    if "parked" in everyone:
        _say(f"{words.plural(everyone['parked'], 'event')} could NOT be folded.")
    return everyone


async def _show_displacement(book: Tollbook, last: int) -> None:
    _heading("5. Displacement: families and persons are two counts, never converted or added")
    document = await queries.displacement(book, CRISIS, Question(known_as_of=_known(last)))
    country = [cell for cell in document["cells"] if cell["area"] == "SY"]
    console.answer(*cells.cell_tables(country, book.gazetteer.name))
    _say(f"Syria as a whole; the provinces are there too. {checks.summary(document['checks'])}")
    _failing(document)


async def _show_replay(book: Tollbook, replay: Replay) -> bool:
    _heading("6. Replay: fold every event again from the first, compare byte for byte")
    result = await replay(book)
    _say(
        f"{words.plural(result.events, 'event')}: "
        f"{'identical' if result.identical else 'DIFFERENT'}",
        f"live      {result.digest_live}",
        f"replayed  {result.digest_replayed}",
    )
    return bool(result.identical)


def _show_next(book: Tollbook) -> None:
    option = "--redis" if book.settings.redis else "--data"
    where = f"{option} {words.clean(book.settings.place)}"
    _heading("Try next")
    for command, why in (
        (f"tolls {CRISIS} --known-as-of 4", "what this ledger knew after four events"),
        (f"tolls {CRISIS} --as-of 2025-03-09 --area SY-LA", "one province, on an earlier day"),
        (f"revisions {CRISIS} --originator snhr", "every number of another originator"),
        (f"displacement {CRISIS} --format json", "the same answer, for programs"),
        ("events --format json", "the stored events"),
        ("status", "partitions, heads and lag"),
    ):
        _say(f"  # {why}", f"  {_program()} {command} {where}")


def _program() -> str:
    """How to call the command from here: by its name, or by its place in an environment below."""
    script = Path(sys.executable).with_name("tollbook")
    if which("tollbook") is None and script.is_relative_to(Path.cwd()):
        return str(script.relative_to(Path.cwd()))
    return "tollbook"


def _failing(document: Mapping[str, Any]) -> None:
    table = checks.check_table(document["checks"], failing_only=True)
    if table is not None:
        console.answer(table)


def _headline(event: Mapping[str, Any]) -> str:
    body = event["data"]
    relay = f" ({words.clean(body['relayed_by'])})" if body.get("relayed_by") else ""
    return _title(event) + relay


def _title(event: Mapping[str, Any]) -> str:
    return words.clean(event["data"].get("title", event["id"]))


def _heading(text: str) -> None:
    parts: list[RenderableType] = [Text(""), Text(text, style=_HEAD), Text("")]
    for part in parts:
        console.answer(part)


def _say(*lines: str) -> None:
    for line in lines:
        console.answer(Text(line))


def _known(sequence: int | None) -> str | None:
    return None if sequence is None else str(sequence)


def _story() -> bytes:
    return (resources.files("tollbook_services") / "data" / _FILE).read_bytes()
