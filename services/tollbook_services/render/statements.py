"""A table of statements: who said what about which figures."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich import box
from rich.table import Table

from tollbook_services.render import words

CSV_COLUMNS: Final = (
    "crisis",
    "id",
    "speaker",
    "kind",
    "stance",
    "text",
    "about",
    "originator",
    "published_at",
    "recorded_at",
    "sequence",
    "event",
    "url",
)


def statement_table(statements: Iterable[Mapping[str, Any]]) -> Table:
    """One row for each statement."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("published", no_wrap=True)
    table.add_column("speaker", max_width=24)
    table.add_column("kind")
    table.add_column("says")
    table.add_column("about", max_width=24, overflow="fold")
    for statement in statements:
        stance = statement.get("stance")
        about = ", ".join(words.short_figure(figure) for figure in statement["about"])
        table.add_row(
            words.moment(statement["published_at"]),
            words.clean(statement["speaker"]),
            words.words([statement["kind"]]),
            words.clean(statement["text"]),
            f"{words.words([stance])}: {about}" if stance else about,
        )
        table.add_section()
    return table


def csv_rows(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """One row for each statement."""
    for statement in document["statements"]:
        originator = statement.get("originator")
        yield {"originator": originator, **statement, "crisis": document["crisis"]}
