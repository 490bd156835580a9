"""What several views begin with: the admitted figures of a question, and the books they make."""

from collections.abc import Mapping
from dataclasses import dataclass

from tollbook_projections.consolidation.books import Books
from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.consolidation.region import Areas
from tollbook_projections.dossiers import admitted_of
from tollbook_projections.query import Query
from tollbook_projections.reading import Reading
from tollbook_projections.selection import Admitted, Dossier
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Solved:
    """The figures that a question admits, read and put into books.

    Attributes:
        admitted: every figure and act, those that do not count included.
        books: the counted figures, of the originator asked for if one was.
        claims: the last claim of every figure that has one and is asked for, by figure.
    """

    admitted: Admitted
    reading: Reading
    books: Books
    claims: Mapping[str, Claim]

    @property
    def gazetteer(self) -> Gazetteer:
        return self.reading.gazetteer

    @property
    def policy(self) -> Policy:
        return self.reading.policy

    def said(self, dossier: Dossier) -> tuple[Claim, ...]:
        """What a figure says as of the question; where it says nothing then, what it said last.

        That is so where it is retracted, a duplicate or held, or all its cut-offs are later.
        """
        live = self.books.claims.get(dossier.id, ())
        return live or self.reading.version_claims(dossier, dossier.versions[-1])

    def dated(self, query: Query, dossier: Dossier) -> bool:
        """Whether a figure has a cut-off that is not later than the one asked for."""
        return query.as_of is None or any(
            claim.as_of <= query.as_of for claim in self.said(dossier)
        )

    def asked(self, query: Query, dossier: Dossier) -> bool:
        """Whether a figure is of the measure, originator and area (or inside it) asked for."""
        filed = dossier.filed
        if query.measure not in {None, filed["figure"]["measure"]}:
            return False
        if query.originator not in {None, filed["originator"]}:
            return False
        return query.area is None or any(
            self.holds(query, (code,))
            for claim in self.said(dossier)
            for code in claim.region.areas
        )

    def holds(self, query: Query, areas: Areas) -> bool:
        """Whether areas lie in the one asked for, if one was."""
        if query.area is None:
            return True
        return self.books.lattice.areas_inside(areas, (self.gazetteer.canonical(query.area),))


def solved(rows: Mapping[str, bytes], query: Query, gazetteer: Gazetteer, policy: Policy) -> Solved:
    """The books of a question.

    Args:
        rows: rows of the projection `figures` of one crisis; tables figure, act and incident.
        query: the three clocks, and the originator whose figures alone are put into books.
        gazetteer: what areas mean.
        policy: what words mean, and who comes first.
    """
    admitted = admitted_of(rows, query.moment)
    books, reading = Books(gazetteer, policy), Reading(gazetteer, policy)
    claims: dict[str, Claim] = {}
    for figure in sorted(admitted.dossiers):
        dossier = admitted.dossiers[figure]
        if query.originator not in {None, dossier.filed["originator"]}:
            continue
        made = reading.claims(dossier, query.as_of)
        books.replace(figure, made)
        if made:
            claims[figure] = made[-1]
    return Solved(admitted, reading, books, claims)
