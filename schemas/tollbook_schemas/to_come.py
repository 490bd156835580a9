"""Dates that have not come yet: a mistyped year would stand before all that is known."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tollbook_schemas.errors import Fault

AHEAD: Final = timedelta(days=1)
"""How far a date may be ahead of UTC: no place on earth is further, and clocks differ less."""

Document = dict[str, Any]


def last_day(now: datetime) -> str:
    """The last day that has begun somewhere on earth, as YYYY-MM-DD."""
    return (now.astimezone(UTC) + AHEAD).date().isoformat()


def faults_to_come(document: Document, last: str) -> Iterator[Fault]:
    """The dates of a valid event that are behind a day; a figure's cut-off is one of them.

    Args:
        document: the event, in its current version.
        last: see `last_day`.
    """
    for pointer, text in _dates(document):
        if text[:10] <= last:
            continue
        yield Fault(
            pointer,
            f"{text} has not come yet: is the year right? What was published, counted or done "
            f"cannot be later than {last}",
        )


def latest_of_figure(figure: Document) -> str:
    """The last day that a valid figure speaks of, as YYYY-MM-DD; empty where it names none."""
    return max((text[:10] for _, text in _of_figure(figure, "")), default="")


def _dates(document: Document) -> Iterator[tuple[str, str]]:
    """The dates that count, each with its pointer."""
    data = document["data"]
    yield from _given(document, ("time",), "")
    yield from _given(data, ("published_at", "as_of"), "/data")
    for number, figure in enumerate(data.get("figures") or ()):
        if not isinstance(figure, dict):  # an opened incident lists figures by their ids
            break
        yield from _of_figure(figure, f"/data/figures/{number}")
    for number, statement in enumerate(data.get("statements") or ()):
        yield from _given(statement, ("said_at",), f"/data/statements/{number}")


def _of_figure(figure: Document, at: str) -> Iterator[tuple[str, str]]:
    yield from _given(figure, ("as_of",), at)
    window = figure.get("window")
    if window:
        # Without a cut-off of its own a figure has that of its window's end.
        names = ("start", "end") if figure.get("as_of") is None else ("start",)
        yield from _given(window, names, f"{at}/window")


def _given(holder: Document, names: tuple[str, ...], at: str) -> Iterator[tuple[str, str]]:
    for name in names:
        text = holder.get(name)
        if isinstance(text, str):
            yield f"{at}/{name}", text
