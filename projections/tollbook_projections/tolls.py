"""The read models `tolls` and `displacement`: figures, acts on them, and the live cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tollbook_projections.consolidation.books import Books, Kind
from tollbook_projections.documents import cell_document, cell_id
from tollbook_projections.dossiers import Files
from tollbook_projections.filing import acts, encode, filed_figures
from tollbook_projections.projection import Recorded, RowChange
from tollbook_projections.selection import claims_of
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy

CELL_ROW = "cell/"

MOVEMENTS = frozenset(
    {"displaced", "displaced_across_border", "returned", "sheltering", "arrivals"}
)
"""Measures of where people are or went; the read model `displacement`."""


@dataclass(slots=True)
class _Crisis:
    books: Books
    files: Files = field(default_factory=Files)
    cells: dict[Kind, dict[str, bytes]] = field(default_factory=dict)
    changed: dict[str, bytes | None] = field(default_factory=dict)
    dirty: set[Kind] = field(default_factory=set)


class TollFold:
    """Folds figures into cells.

    Applying an event costs the places of its figures in their series. Draining solves the books
    of the originators that had news since the last drain, which depends on how many regions they
    speak of, not on how often they spoke; the rows left behind depend on the events alone.
    """

    name: ClassVar[str] = "tolls"
    version: ClassVar[int] = 1

    def __init__(self, gazetteer: Gazetteer, policy: Policy) -> None:
        self._gazetteer = gazetteer
        self._policy = policy
        self._crises: dict[str, _Crisis] = {}

    @classmethod
    def covers(cls, measure: str) -> bool:
        """Whether figures of a measure belong to this read model."""
        return measure not in MOVEMENTS

    def restore(self, crisis: str, rows: Mapping[str, bytes]) -> None:
        """Takes up the rows of a crisis."""
        state = self._crisis(crisis)
        state.files.load(rows)
        for figure in state.files.figures:
            self._refile(state, figure)
        state.dirty.clear()
        for kind in state.books.kinds():
            prefix = f"{CELL_ROW}{kind.measure}|{kind.unit}|{kind.nature}|"
            state.cells[kind] = {key: row for key, row in rows.items() if key.startswith(prefix)}

    def apply(self, recorded: Recorded) -> None:
        """Takes up one event."""
        crisis = recorded.event.crisis
        for document in filed_figures(recorded):
            if self.covers(document["figure"]["measure"]):
                state = self._crisis(crisis)
                key, row = state.files.add_figure(document)
                state.changed[key] = row
                self._refile(state, document["id"])
        for document in acts(recorded):
            state = self._crisis(crisis)
            key, row = state.files.add_act(document)
            state.changed[key] = row
            self._refile(state, document["figure"])

    def drain(self) -> list[RowChange]:
        """The rows that changed: figures and acts taken up, and the cells they moved."""
        changes: list[RowChange] = []
        for crisis in sorted(self._crises):
            state = self._crises[crisis]
            for kind in sorted(state.dirty):
                self._solve(state, kind)
            state.dirty.clear()
            changes.extend(
                RowChange(crisis, key, state.changed[key]) for key in sorted(state.changed)
            )
            state.changed.clear()
        return changes

    def _crisis(self, crisis: str) -> _Crisis:
        known = self._crises.get(crisis)
        if known is None:
            known = self._crises[crisis] = _Crisis(Books(self._gazetteer, self._policy))
        return known

    def _refile(self, state: _Crisis, figure: str) -> None:
        dossier = state.files.dossier(figure)
        if dossier is not None:
            claims = claims_of(dossier, self._gazetteer, self._policy)
            state.dirty |= state.books.replace(figure, claims)

    def _solve(self, state: _Crisis, kind: Kind) -> None:
        old = state.cells.get(kind, {})
        new = {
            CELL_ROW + cell_id(cell.key): encode(cell_document(cell, self._gazetteer))
            for cell in state.books.cells(kind)
        }
        for key in old.keys() | new.keys():
            if old.get(key) != new.get(key):
                state.changed[key] = new.get(key)
        state.cells[kind] = new


class DisplacementFold(TollFold):
    """The same for movements and presence: persons and households, flows and stocks apart."""

    name: ClassVar[str] = "displacement"

    @classmethod
    def covers(cls, measure: str) -> bool:
        """Whether a measure tells where people are or went."""
        return measure in MOVEMENTS
