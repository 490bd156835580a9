"""Tables of the quarantine: what is in it, where it differs, and what was decided."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_services.render import words

LISTED: Final = (
    "position", "recorded_at", "source", "id", "crisis", "content", "first", "decision", "raw",
)  # fmt: skip
"""Columns of the list as CSV; `first` and `decision` are JSON."""

DIFFERING: Final = ("position", "source", "id", "pointer", "recorded", "quarantined")
DECIDED: Final = (
    "position", "source", "id", "crisis", "outcome", "as", "partition", "sequence", "message",
)  # fmt: skip

VALUE_CHARS_MAX: Final = 200
"""Characters of a value in a table of differences; --format json has all of it."""


def list_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """One row for each entry: where it stands, what it repeats, and whether it was decided."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("position", no_wrap=True)
    table.add_column("came", no_wrap=True)
    table.add_column("id", overflow="fold")
    table.add_column("crisis", overflow="fold")
    table.add_column("first at", justify="right", no_wrap=True)
    table.add_column("decision", overflow="fold")
    for row in rows:
        table.add_row(
            words.clean(row["position"]),
            words.moment(row["recorded_at"]),
            words.clean(row["id"]),
            words.clean(row["crisis"]),
            _place(row["first"]),
            decision(row["decision"]),
        )
    return table


def entry_parts(entry: Mapping[str, Any]) -> list[Text | Table]:
    """One entry beside what was recorded first: a line, and a row for each field that differs."""
    held, first = entry["quarantined"], entry["recorded"]
    lead = Text(
        f"{words.clean(held['source'])}/{words.clean(held['id'])} ({held['position']}), came "
        f"{words.moment(held['recorded_at'])}: {decision(held['decision'])}"
    )
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("field", overflow="fold")
    table.add_column("not in the ledger" if first is None else _recorded(first), overflow="fold")
    table.add_column("in quarantine", overflow="fold")
    for one in entry["differences"]:
        sides = (_value(one, "recorded"), _value(one, "quarantined"))
        table.add_row(words.clean(one["pointer"] or "the document"), *sides)
    return [lead, table, Text("\n".join(_ways_out(held, entry["correction"])), no_wrap=True)]


def _ways_out(held: Mapping[str, Any], correction: Mapping[str, Any]) -> list[str]:
    """What of the figures differs, and what each decision would do to the tolls."""
    figures = correction["figures"]
    if figures:
        told = [
            f"{name} ({', '.join(fields) or 'only one has it'})" for name, fields in figures.items()
        ]
        lines = [f"Figures that differ: {words.clean('; '.join(told))}."]
    else:
        lines = ["No figure differs: the tolls are the same either way."]
    if held["decision"] is not None:
        return lines
    command = f"tollbook quarantine {{}} {words.clean(held['position'])} --reason ..."
    if correction["refused"] is None:
        what = "it corrects the recorded one, whose figures are revised"
        lines.append(f"{command.format('supersede')}: {what}")
    else:
        lines.append(f"It cannot supersede: {words.clean(correction['refused'])}.")
    lines.append(f"{command.format('accept')}: both are meant, and both count")
    lines.append(f"{command.format('discard')}: it is not meant, and counts nowhere")
    return lines


def difference_rows(entry: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The differences of an entry as lines of CSV: values as JSON, empty where there is none."""
    held = entry["quarantined"]
    for one in entry["differences"]:
        sides = {
            side: orjson.dumps(one[side]).decode() if side in one else None
            for side in ("recorded", "quarantined")
        }
        lead = {name: held[name] for name in ("position", "source", "id")}
        yield {**lead, "pointer": one["pointer"], **sides}


def decided_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row for each decision: what became of it, and why not."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("position", no_wrap=True)
    table.add_column("id", overflow="fold")
    table.add_column("outcome", no_wrap=True)
    table.add_column("as", overflow="fold")
    table.add_column("sequence", justify="right", no_wrap=True)
    table.add_column("what")
    for row in rows:
        table.add_row(
            words.clean(row["position"]),
            words.clean(row["id"]),
            row["outcome"],
            words.clean(row["as"] or words.MISSING),
            words.number(row["sequence"]),
            words.clean(row["message"] or ""),
        )
    return table


def decision(document: Mapping[str, Any] | None) -> str:
    """`accepted as r1.0badcafe, sequence 7: both are meant`, or that it waits."""
    if document is None:
        return "waits"
    name = "" if document["as"] is None else f" as {words.clean(document['as'])}"
    place = f"sequence {words.number(document['sequence'])}"
    return f"{document['kind']}{name}, {place}: {words.clean(document['reason'])}"


def _recorded(first: Mapping[str, Any]) -> str:
    return f"recorded ({_place(first)})"


def _place(first: Mapping[str, Any] | None) -> str:
    return words.MISSING if first is None else f"{first['partition']}:{first['sequence']}"


def _value(one: Mapping[str, Any], side: str) -> str:
    if side not in one:
        return words.MISSING
    value = one[side]
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    short = text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}..."
    return words.clean(short)
