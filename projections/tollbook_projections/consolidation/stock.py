"""Lower bounds for stocks: people present at a moment, never added over time (R14)."""

from datetime import datetime, timedelta
from typing import Final

from tollbook_projections.consolidation.floors import Floors
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Step

TICK: Final = timedelta(microseconds=1)
"""The step to just before or after figures of one moment."""


class StockFloors(Floors):
    """The latest figure of each site; sites add only if disjoint.

    People leave: an older figure of a part is no floor for a newer one of the whole. So the
    start of a window here is the cut-off from which parts' figures still count.
    """

    def _own_low(self, region: Region, start: datetime, end: datetime) -> int:
        facts = self._grid.facts.get(region)
        step = facts.history.at(end) if facts and facts.history else None
        floors = [span for span in facts.floors if span.end <= end] if facts else []
        since = start
        best = 0
        if step is not None and step.as_of >= start:
            since, best = step.as_of, step.interval.low
        recent = [span.interval.low for span in floors if span.end >= since]
        inner = self.parts_low(region, since, end)
        if step is not None and step.as_of == since and self._exceeded(step.interval.high, inner):
            inner = self.parts_low(region, since + TICK, end)
        return max(best, inner, *recent)

    def since(self, moment: datetime) -> datetime:
        """People leave: only figures of a moment say how many there were."""
        return moment - TICK

    def exceeded(self, region: Region, base: Step) -> bool:
        """A stock has no window: its parts are those of its own moment."""
        known = self.parts_low(region, self.since(base.as_of), base.as_of)
        return self._exceeded(base.interval.high, known)

    @staticmethod
    def _exceeded(high: int | None, parts: int) -> bool:
        """Parts of the same day above a closed figure are a conflict; later ones are a floor."""
        return high is not None and parts > high

    def high_at(self, region: Region, moment: datetime) -> int | None:
        """A stock says nothing of other moments than its own."""
        facts = self._grid.facts.get(region)
        step = facts.history.at(moment) if facts and facts.history else None
        return step.interval.high if step is not None and step.as_of == moment else None
