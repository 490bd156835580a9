"""`replay`: fold a history again, print digests of what came of it, compare with the live views."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.text import Text

from tollbook_projections import catalogue
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.trusted import Keys, audited, keys_from
from tollbook_services.collecting import uncollected
from tollbook_services.digests import Digests
from tollbook_services.folded import FoldedHead
from tollbook_services.history import History, positions_until
from tollbook_services.render import console, data, words
from tollbook_services.replay import FoldedHistory, Progress, ReplayResult, fold_history
from tollbook_services.replay import replay as fold_again
from tollbook_services.sealing.log_history import LogHistory
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.wiring import Tollbook, open_tollbook

_SHOWN_MAX: Final = 20
"""Differences printed for people: the first ones tell where to look."""

_COMPARED: Final = (
    "identical",
    "events",
    "behind",
    "digest_live",
    "digest_replayed",
    "differences_count",
    "differences",
)
_FOLDED: Final = ("name", "digest")


async def replay(
    place: Annotated[
        str | None, Parameter(help="A folder or URL of published logs [default: this ledger].")
    ] = None,
    *,
    until: Annotated[
        tuple[str, ...],
        Parameter(
            help="Fold only up to here, and compare nothing: a time, a position of a receipt, or "
            "<partition>:<sequence>; repeat for more partitions."
        ),
    ] = (),
    key: Keys = (),
    common: Common = COMMON,
) -> int:
    """Fold everything again, and compare with the live views: `identical`, or exit 4.

    Prints the head of each partition and a digest of each read model and view, which two parties
    compare. Published logs are verified with --key before they are folded, without an engine.
    """
    if place is not None:
        return await _published(place, until, key, common)
    async with open_tollbook(common.settings()) as book:
        if until:
            folded = await _fold(book.ledger, until)
            _say_folded(book.ledger.id, folded, common, {})
            return CheckFailedError.exit_code if folded.faults else 0
        await book.catch_up()
        result = await run_replay(book, _digests())
        ledger = book.ledger.id
    return _say_compared(ledger, result, common)


async def run_replay(book: Tollbook, digests: Digests | None = None) -> ReplayResult:
    """Replay with a progress bar on stderr."""
    with _progress() as advanced, uncollected():
        return await fold_again(book.ledger, book.readmodels, book.folds, advanced, digests=digests)


async def _published(place: str, until: Sequence[str], key: Sequence[str], common: Common) -> int:
    keys = keys_from(key)
    logs = await open_logs(place)
    history = await LogHistory.open(logs)
    audit = await audited(logs, keys) if keys else None
    if audit is None:
        console.note(
            f"not verified: no --key was given; who wrote {place} can have put any events there"
        )
    elif not audit.holds:
        faults = [
            f"partition {number}, {fault.text}"
            for number, report in enumerate(audit.reports)
            for fault in report.faults
        ]
        raise CheckFailedError(f"{place} does not hold, and is not folded: {faults[0]}")
    folded = await _fold(history, until)
    if audit is not None:
        await history.must_lead_to(folded.heads, audit.reports)
    _say_folded(history.id, folded, common, {"verified": audit is not None})
    return 0


async def _fold(history: History, until: Sequence[str]) -> FoldedHistory:
    stops = await positions_until(history, until)
    folds = catalogue.folds(default_gazetteer(), default_policy())
    with _progress() as advanced, uncollected():
        return await fold_history(history, folds, stops, _digests(), advanced)


def _digests() -> Digests:
    return Digests(default_gazetteer(), default_policy())


@contextmanager
def _progress() -> Iterator[Progress]:
    with console.progress() as bar:
        task = bar.add_task("replaying", total=None)

        def advanced(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advanced


def _say_compared(ledger: str, result: ReplayResult, common: Common) -> int:
    document = {name: getattr(result, name) for name in _COMPARED}
    match common.format:
        case "json":
            told = _comparable(ledger, result.heads, result.digests)
            data.write_json(document | told)
        case "csv":
            data.write_csv(_COMPARED, [document])
        case _:
            lines = _comparable_lines(ledger, result.heads, result.digests)
            console.answer(Text(replay_text(result), no_wrap=True), _copied(lines))
    return 0 if result.identical else CheckFailedError.exit_code


def _say_folded(
    ledger: str, folded: FoldedHistory, common: Common, beside: Mapping[str, Any]
) -> None:
    match common.format:
        case "json":
            counts = {"events": folded.events, "parked": folded.parked}
            told = _comparable(ledger, folded.heads, folded.digests)
            data.write_json({**counts, **beside, **told, "faults": list(folded.faults)})
        case "csv":
            rows = [{"name": one, "digest": digest} for one, digest in folded.digests.items()]
            data.write_csv(_FOLDED, rows)
        case _:
            verdict = "verified and folded" if beside.get("verified") else "folded"
            lead = f"{verdict}: {words.plural(folded.events, 'event')}; no live view was compared"
            lines = _comparable_lines(ledger, folded.heads, folded.digests)
            console.answer(_copied([lead, *map(words.clean, folded.faults)]), _copied(lines))


def _comparable(
    ledger: str, heads: Sequence[FoldedHead], digests: Mapping[str, str]
) -> dict[str, Any]:
    """What two parties compare."""
    return {
        "ledger": ledger,
        "heads": [
            {"partition": head.partition, "sequence": head.sequence, "root": head.root.hex()}
            for head in heads
        ],
        "digests": dict(digests),
    }


def _comparable_lines(
    ledger: str, heads: Sequence[FoldedHead], digests: Mapping[str, str]
) -> Iterable[str]:
    """The same for people: first what was folded, then what came of it."""
    yield f"ledger {words.clean(ledger)}"
    for head in heads:
        yield f"{head.partition}:{head.sequence:<12} root {head.root.hex()}"
    width = max(map(len, digests), default=0)
    for name, digest in digests.items():
        yield f"{name:<{width}} {digest}"
    stops = " ".join(f"--until {head.partition}:{head.sequence}" for head in heads)
    yield f"up to here again: tollbook replay {stops}"


def _copied(lines: Iterable[str]) -> Text:
    """Lines to compare and to copy, whatever the width."""
    return Text("\n".join(lines), no_wrap=True)


def replay_text(result: ReplayResult) -> str:
    """`identical` or `DIFFERENT`, both digests, and the first differences."""
    verdict = "identical" if result.identical else "DIFFERENT"
    lines = [
        f"{verdict}: {words.plural(result.events, 'event')} folded again",
        f"live      {result.digest_live}",
        f"replayed  {result.digest_replayed}",
    ]
    if result.behind:
        behind = words.plural(result.behind, "event")
        lines.append(f"not compared: {behind} that the live views have not folded yet")
    return "\n".join([*lines, *difference_lines(result)])


def difference_lines(result: ReplayResult) -> list[str]:
    """The first differences, a line each, and how many more there are."""
    lines = [words.clean(difference) for difference in result.differences[:_SHOWN_MAX]]
    hidden = result.differences_count - min(len(result.differences), _SHOWN_MAX)
    return [*lines, f"and {words.plural(hidden, 'more difference')}"] if hidden > 0 else lines
