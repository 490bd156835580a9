"""Charts of figures: one line each originator, and what they come to together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.filing import FIGURE_ROW
from tollbook_projections.query import MOVEMENTS
from tollbook_projections.series_lines import known_lines, rows_of, series_lines
from tollbook_projections.views import displacement_document, toll_document
from tollbook_schemas.times import end_of
from tollbook_services import queries
from tollbook_services.queries import Question
from tollbook_services.site.chart.drawing import NARROW, WIDE, Drawing, drawing
from tollbook_services.site.chart.lines import line_by_cut_off, line_by_record
from tollbook_services.site.chart.model import Line, Point
from tollbook_services.site.chart.scales import EPOCH
from tollbook_services.wiring import Tollbook

Document = Mapping[str, Any]
Charts = tuple[tuple[str, Drawing], ...]
"""The same chart for wide and for narrow screens."""

PastCells = tuple[float, Mapping[str, Document]]
"""A moment in seconds since 1970, and the cells by id as of then."""

MOMENTS_MAX: Final = 16
"""Moments at which the consolidated value is worked out for a chart: each takes as long as a view
of the past, some 15 ms in a small crisis."""

FIGURES_MAX: Final = 2_000
"""Figures of a crisis up to which that is done."""

RECORDED_MAX: Final = 1_000
"""Sequences, the newest ones, for which a line by recorded time is worked out."""


class Charter:
    """Makes the charts of a page out of rows that are read once, at the position of a document."""

    def __init__(self, given: tuple[Any, ...]) -> None:
        """Take what `queries.read_for` gives."""
        self._rows, self._query, self.position, self._gazetteer, self.policy = given

    @classmethod
    async def of(
        cls, book: Tollbook, crisis: str, asked: Question, document: Document
    ) -> "Charter":
        """What draws a document of `revisions`, at the same position."""
        known = asked.known_as_of or str(document["known_as_of"]["sequence"])
        return cls(
            await queries.read_for(book, crisis, replace(asked, known_as_of=known, area=None))
        )

    @property
    def known(self) -> int:
        """The sequence that it draws at."""
        known: int | None = self._query.known_as_of
        at: int = self.position.sequence
        return at if known is None else known

    async def by_cut_off(self, series: Sequence[tuple[Document, str]]) -> list[Line]:
        """A line for each series, with the name to call it by, over the originators' cut-offs."""
        wanted = {one["id"] for one, _ in series}
        lines = await queries.worked_out(
            series_lines, self._rows, self._query, self._gazetteer, self.policy, wanted
        )
        return [
            line_by_cut_off(one, name, lines.get(one["id"], ()), self.policy)
            for one, name in series
        ]

    async def by_record(self, series: Sequence[tuple[Document, str]]) -> list[Line]:
        """The same over the times at which this ledger recorded the steps."""
        made = await queries.worked_out(self._by_record, series)
        return list(made.values())

    async def past_cells(
        self, crisis: str, measure: str, steps: Sequence[Document]
    ) -> list[PastCells]:
        """The cells of a measure at the cut-offs of some steps; empty where that takes too long.

        Args:
            crisis: its slug.
            measure: of the cells.
            steps: whose cut-offs are the moments; the newest `MOMENTS_MAX` of them.
        """
        if sum(1 for key in self._rows if key.startswith(FIGURE_ROW)) > FIGURES_MAX:
            return []
        limit = self._query.as_of
        moments = sorted({end_of(step["as_of"]) for step in steps})
        moments = [one for one in moments if limit is None or one <= limit][-MOMENTS_MAX:]
        view = displacement_document if measure in MOVEMENTS else toll_document
        found: list[PastCells] = []
        for moment in moments:
            query = replace(self._query, as_of=moment, area=None, originator=None, measure=measure)
            document = await queries.worked_out(
                view, crisis, self._rows, query, self.position, self._gazetteer, self.policy
            )
            at = (moment - EPOCH).total_seconds()
            found.append((at, {cell["id"]: cell for cell in document["cells"]}))
        return found

    def _by_record(self, series: Sequence[tuple[Document, str]]) -> dict[int, Line]:
        found = {}
        for place, (one, name) in enumerate(series):
            steps = one["revisions"]
            known = sorted({step["sequence"] for step in steps})[-RECORDED_MAX:]
            rows = rows_of(self._rows, {step["figure"] for step in steps})
            read_with = (self._gazetteer, self.policy)
            lines = known_lines(rows, self._query, read_with, one["id"], known)
            found[place] = line_by_record(one, name, lines, self.policy)
        return found


def charts(lines: Sequence[Line], months: Sequence[str]) -> Charts:
    """Lines drawn for wide and for narrow screens; empty where there is nothing to see."""
    drawn = [(size, drawing(lines, frame, months)) for size, frame in _FRAMES]
    return tuple((size, one) for size, one in drawn if one is not None)


_FRAMES: Final = (("wide", WIDE), ("narrow", NARROW))


def cell_lines(past: Sequence[PastCells], cell: str, name: str) -> list[Line]:
    """What a cell came to, and each originator's own value for it, over cut-offs.

    Args:
        past: the cells at each moment.
        cell: its id.
        name: what to call the consolidated line, which is the first one.
    """
    lines: dict[str | None, list[Point]] = {None: []}
    for at, cells in past:
        found = cells.get(cell)
        if found is None:
            continue
        lines[None].append(Point(at, _interval(found)))
        for own in found["originators"]:
            points = lines.setdefault(own["originator"], [])
            if not points or points[-1].value != _interval(own):
                points.append(Point(at, _interval(own)))
    return [Line(name if one is None else one, tuple(points)) for one, points in lines.items()]


def _interval(bounds: Document) -> Interval:
    return Interval(bounds["low"], bounds["best"], bounds["high"])
