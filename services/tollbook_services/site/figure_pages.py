"""Pages of figures: one series as a step line, and all originators of a cell side by side."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.security import needs
from tollbook_services.site.asking import Asked, Held
from tollbook_services.site.crisis_frame import Given, PageNumber, crisis_page
from tollbook_services.site.figure_cells import (
    CHARTS_MAX,
    CellAround,
    areas_or_refuse,
    cell_groups,
    months_of,
)
from tollbook_services.site.figure_charts import Charter, charts
from tollbook_services.site.rendering import language_of
from tollbook_services.site.row_weights import cut, weight
from tollbook_services.site.step_rows import row_weight, step_rows

Document = Mapping[str, Any]

Chosen = Annotated[str | None, Query(max_length=200)]
By = Annotated[Literal["as_of", "recorded"], Query(description="What the time axis is.")]

router = APIRouter(
    prefix="/crises/{crisis}", include_in_schema=False, dependencies=[Depends(needs(Action.READ))]
)


@router.get("/series")
async def one_series(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    series: Annotated[str, Query(alias="id", min_length=1, max_length=1000)],
    by: By = "as_of",
    number: PageNumber = 1,
) -> Response:
    """The history of one series: its step line, and each step with its reason."""
    book = running.book

    async def made() -> Given:
        document = await queries.revisions(book, crisis, asked, series)
        (told,) = document["series"]
        charter = await Charter.of(book, crisis, asked, document)
        named = [(told, told["originator"])]
        lines = await (charter.by_record(named) if by == "recorded" else charter.by_cut_off(named))
        return {
            "document": document,
            "series": told,
            "by": by,
            "charts": charts(lines, months_of(language_of(request))),
            "beside": _beside(told),
            "consolidated": None,
            **cut(step_rows([told], charter.policy), number, row_weight),
        }

    return await crisis_page(request, running, crisis, asked, "figures/series.html", made)


@router.get("/series/{series:path}")
async def one_series_by_path(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    series: str,
    by: By = "as_of",
    number: PageNumber = 1,
) -> Response:
    """The same, with the id in the path."""
    return await one_series(request, running, crisis, asked, series, by, number)


@router.get("/figures")
async def figures(  # noqa: PLR0913, PLR0917 - the parameters of the query string
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    measure: Chosen = None,
    area: Chosen = None,
    segment: Chosen = None,
    by: By = "as_of",
    number: PageNumber = 1,
) -> Response:
    """All originators of a cell beside each other; without area and measure the list of series."""
    book = running.book
    codes = areas_or_refuse(book.gazetteer, area) if area else None
    asked = replace(asked, measure=measure or None)
    wide = replace(asked, area=None if codes is None or "+" in codes else codes)
    whom = segment or None
    shown = {"area": codes, "measure": asked.measure, "segment": whom, "by": by}

    async def listed() -> Given:
        document = await queries.revisions(book, crisis, wide)
        rows = [one for one in document["series"] if whom in {None, one["segment"]}]
        ordered = sorted(rows, key=_listed_order)
        return {"document": document, **shown, **cut(ordered, number, _listed_weight)}

    async def beside() -> Given:
        document = await queries.revisions(book, crisis, wide)
        charter = await Charter.of(book, crisis, asked, document)
        around = CellAround(crisis, codes or "", asked, whom, by, language_of(request))
        groups, series = await cell_groups(book, charter, around, document["series"])
        rows = step_rows(series, charter.policy)
        found = {"groups": groups[:CHARTS_MAX], "other_groups": groups[CHARTS_MAX:]}
        return {"document": document, **shown, **found, **cut(rows, number, row_weight)}

    if codes is None or asked.measure is None:
        return await crisis_page(request, running, crisis, asked, "figures/list.html", listed)
    return await crisis_page(request, running, crisis, asked, "figures/cell.html", beside)


def _beside(series: Document) -> Document | None:
    """What the page of the cell of a series is asked with."""
    if series["place"] is not None or series["incident"] is not None:
        return None
    return {
        "measure": series["measure"],
        "area": "+".join(series["areas"]),
        "segment": series["segment"],
    }


def _listed_weight(series: Document) -> int:
    return weight(900, series["id"], series["id"], series["place"], series["incident"])


def _listed_order(series: Document) -> tuple[object, ...]:
    return (series["measure"], series["unit"], -len(series["revisions"]), series["id"])
