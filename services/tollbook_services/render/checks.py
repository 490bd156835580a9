"""Tables of checks: two numbers that should agree, and the word that says whether they do."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.style import Style
from rich.table import Table

from tollbook_services.render import words

Check = Mapping[str, Any]

FAILS: Final = "FAILS"
HOLDS: Final = "holds"
UNDECIDED: Final = "open"
_RED: Final = Style(color="red", bold=True)


def verdict(check: Check) -> str:
    """`FAILS`, `holds`, or `open` where the numbers known so far allow both."""
    holds = check["holds"]
    if holds is None:
        return UNDECIDED
    return HOLDS if holds else FAILS


def check_table(checks: Iterable[Check], *, failing_only: bool = False) -> Table | None:
    """The failing checks first; None where there is nothing to show."""
    order = (FAILS, UNDECIDED, HOLDS)
    rows = sorted(checks, key=lambda check: order.index(verdict(check)))
    if failing_only:
        rows = [check for check in rows if verdict(check) == FAILS]
    if not rows:
        return None
    table = Table(
        title="Checks", title_justify="left", title_style=Style(bold=True), box=box.SIMPLE_HEAD
    )
    table.add_column("", no_wrap=True)
    table.add_column("check")
    table.add_column("figure", overflow="fold")
    table.add_column("stated", justify="right", no_wrap=True)
    table.add_column("computed", justify="right", no_wrap=True)
    for check in rows:
        table.add_row(
            verdict(check),
            words.words([check["kind"]]),
            words.short_figure(check["figure"]),
            words.bounds(check["stated"]),
            words.bounds(check["computed"]),
            style=_RED if verdict(check) == FAILS else None,
        )
    return table


def summary(checks: Sequence[Check]) -> str:
    """One line: `Checks: 11 hold, 1 FAILS`."""
    if not checks:
        return "Checks: none."
    found = Counter(verdict(check) for check in checks)
    parts = [f"{found[HOLDS]:,} hold"]
    if found[UNDECIDED]:
        parts.append(f"{found[UNDECIDED]:,} open")
    if found[FAILS]:
        parts.append(f"{found[FAILS]:,} {'FAILS' if found[FAILS] == 1 else 'FAIL'}")
    return f"Checks: {', '.join(parts)}."
