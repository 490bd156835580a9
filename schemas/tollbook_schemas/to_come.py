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


def is_to_come(document: Document, last: str) -> bool:
    """Whether a valid event speaks of a moment that has not come: `faults_to_come` has faults.

    Most reports are answered by their figures' cut-offs alone, some 0.5 us each.
    """
    data = document["data"]
    if document["time"][:10] > last or data.get("published_at", "")[:10] > last:
        return True
    for figure in data.get("figures") or ():
        as_of = figure.get("as_of")
        if as_of is None or "window" in figure:
            return next(_found(document, last), None) is not None
        if as_of[:10] > last:
            return True
    return "statements" in data and next(_found(document, last), None) is not None


def faults_to_come(document: Document, last: str) -> Iterator[Fault]:
    """The dates of a valid event that are behind a day; a figure's cut-off is one of them.

    Args:
        document: the event, in its current version.
        last: see `last_day`.
    """
    for pointer, text in _found(document, last):
        yield Fault(
            pointer,
            f"{text} has not come yet: is the year right? What was published, counted or done "
            f"cannot be later than {last}",
        )


def _found(document: Document, last: str) -> Iterator[tuple[str, str]]:
    data = document["data"]
    yield from _late(document, ("time",), "", last)
    yield from _late(data, ("published_at", "as_of"), "/data", last)
    for number, figure in enumerate(data.get("figures") or ()):
        if not isinstance(figure, dict):  # an opened incident lists figures by their ids
            break
        at = f"/data/figures/{number}"
        yield from _late(figure, ("as_of",), at, last)
        window = figure.get("window")
        if window:
            # Without a cut-off of its own a figure has that of its window's end.
            names = ("start", "end") if figure.get("as_of") is None else ("start",)
            yield from _late(window, names, f"{at}/window", last)
    for number, statement in enumerate(data.get("statements") or ()):
        yield from _late(statement, ("said_at",), f"/data/statements/{number}", last)


def _late(
    holder: Document, names: tuple[str, ...], at: str, last: str
) -> Iterator[tuple[str, str]]:
    for name in names:
        text = holder.get(name)
        if isinstance(text, str) and text[:10] > last:
            yield f"{at}/{name}", text
