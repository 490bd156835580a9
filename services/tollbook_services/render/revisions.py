"""Tables of revisions: what a series said, step by step, and why it changed."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich import box
from rich.style import Style
from rich.table import Table

from tollbook_services.render import words
from tollbook_services.render.cells import DIM, Name, joined

Series = Mapping[str, Any]

CSV_COLUMNS: Final = (
    "crisis",
    "series",
    "originator",
    "measure",
    "unit",
    "segment",
    "areas",
    "basis",
    "n",
    "kind",
    "qualifier",
    "value",
    "as_of",
    "published_at",
    "recorded_at",
    "sequence",
    "reason",
    "figure",
    "event",
    "url",
    "flags",
)
_YELLOW: Final = Style(color="yellow")


def series_title(series: Series, name: Name) -> str:
    """`sohr: killed, civilian, Latakia + Tartous (person, cumulative)`."""
    what = f"{words.words([series['measure']])}, {words.segment(series['segment'])}"
    areas = joined(series["areas"], name)
    scale = f"{series['unit']}, {words.words([series['basis']])}"
    return f"{words.clean(series['originator'])}: {what}, {areas} ({scale})"


def series_table(series: Series, name: Name) -> Table:
    """One row for each revision, in order of as_of."""
    table = Table(
        title=series_title(series, name),
        title_justify="left",
        title_style=Style(bold=True),
        caption=f"id {words.clean(series['id'])}",
        caption_justify="left",
        caption_style=DIM,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("as of", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("kind")
    table.add_column("published", no_wrap=True)
    table.add_column("figure", overflow="fold")
    table.add_column("flags and reason", max_width=36)
    for step in series["revisions"]:
        remarks = [words.words(step["flags"])] if step["flags"] else []
        if step.get("reason"):
            remarks.append(words.clean(step["reason"]))
        table.add_row(
            str(step["n"]),
            words.moment(step["as_of"]),
            words.quantity(step["quantity"]),
            words.words([step["kind"]]),
            words.moment(step["published_at"]),
            words.short_figure(step["figure"]),
            "; ".join(remarks),
            style=_YELLOW if step["flags"] else None,
        )
    return table


def csv_rows(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """One row for each revision of each series."""
    for series in document["series"]:
        common = {name: series.get(name) for name in CSV_COLUMNS[2:8]}
        for step in series["revisions"]:
            quantity = step["quantity"] or {}
            yield {
                **common,
                **{name: step.get(name) for name in CSV_COLUMNS},
                **common,
                "crisis": document["crisis"],
                "series": series["id"],
                "qualifier": quantity.get("qualifier"),
                "value": quantity.get("value", quantity.get("word")),
            }
