"""A table of incidents: each with its own toll, what was said of it, and its history."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich import box
from rich.table import Table

from tollbook_services.render import words
from tollbook_services.render.cells import DIM, title_of

Incident = Mapping[str, Any]

CSV_COLUMNS: Final = (
    "crisis",
    "id",
    "named",
    "title",
    "kind",
    "areas",
    "since",
    "merged_from",
    "measure",
    "unit",
    "segment",
    "low",
    "best",
    "high",
    "as_of",
    "supplied_by",
    "originators",
    "flags",
    "figures",
)


def incident_table(incidents: Iterable[Incident]) -> Table:
    """A row for each value of each incident; below it what acts on it said."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("since", no_wrap=True)
    table.add_column("incident", overflow="fold", max_width=30)
    table.add_column("where", max_width=18)
    table.add_column("what", max_width=20)
    for bound in ("low", "best", "high"):
        table.add_column(bound, justify="right", no_wrap=True)
    table.add_column("who", max_width=18)
    for incident in incidents:
        _rows(table, incident)
        table.add_section()
    return table


def _rows(table: Table, incident: Incident) -> None:
    lead = [
        words.moment(incident["since"]),
        _label(incident),
        words.clean(" + ".join(incident["names"])),
    ]
    for value in incident["values"]:
        who = ", ".join(words.clean(one["originator"]) for one in value["originators"])
        table.add_row(
            *lead,
            f"{title_of(value['measure'], value['unit'], '')}, {words.segment(value['segment'])}",
            words.number(value["low"]),
            words.number(value["best"]),
            words.high(value["high"]),
            who,
        )
        lead = ["", "", ""]
    if not incident["values"]:
        table.add_row(*lead, "no figure counts", "", "", "", "")
    for step in incident["history"]:
        table.add_row("", _step(step), "", "", "", "", "", "", style=DIM)


def _label(incident: Incident) -> str:
    if not incident["named"]:
        return words.short_figure(incident["id"])
    title = incident["title"]
    return f"{words.clean(title)} ({incident['id']})" if title else words.clean(incident["id"])


def _step(step: Mapping[str, Any]) -> str:
    """`2025-03-09 merged a, b into c: one and the same`."""
    about = [words.short_figure(name) for name in step["incidents"]]
    text = f"{words.moment(step['time'])} {step['act']} {', '.join(about)}"
    if step["act"] != "opened":
        text += f" into {', '.join(map(words.clean, step['into']))}"
    return f"{text}: {words.clean(step['reason'])}"


def csv_rows(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """One row for each value of each incident; one where an incident has none."""
    for incident in document["incidents"]:
        common = {name: incident.get(name) for name in CSV_COLUMNS} | {
            "crisis": document["crisis"],
            "figures": [figure["figure"] for figure in incident["figures"]],
        }
        for value in incident["values"] or [{}]:
            own = {name: value[name] for name in ("measure", "unit", "segment") if name in value}
            bounds = {name: value.get(name) for name in ("low", "best", "high", "as_of")}
            yield common | own | bounds | {"supplied_by": value.get("supplied_by")}
