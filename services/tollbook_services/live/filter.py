"""Which changes a reader wants, and by which wants a change is found."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from tollbook_schemas.gazetteer import Gazetteer


class Filter(NamedTuple):
    """Only these changes; None stands for any.

    Attributes:
        crisis: of this crisis.
        area: of cells that lie in this area, by its canonical code, with all their areas.
        measure: of this measure.
        segment: of this segment, by its slug; not of those inside it.
    """

    crisis: str | None = None
    area: str | None = None
    measure: str | None = None
    segment: str | None = None


class Subject(NamedTuple):
    """What a change is about, as filters see it.

    Attributes:
        around: every area that all areas of the cell lie in, themselves among them.
    """

    crisis: str
    around: frozenset[str]
    measure: str
    segment: str

    def fits(self, wanted: Filter) -> bool:
        """Whether a filter lets the change through."""
        return (
            wanted.crisis in {None, self.crisis}
            and (wanted.area is None or wanted.area in self.around)
            and wanted.measure in {None, self.measure}
            and wanted.segment in {None, self.segment}
        )

    def filters(self) -> Iterator[tuple[str | None, ...]]:
        """Every filter that lets the change through: some 30, however many readers there are."""
        return product(
            (None, self.crisis), (None, *self.around), (None, self.measure), (None, self.segment)
        )


def subject_of(document: Mapping[str, Any], gazetteer: Gazetteer) -> Subject:
    """What a document of the change feed is about.

    Raises:
        LookupError, TypeError, AttributeError: it is no such document.
    """
    cell = document["cell"]
    told = (document["crisis"], cell["measure"], cell["segment"])
    if not all(isinstance(one, str) for one in told):
        raise TypeError("crisis, measure and segment have to be texts")
    areas = cell["area"].split("+")
    around = frozenset.intersection(
        *(frozenset((gazetteer.canonical(code), *gazetteer.ancestors(code))) for code in areas)
    )
    crisis, measure, segment = told
    return Subject(crisis, around, measure, segment)
