"""A table of conflicts: what does not fit, both sides, and what would resolve it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich import box
from rich.table import Table

from tollbook_services.render import words

CSV_COLUMNS: Final = (
    "crisis",
    "kind",
    "what",
    "measure",
    "unit",
    "area",
    "originator",
    "series",
    "cells",
    "side",
    "low",
    "best",
    "high",
    "figures",
    "event",
    "time",
    "resolve",
)


def conflict_table(conflicts: Iterable[Mapping[str, Any]]) -> Table:
    """One row for each conflict; its sides one below the other."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("kind", max_width=14)
    table.add_column("what", max_width=26)
    table.add_column("sides", overflow="fold")
    table.add_column("what would resolve it", max_width=30, overflow="fold")
    for conflict in conflicts:
        table.add_row(
            words.words([conflict["kind"]]),
            _what(conflict),
            "\n".join(_side(side) for side in conflict["sides"]),
            words.clean(conflict["resolve"]),
        )
        table.add_section()
    return table


def summary(conflicts: Iterable[Mapping[str, Any]]) -> str:
    """`1 conflict.`, `5 conflicts.`, or that everything fits."""
    count = len(list(conflicts))
    return f"{words.plural(count, 'conflict')}." if count else "Everything fits."


def _what(conflict: Mapping[str, Any]) -> str:
    who = f"{words.clean(conflict['originator'])}: " if conflict["originator"] else ""
    return who + words.clean(conflict["what"])


def _side(side: Mapping[str, Any]) -> str:
    """`231  the value before, as of 2025-03-09 (sohr-2025-03-09#B4.sec)`."""
    value = f"{words.bounds(side['value'])}  " if side["value"] else ""
    figures = [words.short_figure(figure) for figure in side["figures"][:3]]
    if len(side["figures"]) > len(figures):
        figures.append(f"{len(side['figures']) - len(figures)} more")
    named = f" ({', '.join(figures)})" if figures else ""
    return f"{value}{words.clean(side['says'])}{named}"


def csv_rows(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """One row for each side of each conflict."""
    for conflict in document["conflicts"]:
        for side in conflict["sides"] or [{"says": None, "value": None, "figures": []}]:
            yield {
                **conflict,
                "crisis": document["crisis"],
                "side": side["says"],
                **(side["value"] or {}),
                "figures": side["figures"],
            }
