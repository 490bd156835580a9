"""The read model `figures`: every figure, act, incident and reference, and the live cells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tollbook_projections.assignments import Assignments, own_incident
from tollbook_projections.consolidation.books import Books, Cell, Kind
from tollbook_projections.documents import cell_document, cell_id
from tollbook_projections.filing import (
    ACT_ROW,
    CELL_ROW,
    FIGURE_ROW,
    INCIDENT_ROW,
    REFERENCE_ROW,
    Document,
    act_key,
    acts,
    decode,
    encode,
    figure_key,
    filed_figures,
    incident_acts,
    incident_key,
    published_references,
    redaction_key,
    redactions,
    reference_key,
)
from tollbook_projections.projection import Recorded, RowChange
from tollbook_projections.reading import Reading
from tollbook_projections.references import in_force
from tollbook_projections.selection import dossier_of
from tollbook_schemas.event import REPORT_FILED
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.scope import is_ledger_subject


@dataclass(slots=True)
class _Crisis:
    """One crisis in memory.

    Attributes:
        reading: with the references in force; None when these changed since the last drain.
        figures: their rows, by global id; decoded again when an act is about them.
        members: the figures that ever belonged to an incident; None until the first act on
            incidents comes, as nobody asks before.
        cells: the live rows, by kind and key.
        solved: the kinds whose cells were all worked out since the rows were taken up; of these
            only what changed needs to be looked at.
        written: rows taken up since the last drain.
    """

    books: Books
    reading: Reading | None
    figures: dict[str, bytes] = field(default_factory=dict)
    acts: dict[str, list[Document]] = field(default_factory=dict)
    assignments: Assignments = field(default_factory=Assignments)
    members: dict[str, list[str]] | None = None
    references: list[Document] = field(default_factory=list)
    cells: dict[Kind, dict[str, bytes]] = field(default_factory=dict)
    solved: set[Kind] = field(default_factory=set)
    written: list[RowChange] = field(default_factory=list)


class FigureFold:
    """Folds figures into cells.

    Applying an event costs the places of its figures in their series. Draining solves the books
    of the originators that had news since the last drain, which depends on how many regions they
    speak of, not on how often they spoke; the rows left behind depend on the events alone. A new
    policy or gazetteer reads every figure it governs again, once, when it is drained.
    """

    name: ClassVar[str] = "figures"
    version: ClassVar[int] = 1

    def __init__(self, gazetteer: Gazetteer, policy: Policy) -> None:
        """Take the built-in references, in force where none was published."""
        self._gazetteer = gazetteer
        self._policy = policy
        self._crises: dict[str, _Crisis] = {}
        self._news: set[str] = set()
        self._shared: list[Document] = []
        self._shared_rows: list[RowChange] = []
        self._shared_reading: Reading | None = None

    def restore(self, crisis: str, rows: Mapping[str, bytes]) -> None:
        """Takes up the rows of a crisis, or of the ledger subject."""
        if is_ledger_subject(crisis):
            for key, row in rows.items():
                if key.startswith(REFERENCE_ROW):
                    self._share(decode(row))
            return
        state = self._crisis(crisis)
        self._take_up(state, rows)
        for figure, row in state.figures.items():
            self._file(state, figure, decode(row))
        state.books.settled()

    def forget(self, crisis: str) -> None:
        """Drops a crisis from memory, which is drained and will be restored."""
        self._crises.pop(crisis, None)
        self._news.discard(crisis)

    def concerns_all(self, recorded: Recorded) -> bool:
        """Whether an event is a policy or a gazetteer of the whole ledger."""
        return is_ledger_subject(recorded.event.crisis)

    def apply(self, recorded: Recorded) -> None:
        """Takes up one event."""
        event = recorded.event
        if event.kind == REPORT_FILED:
            figures = filed_figures(recorded)
            if figures:
                self._take_figures(self._in_the_news(event.crisis), event.crisis, figures)
            return
        for document in acts(recorded):
            self._take_act(self._in_the_news(event.crisis), document)
        for document in incident_acts(recorded):
            self._take_incident_act(self._in_the_news(event.crisis), document)
        for document in published_references(recorded):
            self._take_reference(document)
        for document in redactions(recorded):
            change = RowChange(event.crisis, redaction_key(document), encode(document))
            self._in_the_news(event.crisis).written.append(change)

    def drain_filed(self) -> list[RowChange]:
        """The rows that were taken up; the cells they move come with the next `drain`."""
        changes, self._shared_rows = self._shared_rows, []
        for crisis in sorted(self._news):
            state = self._crises[crisis]
            changes += state.written
            state.written.clear()
        return changes

    def unsettle(self, crisis: str) -> None:
        """Has every cell of a crisis worked out again with the next drain."""
        self._in_the_news(crisis).reading = None

    def drain(self) -> list[RowChange]:
        """The rows that changed: what was taken up, in order, and the cells it moved."""
        return [change for some in self.draining() for change in some]

    def draining(self) -> Iterator[list[RowChange]]:
        """The same, a crisis and a kind of figures at a time."""
        changes, self._shared_rows = self._shared_rows, []
        yield changes
        for crisis in sorted(self._news):
            state = self._crises[crisis]
            changes, state.written = state.written, []
            yield changes
            kinds = set[Kind]()
            if state.reading is None:
                self._read_again(state)
                kinds.update(state.cells)  # one may have no figure left that is read
            for kind in sorted(kinds.union(state.books.changed_kinds())):
                yield self._cells(crisis, state, kind)
        self._news.clear()

    def _in_the_news(self, crisis: str) -> _Crisis:
        """A crisis that the next drain has to look at."""
        self._news.add(crisis)
        return self._crisis(crisis)

    def _crisis(self, crisis: str) -> _Crisis:
        known = self._crises.get(crisis)
        if known is None:
            reading = self._reading([])
            books = _books(reading)
            known = self._crises[crisis] = _Crisis(books, reading)
        return known

    def _reading(self, own: list[Document]) -> Reading:
        """How figures are read with the references of a crisis; one for all that have none."""
        if own:
            return Reading(*in_force((*self._shared, *own), self._gazetteer, self._policy))
        if self._shared_reading is None:
            self._shared_reading = Reading(*in_force(self._shared, self._gazetteer, self._policy))
        return self._shared_reading

    def _take_up(self, state: _Crisis, rows: Mapping[str, bytes]) -> None:
        for key, row in rows.items():
            if key.startswith(FIGURE_ROW):
                state.figures[key.removeprefix(FIGURE_ROW)] = row
            elif key.startswith(CELL_ROW):
                measure, unit, nature, _ = key.removeprefix(CELL_ROW).split("|", 3)
                state.cells.setdefault(Kind(measure, unit, nature), {})[key] = row
            elif key.startswith(ACT_ROW):
                act = decode(row)
                state.acts.setdefault(act["figure"], []).append(act)
            elif key.startswith(INCIDENT_ROW):
                state.assignments.add(decode(row))
                state.members = {}
            elif key.startswith(REFERENCE_ROW):
                state.references.append(decode(row))
        if state.references:
            state.reading = self._reading(state.references)
            state.books = _books(state.reading)

    def _file(self, state: _Crisis, figure: str, document: Document) -> None:
        """Puts a figure into the books; nothing where all are about to be read again."""
        if state.reading is None:
            return
        if state.members is not None:
            for incident in state.assignments.path(document):
                state.members.setdefault(incident, []).append(figure)
        elif figure not in state.acts:
            claims = state.reading.filed_claims(document, own_incident(document))
            state.books.replace(figure, claims)
            return
        dossier = dossier_of(document, state.acts.get(figure, ()), state.assignments)
        state.books.replace(figure, state.reading.claims(dossier))

    def _refile(self, state: _Crisis, figures: Iterator[str] | list[str]) -> None:
        for figure in figures:
            row = state.figures.get(figure)
            if row is not None:
                self._file(state, figure, decode(row))

    def _take_figures(self, state: _Crisis, crisis: str, figures: list[Document]) -> None:
        for document in figures:
            figure = document["id"]
            row = state.figures[figure] = encode(document)
            state.written.append(RowChange(crisis, figure_key(figure), row))
            self._file(state, figure, document)

    def _take_act(self, state: _Crisis, document: Document) -> None:
        state.written.append(RowChange(document["crisis"], act_key(document), encode(document)))
        state.acts.setdefault(document["figure"], []).append(document)
        self._refile(state, [document["figure"]])

    def _take_incident_act(self, state: _Crisis, document: Document) -> None:
        """Moves the figures an act names, and those of the incidents it merges."""
        change = RowChange(document["crisis"], incident_key(document), encode(document))
        state.written.append(change)
        if state.members is None:
            state.members = state.books.members()
        figures, incidents = state.assignments.add(document)
        moved = [*figures, *(one for name in incidents for one in state.members.get(name, ()))]
        self._refile(state, list(dict.fromkeys(moved)))

    def _take_reference(self, document: Document) -> None:
        crisis = document["crisis"]
        change = RowChange(crisis, reference_key(document), encode(document))
        if is_ledger_subject(crisis):
            self._shared_rows.append(change)
            self._share(document)
            return
        state = self._in_the_news(crisis)
        state.written.append(change)
        state.references.append(document)
        state.reading = None

    def _share(self, document: Document) -> None:
        self._shared.append(document)
        self._shared_reading = None
        for crisis in self._crises:
            self._in_the_news(crisis).reading = None

    def _read_again(self, state: _Crisis) -> None:
        """Reads every figure anew after a policy or a gazetteer; all cells are compared."""
        reading = state.reading = self._reading(state.references)
        state.books = _books(reading)
        state.solved.clear()
        if state.members is not None:
            state.members = {}
        self._refile(state, iter(state.figures))

    def _cells(self, crisis: str, state: _Crisis, kind: Kind) -> list[RowChange]:
        """The rows of the cells of a kind that are not what they were."""
        rows = state.cells.setdefault(kind, {})
        fresh = state.books.changed_cells(kind)
        new: dict[str, bytes | None] = {
            CELL_ROW + cell_id(key): _row(cell, state.books.gazetteer)
            for key, cell in fresh.items()
        }
        if kind not in state.solved:
            state.solved.add(kind)
            new |= dict.fromkeys(rows.keys() - new.keys())
        changes = []
        for key in sorted(new):
            row, before = new[key], rows.get(key)
            if row == before:
                continue
            changes.append(RowChange(crisis, key, row, before))
            if row is None:
                del rows[key]
            else:
                rows[key] = row
        return changes


def _books(reading: Reading) -> Books:
    return Books(reading.gazetteer, reading.policy, lattice=reading.lattice)


def _row(cell: Cell | None, gazetteer: Gazetteer) -> bytes | None:
    return None if cell is None else encode(cell_document(cell, gazetteer))
