"""The words and numbers of a table: short, plain, and safe to print."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Control characters and changes of writing direction: they could repaint a terminal."""

MISSING: Final = "-"
OPEN: Final = "open"


def clean(text: object) -> str:
    """A stranger's text on one line, without anything that could steer the terminal."""
    return _CONTROL.sub("\ufffd", " ".join(str(text).split()))


def number(value: int | None) -> str:
    """`1,383`, or `-` where there is no value."""
    return MISSING if value is None else f"{value:,}"


def high(value: int | None) -> str:
    """The upper bound: a number, or the word `open`."""
    return OPEN if value is None else f"{value:,}"


def segment(slug: str) -> str:
    """`civilian`, `state security`, `civilian, female`: a segment's slug for people."""
    if slug == "all":
        return "all"
    parts = slug.split("/")
    if parts[0] == "combatant" and len(parts) > 1:
        parts = parts[1:]
    return ", ".join(part.replace("_", " ") for part in parts)


def words(slugs: Sequence[str]) -> str:
    """Slugs such as flags, as words: `open high, mixed as of`."""
    return ", ".join(clean(slug).replace("_", " ") for slug in slugs)


def moment(text: str | None) -> str:
    """An instant or date to the minute: `2025-03-08 22:00`; an end of day is its day."""
    if text is None:
        return MISSING
    day, _, rest = text.partition("T")
    if not rest or rest.startswith("23:59:59"):
        return clean(day)
    return clean(f"{day} {rest[:5]}")


def quantity(body: Mapping[str, Any] | None) -> str:
    """A quantity as a newsroom would write it: `at least 1,225`, `dozens`, `10 to 20`."""
    if body is None:
        return MISSING
    qualifier = str(body.get("qualifier", ""))
    value = number(body.get("value"))
    plain = {
        "exactly": value,
        "approximately": f"about {value}",
        "between": f"{number(body.get('from'))} to {number(body.get('to'))}",
        "lexical": clean(body.get("word", MISSING)),
        "none_reported": "none",
    }
    if qualifier in plain:
        return plain[qualifier]
    name = words([qualifier])
    return name if value == MISSING else f"{name} {value}"


def bounds(value: int | Mapping[str, Any] | None) -> str:
    """One side of a check: a number, or low/best/high where it is an interval."""
    if value is None:
        return MISSING
    if isinstance(value, int):
        return f"{value:,}"
    low, top = value.get("low"), value.get("high")
    if low == top and low is not None:
        return f"{low:,}"
    return f"{number(low)} to {high(top)}"


def three(cell: Mapping[str, Any] | None) -> str:
    """A cell's numbers and flags: `683 / 683 / 683 (mixed as of)`, or `no report`."""
    if cell is None:
        return "no report"
    flags = f" ({words(cell['flags'])})" if cell["flags"] else ""
    return f"{number(cell['low'])} / {number(cell['best'])} / {high(cell['high'])}{flags}"


def short_figure(figure: str) -> str:
    """`event#figure`: a global figure id without its source."""
    event, sep, local = clean(figure).rpartition("#")
    return f"{event.rpartition('/')[2]}{sep}{local}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 event`, `1,225 events`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
