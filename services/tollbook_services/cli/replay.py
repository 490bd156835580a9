"""`replay`: fold the whole ledger again and compare with the live read models."""

from typing import Final

from rich.text import Text

from tollbook_schemas.errors import CheckFailedError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.collecting import uncollected
from tollbook_services.render import console, data, words
from tollbook_services.replay import ReplayResult
from tollbook_services.replay import replay as fold_again
from tollbook_services.wiring import Tollbook, open_tollbook

_SHOWN_MAX: Final = 20
"""Differences printed for people: the first ones tell where to look."""

_COLUMNS: Final = (
    "identical",
    "events",
    "behind",
    "digest_live",
    "digest_replayed",
    "differences_count",
    "differences",
)


async def replay(*, common: Common = COMMON) -> int:
    """Fold everything again, and compare with the live views: `identical`, or exit 4."""
    async with open_tollbook(common.settings()) as book:
        await book.catch_up()
        result = await run_replay(book)
    document = {name: getattr(result, name) for name in _COLUMNS}
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(_COLUMNS, [document])
        case _:
            console.answer(Text(replay_text(result)))
    return 0 if result.identical else CheckFailedError.exit_code


async def run_replay(book: Tollbook) -> ReplayResult:
    """Replay with a progress bar on stderr."""
    with console.progress() as bar:
        task = bar.add_task("replaying", total=None)

        def advanced(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        with uncollected():
            return await fold_again(book.ledger, book.readmodels, book.folds, advanced)


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
