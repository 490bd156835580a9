"""Tables of an explanation: the figures considered, and each step as a small sum."""

from collections.abc import Iterable, Mapping
from shlex import quote
from typing import Any, Final

from rich import box
from rich.console import RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from tollbook_services.render import words
from tollbook_services.render.cells import BOLD, DIM, Name, joined, title_of

Document = Mapping[str, Any]

CSV_COLUMNS: Final = (
    "crisis",
    "cell",
    "n",
    "originator",
    "rule",
    "bound",
    "about",
    "says",
    "operation",
    "term",
    "term_value",
    "term_step",
    "term_figures",
    "value",
)
_SIGN: Final = {"add": "+", "less": "-"}
_LEAD: Final = {"most": "the greatest of", "least": "the least of"}
_USED: Final = Style()


def explanation_parts(document: Document, name: Name) -> list[RenderableType]:
    """The cell, then for each originator its figures and steps, then the steps across them."""
    cell = document["cell"]
    parts: list[RenderableType] = [Text(_headline(cell, name), style=BOLD)]
    for one in document["originators"]:
        parts.append(_considered_table(one, name))
        parts.append(_step_table(document["steps"], one["originator"]))
    parts.append(_step_table(document["steps"], None))
    if not document["agrees"]:
        parts.append(Text("These steps do not lead to the value of the cell: please report it."))
    return parts


def proof_text(document: Document) -> Text:
    """The events that the number rests on, each with the command for its receipt."""
    lines = ["Proofs of the events that this rests on (leaf index: sequence - 1):"]
    for one in document["proofs"]:
        place = f"{one['partition']}:{one['sequence']}, leaf {one['leaf_index']}"
        named = " ".join(quote(words.clean(one[part])) for part in ("source", "id"))
        lines.append(f"{place}: tollbook receipt {named}")
    return Text("\n".join(lines), no_wrap=True)


def csv_rows(document: Document) -> Iterable[dict[str, Any]]:
    """One row for each term of each step; a step without terms has one row."""
    for step in document["steps"]:
        row = {**step, "crisis": document["crisis"], "cell": document["cell"]["id"]}
        for term in step["terms"] or [{}]:
            yield row | {
                "term": term.get("says"),
                "term_value": term.get("value"),
                "term_step": term.get("step"),
                "term_figures": term.get("figures"),
            }


def _headline(cell: Document, name: Name) -> str:
    what = title_of(cell["measure"], cell["unit"], cell["nature"])
    where = joined(cell["area"], name)
    kind = "" if cell["kind"] == "area" else f"{cell['kind']} "
    ends = [
        f", {word} {joined(cell[end], name)}"
        for word, end in (("from", "origin"), ("to", "destination"))
        if cell[end]
    ]
    value = ", ".join(f"{bound} {_value(bound, cell[bound])}" for bound in ("low", "best", "high"))
    return f"{what}: {kind}{where}, {words.segment(cell['segment'])}{''.join(ends)}: {value}"


def _value(bound: str, value: int | None) -> str:
    return words.high(value) if bound == "high" else words.number(value)


def _considered_table(one: Document, name: Name) -> Table:
    left = one["considered_total"] - len(one["considered"])
    earlier = f" ({words.plural(left, 'earlier one')} left out)" if left else ""
    table = Table(
        title=f"{words.clean(one['originator'])}: figures in order of their cut-off{earlier}",
        title_justify="left",
        title_style=BOLD,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("as of", no_wrap=True)
    table.add_column("printed", justify="right", no_wrap=True)
    table.add_column("of", max_width=28)
    table.add_column("figure", overflow="fold")
    table.add_column("standing", max_width=26)
    for figure in one["considered"]:
        used = figure["standing"] == "current"
        reasons = [words.clean(act["reason"]) for act in figure["acts"]]
        standing = "; ".join([words.words([figure["standing"]]), *reasons])
        table.add_row(
            words.moment(figure["as_of"]),
            words.quantity(figure["quantity"]),
            f"{joined(figure['areas'], name)}, {words.segment(figure['segment'])}",
            words.short_figure(figure["figure"]),
            standing,
            style=_USED if used else DIM,
        )
    return table


def _step_table(steps: Iterable[Document], originator: str | None) -> Table:
    title = "across originators" if originator is None else f"{originator}: steps"
    table = Table(
        title=words.clean(title),
        title_justify="left",
        title_style=BOLD,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("step", justify="right", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("of", max_width=26)
    table.add_column("what", max_width=26)
    table.add_column("sum")
    for step in steps:
        if step["originator"] == originator:
            table.add_row(
                str(step["n"]),
                step["rule"],
                f"{step['bound']} of {words.clean(step['about'])}",
                words.clean(step["says"]),
                arithmetic(step),
            )
            table.add_section()
    return table


def arithmetic(step: Document) -> str:
    """The terms one below the other, each with where it comes from, and the result."""
    bound, operation = step["bound"], step["operation"]
    lines = []
    if operation in _LEAD and len(step["terms"]) > 1:
        lines.append(_LEAD[operation])
    for place, term in enumerate(step["terms"]):
        sign = f"{_SIGN[operation]} " if place and operation in _SIGN else ""
        source = f"step {term['step']}" if term["step"] else words.clean(term["says"])
        lines.append(f"{sign}{_value(bound, term['value'])}  {source}")
    result = "none" if step["value"] is None and bound != "high" else _value(bound, step["value"])
    return "\n".join([*lines, f"= {result}"])
