"""What the commands of an editor share: who says it, a look ahead, the receipt."""

import getpass
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from cyclopts import Group, Parameter
from rich import box
from rich.table import Table

from tollbook_projections.changes import cell_change
from tollbook_projections.projection import RowChange
from tollbook_schemas.errors import InputRefusedError
from tollbook_services.cli.common import Common
from tollbook_services.editorial import Act, prepare, preview
from tollbook_services.render import console, data, words
from tollbook_services.wiring import Tollbook

_WHO: Final = Group("Who says it", sort_key=70)

SHOWN_MAX: Final = 30
"""Changed cells printed for people; --format json gives all of them."""

_DONE: Final = ("appended", "duplicate")


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Editor:
    """Who says it, about which crisis, and whether it is only tried."""

    source: Annotated[
        str | None,
        Parameter(
            group=_WHO,
            env_var="TOLLBOOK_SOURCE",
            help="URI of the desk that says it [default: urn:tollbook:desk:USER].",
        ),
    ] = None
    crisis: Annotated[
        str | None, Parameter(group=_WHO, help="The crisis, where the id does not tell.")
    ] = None
    dry_run: Annotated[
        bool, Parameter(group=_WHO, negative="", help="Show what would change; record nothing.")
    ] = False

    @property
    def uri(self) -> str:
        """The `source` of what this editor says."""
        return self.source or f"urn:tollbook:desk:{getpass.getuser()}"


EDITOR: Final = Editor()


async def say(
    book: Tollbook,
    kind: str,
    subjects: tuple[str, ...],
    said: dict[str, Any],
    editor: Editor,
    common: Common,
) -> int:
    """Show which cells an act changes, then record it for each subject; the exit code.

    Receipts go to standard output, a line each; the cells go to standard error, or to standard
    output in a dry run.
    """
    refused = 0
    acts = [await prepare(book, kind, subject, said, editor.uri) for subject in subjects]
    if editor.dry_run:
        foreseen = [(act, [] if act.recorded else await preview(book, act)) for act in acts]
        _show_dry_run(foreseen, common)
        return 0
    for act in acts:
        changes = [] if act.recorded else await preview(book, act)
        (receipt,) = await book.ledger.append([act.parsed])
        refused += receipt.status not in _DONE
        data.write_json_line(receipt.document(book.ledger.id))
        for line in change_lines(changes):
            console.note(line)
    await book.catch_up(patience_s=book.settings.visible_timeout_s)
    return InputRefusedError.exit_code if refused else 0


def change_lines(changes: list[RowChange]) -> list[str]:
    """`SY-LA killed person civilian: 683 to 683 -> 680 to 680`, a line for each changed cell."""
    lines = [f"{label}: {before} -> {after}" for label, before, after in _changed(changes)]
    hidden = len(lines) - SHOWN_MAX
    more = [f"and {words.plural(hidden, 'more cell')}"] if hidden > 0 else []
    return [*lines[:SHOWN_MAX], *more]


def _show_dry_run(foreseen: list[tuple[Act, list[RowChange]]], common: Common) -> None:
    """What would be recorded, and the cells that would change, as the change feed tells them."""
    if common.format == "table":
        for act, changes in foreseen:
            _show_foreseen(act, changes)
        return
    told = [
        {"crisis": change.crisis, **cell_change(change)}
        for _, changes in foreseen
        for change in changes
    ]
    data.write_json(
        {
            "events": [{"event": act.document, "recorded": act.recorded} for act, _ in foreseen],
            "changes": [one for one in told if one["before"] != one["after"]],
        }
    )


def _show_foreseen(act: Act, changes: list[RowChange]) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("cell", "now", "would be"):
        table.add_column(column)
    rows = _changed(changes)
    for row in rows[:SHOWN_MAX]:
        table.add_row(*row)
    state = "is recorded already" if act.recorded else "would be recorded"
    count = words.plural(len(rows), "cell")
    console.answer(f"{act.document['id']} {state}; it changes {count}.", table)


def _changed(changes: list[RowChange]) -> list[tuple[str, str, str]]:
    """Label, bounds before and bounds after of each cell whose bounds or flags change."""
    found = []
    for change in changes:
        before, after = _cell(change.before), _cell(change.value)
        cell = after or before
        if cell is not None and words.three(before) != words.three(after):
            found.append((_label(cell), words.three(before), words.three(after)))
    return found


def _cell(row: bytes | None) -> dict[str, Any] | None:
    return None if row is None else orjson.loads(row)


def _label(cell: dict[str, Any]) -> str:
    kind = "" if cell["kind"] == "area" else f"{cell['kind']} "
    parts = [cell["area"], cell["measure"], cell["unit"], cell["segment"]]
    ends = [f"{name} {cell[name]}" for name in ("origin", "destination") if cell.get(name)]
    return words.clean(kind + " ".join([*parts, *ends]))
