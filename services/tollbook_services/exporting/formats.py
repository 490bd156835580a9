"""Which view can be exported in which format, and how it is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import orjson

from tollbook_schemas.errors import UsageError
from tollbook_services.exporting import columns, tables
from tollbook_services.exporting.answer import Answer
from tollbook_services.exporting.columns import Column
from tollbook_services.exporting.destination import destination, metadata_file
from tollbook_services.exporting.hxl import write_hxl
from tollbook_services.exporting.lineage import Lineage
from tollbook_services.exporting.metadata import Metadata
from tollbook_services.exporting.parquet import ParquetWriter
from tollbook_services.exporting.writers import CsvWriter, csv_description

Format = Literal["csv", "json", "hxl", "geojson", "parquet"]
Subject = Literal["tolls", "displacement", "revisions", "events"]

PAIRS: Final[Mapping[str, tuple[Format, ...]]] = {
    "tolls": ("csv", "json", "hxl", "geojson", "parquet"),
    "displacement": ("csv", "json", "hxl", "geojson", "parquet"),
    "revisions": ("csv", "json", "hxl", "parquet"),
    "events": ("json", "csv", "parquet"),
}
"""The formats of each subject."""

_WHY_NOT: Final = {
    "hxl": "a sheet of HXL has one count for a place and a day",
    "geojson": "a map has one number for a place",
}


def must_fit(subject: str, wanted: str) -> None:
    """Refuse what cannot be written.

    Raises:
        UsageError: the subject has no such format.
    """
    fitting = PAIRS[subject]
    if wanted not in fitting:
        listed = ", ".join(fitting[:-1]) + f" or {fitting[-1]}"
        raise UsageError(
            f"--format {wanted}: {_WHY_NOT[wanted]}, which {subject} are not: write {listed}"
        )


def cell_columns(*, own_rows: bool) -> tuple[Column, ...]:
    """The columns of cells; each originator's own value in rows of its own, or in one column."""
    if not own_rows:
        return (*columns.CELL, columns.ORIGINATORS)
    place = next(at for at, one in enumerate(columns.CELL) if one.name == "low")
    return (*columns.CELL[:place], columns.ORIGINATOR, *columns.CELL[place:])


def write_answer(answer: Answer, wanted: Format, out: Path | None) -> int:
    """Write a view in a format; how many rows, features or documents it has.

    Beside a CSV file its description is written, `FILE-metadata.json`.

    Raises:
        UsageError: the file cannot be written.
    """
    with destination(out) as file:
        count = write_to(file, answer, wanted)
    if out is not None and wanted == "csv":
        described = csv_description(out.name, csv_columns(answer.metadata), answer.metadata)
        write_beside(out, described)
    return count


def write_to(file: BinaryIO, answer: Answer, wanted: Format) -> int:
    """Write a view to an open file; how many rows, features or documents it has."""
    if answer.metadata.subject == "revisions":
        return _write_revisions(file, answer, wanted)
    return _write_cells(file, answer, wanted)


def csv_columns(metadata: Metadata) -> tuple[Column, ...]:
    """The columns of a CSV file: those of its table, then its metadata."""
    match metadata.subject:
        case "revisions":
            own: tuple[Column, ...] = columns.REVISION
        case "events":
            own = columns.EVENT
        case _:
            own = cell_columns(own_rows=True)
    return (*own, *columns.METADATA)


def write_beside(out: Path, described: bytes) -> None:
    """Write the description of a file beside it."""
    with destination(metadata_file(out)) as file:
        file.write(described)


def _write_cells(file: BinaryIO, answer: Answer, wanted: Format) -> int:
    lineage = Lineage(answer.document, answer.dossiers, answer.gazetteer, answer.policy)
    rows = tables.cell_rows(answer.document, lineage, answer.gazetteer)
    match wanted:
        case "csv":
            writer = CsvWriter(file, csv_columns(answer.metadata), answer.metadata)
            writer.write(tables.with_originators(rows))
        case "hxl":
            write_hxl(file, rows, answer.metadata, answer.gazetteer)
        case "geojson":
            from tollbook_services.exporting import geojson  # noqa: PLC0415 - only here polygons

            geojson.write_geojson(file, rows, answer.metadata)
        case "parquet":
            _write_parquet(file, rows, cell_columns(own_rows=False), answer.metadata)
        case _:
            cells = answer.document["cells"]
            marked = [_with_status(cell, row) for cell, row in zip(cells, rows, strict=True)]
            _write_document(file, answer, {"cells": marked})
    return len(rows)


def _write_revisions(file: BinaryIO, answer: Answer, wanted: Format) -> int:
    rows = list(tables.revision_rows(answer.document, answer.dossiers, answer.policy))
    match wanted:
        case "csv":
            CsvWriter(file, csv_columns(answer.metadata), answer.metadata).write(rows)
        case "hxl":
            write_hxl(file, rows, answer.metadata, answer.gazetteer)
        case "parquet":
            _write_parquet(file, rows, columns.REVISION, answer.metadata)
        case _:
            marks = iter(rows)
            series = [
                {**one, "revisions": [_with_status(step, next(marks)) for step in one["revisions"]]}
                for one in answer.document["series"]
            ]
            _write_document(file, answer, {"series": series})
    return len(rows)


def _with_status(shown: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A cell or a step as the view has it, with its observation status."""
    return {**shown, "obs_status": row["obs_status"]}


def _write_document(file: BinaryIO, answer: Answer, parts: Mapping[str, Any]) -> None:
    """The document of the view, with what every export says and statuses beside the flags."""
    rest = {name: value for name, value in answer.document.items() if name not in parts}
    document = {**answer.metadata.document(), **rest, **parts}
    file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def _write_parquet(
    file: BinaryIO,
    rows: Sequence[Mapping[str, Any]],
    shown: Sequence[Column],
    metadata: Metadata,
) -> None:
    writer = ParquetWriter(file, shown, metadata)
    writer.write(rows)
    writer.close()
