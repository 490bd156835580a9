"""Cuts rows into pages by the bytes that they take, whatever strangers wrote into them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from markupsafe import escape

ROWS_BYTES_MAX: Final = 55_000
"""Bytes of the rows of a page: with a chart and what is around them it has less than 100,000."""


def cut(
    rows: Sequence[Any],
    number: int,
    weigh: Callable[[Any], int],
    budget: int = ROWS_BYTES_MAX,
) -> dict[str, Any]:
    """The rows of one page, and what its links need.

    Args:
        rows: all of them.
        number: of the page, from 1.
        weigh: the bytes that a row takes, about.
        budget: bytes of all rows of a page.
    """
    begins, weight = [0], 0
    for place, row in enumerate(rows):
        weight += weigh(row)
        if weight > budget and place > begins[-1]:
            begins.append(place)
            weight = weigh(row)
    begins.append(len(rows))
    here = min(number, len(begins) - 1)
    first, last = begins[here - 1], begins[here]
    return {
        "rows": rows[first:last],
        "page": here,
        "first": min(first + 1, len(rows)),
        "last": last,
        "total": len(rows),
        "more": last < len(rows),
    }


def weight(base: int, *texts: object) -> int:
    """The bytes of a row: those of its markup, and of texts of strangers once they are escaped."""
    return base + sum(len(escape(text).encode()) for text in texts if text is not None)
