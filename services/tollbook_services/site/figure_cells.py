"""A cell on a page: its consolidated line, each originator's, and the series that are about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from tollbook_projections.query import MOVEMENTS
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services import queries
from tollbook_services.queries import Question
from tollbook_services.site.chart.model import Line
from tollbook_services.site.figure_charts import Charter, PastCells, cell_lines, charts
from tollbook_services.site.rendering import catalogue
from tollbook_services.wiring import Tollbook

Document = Mapping[str, Any]

CHARTS_MAX: Final = 4
"""Charts of a page; where a cell has more units and segments, links lead to the others."""

_LINED: Final = frozenset({"cumulative", "stock"})
"""Bases whose values replace each other, so that they make a line."""


@dataclass(frozen=True, slots=True)
class CellAround:
    """Which cell a page is about: areas in order, joined with `+`, of one measure."""

    crisis: str
    area: str
    asked: Question
    segment: str | None
    by: str
    language: str


class _Key(NamedTuple):
    """What can share an axis."""

    segment: str
    unit: str
    nature: str
    origin: str | None
    destination: str | None


async def cell_groups(
    book: Tollbook, charter: Charter, around: CellAround, every: Sequence[Document]
) -> tuple[list[Document], list[Document]]:
    """The parts of a page about a cell, one for each unit and segment, and the series to list.

    Charts are made for the first `CHARTS_MAX` of them only. Where no series is about exactly these
    areas, those that touch them are listed.

    Args:
        book: of the ledger.
        charter: draws, at the position of the page.
        around: which cell.
        every: the series of the measure that touch the areas.
    """
    own = [one for one in every if _is_of(one, around)]
    cells = await _cells(book, charter, around)
    keys = sorted({*map(_series_key, own), *map(_cell_key, cells)}, key=_order)
    past: list[PastCells] = []
    if cells and around.by == "as_of":
        steps = [step for one in every for step in one["revisions"]]
        past = await charter.past_cells(around.crisis, around.asked.measure or "", steps)
    groups: list[Document] = []
    for place, key in enumerate(keys):
        cell = next((one for one in cells if _cell_key(one) == key), None)
        series = [one for one in own if _series_key(one) == key]
        group: Document = {**key._asdict(), "cell": cell, "series": series}
        if place < CHARTS_MAX:
            group = {**group, **await _drawn(charter, around, group, past)}
        groups.append(group)
    return groups, own or [one for one in every if around.segment in {None, one["segment"]}]


def areas_or_refuse(gazetteer: Gazetteer, text: str) -> str:
    """Areas in canonical codes and in order.

    Raises:
        OptionError: there is no such area.
    """
    codes = [queries.area_or_refuse(gazetteer, code) or code for code in text.split("+")]
    return "+".join(sorted(set(codes)))


def months_of(language: str) -> list[str]:
    """Twelve short names."""
    return catalogue(language)["chart.months"].split(" ")


async def _drawn(
    charter: Charter, around: CellAround, group: Document, past: Sequence[PastCells]
) -> Document:
    """The chart of a group: what its cell came to, and the series that are about it."""
    lined = [one for one in group["series"] if one["basis"] in _LINED]
    named = [(one, _named(one, lined)) for one in lined]
    lines = await (charter.by_record(named) if around.by != "as_of" else charter.by_cut_off(named))
    name = catalogue(around.language)["figures.consolidated"]
    if group["cell"] is not None and past:
        derived = cell_lines(past, group["cell"]["id"], name)
        lines = _together(derived, lines, {one["originator"] for one in lined})
    return {
        "consolidated": name,
        "charts": charts(lines, months_of(around.language)),
        "unlined": [one for one in group["series"] if one["basis"] not in _LINED],
    }


def _together(derived: Sequence[Line], own: Sequence[Line], named: set[str]) -> list[Line]:
    """The consolidated line, those of series, and those derived of originators without one."""
    toll, *others = derived
    return [toll, *own, *(line for line in others if line.name not in named)]


async def _cells(book: Tollbook, charter: Charter, around: CellAround) -> list[Document]:
    asked = around.asked
    ask = queries.displacement if asked.measure in MOVEMENTS else queries.tolls
    now = replace(asked, area=None, originator=None, known_as_of=str(charter.known))
    return [
        cell
        for cell in (await ask(book, around.crisis, now))["cells"]
        if (cell["kind"], cell["area"]) == ("area", around.area)
        and around.segment in {None, cell["segment"]}
    ]


def _is_of(series: Document, around: CellAround) -> bool:
    """Whether a series is about exactly these areas, and not about a place or incident in them."""
    return (
        "+".join(series["areas"]) == around.area
        and around.segment in {None, series["segment"]}
        and series["place"] is None
        and series["incident"] is None
    )


def _series_key(series: Document) -> _Key:
    nature = "stock" if series["basis"] == "stock" else "count"
    return _Key(series["segment"], series["unit"], nature, series["origin"], series["destination"])


def _cell_key(cell: Document) -> _Key:
    return _Key(cell["segment"], cell["unit"], cell["nature"], cell["origin"], cell["destination"])


def _order(key: _Key) -> tuple[object, ...]:
    return (key.segment != "all", key.segment.count("/"), *(part or "" for part in key))


def _named(series: Document, others: Sequence[Document]) -> str:
    """The originator; with what tells its series apart where it has several."""
    name: str = series["originator"]
    if sum(1 for one in others if one["originator"] == name) > 1:
        told = [part for part in series["id"].split("|")[6:] if "=" in part]
        return f"{name} ({', '.join([series['basis'], *told])})"
    return name
