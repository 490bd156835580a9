"""Acts of an editor: events made from a few words, checked before they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from tollbook_projections.filing import FIGURE_ROW, decode
from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import UsageError
from tollbook_schemas.filed import FiledEvent, filed_event
from tollbook_schemas.nearest import nearest
from tollbook_schemas.parse import RECORDED_TIME, ParsedEvent, parse_event
from tollbook_schemas.times import format_instant
from tollbook_services.ledger import StoredEntry
from tollbook_services.today import last_day_now
from tollbook_services.wiring import Tollbook

PREFIX: Final = "org.tollbook."
REPEATS_MAX: Final = 1_000
"""Times the same act may be said again after others: a retraction undone and made again."""

DIGEST_CHARS: Final = 16
"""Hex digits of an act's content in its event id: 64 bits, so that two acts never meet."""

_TABLES: Final = {
    "figure": "act",
    "incident": "incident",
    "incidents": "incident",
    "policy": "reference",
    "gazetteer": "reference",
    "payload": "redaction",
}
"""The table of the read model that holds acts of a kind."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FoundFigure:
    """A figure of the ledger.

    Attributes:
        id: its global id.
        crisis: the crisis its report is about.
        body: its fields as filed.
    """

    id: str
    crisis: str
    body: Document


@dataclass(frozen=True, slots=True)
class Act:
    """An act that is ready to be appended.

    Attributes:
        document: the event.
        parsed: the same, validated.
        recorded: the ledger has it already, so that appending it again changes nothing.
    """

    document: Document
    parsed: ParsedEvent
    recorded: bool


async def find_figure(book: Tollbook, name: str, crisis: str | None = None) -> FoundFigure:
    """The figure of a global id, or of `report#figure` where the crisis is given.

    Raises:
        UsageError: there is none, or several; the message names what there is.
    """
    report, mark, local = name.rpartition("#")
    if not mark or not local:
        raise UsageError(
            f"{name!r} is no figure id: give source/report#figure as "
            "`tollbook revisions CRISIS --format json` prints it, or report#figure with --crisis"
        )
    if "/" not in report:
        return await _find_short(book, name, crisis)
    source, _, event_id = report.rpartition("/")
    entry = await book.ledger.find(source, event_id)
    if entry is None:
        raise UsageError(
            f"this ledger has no report {report!r}: `tollbook events` prints what is there"
        )
    event = filed_event(entry.stored)
    figures = {figure["id"]: figure for figure in event.data.get("figures", ())}
    if local not in figures:
        named = ", ".join(sorted(figures)) or "none"
        hint = nearest(local, sorted(figures)) or f"; it has {named}"
        raise UsageError(f"{report!r} has no figure {local!r}{hint}")
    return FoundFigure(name, event.crisis, figures[local])


async def prepare(book: Tollbook, kind: str, subject: str, data: Document, source: str) -> Act:
    """The event of an act, the same one where the act was the last said on this subject.

    Its id comes from its content, so a command that is run twice says it once; what was undone
    meanwhile can be said again under a further id.

    Args:
        book: the ledger.
        kind: the event type without its prefix, such as `figure.retracted.v1`.
        subject: the crisis, or a ledger subject.
        data: what happened; None values are left out.
        source: who says it, a URI.

    Raises:
        UsageError: the act is no valid event; each fault with its place.
    """
    said = {name: value for name, value in data.items() if value is not None}
    digest = sha256(canonical_bytes([subject, said])).hexdigest()
    stem = f"{kind.rpartition('.')[0]}-{digest[:DIGEST_CHARS]}"
    last: StoredEntry | None = None
    event_id = stem
    for number in range(2, REPEATS_MAX + 2):
        found = await book.ledger.find(source, event_id)
        if found is None:
            break
        last, event_id = found, f"{stem}-{number}"
    if last is not None and await _still_stands(book, last):
        return await _act(_sent(last), book, recorded=True)
    document = {
        "specversion": "1.0",
        "type": f"{PREFIX}{kind}",
        "source": source,
        "id": event_id,
        "subject": subject,
        "time": format_instant(datetime.now(UTC)),
        "data": said,
    }
    return await _act(document, book, recorded=False)


async def preview(book: Tollbook, act: Act) -> list[RowChange]:
    """The cells an act changes, with their bytes before and after; nothing is written.

    A ledger-wide act is tried on every crisis of its partition.
    """
    return await preview_all(book, [act.document])


async def preview_all(book: Tollbook, documents: Sequence[Document]) -> list[RowChange]:
    """The same for several events, as if they were recorded one after the other.

    Args:
        book: the ledger.
        documents: valid events, as they would be sent.
    """
    by_partition: dict[int, list[FiledEvent]] = {}
    for document in documents:
        event = filed_event(canonical_bytes(document))
        by_partition.setdefault(book.partition_of(event.crisis), []).append(event)
    found: list[RowChange] = []
    for partition, events in sorted(by_partition.items()):
        found += await _preview(book, partition, events)
    return found


async def _preview(book: Tollbook, partition: int, events: Sequence[FiledEvent]) -> list[RowChange]:
    await book.catch_up([partition])
    head = await book.ledger.head(partition)
    fold, now = book.fold("figures"), datetime.now(UTC)
    recorded = [
        Recorded(partition, sequence, now, event) for sequence, event in enumerate(events, head + 1)
    ]
    snapshot = await book.readmodels.snapshot(partition, book.projections["figures"])
    wanted = {event.crisis for event in events}
    if any(fold.concerns_all(one) for one in recorded):
        wanted = set(snapshot.rows)
    for crisis, rows in snapshot.rows.items():
        if crisis in wanted or book.is_shared(crisis):
            fold.restore(crisis, rows)
    fold.drain()
    for one in recorded:
        fold.apply(one)
    return [change for change in fold.drain() if change.key.startswith("cell/")]


async def _find_short(book: Tollbook, name: str, crisis: str | None) -> FoundFigure:
    if crisis is None:
        raise UsageError(f"{name!r} is no global figure id: add its source, or name --crisis")
    partition = book.partition_of(crisis)
    await book.catch_up([partition])
    rows = (await book.read(partition, "figures", crisis, tables=("figure",))).rows
    ids = [key.removeprefix(FIGURE_ROW) for key in rows if key.startswith(FIGURE_ROW)]
    found = [one for one in ids if one.endswith(f"/{name}")]
    if len(found) == 1:
        row = decode(rows[FIGURE_ROW + found[0]])
        return FoundFigure(found[0], crisis, row["figure"])
    if found:
        raise UsageError(f"{name!r} is in {len(found)} reports: give one of {', '.join(found)}")
    hint = nearest(name, [one.rpartition("/")[2] for one in ids])
    raise UsageError(f"no figure {name!r} in {crisis}{hint}: see `tollbook revisions {crisis}`")


async def _still_stands(book: Tollbook, entry: StoredEntry) -> bool:
    """Whether nothing was said since that could have undone an act: on its figure, or its kind."""
    event = filed_event(entry.stored)
    table = _TABLES[event.kind.removeprefix(PREFIX).partition(".")[0]]
    await book.catch_up([entry.partition])
    rows = (await book.read(entry.partition, "figures", event.crisis, tables=(table,))).rows
    later = [row for row in map(decode, rows.values()) if row["sequence"] > entry.sequence]
    return not any(row.get("figure") == event.data.get("figure") for row in later)


def _sent(entry: StoredEntry) -> Document:
    """The event of a stored entry as it was sent."""
    document: Document = orjson.loads(entry.stored)
    document.pop(RECORDED_TIME, None)
    return document


async def _act(document: Document, book: Tollbook, *, recorded: bool) -> Act:
    known, last = await book.admission.gazetteer(), last_day_now()
    parsed = parse_event(canonical_bytes(document), known, last)
    if isinstance(parsed, ParsedEvent):
        return Act(document, parsed, recorded)
    faults = "; ".join(
        f"{fault.pointer.removeprefix('/data/') or 'the event'}: {fault.message}"
        for fault in parsed
    )
    raise UsageError(faults)
