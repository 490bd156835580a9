"""The rows of one crisis, read back as the figures and acts that a moment admits."""

from collections.abc import Callable, Iterable, Mapping

from tollbook_projections.filing import ACT_ROW, FIGURE_ROW, INCIDENT_ROW, Document, decode
from tollbook_projections.redactions import as_told
from tollbook_projections.selection import Admitted, Moment, admit

Choice = Callable[[Iterable[Document], Iterable[Document]], list[Document]]
"""Which figures to look at, from all figures and acts."""


def admitted_of(
    rows: Mapping[str, bytes], moment: Moment, *, choose: Choice | None = None
) -> Admitted:
    """The figures that a moment admits, with `[redacted]` for texts that were destroyed since.

    Rows of tables other than figure, act, incident and redaction are left.

    Args:
        rows: rows of the projection `figures` of one crisis, by key.
        moment: the three clocks.
        choose: leaves figures out that the question has no use for.
    """
    figures, acts = documents_of(rows, FIGURE_ROW), documents_of(rows, ACT_ROW)
    return admit(
        as_told(figures if choose is None else choose(figures, acts), rows),
        as_told(acts, rows),
        moment,
        as_told(documents_of(rows, INCIDENT_ROW), rows),
    )


def documents_of(rows: Mapping[str, bytes], table: str) -> list[Document]:
    """The documents of one table, such as `filing.REFERENCE_ROW`, in the order of the rows."""
    return [decode(row) for key, row in rows.items() if key.startswith(table)]
