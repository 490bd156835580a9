"""What a read model keeps of each figure and of each editorial act: documents, one a row."""

from collections.abc import Iterator
from typing import Any

import orjson

from tollbook_projections.projection import Recorded
from tollbook_schemas.editorial import (
    FigureMarkedDuplicate,
    FigureRetracted,
    FigureReviewed,
    FigureRevised,
)
from tollbook_schemas.event import figure_id
from tollbook_schemas.report import ReportFiled
from tollbook_schemas.times import format_instant

Document = dict[str, Any]

FIGURE_ROW = "figure/"
ACT_ROW = "act/"


def figure_key(figure: str) -> str:
    """The row of a figure, by its global id."""
    return FIGURE_ROW + figure


def act_key(document: Document) -> str:
    """The row of an act: by the figure it is about, then by its own place in the ledger."""
    return f"{ACT_ROW}{document['sequence']:012d}/{document['figure']}"


def filed_figures(recorded: Recorded) -> Iterator[Document]:
    """The figures of a report, each with what the report says of all of them.

    Yields nothing for other events. Dates and areas are kept as sent.
    """
    data = recorded.event.data
    if not isinstance(data, ReportFiled):
        return
    context = _context(recorded) | {
        "report_originator": data.originator,
        "relayed_by": data.relayed_by,
        "published_at": data.published_at,
        "url": data.url,
    }
    for index, figure in enumerate(data.figures):
        body = figure.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        yield {
            "id": figure_id(recorded.event, figure),
            "figure": body,
            "originator": figure.originator or data.originator,
            "index": index,
            **context,
        }


def acts(recorded: Recorded) -> Iterator[Document]:
    """The editorial act of an event as a document, if it is one (section 4)."""
    data = recorded.event.data
    act: str
    match data:
        case FigureRevised():
            act = data.kind
        case FigureRetracted():
            act = "retraction"
        case FigureMarkedDuplicate():
            act = "duplicate"
        case FigureReviewed():
            act = "review"
        case _:
            return
    body = data.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    yield {"act": act, "figure": data.figure, "data": body, **_context(recorded)}


def encode(document: Document) -> bytes:
    """A row's bytes: sorted keys, so that equal rows are equal bytes."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


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
        "recorded_at": format_instant(recorded.recorded_at),
    }
