"""The views of projected events, as `tollbook tolls` and its like answer them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, Unpack

from tollbook_projections import views
from tollbook_projections.projection import Recorded
from tollbook_projections.query import MOVEMENTS, Position, Query
from tollbook_projections.references import read_with
from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_schemas.policy import Policy, default_policy
from tollbook_schemas.scope import is_ledger_subject
from tollbook_schemas.times import end_of, format_instant
from tollbook_services.testing.admitted import EPOCH, Refused
from tollbook_services.testing.projected import Projected

Document = dict[str, Any]


_Question = tuple[dict[str, bytes], Query, Position, Gazetteer, Policy]
"""What a view takes after the crisis."""


class Asked(TypedDict, total=False):
    """What a view may be asked for, as by the options of the command line.

    Attributes:
        as_of: a date or date-time; so is `published_as_of`.
        known_as_of: a sequence, which is the place among the recorded events, from 1.
    """

    measure: str
    area: str
    originator: str
    policy: str
    as_of: str
    published_as_of: str
    known_as_of: int


@dataclass(frozen=True, slots=True)
class Cell:
    """The number of one area.

    Attributes:
        low: at least so many.
        best: None where no source gave a point value.
        high: at most so many; None where that is open.
        document: the whole cell as the view prints it.
    """

    low: int
    best: int | None
    high: int | None
    flags: tuple[str, ...]
    document: Document

    @property
    def bounds(self) -> tuple[int, int | None, int | None]:
        """`low`, `best`, `high`."""
        return self.low, self.best, self.high


class _View(Protocol):
    def __call__(
        self,
        crisis: str,
        rows: Mapping[str, bytes],
        query: Query,
        position: Position,
        gazetteer: Gazetteer,
        policy: Policy,
    ) -> Document: ...


class Answer(Projected):
    """What the events come to; the rows of the read model `figures` can be looked at too."""

    def __init__(
        self,
        figures: Mapping[str, Mapping[str, bytes]],
        statements: Mapping[str, Mapping[str, bytes]],
        recorded: Sequence[Recorded],
        quarantined: Sequence[Refused],
    ) -> None:
        """Take the rows of both read models, the events, and what is in quarantine."""
        super().__init__(figures)
        self._statements = statements
        self._quarantined = quarantined
        at = recorded[-1].recorded_at if recorded else None
        self._position = Position(len(recorded), at)
        self._shared = {
            key: row
            for crisis, rows in figures.items()
            if is_ledger_subject(crisis)
            for key, row in rows.items()
        }

    def cell(
        self,
        area: str,
        *,
        measure: str = "killed",
        segment: str = "all",
        kind: str = "area",
        crisis: str | None = None,
        **more: str,
    ) -> Cell:
        """The live number of an area (several joined with `+`).

        Args:
            area: a canonical code.
            measure: what happened to them.
            segment: a slug such as `civilian` or `combatant/state_security`.
            kind: of the cell.
            crisis: whose; may be left out where there is only one.
            more: any other member of a cell that it must have, such as `unit` or `origin`.

        Raises:
            AssertionError: not exactly one cell is so; the message names those there are.
        """
        wanted = {"area": area, "measure": measure, "segment": segment, "kind": kind, **more}
        view = self.displacement if measure in MOVEMENTS else self.tolls
        cells = view(crisis)["cells"]
        found = [one for one in cells if all(one[name] == wanted[name] for name in wanted)]
        names = "\n  ".join(one["id"] for one in cells)
        assert len(found) == 1, f"{len(found)} cells have {wanted}; all cells:\n  {names}"  # noqa: S101
        (one,) = found
        return Cell(one["low"], one["best"], one["high"], tuple(one["flags"]), one)

    def tolls(self, crisis: str | None = None, **asked: Unpack[Asked]) -> Document:
        """The view `tolls`."""
        return self._view(views.toll_document, crisis, asked)

    def displacement(self, crisis: str | None = None, **asked: Unpack[Asked]) -> Document:
        """The view `displacement`."""
        return self._view(views.displacement_document, crisis, asked)

    def incidents(self, crisis: str | None = None, **asked: Unpack[Asked]) -> Document:
        """The view `incidents`."""
        return self._view(views.incidents_document, crisis, asked)

    def sources(self, crisis: str | None = None, **asked: Unpack[Asked]) -> Document:
        """The view `sources`."""
        return self._view(views.sources_document, crisis, asked)

    def revisions(
        self, crisis: str | None = None, series: str | None = None, **asked: Unpack[Asked]
    ) -> Document:
        """The view `revisions`, of every series or of one by its id."""
        name, (rows, query, position, gazetteer, policy) = self._ask(crisis, asked)
        return views.revisions_document(name, rows, query, series, position, gazetteer, policy)

    def conflicts(self, crisis: str | None = None, **asked: Unpack[Asked]) -> Document:
        """The view `conflicts`."""
        name, given = self._ask(crisis, asked)
        aside = [_put_aside(one) for one in self._quarantined if one.crisis == name]
        return views.conflicts_document(name, *given, aside)

    def explain(self, cell: str, crisis: str | None = None, **asked: Unpack[Asked]) -> Document:
        """How the number of a cell came about; `cell` is its `id`, or an area."""
        name, (rows, query, position, gazetteer, policy) = self._ask(crisis, asked)
        return views.explain_document(name, rows, query, cell, position, gazetteer, policy)

    def statements(self, crisis: str | None = None, **asked: Unpack[Asked]) -> Document:
        """The view `statements`."""
        name, (_, query, position, *_) = self._ask(crisis, asked)
        rows = self._statements.get(name, {})
        return views.statements_document(name, rows, query, position)

    def _view(self, view: _View, crisis: str | None, asked: Asked) -> Document:
        name, given = self._ask(crisis, asked)
        return view(name, *given)

    def _ask(self, crisis: str | None, asked: Asked) -> tuple[str, _Question]:
        name = self._one(crisis)
        rows = self.rows(name)
        query = _query(asked)
        gazetteer, policy = read_with(
            rows, self._shared, query.moment, default_gazetteer(), default_policy(), query.policy
        )
        return name, (rows, query, self._position, gazetteer, policy)


def _query(asked: Asked) -> Query:
    as_of, published = asked.get("as_of"), asked.get("published_as_of")
    return Query(
        measure=asked.get("measure"),
        area=asked.get("area"),
        originator=asked.get("originator"),
        policy=asked.get("policy"),
        as_of=None if as_of is None else end_of(as_of),
        published_as_of=None if published is None else end_of(published),
        known_as_of=asked.get("known_as_of"),
    )


def _put_aside(refused: Refused) -> Document:
    """What is in quarantine, as the view `conflicts` takes it."""
    return {
        "source": refused.source,
        "id": refused.id,
        "recorded_at": format_instant(EPOCH),
        "reason": refused.errors[0].message,
        "sequence": refused.first,
    }
