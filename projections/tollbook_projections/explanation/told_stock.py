"""Lows of stocks, told: the latest figure of each site (R14)."""

from datetime import datetime

from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.stock import TICK, StockFloors
from tollbook_projections.explanation.told_floors import ToldFloors
from tollbook_projections.explanation.trail import Term


class ToldStockFloors(ToldFloors, StockFloors):
    """The same for stocks: the latest figure of each site (R14)."""

    def _tell_own(self, region: Region, start: datetime, end: datetime) -> Term:
        wanted = self.low(region, start, end)
        facts = self._grid.facts.get(region)
        step = facts.history.at(end) if facts and facts.history else None
        known = [] if step is None or step.as_of < start else [(step.figures, step.interval.low)]
        since = step.as_of if step is not None and known else start
        known += [
            (span.figures, span.interval.low)
            for span in (facts.floors if facts else ())
            if since <= span.end <= end
        ]
        for figures, low in known:
            if low == wanted:
                says = "the latest figure of who was present"
                term = self.figure(figures, low)
                return self._step("take", [term], region, (start, end), rule="R14", says=says)
        if self.parts_low(region, since, end) != wanted:
            since += TICK
        return self.tell_parts(region, since, end)

    def tell_high_at(self, region: Region, moment: datetime) -> Term:
        """A stock says nothing of other moments than its own."""
        facts = self._grid.facts.get(region)
        step = facts.history.at(moment) if facts and facts.history else None
        if step is None or step.as_of != moment:
            return Term(f"{self._naming.region(region)}: no figure of that moment", None)
        return self.figure(step.figures, step.interval.high)
