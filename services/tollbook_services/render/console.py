"""The two places output goes to: answers to stdout, notes and progress to stderr."""

import os
import sys
from typing import Final, TextIO

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

PIPED_COLUMNS: Final = 100
"""Columns of a table that does not go to a terminal, unless COLUMNS says otherwise."""


def console_for(stream: TextIO) -> Console:
    """A console that never reads markup in what it prints, and respects NO_COLOR."""
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPED_COLUMNS
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def answer(*parts: RenderableType) -> None:
    """Print the parts of an answer to stdout, a blank line between them.

    A text that says `no_wrap` keeps its lines whatever the width: they are to be copied.
    """
    console = console_for(sys.stdout)
    for index, part in enumerate(parts):
        if index:
            console.print()
        console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))


def note(text: str) -> None:
    """One line on stderr, unwrapped."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the command line's own output


def progress() -> Progress:
    """A progress display on stderr; it shows nothing where stderr is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console_for(sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def row_progress() -> Progress:
    """The same for rows of a file, of which nobody knows how many there are."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        _Rows(),
        TimeElapsedColumn(),
        console=console_for(sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


class _Rows(ProgressColumn):
    """`12,500 rows, 6,200 a second`."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        rate = "" if speed is None else f", {speed:,.0f} a second"
        return Text(f"{task.completed:,.0f} rows{rate}")
