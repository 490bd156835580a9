"""The consolidation R1-R18 as one pure function."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tollbook_projections.consolidation.books import Books, Cell
from tollbook_projections.consolidation.check import Check
from tollbook_projections.consolidation.checks import checks_of
from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.reading import Reading
from tollbook_projections.selection import Dossier
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Consolidation:
    """The answer to one question: cells, checks, and marks on single values of figures."""

    cells: tuple[Cell, ...]
    checks: tuple[Check, ...]
    marks: Mapping[Claim, tuple[str, ...]]


def consolidate(
    dossiers: Mapping[str, Dossier],
    gazetteer: Gazetteer,
    policy: Policy,
    *,
    as_of: datetime | None = None,
    originator: str | None = None,
    cells: bool = True,
) -> Consolidation:
    """Tolls from admitted figures (docs/domain.md, section 5).

    Depends on its arguments alone: the order of the dossiers, and so of arrival, plays no part.

    Args:
        dossiers: admitted figures by global id, from `selection.admit`.
        gazetteer: gives the canonical code of an area and what lies inside it.
        policy: source rank, ranges of words, tolerance of "about".
        as_of: only figures with a cut-off up to here; None for all.
        originator: only this originator's figures.
        cells: False leaves the cells out, where they are already known and only the checks
            and marks are asked for.
    """
    books, reading = Books(gazetteer, policy), Reading(gazetteer, policy)
    for figure in sorted(dossiers):
        dossier = dossiers[figure]
        if originator is None or dossier.filed["originator"] == originator:
            books.replace(figure, reading.claims(dossier, as_of))
    kinds = books.kinds()
    return Consolidation(
        cells=tuple(cell for kind in kinds for cell in books.cells(kind)) if cells else (),
        checks=tuple(checks_of(books, dossiers, kinds, policy)),
        marks=books.marks(),
    )
