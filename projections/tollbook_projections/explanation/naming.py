"""The words of an explanation: regions, windows and figures as a reader calls them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tollbook_projections.consolidation.region import Areas, Region, slug_of
from tollbook_projections.consolidation.span import BEGINNING, END
from tollbook_projections.consolidation.stock import TICK
from tollbook_projections.documents import as_of_text
from tollbook_schemas.gazetteer import Gazetteer

NAMED_MAX: Final = 5
"""Figures named in one term: a sum of many incidents would fill a page; `figures` has them all."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of areas from a gazetteer, and the quantities of figures as printed, by id.

    Attributes:
        quantities: of each figure what it says, in order; a figure says one thing, unless a
            break of its series added a value of another moment.
    """

    gazetteer: Gazetteer
    quantities: Mapping[str, Sequence[Mapping[str, Any]]]

    def region(self, region: Region) -> str:
        """`Latakia + Tartous, civilian`; of movements also `from` and `to`."""
        parts = [self._areas(region.areas), slug_of(region.segment)]
        for word, end in zip(("from", "to"), region.flow, strict=True):
            if end is not None:
                parts.append(f"{word} {self._areas(end)}")
        return ", ".join(parts)

    def figures(self, figures: Iterable[str]) -> str:
        """`sohr-2025-03-12#B7.civ (exactly 1383)`: ids without their source, as printed."""
        every = tuple(figures)
        named = [self._figure(figure) for figure in every[:NAMED_MAX]]
        if len(every) > NAMED_MAX:
            named.append(f"{len(every) - NAMED_MAX} more")
        return ", ".join(named)

    def _figure(self, figure: str) -> str:
        short = figure.rpartition("#")
        name = f"{short[0].rpartition('/')[2]}#{short[2]}"
        said = ", then ".join(printed(quantity) for quantity in self.quantities.get(figure, ()))
        return f"{name} ({said})" if said else name

    def _areas(self, areas: Areas) -> str:
        return " + ".join(self.gazetteer.name(area) for area in areas)


def printed(quantity: Mapping[str, Any]) -> str:
    """A quantity in words: `exactly 745`, `between 10 and 20`, `dozens`."""
    match quantity["qualifier"]:
        case "between":
            value = f", {quantity['value']}" if quantity.get("value") is not None else ""
            return f"between {quantity['from']} and {quantity['to']}{value}"
        case "lexical":
            return str(quantity["word"])
        case qualifier:
            number = quantity.get("value")
            words = qualifier.replace("_", " ")
            return words if number is None else f"{words} {number}"


def window_text(start: datetime, end: datetime) -> str:
    """A window in words: empty for all time, `by 2025-03-11`, `from .. to ..`."""
    if start == BEGINNING:
        return "" if end == END else f"by {as_of_text(end)}"
    if end - start == TICK:
        return f"at {as_of_text(end)}"
    began = (as_of_text(_day_start(start)) or "").removesuffix("T00:00:00Z")
    return f"from {began} on" if end == END else f"from {began} to {as_of_text(end)}"


def _day_start(moment: datetime) -> datetime:
    """The first moment after a cut-off: after the end of a day it is the next day."""
    ends = (moment.hour, moment.minute, moment.second) == (23, 59, 59)
    return moment + timedelta(seconds=1) if ends else moment
