"""HXL 1.1: a CSV sheet with a row of hashtags, and three columns for each thing counted."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.exporting.hxl_columns import (
    CELL_HOW,
    CELL_WHAT,
    OPTIONAL,
    STEP_HOW,
    STEP_WHAT,
    HxlColumn,
    Read,
    Row,
)
from tollbook_services.exporting.metadata import Metadata
from tollbook_services.importing.hxl_tags import SEGMENTS, UNIT_OF, UNITS
from tollbook_services.render.data import csv_field

_UNIT_WORDS: Final = {unit: word for word, unit in reversed(tuple(UNITS.items()))}
"""The first attribute of the table that says a unit."""

_SEGMENT_WORDS: Final = {pair: word for word, pair in SEGMENTS.items()}
_BOUNDS: Final = ("low", "best", "high")
_DIMENSIONS: Final = ("status", "group", "community", "sex", "age_band")
_TAG: Final = "count_tag"
"""Where a row keeps the tag of what it counts."""

_NO_ATTRIBUTE: Final = re.compile(r"[^a-z0-9_]")
"""What cannot stand in an attribute of a tag."""


def write_hxl(
    file: BinaryIO, rows: Sequence[Row], metadata: Metadata, gazetteer: Gazetteer
) -> None:
    """A header row, a row of tags, and a row for each cell or for each step of a series.

    A row fills the three columns of its own measure, unit and segment; the others stay empty, so
    that no row says anything of what was not reported.

    Args:
        file: where to.
        rows: of `tables.cell_rows`, or of `tables.revision_rows`.
        metadata: what the export is of; stands on every row.
        gazetteer: the names of areas, and what lies around them.
    """
    rows = [{**row, _TAG: count_tag(row)} for row in rows]
    steps = metadata.subject == "revisions"
    what, how = (STEP_WHAT, STEP_HOW) if steps else (CELL_WHAT, CELL_HOW)
    columns = [
        *_place_columns(rows, gazetteer),
        *_plain(what, rows),
        *_count_columns(rows),
        *_plain(how, rows),
        *_metadata_columns(metadata),
    ]
    _write(file, [[column.header for column in columns], [column.tag for column in columns]])
    _write(file, ([csv_field(column.read(row)) for column in columns] for row in rows))


def count_tag(row: Row) -> str:
    """The tag of what a cell or a step counts: `#affected+killed+f`, without the bound."""
    words = [row["measure"]] if row["measure"] != "affected" else []
    if row["unit"] != UNIT_OF.get(row["measure"], "person"):
        words.append(_UNIT_WORDS.get(row["unit"], row["unit"]))
    words += [_segment_word(name, value) for name, value in _segment(row)]
    if "basis" in row:
        words.append(row["basis"])
    elif row["nature"] == "stock":
        words.append("stock")
    if row["kind"] == "unspecified":
        words.append("unspecified")
    return "+".join(("#affected", *words))


def _segment(row: Row) -> Iterator[tuple[str, str]]:
    for dimension in _DIMENSIONS:
        value = row.get(f"segment_{dimension}")
        if value is not None:
            yield dimension, value


def _segment_word(dimension: str, value: str) -> str:
    """The attribute of HXL where it has one, else the dimension with the value."""
    known = _SEGMENT_WORDS.get((dimension, value))
    return known or _NO_ATTRIBUTE.sub("_", f"{dimension.removesuffix('_band')}_{value}")


def _count_columns(rows: Sequence[Row]) -> Iterator[HxlColumn]:
    for tag in sorted({row[_TAG] for row in rows}):
        header = tag.removeprefix("#").replace("+", " ").replace("_", " ")
        for bound in _BOUNDS:
            yield HxlColumn(f"{header} {bound}", f"{tag}+{bound}", _count(tag, bound))


def _count(tag: str, bound: str) -> Read:
    return lambda row: row.get(bound) if row[_TAG] == tag else None


def _place_columns(rows: Sequence[Row], gazetteer: Gazetteer) -> Iterator[HxlColumn]:
    """Codes and names of the areas of each level, down to the deepest that a cell is about.

    Several areas that nobody split stand joined with `+` at their own level: such a row is found
    under no area and under no country's total.
    """
    deepest = max((_level(code, gazetteer) for row in rows for code in row["areas"]), default=0)
    for level in range(deepest + 1):
        tag, header = ("#country", "country") if level == 0 else (f"#adm{level}", f"adm{level}")
        yield HxlColumn(f"{header} code", f"{tag}+code", _codes(level, gazetteer))
        yield HxlColumn(f"{header} name", f"{tag}+name", _names(level, gazetteer))


def _codes(level: int, gazetteer: Gazetteer) -> Read:
    return lambda row: "+".join(_at(level, row, gazetteer))


def _names(level: int, gazetteer: Gazetteer) -> Read:
    return lambda row: " + ".join(gazetteer.name(code) for code in _at(level, row, gazetteer))


def _at(level: int, row: Row, gazetteer: Gazetteer) -> list[str]:
    """The areas of a row, or around them, that are of a level; none where one has none there."""
    found: list[str] = []
    for code in row["areas"]:
        line = (code, *gazetteer.ancestors(code))
        here = [one for one in line if _level(one, gazetteer) == level]
        if not here:
            return []
        found += [one for one in here if one not in found]
    return found


def _level(code: str, gazetteer: Gazetteer) -> int:
    area = gazetteer.resolve(code)
    return 0 if area is None else area.level


def _plain(columns: Sequence[HxlColumn], rows: Sequence[Row]) -> Iterator[HxlColumn]:
    for column in columns:
        optional = column.tag.startswith(OPTIONAL)
        if not optional or any(column.read(row) is not None for row in rows):
            yield column


def _metadata_columns(metadata: Metadata) -> Iterator[HxlColumn]:
    yield HxlColumn("crisis", "#crisis+code", _constant(metadata.crisis))
    for name, value in metadata.columns().items():
        tag = _METADATA_TAGS.get(name, f"#meta+{name}")
        yield HxlColumn(name.replace("_", " "), tag, _constant(value))


_METADATA_TAGS: Final = {"licence": "#meta+license", "exported_by": "#meta+software"}


def _constant(value: Any) -> Read:
    return lambda _: value


def _write(file: BinaryIO, rows: Any) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    file.write(text.getvalue().encode())
