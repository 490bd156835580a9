"""What exported cells rest on, all of it: every figure, in the versions that a cell takes."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from tollbook_projections.consolidation.books import Books
from tollbook_projections.consolidation.region import Areas, Lattice
from tollbook_projections.documents import cell_id
from tollbook_projections.reading import Reading
from tollbook_projections.selection import Dossier, Version
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import instant_of

Document = Mapping[str, Any]


class Lineage:
    """The figures of the cells of one view. A cell itself names those of the latest incidents."""

    def __init__(
        self,
        document: Document,
        dossiers: Mapping[str, Dossier],
        gazetteer: Gazetteer,
        policy: Policy,
    ) -> None:
        """Consolidate once more where a cell names fewer figures than it rests on.

        Args:
            document: the view `tolls` or `displacement`.
            dossiers: the figures that its question admits, by global id.
            gazetteer: the areas it was made with.
            policy: the policy it was made with.
        """
        self._dossiers = dossiers
        self._reading = Reading(gazetteer, policy)
        self._lattice = Lattice(gazetteer)
        self._as_of = None if document["as_of"] is None else instant_of(document["as_of"])
        cut = [cell for cell in document["cells"] if cell["figures_total"] > len(cell["figures"])]
        self._whole = dict(self._solved(cut)) if cut else {}

    def versions(self, cell: Document) -> Iterator[tuple[Dossier, list[Version]]]:
        """Each figure of a cell, with the versions of it that can share people with the cell.

        A break of a series leaves a figure with several versions, of other areas perhaps. Those
        with a later cut-off than the one asked for are none. Where only others are left, as for
        a part of a total, they are what the number rests on.
        """
        areas = tuple(cell["area"].split("+"))
        for figure in self._whole.get(cell["id"]) or cell["figures"]:
            dossier = self._dossiers[figure]
            live = [one for one in dossier.versions if self._holds(dossier, one)]
            near = [one for one in live if self._near(dossier, one, areas)]
            yield dossier, near or live

    def _holds(self, dossier: Dossier, version: Version) -> bool:
        """Whether a version was not replaced, and its cut-off is not too late."""
        if version.replaced_by is not None:
            return False
        claims = self._reading.version_claims(dossier, version)
        return self._as_of is None or any(claim.as_of <= self._as_of for claim in claims)

    def _near(self, dossier: Dossier, version: Version, areas: Areas) -> bool:
        claims = self._reading.version_claims(dossier, version)
        return any(not self._lattice.areas_disjoint(one.region.areas, areas) for one in claims)

    def _solved(self, cut: Iterable[Document]) -> Iterator[tuple[str, Collection[str]]]:
        """All figures of the cells that do not name theirs, by the id of the cell."""
        wanted = {cell["id"]: {own["originator"] for own in cell["originators"]} for cell in cut}
        books = Books(self._reading.gazetteer, self._reading.policy, lineage_max=None)
        for figure in sorted(self._dossiers):
            books.replace(figure, self._reading.claims(self._dossiers[figure], self._as_of))
        for kind in books.kinds():
            for cell in books.cells(kind):
                own = wanted.get(cell_id(cell.key), ())
                if own:
                    values = (cell.originators[name] for name in own)
                    yield cell_id(cell.key), frozenset().union(*(one.figures for one in values))
