"""The read model `revisions`: every figure as filed and every act on it."""

from collections.abc import Mapping
from typing import ClassVar

from tollbook_projections.filing import act_key, acts, encode, figure_key, filed_figures
from tollbook_projections.projection import Recorded, RowChange


class RevisionFold:
    """Keeps one row a figure and one an act; the order of a series is made when it is read.

    A late figure changes the number of every later revision, so numbers are not stored.
    """

    name: ClassVar[str] = "revisions"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._changes: list[RowChange] = []

    def restore(self, crisis: str, rows: Mapping[str, bytes]) -> None:
        """Nothing to take up: rows are written once and never read back."""

    def apply(self, recorded: Recorded) -> None:
        """Takes up one event."""
        crisis = recorded.event.crisis
        for document in filed_figures(recorded):
            self._changes.append(RowChange(crisis, figure_key(document["id"]), encode(document)))
        for document in acts(recorded):
            self._changes.append(RowChange(crisis, act_key(document), encode(document)))

    def drain(self) -> list[RowChange]:
        """The rows since the last drain, in order of the ledger."""
        changes, self._changes = self._changes, []
        return changes
