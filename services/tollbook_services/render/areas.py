"""Areas and gazetteers as tables for people."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_services.render import words


def plan_table(rows: Sequence[dict[str, Any]]) -> Table:
    """What would be published: a line for each event."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("gazetteer", "country", "valid from", "areas", "for", ""):
        table.add_column(column, justify="right" if column == "areas" else "left")
    for row in rows:
        state = "recorded already" if row["recorded"] else "would be recorded"
        table.add_row(
            words.clean(row["gazetteer"]),
            row["country"],
            row["valid_from"],
            words.number(row["areas"]),
            words.clean(row["subject"]),
            state,
        )
    return table


def found_table(areas: Sequence[dict[str, Any]]) -> Table:
    """The areas that a search found."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("code", "name", "level", "inside", "other codes", "found by"):
        table.add_column(column)
    for area in areas:
        table.add_row(
            area["code"],
            words.clean(area["name"]),
            str(area["level"]),
            names(area["inside"]),
            ", ".join(area["same"]),
            words.clean(area["why"]),
        )
    return table


def area_parts(document: dict[str, Any]) -> list[Table | Text]:
    """One area: what is known of it, and the tables that know it."""
    head = f"{document['code']} {words.clean(document['name'])}, level {document['level']}"
    former = "; only in tables that a later one replaced" if document["former"] else ""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("inside", names(document["inside"]) or words.MISSING)
    table.add_row("areas", names(document["areas"]) or words.MISSING)
    table.add_row("other codes", ", ".join(document["same"]) or words.MISSING)
    table.add_row("other names", ", ".join(map(words.clean, document["also"])) or words.MISSING)
    table.add_row("gazetteer", words.clean(document["gazetteer"]))
    if document["meant"] is not None:
        table.add_row(f"on {document['at']}", names(document["meant"]))
    parts: list[Table | Text] = [Text(head + former), table]
    if document["tables"]:
        parts.append(_tables_table(document["tables"]))
    return parts


def _tables_table(tables: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("from", "gazetteer", "inside", "areas"):
        table.add_column(column)
    for one in tables:
        table.add_row(
            one["valid_from"],
            words.clean(one["gazetteer"]),
            words.clean(one["inside"] or "not listed"),
            ", ".join(one["areas"]) or words.MISSING,
        )
    return table


def names(areas: Sequence[dict[str, str]]) -> str:
    """`LB-BI Bekaa, LB Lebanon`."""
    return ", ".join(f"{area['code']} {words.clean(area['name'])}" for area in areas)
