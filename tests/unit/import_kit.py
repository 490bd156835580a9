"""Reads a small table with an importer, as the command does, without a ledger."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.importing.formats import importer_of
from tollbook_services.importing.rows import (
    Context,
    Document,
    Imported,
    Made,
    Refused,
    Row,
)
from tollbook_services.importing.tables import whole


def imported(
    format: str,  # noqa: A002 - what the command calls it
    content: str | bytes,
    *,
    name: str = "rows.csv",
    crisis: str = "c",
    mapping: Mapping[str, Any] | None = None,
) -> list[Imported]:
    """What becomes of the rows of a file; rows that could not be cut come last."""
    importer = importer_of(format)
    context = Context(crisis, default_gazetteer(), mapping)
    broken: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        found = list(importer.read(whole(importer.rows(file), broken), context))
    return [*found, *(Refused((row,), (row.fault,)) for row in broken if row.fault)]


def events_of(found: list[Imported]) -> list[Document]:
    """The events; each is one that the contract takes."""
    events = [one.event for one in found if isinstance(one, Made)]
    for event in events:
        outcome = parse_event(orjson.dumps(event), default_gazetteer())
        assert isinstance(outcome, ParsedEvent), outcome
    return events


def refusals_of(found: list[Imported]) -> list[tuple[int, str, str]]:
    """Line, column and message of each fault of the refused rows."""
    return [
        (one.rows[0].line, fault.column, fault.message)
        for one in found
        if isinstance(one, Refused)
        for fault in one.faults
    ]
