"""Exports of a few events: folded, asked, and written to a file as a reader would."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from figures_builder import recorded
from view_kit import AT, WORLD, demo_rows, rows_of

from tollbook_projections import views
from tollbook_projections.dossiers import admitted_of
from tollbook_projections.query import Position, Query
from tollbook_schemas.policy import default_policy
from tollbook_services.exporting.answer import Answer
from tollbook_services.exporting.formats import Format, write_answer
from tollbook_services.exporting.metadata import Metadata

_VIEWS = {
    "tolls": views.toll_document,
    "displacement": views.displacement_document,
}

METADATA = {
    "asked_as_of": "2025-03-20T23:59:59Z",
    "published_as_of": "2025-03-21T23:59:59Z",
    "known_as_of_sequence": "22",
    "known_as_of_time": "2025-04-01T00:00:00Z",
    "policy": "default/v1",
    "gazetteer": WORLD.version,
    "licence": "CC BY 4.0",
    "exported_by": "tollbook 9",
}
"""What every export of this kit says of itself, as texts."""


def answer_of(
    subject: str,
    *events: Mapping[str, Any],
    rows: dict[str, bytes] | None = None,
    persons: bool = False,
) -> Answer:
    """What an export is made from: events given, else the crisis that ships with the package."""
    if rows is None:
        rows = rows_of(recorded(events)) if events else demo_rows()
    query, position, policy = Query(persons=persons), Position(22, AT), default_policy()
    if subject == "revisions":
        document = views.revisions_document("coast", rows, query, None, position, WORLD, policy)
    else:
        document = _VIEWS[subject]("coast", rows, query, position, WORLD, policy)
    metadata = Metadata(
        subject=subject,
        crisis="coast",
        as_of=METADATA["asked_as_of"],
        published_as_of=METADATA["published_as_of"],
        sequence=22,
        recorded_at=METADATA["known_as_of_time"],
        policy=METADATA["policy"],
        gazetteer=METADATA["gazetteer"],
        licence=METADATA["licence"],
        exported_by=METADATA["exported_by"],
    )
    dossiers = admitted_of(rows, query.moment).dossiers
    return Answer(document, dossiers, WORLD, policy, metadata)


def written(answer: Answer, form: Format, folder: Path) -> bytes:
    """The bytes of an export."""
    out = folder / f"export.{form}"
    write_answer(answer, form, out)
    return out.read_bytes()


def csv_rows(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file, by column."""
    return list(csv.DictReader(io.StringIO(content.decode())))
