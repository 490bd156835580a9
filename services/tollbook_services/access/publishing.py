"""Which events a caller may publish."""

from typing import Any, Final

import orjson

from tollbook_schemas.errors import Fault
from tollbook_schemas.event import (
    FIGURE_MARKED_DUPLICATE,
    FIGURE_RETRACTED,
    FIGURE_REVISED,
    INCIDENT_OPENED,
)
from tollbook_schemas.parse import ParsedEvent
from tollbook_services.access.principal import Principal
from tollbook_services.access.roles import Action
from tollbook_services.access.sources import is_own

_REPORT: Final = b'"type":"org.tollbook.report.filed.v'
"""How canonical bytes go on behind their last `"type"` where they are a report of any version."""

_OWN_FIGURES: Final = frozenset({FIGURE_REVISED, FIGURE_RETRACTED, FIGURE_MARKED_DUPLICATE})
"""Acts that a publisher may take about figures of its own reports."""


def faults_of_publishing(caller: Principal, event: ParsedEvent) -> tuple[Fault, ...]:
    """Why a caller may not publish an event; empty where it may.

    A publisher may file reports and open incidents under its own sources, and there revise,
    retract and mark as duplicates the figures of its own reports. Everything else is an editor's.
    """
    source = event.key[0]
    if caller.sources is not None and not is_own(source, caller.sources):
        own = ", ".join(caller.sources)
        return (
            Fault("/source", f"{caller.name} may not publish under {source!r}, only under {own}"),
        )
    if caller.may(Action.EDIT) or event.canonical.rfind(_REPORT) == event.canonical.rfind(
        b'"type":"'
    ):
        return ()
    document: dict[str, Any] = orjson.loads(event.canonical)
    kind = document["type"]
    if kind == INCIDENT_OPENED:
        return ()
    if kind not in _OWN_FIGURES:
        return (Fault("/type", f"{kind} is for editors, and {caller.name} is {caller.role}"),)
    counted_by = source_of_figure(document["data"]["figure"])
    if caller.sources is not None and is_own(counted_by, caller.sources):
        return ()
    return (
        Fault(
            "/data/figure",
            f"this is a figure of {counted_by!r}, and {caller.name} may change only figures of "
            "its own reports: an editor can, or its own publisher",
        ),
    )


def source_of_figure(figure: str) -> str:
    """The source of a global figure id, `source/event id#figure id`; an event id has no slash."""
    return figure.rpartition("#")[0].rpartition("/")[0]
