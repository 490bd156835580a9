"""Tables of what changed between two moments: each cell, before and after, and by which events."""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from rich import box
from rich.table import Table

from tollbook_services.render import words
from tollbook_services.render.cells import BOLD, DIM, title_of

Document = Mapping[str, Any]
Name = Callable[[str], str]

CSV_COLUMNS: Final = (
    "crisis", "kind", "area", "measure", "unit", "nature", "segment", "origin", "destination",
    "low_before", "best_before", "high_before", "low_after", "best_after", "high_after",
    "sequence", "recorded_at", "event", "type", "reason",
)  # fmt: skip
_BOUNDS: Final = ("low", "best", "high")


def difference_tables(document: Document, name: Name) -> list[Table]:
    """One table for each measure, unit and nature."""

    def kind(cell: Document) -> tuple[str, str, str]:
        return (cell["measure"], cell["unit"], cell["nature"])

    ordered = sorted(document["cells"], key=kind)
    return [_table(key, group, name) for key, group in groupby(ordered, key=kind)]


def csv_rows(document: Document) -> Iterable[dict[str, Any]]:
    """One row for each step of each cell; an event that moved many cells is in many rows."""
    for cell in document["cells"]:
        for step in cell["changes"]:
            for cause in step["causes"]:
                yield {
                    **cell,
                    "crisis": document["crisis"],
                    **_named(step["before"], "before"),
                    **_named(step["after"], "after"),
                    "recorded_at": step["recorded_at"],
                    **{part: cause[part] for part in ("sequence", "event", "type", "reason")},
                }


def _named(bounds: Document | None, when: str) -> dict[str, Any]:
    return {f"{part}_{when}": bounds[part] if bounds else None for part in _BOUNDS}


def _table(key: tuple[str, str, str], cells: Iterable[Document], name: Name) -> Table:
    table = Table(
        title=title_of(*key),
        title_justify="left",
        title_style=BOLD,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("area", overflow="fold", max_width=24)
    table.add_column("segment", overflow="fold", max_width=16)
    table.add_column("low / best / high", justify="right")
    table.add_column("by", overflow="fold")
    for cell in cells:
        segment = words.segment(cell["segment"])
        table.add_row(_area(cell, name), segment, words.three(cell["before"]), "")
        for step in cell["changes"]:
            table.add_row("", "", f"-> {words.three(step['after'])}", _causes(step), style=DIM)
        table.add_section()
    return table


def _area(cell: Document, name: Name) -> str:
    text = " + ".join(f"{name(code)} {code}" for code in cell["area"].split("+"))
    kind = "" if cell["kind"] == "area" else f"{cell['kind']} "
    ends = (("from", "origin"), ("to", "destination"))
    way = [f"{word} {cell[end]}" for word, end in ends if cell[end]]
    return words.clean(" ".join([kind + text, *way]))


def _causes(step: Document) -> str:
    told = []
    for cause in step["causes"]:
        reason = f": {cause['reason']}" if cause["reason"] else ""
        event = cause["event"].rpartition("/")[2]
        told.append(words.clean(f"{cause['sequence']} {event}{reason}"))
    more = step["causes_total"] - len(step["causes"])
    return "; ".join([*told, *([f"and {more} more"] if more else [])])
