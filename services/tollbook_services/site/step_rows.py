"""Rows of the table of steps: old and new, who, when, why, and where it can be read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tollbook_projections.consolidation.interval import Interval, interval_of
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import end_of
from tollbook_services.site.row_weights import weight
from tollbook_services.site.safe_urls import WebAddress, web_address

Document = Mapping[str, Any]

REASON_CHARS_MAX: Final = 400
"""Characters of a reason in a table; the page of the event has all of it."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a series.

    Attributes:
        series: the series it is of.
        step: as `revisions` has it.
        change: how much more the new value is than the old one; None where one of them is no
            number, or the new one is not counted.
        url: where it was published, if that is an address of the web.
        part_of: the source and the id of the event that recorded it.
    """

    series: Document
    step: Document
    change: int | None
    url: WebAddress | None
    part_of: tuple[str, str]

    @property
    def shown_flags(self) -> list[str]:
        """Its flags, without those that its kind says already."""
        told = {"retraction": "retracted", "duplicate": "duplicate"}.get(self.step["kind"])
        return [flag for flag in self.step["flags"] if flag != told]


def step_rows(series: Iterable[Document], policy: Policy) -> list[StepRow]:
    """Every step of some series, in order of the cut-offs; steps of one series keep their order."""
    rows = [_row(one, step, policy) for one in series for step in one["revisions"]]
    return sorted(
        rows, key=lambda row: (end_of(row.step["as_of"]), row.series["id"], row.step["n"])
    )


def row_weight(row: StepRow) -> int:
    """The bytes that a row takes on a page, about."""
    step, series = row.step, row.series
    texts = [step["url"], step.get("relayed_by"), (step["reason"] or "")[:REASON_CHARS_MAX]]
    return weight(
        1_100, *texts, series["id"], series["place"], (step["quantity"] or {}).get("text")
    )


def event_key(event: str) -> tuple[str, str]:
    """Source and id of an event out of its global id."""
    source, _, name = event.rpartition("/")
    return source, name


def figure_key(figure: str) -> tuple[str, str, str]:
    """Source and id of the event, and the figure's own id, out of its global id."""
    event, _, local = figure.rpartition("#")
    return (*event_key(event), local)


def _row(series: Document, step: Document, policy: Policy) -> StepRow:
    old, new = _value(step["previous"], policy), _value(step["quantity"], policy)
    change = None
    if old is not None and new is not None and step["counts"]:
        change = None if old.best is None or new.best is None else new.best - old.best
    return StepRow(series, step, change, web_address(step["url"]), event_key(step["event"]))


def _value(quantity: Document | None, policy: Policy) -> Interval | None:
    return None if quantity is None else interval_of(quantity, policy)[0]
