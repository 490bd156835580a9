"""Originators beside each other: their values for one cell, and how each changed its numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """A cell that several originators have counted.

    Attributes:
        cell: of `tolls` or `displacement`.
        values: those of originators who have a point value or a minimum, the greatest first.
        apart: the greatest point value less the least; None where fewer than two have one.
        agree: whether the bounds of all of them have a number in common.
    """

    cell: Document
    values: list[Document]
    apart: int | None
    agree: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """What one originator has said of one measure.

    Attributes:
        originator: its slug.
        measure: of the series.
        unit: of the series.
        series: how many.
        steps: of all of them.
        falls: how often one replaced a value by a lower one that counts.
        longest: the series with the most steps.
        first: its first step that counts, or its first one.
        latest: its last step that counts, or its last one.
    """

    originator: str
    measure: str
    unit: str
    series: int
    steps: int
    falls: int
    longest: Document
    first: Document
    latest: Document


def compared(cells: Iterable[Document]) -> list[Compared]:
    """The cells that several originators have counted, those furthest apart first."""
    found = []
    for cell in cells:
        if cell["kind"] != "area":
            continue
        values = [one for one in cell["originators"] if one["best"] is not None or one["low"]]
        if len(values) > 1:
            found.append(_compared(cell, values))
    return sorted(found, key=lambda one: (one.agree, -(one.apart or 0), one.cell["id"]))


def counted(series: Iterable[Document]) -> list[Counted]:
    """What each originator has said of each measure, by name."""

    def key(one: Document) -> tuple[str, str, str]:
        return (one["originator"], one["measure"], one["unit"])

    return [_counted(list(members)) for _, members in groupby(sorted(series, key=key), key=key)]


def _compared(cell: Document, values: Sequence[Document]) -> Compared:
    bests = [one["best"] for one in values if one["best"] is not None]
    highs = [one["high"] for one in values if one["high"] is not None]
    return Compared(
        cell,
        sorted(values, key=lambda one: (-_point(one), one["originator"])),
        max(bests) - min(bests) if len(bests) > 1 else None,
        not highs or max(one["low"] for one in values) <= min(highs),
    )


def _point(bounds: Document) -> int:
    point: int = bounds["low"] if bounds["best"] is None else bounds["best"]
    return point


def _counted(series: Sequence[Document]) -> Counted:
    longest = max(series, key=lambda one: (len(one["revisions"]), len(one["areas"])))
    steps = longest["revisions"]
    current = [step for step in steps if step["counts"]] or steps
    return Counted(
        longest["originator"],
        longest["measure"],
        longest["unit"],
        len(series),
        sum(len(one["revisions"]) for one in series),
        sum(_falls(one["revisions"]) for one in series),
        longest,
        current[0],
        current[-1],
    )


def _falls(steps: Sequence[Document]) -> int:
    """How often a number that counts is lower than the one it replaced."""
    pairs = [(step["previous"] or {}, step["quantity"] or {}) for step in steps if step["counts"]]
    numbers = [(old.get("value"), new.get("value")) for old, new in pairs]
    return sum(1 for old, new in numbers if old is not None and new is not None and new < old)
