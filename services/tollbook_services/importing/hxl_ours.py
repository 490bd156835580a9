"""What the sheets that `tollbook export` writes say beyond what any HXL sheet says."""

import re
from dataclasses import replace
from typing import Final, get_args

from tollbook_schemas.editorial import RevisionKind
from tollbook_schemas.segment import ALL
from tollbook_schemas.times import end_of, format_instant
from tollbook_services.importing.cells import refused, text, whole
from tollbook_services.importing.hxl_tags import Count
from tollbook_services.importing.rows import Document, Row

_SOFTWARE: Final = "#meta+software"
_PROGRAM: Final = "tollbook "
_KIND: Final = "#meta+kind"
_SEGMENT: Final = "#meta+segment"
_PHASE: Final = "#meta+phase"
_RELAY: Final = "#meta+source+relay"

_REMAINDERS: Final = frozenset({"unallocated", "unspecified"})
"""Kinds of cells that hold what is left of a total: they are worked out from it again."""

_ACTS: Final = frozenset(get_args(RevisionKind)) - {"initial", "update"}
"""Kinds of steps that say something of a figure, and are none."""

_FIELDS: Final = {
    "role": "#meta+role",
    "status": "#meta+status",
    "coverage": "#meta+coverage",
    "dated_by": "#meta+dated_by",
}
"""Field of a figure to the column of a step that says it."""

_NO_ATTRIBUTE: Final = re.compile(r"[^a-z0-9_]")


def is_ours(row: Row) -> bool:
    """Whether the sheet of a row says that this program has written it."""
    return (text(row, _SOFTWARE) or "").startswith(_PROGRAM)


def is_remainder(row: Row) -> bool:
    """Whether a row is what is left of a total: as a figure its people would be counted twice."""
    return text(row, _KIND) in _REMAINDERS


def check_step(row: Row) -> None:
    """Check that a row is no act on a figure.

    Raises:
        RowError: it is one.
    """
    kind = text(row, _KIND)
    if kind in _ACTS and is_ours(row):
        raise refused(
            _KIND,
            f"{kind}: this is an act on the figure in a row before, and no figure; that row is "
            "read as if nobody had changed it. To move a history, export and publish its events",
        )


def exact_segment(row: Row, count: Count) -> Count:
    """What a column counts, with its values as the row spells them.

    The attribute of a tag cannot tell `pro-government` from `pro_government`.
    """
    found = text(row, _SEGMENT)
    if found in {None, ALL} or not is_ours(row):
        return count
    values = (found or "").split("/")
    pairs = tuple(zip((name for name, _ in count.segment), values, strict=False))
    same = len(values) == len(count.segment) and all(
        _plain(value) == _plain(other)
        for (_, value), (_, other) in zip(count.segment, pairs, strict=True)
    )
    return replace(count, segment=pairs) if same else count


def said_of_figures(row: Row) -> Document:
    """Fields of a figure that no HXL tag has."""
    if not is_ours(row):
        return {}
    fields: Document = {
        name: found for name, column in _FIELDS.items() if (found := text(row, column))
    }
    phase = whole(row, _PHASE)
    return fields | ({"phase": phase} if phase else {})


def relayed_by(row: Row) -> str | None:
    """Who passed on the report."""
    return text(row, _RELAY) if is_ours(row) else None


def exact_moment(row: Row, column: str | None) -> str | None:
    """The moment in a cell, to the second; None where it has a day, or is of another's sheet."""
    found = text(row, column) if column and is_ours(row) else None
    return format_instant(end_of(found)) if found and "T" in found else None


def _plain(value: str) -> str:
    return _NO_ATTRIBUTE.sub("_", value)
