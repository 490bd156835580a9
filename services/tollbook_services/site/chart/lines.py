"""Lines from documents: what a series stood at, and what is marked beside it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tollbook_projections.consolidation.interval import Interval, interval_of
from tollbook_projections.series_lines import Standing
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import end_of
from tollbook_services.site.chart.model import Line, Mark, MarkKind, Point
from tollbook_services.site.chart.scales import EPOCH

Document = Mapping[str, Any]

TAKEN_BACK: Final = frozenset({"retracted", "duplicate"})
"""Flags of a value that does not count any more."""

NOT_ADDED: Final = frozenset(
    {"check_total", "triangulation", "restates", "held", "stale_relay", "held_relay"}
)
"""Flags of a value that was never added: it is a check, or waits for a review."""

_ACTS: Final = frozenset({"retraction", "duplicate", "reinstatement", "review"})


def line_by_cut_off(
    series: Document, name: str, standings: Sequence[Standing], policy: Policy
) -> Line:
    """The line of a series over the originator's own cut-offs.

    Args:
        series: of the document `revisions`.
        name: what to call the line.
        standings: what it stood at, of `series_lines`; empty where nothing of it is counted: then
            the line leads through the values as printed, but for those that were taken back.
        policy: gives the ranges of words.
    """
    steps = series["revisions"]
    points = [_point(one, steps) for one in standings] or _printed(steps, policy)
    return Line(name, tuple(points), tuple(_marks(series, points, policy)))


def line_by_record(
    series: Document, name: str, known: Iterable[tuple[int, Standing | None]], policy: Policy
) -> Line:
    """The line of a series over the times at which this ledger recorded its steps.

    Args:
        series: of the document `revisions`.
        name: what to call the line.
        known: what was current at each sequence, of `known_lines`; where it never was anything,
            the line leads through the values as printed.
        policy: gives the ranges of words.
    """
    steps, known = series["revisions"], list(known)
    if not any(standing for _, standing in known):
        recorded = sorted(steps, key=lambda step: (step["sequence"], step["n"]))
        return Line(name, tuple(_printed(recorded, policy, "recorded_at")))
    by_sequence = {step["sequence"]: step for step in steps}
    points: list[Point] = []
    marks: list[Mark] = []
    for sequence, standing in known:
        step = by_sequence[sequence]
        at, n = seconds(step["recorded_at"]), step["n"]
        value = None if standing is None else standing.interval
        before = points[-1].value if points else None
        points.append(Point(at, value, n, broken="series_break" in step["flags"]))
        if step["quantity"] is None and before is not None:
            marks.append(Mark(at, before.point, "retracted", n))
        elif value is not None and before is not None and value.point < before.point:
            marks.append(Mark(at, value.point, _fall(step["flags"]), n))
    return Line(name, tuple(points), tuple(marks))


def seconds(text: str) -> float:
    """A date or date-time in seconds since 1970; a date stands for its end."""
    return (end_of(text) - EPOCH).total_seconds()


def _point(standing: Standing, steps: Sequence[Document]) -> Point:
    """A value with the number of the last step that it was made of."""
    made = [
        step
        for step in steps
        if step["figure"] in standing.figures
        and step["counts"]
        and end_of(step["as_of"]) == standing.as_of
    ]
    n = made[-1]["n"] if made else None
    broken = any("series_break" in step["flags"] for step in made)
    return Point((standing.as_of - EPOCH).total_seconds(), standing.interval, n, broken=broken)


def _printed(steps: Sequence[Document], policy: Policy, when: str = "as_of") -> list[Point]:
    points = []
    for step in steps:
        value = _interval(step, policy)
        if value is not None and _is_value(step) and TAKEN_BACK.isdisjoint(step["flags"]):
            points.append(Point(seconds(step[when]), value, step["n"]))
    return points


def _marks(series: Document, points: Sequence[Point], policy: Policy) -> Iterable[Mark]:
    """Falls of the line, then the values that are not in it, and reviews."""
    by_n = {step["n"]: step for step in series["revisions"]}
    in_line = {point.n for point in points}
    before: Interval | None = None
    for point in points:
        flags = by_n[point.n]["flags"] if point.n else []
        if point.value is None or point.n is None:
            continue
        if point.broken:
            yield Mark(point.at, point.value.point, "break", point.n)
        elif before is not None and point.value.point < before.point:
            yield Mark(point.at, point.value.point, _fall(flags), point.n)
        before = point.value
    for step in series["revisions"]:
        shown = {**step, "quantity": step["quantity"] or step["previous"]}
        value = _interval(shown, policy)
        kind = None if step["n"] in in_line else _kind(step, series["revisions"])
        if value is not None and kind is not None:
            yield Mark(seconds(step["as_of"]), value.point, kind, step["n"])


def _kind(step: Document, steps: Sequence[Document]) -> MarkKind | None:
    """What a step is marked as that is not in the line; None for an act told by another mark."""
    flags = step["flags"]
    if step["kind"] == "review":
        return "review"
    if not _is_value(step):
        return "retracted" if step["quantity"] is None else None
    if not TAKEN_BACK.isdisjoint(flags):
        return "retracted"
    if step["counts"]:
        return None  # one of several values of one moment
    if NOT_ADDED.isdisjoint(flags) and any(_corrects(later, step) for later in steps):
        return "corrected"
    return "uncounted"


def _corrects(later: Document, step: Document) -> bool:
    return bool(
        later["n"] != step["n"]
        and later["figure"] == step["figure"]
        and later["reason"]
        and later["previous"] == step["quantity"]
    )


def _fall(flags: Sequence[str]) -> MarkKind:
    return "unexplained_fall" if "unexplained_fall" in flags else "fall"


def _is_value(step: Document) -> bool:
    return step["kind"] not in _ACTS


def _interval(step: Document, policy: Policy) -> Interval | None:
    if step["quantity"] is None or step["as_of"] is None:
        return None
    return interval_of(step["quantity"], policy)[0]
