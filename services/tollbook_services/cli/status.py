"""`status` and `health`: how everything stands, for people and for health checks."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.views import (
    PartitionStatus,
    ProjectionStatus,
    StatusDocument,
    WorkerStatus,
)
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.engine_files import EngineFiles
from tollbook_services.render import console, data, words
from tollbook_services.settings import Settings
from tollbook_services.status import status_document, summary
from tollbook_services.wiring import open_tollbook

_POSITION: Final = ("projection", "version", "sequence", "lag_events", "lag_seconds", "parked")
_COLUMNS: Final = ("partition", "head", "recorded_at", *_POSITION)

_STATES: Final = {
    "alarm": "ALARM, see above",
    "stopped": "a worker has STOPPED, start `tollbook serve`, or the worker by itself",
    "no_intake": "entries wait in the inbox and NO INTAKE runs, start `tollbook serve`",
    "no_workers": "no worker is running, commands fold what they need themselves",
    "behind": "a worker is BEHIND",
    "parked": "some events could NOT be folded",
}


async def status(*, common: Common = COMMON) -> int:
    """Partitions, heads, positions, lag, workers, engine. Changes nothing; exit 4 on an alarm."""
    document = await _read(common.settings())
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(_COLUMNS, _rows(document))
        case _:
            workers = _workers(document)
            tables = [_positions(document), *([workers] if workers else [])]
            console.answer(*tables, *_alarms(document), _counts(document))
    return CheckFailedError.exit_code if document["alarms"] else 0


async def health(*, common: Common = COMMON) -> int:
    """One line; exit code 0 only when all is well, 4 else. Starts no engine that does not run."""
    settings = common.settings()
    files = EngineFiles(settings.data.resolve())
    if settings.redis is None and not (files.data.is_dir() and files.lives()):
        raise EngineError(f"no engine runs in {settings.data}: start `tollbook serve`")
    document = await _read(settings)
    line = summary(document)
    match common.format:
        case "json":
            data.write_json(
                {"healthy": document["healthy"], "state": document["state"], "text": line}
            )
        case _:
            console.answer(Text(line, no_wrap=True))
    return 0 if document["healthy"] else CheckFailedError.exit_code


async def _read(settings: Settings) -> StatusDocument:
    async with open_tollbook(settings, sound=False) as book:
        return await status_document(book.ledger, book.readmodels, book.projections.values())


def _rows(document: StatusDocument) -> Iterator[dict[str, Any]]:
    for partition in document["partitions"]:
        head = {name: partition[name] for name in ("partition", "head", "recorded_at")}
        for projection in partition["projections"]:
            yield {**projection, **head}


def _positions(document: StatusDocument) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("partition", justify="right")
    table.add_column("head", justify="right")
    table.add_column("last recorded", no_wrap=True)
    table.add_column("projection")
    table.add_column("read up to", justify="right")
    table.add_column("lag", justify="right")
    table.add_column("parked", justify="right")
    table.add_column("sealed", justify="right")
    for partition in document["partitions"]:
        head = (
            str(partition["partition"]),
            words.number(partition["head"]),
            words.clean(partition["recorded_at"] or words.MISSING),
        )
        sealed = words.number(partition["sealed"]["size"]) if partition["sealed"] else "never"
        for projection in partition["projections"]:
            table.add_row(
                *head,
                f"{projection['projection']}.v{projection['version']}",
                words.number(projection["sequence"]),
                _lag(projection),
                words.number(projection["parked"]),
                sealed,
            )
            head, sealed = ("", "", ""), ""
        table.add_section()
    return table


def _lag(projection: ProjectionStatus) -> str:
    if not projection["lag_events"]:
        return "none"
    events = words.plural(projection["lag_events"], "event")
    return f"{events}, {projection['lag_seconds']:,.1f} s"


def _workers(document: StatusDocument) -> Table | None:
    lines: list[tuple[str, WorkerStatus, str]] = [
        (str(partition["partition"]), worker, _has_it(partition, worker))
        for partition in document["partitions"]
        for worker in partition["workers"]
    ]
    lines += [("", worker, "") for worker in document["workers"]]
    if not lines:
        return None
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("partition", "role", "worker", "state", "lease", "position", "last seen"):
        table.add_column(column)
    for partition, worker, lease in lines:
        table.add_row(
            partition,
            words.clean(worker["role"]),
            words.clean(worker["worker"]),
            words.words([worker["state"]]),
            lease,
            words.number(worker["sequence"]) if partition else "",
            f"{worker['age_seconds']:,.1f} s ago",
        )
    return table


def _has_it(partition: PartitionStatus, worker: WorkerStatus) -> str:
    """For how long a worker has had the partition; empty where it has not."""
    for lease in partition["leases"]:
        if (lease["role"], lease["worker"]) == (worker["role"], worker["worker"]):
            return f"for {lease['held_seconds']:,.0f} s" if lease["left_seconds"] else "expired"
    return ""


def _alarms(document: StatusDocument) -> Iterable[Text]:
    for alarm in document["alarms"]:
        yield Text(f"ALARM {words.clean(alarm['message'])}", style="bold red")


def _counts(document: StatusDocument) -> Text:
    inbox, engine = document["inbox"], document["engine"]
    waiting = words.plural(inbox["length"], "entry", "entries")
    if inbox["oldest_seconds"] is not None:
        waiting += f", the oldest since {inbox['oldest_seconds']:,.1f} s"
    limit = engine["memory_max"]
    of = f" of {limit / 2**20:,.0f}" if limit else ""
    parts = (
        f"Ledger {document['ledger']}: {_STATES.get(document['state'], document['state'])}",
        f"inbox {waiting}",
        f"{document['rejected']:,} rejected",
        f"{document['quarantined']:,} quarantined",
        f"{engine['kind']} {engine['version']} with {engine['memory_used'] / 2**20:,.0f}{of} MiB",
    )
    return Text("; ".join(parts) + ".")
