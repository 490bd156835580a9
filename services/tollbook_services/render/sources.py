"""A table of sources: who counted, how often, and how their numbers changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.table import Table

from tollbook_services.render import words
from tollbook_services.render.cells import BOLD

CSV_COLUMNS: Final = (
    "crisis",
    "originator",
    "rank",
    "first_published",
    "last_published",
    "reports",
    "figures",
    "series",
    "revisions_up",
    "revisions_down",
    "unexplained_falls",
    "corrections",
    "retractions",
    "duplicates",
    "stale_relays",
    "held_relays",
    "relayed_by",
    "measures",
    "areas",
    "cells",
    "supplies_best",
)
RELAYS_SHOWN_MAX: Final = 2
"""Relays named in one row of a table; JSON and CSV have them all."""

_ACTS: Final = ("corrections", "retractions", "duplicates")


def source_table(sources: Iterable[Mapping[str, Any]]) -> Table:
    """One row for each originator."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("originator", min_width=14, overflow="fold")
    table.add_column("published", no_wrap=True)
    for name in ("reports", "figures", "up", "down", "falls", "relays"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("best of", justify="right", no_wrap=True)
    table.add_column("relayed by", max_width=16)
    for source in sources:
        _rows(table, source)
        table.add_section()
    return table


def _rows(table: Table, source: Mapping[str, Any]) -> None:
    rank = f" (rank {source['rank']})" if source["rank"] else ""
    days = (words.moment(source["first_published"]), words.moment(source["last_published"]))
    table.add_row(
        f"{words.clean(source['originator'])}{rank}",
        days[0][:10] if days[0][:10] == days[1][:10] else f"{days[0][:10]}..{days[1][5:10]}",
        words.number(source["reports"]),
        words.number(source["figures"]),
        words.number(source["revisions_up"]),
        words.number(source["revisions_down"]),
        words.number(source["unexplained_falls"]),
        words.number(source["stale_relays"] + source["held_relays"]),
        f"{source['supplies_best']:,}/{source['cells']:,}",
        _relays(source["relayed_by"]),
    )


def act_table(sources: Iterable[Mapping[str, Any]]) -> Table | None:
    """Every correction, retraction and duplicate with its reason; None where there is none."""
    acts = [(source, act) for source in sources for kind in _ACTS for act in source[kind]]
    if not acts:
        return None
    table = Table(
        title="Acts",
        title_justify="left",
        title_style=BOLD,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("originator", max_width=20, overflow="fold")
    table.add_column("when", no_wrap=True)
    table.add_column("act", max_width=16)
    table.add_column("figure", max_width=24, overflow="fold")
    table.add_column("reason")
    for source, act in acts:
        table.add_row(
            words.clean(source["originator"]),
            words.moment(act["time"]),
            words.words([act["kind"]]),
            words.short_figure(act["figure"]),
            words.clean(act["reason"]),
        )
    return table


def _relays(relays: Sequence[Mapping[str, Any]]) -> str:
    """The busiest relays by name, and how many more there are."""
    named = [words.clean(relay["name"]) for relay in relays[:RELAYS_SHOWN_MAX]]
    more = len(relays) - len(named)
    return ", ".join([*named, *([f"{more} more"] if more else [])])


def csv_rows(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """One row for each originator; acts are counted, their reasons are in the JSON."""
    for source in document["sources"]:
        yield {
            **source,
            "crisis": document["crisis"],
            "relayed_by": [relay["name"] for relay in source["relayed_by"]],
            **{kind: len(source[kind]) for kind in _ACTS},
        }
