"""`status`: partitions, heads, projection positions and lag."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_services.cli.common import COMMON, Common
from tollbook_services.render import console, data, words
from tollbook_services.status import status_document
from tollbook_services.wiring import open_tollbook

Document = Mapping[str, Any]

_POSITION: Final = ("projection", "version", "sequence", "lag_events", "lag_seconds", "parked")
_COLUMNS: Final = ("partition", "head", "recorded_at", *_POSITION)

_STATES: Final = {
    "no_workers": "no worker is running, commands fold what they need themselves",
    "stopped": "its projector has STOPPED, start `tollbook serve` or `tollbook projector`",
    "behind": "its projector is BEHIND",
    "parked": "some events could NOT be folded",
}


async def status(*, common: Common = COMMON) -> None:
    """Partitions, heads, projection positions and lag. It changes nothing and folds nothing."""
    async with open_tollbook(common.settings()) as book:
        document = await status_document(book.ledger, book.readmodels, book.projections.values())
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(_COLUMNS, _rows(document))
        case _:
            workers = _workers(document)
            console.answer(_positions(document), *([workers] if workers else []), _counts(document))


def _rows(document: Document) -> Iterator[dict[str, Any]]:
    for partition in document["partitions"]:
        for projection in partition["projections"]:
            yield {**projection, **{name: partition[name] for name in _COLUMNS[:3]}}


def _positions(document: Document) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("partition", justify="right")
    table.add_column("head", justify="right")
    table.add_column("last recorded", no_wrap=True)
    table.add_column("projection")
    table.add_column("read up to", justify="right")
    table.add_column("lag", justify="right")
    table.add_column("parked", justify="right")
    for partition in document["partitions"]:
        head = (
            str(partition["partition"]),
            words.number(partition["head"]),
            words.clean(partition["recorded_at"] or words.MISSING),
        )
        for projection in partition["projections"]:
            table.add_row(
                *head,
                f"{projection['projection']}.v{projection['version']}",
                words.number(projection["sequence"]),
                _lag(projection),
                words.number(projection["parked"]),
            )
            head = ("", "", "")
        table.add_section()
    return table


def _lag(projection: Document) -> str:
    if not projection["lag_events"]:
        return "none"
    events = words.plural(projection["lag_events"], "event")
    return f"{events}, {projection['lag_seconds']:,.1f} s"


def _workers(document: Document) -> Table | None:
    lines = [
        (partition["partition"], worker)
        for partition in document["partitions"]
        for worker in partition["workers"]
    ]
    if not lines:
        return None
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("partition", "role", "worker", "state", "position", "last seen"):
        table.add_column(column)
    for partition, worker in lines:
        table.add_row(
            str(partition),
            words.clean(worker["role"]),
            words.clean(worker["worker"]),
            words.words([worker["state"]]),
            words.number(worker["sequence"]),
            f"{worker['age_seconds']:,.1f} s ago",
        )
    return table


def _counts(document: Document) -> Text:
    inbox = document["inbox"]
    parts = (
        f"Ledger {document['ledger']}: {_STATES.get(document['state'], document['state'])}",
        f"inbox {words.plural(inbox['length'], 'entry', 'entries')}",
        f"{document['rejected']:,} rejected",
        f"{document['quarantined']:,} quarantined",
    )
    return Text("; ".join(parts) + ".")
