"""What a read model keeps of each event: figures, acts and references as documents, one a row."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from tollbook_projections.projection import Recorded
from tollbook_schemas.event import (
    FIGURE_MARKED_DUPLICATE,
    FIGURE_RETRACTED,
    FIGURE_REVIEWED,
    FIGURE_REVISED,
    GAZETTEER_PUBLISHED,
    INCIDENT_OPENED,
    INCIDENT_SPLIT,
    INCIDENTS_MERGED,
    PAYLOAD_REDACTED,
    POLICY_PUBLISHED,
    REPORT_FILED,
)
from tollbook_schemas.times import format_instant

Document = dict[str, Any]

FIGURE_ROW: Final = "figure/"
ACT_ROW: Final = "act/"
INCIDENT_ROW: Final = "incident/"
REFERENCE_ROW: Final = "reference/"
REDACTION_ROW: Final = "redaction/"
CELL_ROW: Final = "cell/"

_ACTS: Final = {
    FIGURE_RETRACTED: "retraction",
    FIGURE_MARKED_DUPLICATE: "duplicate",
    FIGURE_REVIEWED: "review",
}
_INCIDENT_ACTS: Final = {
    INCIDENT_OPENED: "opened",
    INCIDENTS_MERGED: "merged",
    INCIDENT_SPLIT: "split",
}
_OF_THE_REPORT: Final = ("relayed_by", "url")
"""Fields of a report that every row of its figures and statements repeats."""

_REFERENCES: Final = {
    POLICY_PUBLISHED: "policy",
    GAZETTEER_PUBLISHED: "gazetteer",
}


def figure_key(figure: str) -> str:
    """The row of a figure, by its global id."""
    return FIGURE_ROW + figure


def act_key(document: Document) -> str:
    """The row of an act: by its own place in the ledger, then by the figure it is about."""
    return f"{ACT_ROW}{document['sequence']:012d}/{document['figure']}"


def incident_key(document: Document) -> str:
    """The row of an act on incidents: by its place in the ledger."""
    return f"{INCIDENT_ROW}{document['sequence']:012d}"


def reference_key(document: Document) -> str:
    """The row of a published policy or gazetteer: by its place in the ledger."""
    return f"{REFERENCE_ROW}{document['sequence']:012d}"


def redaction_key(document: Document) -> str:
    """The row of a redaction: by its place in the ledger."""
    return f"{REDACTION_ROW}{document['sequence']:012d}"


def filed_figures(recorded: Recorded) -> list[Document]:
    """The figures of a report, each with what the report says of all of them.

    None for other events. Dates and areas are kept as sent.
    """
    event = recorded.event
    if event.kind != REPORT_FILED:
        return []
    data = event.data
    originator = data["originator"]
    context = _context(recorded) | {
        "report_originator": originator,
        "relayed_by": data.get("relayed_by"),
        "published_at": data["published_at"],
        "url": data.get("url"),
    }
    start = event.global_id + "#"
    return [
        {
            "id": start + figure["id"],
            "figure": figure,
            "originator": figure.get("originator", originator),
            "index": index,
            **context,
            **withheld_names(data, f"/data/figures/{index}/"),
        }
        for index, figure in enumerate(data.get("figures", ()))
    ]


def withheld_names(data: Document, below: str) -> Document:
    """`withheld`, with the names of the fields of an item of a report that are kept apart.

    Those that the report says of all its items count for each. Empty where there are none.

    Args:
        data: the data of the report.
        below: what the pointers of the item's own fields begin with, `/data/figures/0/`.
    """
    if "withheld" not in data:
        return {}
    spots = [one["at"] for one in data["withheld"]]
    own = [at.removeprefix(below).replace("/", ".") for at in spots if at.startswith(below)]
    shared = [name for name in _OF_THE_REPORT if f"/data/{name}" in spots]
    return {"withheld": sorted(own + shared)} if own or shared else {}


def acts(recorded: Recorded) -> Iterator[Document]:
    """The editorial act of an event on a figure as a document, if it is one (section 4)."""
    kind, data = recorded.event.kind, recorded.event.data
    act = data["kind"] if kind == FIGURE_REVISED else _ACTS.get(kind)
    if act is not None:
        yield {"act": act, "figure": data["figure"], "data": data, **_context(recorded)}


def incident_acts(recorded: Recorded) -> Iterator[Document]:
    """An act on incidents as a document: `opened`, `merged` or `split`."""
    act = _INCIDENT_ACTS.get(recorded.event.kind)
    if act is not None:
        yield {"act": act, "data": recorded.event.data, **_context(recorded)}


def redactions(recorded: Recorded) -> Iterator[Document]:
    """A redaction as a document; `event` is the global id of what was redacted."""
    if recorded.event.kind == PAYLOAD_REDACTED:
        data = recorded.event.data
        own = {**_context(recorded), "act": recorded.event.global_id}
        about = {name: data[name] for name in ("by", "legal_basis", "reason")}
        yield own | about | {"event": f"{data['source']}/{data['id']}"}


def published_references(recorded: Recorded) -> Iterator[Document]:
    """A published `policy` or `gazetteer` as a document."""
    reference = _REFERENCES.get(recorded.event.kind)
    if reference is not None:
        yield {"reference": reference, "data": recorded.event.data, **_context(recorded)}


@lru_cache(maxsize=8)
def recorded_text(recorded_at: datetime) -> str:
    """When an event was recorded, as rows tell it; a batch has one time, so a few are kept."""
    return format_instant(recorded_at)


def encode(document: Document) -> bytes:
    """A row's bytes: sorted keys, so that equal rows are equal bytes.

    They are copied, as the encoder leaves some 4 KB of its buffer behind every result and a fold
    keeps the rows.
    """
    return bytes(memoryview(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)))


def decode(row: bytes) -> Document:
    """The document of a row."""
    document: Document = orjson.loads(row)
    return document


def _context(recorded: Recorded) -> Document:
    event = recorded.event
    return {
        "crisis": event.crisis,
        "event": event.global_id,
        "time": event.time,
        "sequence": recorded.sequence,
        "recorded_at": recorded_text(recorded.recorded_at),
    }
