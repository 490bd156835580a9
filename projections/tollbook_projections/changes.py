"""The change feed: what became of each live cell in one step, and which events did it."""

from collections.abc import Iterable, Sequence
from typing import Final

import orjson

from tollbook_projections.filing import CELL_ROW, Document, decode
from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.event import DECISION_TYPES, REFERENCE_TYPES, REPORT_FILED
from tollbook_schemas.scope import is_ledger_subject
from tollbook_schemas.times import format_instant

CAUSES_MAX: Final = 20
"""Causes named in one document, the latest ones; how many there are is told beside them."""

FIGURES_MAX: Final = 20
"""Figures named in one document of those a cell came to rest on, and of those it does no more."""

_CELL: Final = (
    "kind", "area", "measure", "unit", "nature", "segment", "origin", "destination",
)  # fmt: skip
_BOUNDS: Final = ("low", "best", "high", "flags")


def change_documents(
    changes: Iterable[RowChange], page: Sequence[Recorded], position: str
) -> list[bytes]:
    """A JSON document for each cell that reads differently after a step than before it.

    A cell whose numbers and flags stayed and only its lineage changed is told too: its number
    rests on other figures now.

    Args:
        changes: all changes of the step, cells with their bytes before.
        page: the events of the step, at least one.
        position: a token of the place in the ledger that the step comes to.
    """
    cells = [one for one in changes if one.key.startswith(CELL_ROW) and one.value != one.before]
    if not cells:
        return []
    causes = _Causes(page)
    return [_document(change, causes, page[-1], position) for change in cells]


class _Causes:
    """The events of a page by the crisis they concern, and the figures that each is about."""

    def __init__(self, page: Sequence[Recorded]) -> None:
        self._everywhere = [one for one in page if is_ledger_subject(one.event.crisis)]
        self._events: dict[str, list[Recorded]] = {}
        self._by_figure: dict[tuple[str, str], list[Recorded]] = {}
        for recorded in page:
            crisis = recorded.event.crisis
            self._events.setdefault(crisis, []).append(recorded)
            for figure in _figures(recorded):
                self._by_figure.setdefault((crisis, figure), []).append(recorded)

    def of(self, crisis: str, before: Document | None, after: Document | None) -> list[Recorded]:
        """What moved a cell: events about its figures, else those that could have moved its kind.

        What governs a whole crisis, as policies and acts on incidents do, is always among them.
        """
        cell = after or before or {}
        lineage = {*(before or {}).get("figures", ()), *(after or {}).get("figures", ())}
        found = {
            one.sequence: one
            for figure in lineage
            for one in self._by_figure.get((crisis, figure), ())
        }
        events = [*self._everywhere, *self._events.get(crisis, ())]
        found |= {one.sequence: one for one in events if _governs(one)}
        if not found:
            counted = (cell["measure"], cell["unit"])
            found = {one.sequence: one for one in events if counted in _counted(one)}
        if not found:
            found = {one.sequence: one for one in events}
        return [found[sequence] for sequence in sorted(found)]


def cell_change(change: RowChange) -> Document:
    """What a changed cell is, and how it reads before and after: `{"cell", "before", "after"}`."""
    before, after = _read(change.before), _read(change.value)
    cell = after or before or {}
    return {
        "cell": {name: cell[name] for name in _CELL},
        "before": _bounds(before),
        "after": _bounds(after),
    }


def _document(change: RowChange, causes: _Causes, last: Recorded, position: str) -> bytes:
    before, after = _read(change.before), _read(change.value)
    found = causes.of(change.crisis, before, after)
    return orjson.dumps(
        {
            "crisis": change.crisis,
            "partition": last.partition,
            "position": position,
            "recorded_at": format_instant(last.recorded_at),
            **cell_change(change),
            "figures": _figures_moved(before, after),
            "causes": [_cause(one) for one in found[-CAUSES_MAX:]],
            "causes_total": len(found),
        }
    )


def _read(row: bytes | None) -> Document | None:
    return None if row is None else decode(row)


def _bounds(cell: Document | None) -> Document | None:
    return None if cell is None else {name: cell[name] for name in _BOUNDS}


def _figures_moved(before: Document | None, after: Document | None) -> Document:
    """The figures that a cell came to rest on, those it does no more, and how many it rests on."""
    had, has = (before or {}).get("figures", ()), (after or {}).get("figures", ())
    return {
        "added": sorted({*has} - {*had})[:FIGURES_MAX],
        "removed": sorted({*had} - {*has})[:FIGURES_MAX],
        "total": len(has),
    }


def _cause(recorded: Recorded) -> Document:
    event = recorded.event
    reason, originator = event.data.get("reason"), event.data.get("originator")
    return {
        "sequence": recorded.sequence,
        "event": event.global_id,
        "type": event.kind,
        "originator": originator if isinstance(originator, str) else None,
        "reason": reason if isinstance(reason, str) else None,
    }


def _figures(recorded: Recorded) -> list[str]:
    """The global ids of the figures that an event files, or is about."""
    event = recorded.event
    if event.kind == REPORT_FILED:
        return [event.figure_id(figure["id"]) for figure in event.data.get("figures", ())]
    figure = event.data.get("figure")
    return [figure] if isinstance(figure, str) else []


def _governs(recorded: Recorded) -> bool:
    """Whether an event says how many figures are read: a policy, a gazetteer, an incident."""
    kind = recorded.event.kind
    if kind in DECISION_TYPES:
        return False
    return kind in REFERENCE_TYPES or (kind != REPORT_FILED and "figure" not in recorded.event.data)


def _counted(recorded: Recorded) -> set[tuple[str, str]]:
    if recorded.event.kind != REPORT_FILED:
        return set()
    return {(one["measure"], one["unit"]) for one in recorded.event.data.get("figures", ())}
