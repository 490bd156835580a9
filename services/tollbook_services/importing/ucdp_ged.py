"""UCDP GED: one deadly event a row, with a low, a best and a high estimate of the killed."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from tollbook_schemas.limits import NAME_CHARS_MAX
from tollbook_services.importing.cells import (
    choice,
    needed,
    needed_day,
    needed_whole,
    refused,
    text,
    whole,
)
from tollbook_services.importing.expected import expecting
from tollbook_services.importing.places import area_code, country_code
from tollbook_services.importing.reports import exactly, kept, report
from tollbook_services.importing.rows import Context, Document, Imported, Row, row_by_row
from tollbook_services.importing.slugs import slug_of
from tollbook_services.importing.tables import read_rows

SOURCE: Final = "https://ucdp.uu.se/ged"
ORIGINATOR: Final = "ucdp"

_PRECISIONS: Final = {
    "1": "exact-place",
    "2": "within-25-km",
    "3": "second-level",
    "4": "first-level",
    "5": "estimated-place",
    "6": "country",
    "7": "international",
}
"""`where_prec`: how near the event is known to the place that is named."""

_VIOLENCE: Final = {
    "1": "state-based violence",
    "2": "non-state violence",
    "3": "one-sided violence",
}
"""`type_of_violence`."""

_AGGREGATE: Final = "2"
"""`event_clarity` of a row that the sources only describe together with others."""

_PUBLISHED: Final = (
    "published_at is the later of date_end and the last day in source_date: "
    "a row has no day of publication of its own."
)
_CLARITY: Final = "event_clarity 2: the sources tell of several events, or of too little, as one."

_COLUMNS: Final = {
    "/id": "id",
    "/data/published_at": "source_date",
    "/data/figures/0/quantity/from": "low",
    "/data/figures/0/quantity/to": "high",
    "/data/figures/0/quantity": "best",
    "/data/figures/0/areas": "adm_1",
    "/data/figures/0/window/start": "date_start",
    "/data/figures/0/window": "date_end",
    "/data/figures/0/described_as": "dyad_name",
}


class UcdpGed:
    """The georeferenced event dataset, as published in CSV."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        return expecting(read_rows(file), "ucdp-ged")

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """One report a row."""
        return row_by_row(rows, lambda row: _converted(row, context))


IMPORTER: Final = UcdpGed()


def _converted(row: Row, context: Context) -> tuple[Document, Mapping[str, str]]:
    identity = needed(row, "id")
    window = _window(row)
    published = max([window["end"], *_source_days(row)])
    total = _total(row, context, identity, window)
    data = {
        "originator": ORIGINATOR,
        "published_at": published,
        "note": _PUBLISHED,
        "figures": [total, *_splits(row, total)],
        "ext": {"columns": kept(row)},
    }
    time = f"{published}T23:59:59Z"
    event = report(source=SOURCE, id=identity, crisis=context.crisis, time=time, data=data)
    return event, _COLUMNS


def _window(row: Row) -> dict[str, str]:
    return {end: needed_day(row, f"date_{end}").isoformat() for end in ("start", "end")}


def _source_days(row: Row) -> list[str]:
    """The days on which the sources were published; many rows do not have any."""
    days = []
    for part in (text(row, "source_date") or "").split(";"):
        if not part.strip():
            continue
        try:
            days.append(date.fromisoformat(part.strip()[:10]).isoformat())
        except ValueError:
            message = f"{part.strip()!r} is no day: write days as in 2015-05-13;2015-05-16"
            raise refused("source_date", message) from None
    return days


def _total(row: Row, context: Context, identity: str, window: Mapping[str, str]) -> dict[str, Any]:
    """The estimate of all killed, by place and time."""
    figure: dict[str, Any] = {
        "id": "killed",
        "measure": "killed",
        "unit": "person",
        "quantity": _estimate(row),
        "areas": [_area(row, context)],
        "basis": "incident",
        "incident": f"ged-{slug_of(identity)}",
        "window": dict(window),
        "precision": choice(row, "where_prec", _PRECISIONS),
        "described_as": _described(row),
    }
    if text(row, "event_clarity") == _AGGREGATE:
        figure["note"] = _CLARITY
    return figure


def _estimate(row: Row) -> dict[str, Any]:
    """The three estimates; out of order they stay so, and are flagged `bounds_disordered` (R2)."""
    low, best, high = (needed_whole(row, column) for column in ("low", "best", "high"))
    if low == best == high:
        return exactly(best)
    return {"qualifier": "between", "from": low, "to": high, "value": best}


def _area(row: Row, context: Context) -> str:
    """The first-level area; where the row has none, the country, and none is chosen for it."""
    country = country_code(row, "country", context)
    if text(row, "adm_1") is None:
        return country
    return area_code(row, "adm_1", context, inside=country, levels=(1,))


def _described(row: Row) -> str:
    kind = choice(row, "type_of_violence", _VIOLENCE)
    dyad = text(row, "dyad_name")
    return (f"{kind}: {dyad}" if dyad else kind)[:NAME_CHARS_MAX].rstrip()


def _splits(row: Row, total: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The best estimate by who died: the same dead cut another way, so none of it is counted.

    A 0 says that none of the best estimate is assigned here, not that nobody died; it stays in
    `ext` and becomes no figure.
    """
    common = {name: total[name] for name in _SHARED}
    for name, column in _SPLITS.items():
        value = whole(row, column)
        if not value:
            continue
        yield {
            **common,
            "id": f"killed.{name}",
            "quantity": exactly(value),
            "segment": _segment(row, name),
            "role": "triangulation",
            "described_as": column,
        }


_SHARED: Final = ("measure", "unit", "areas", "basis", "incident", "window", "precision")

_SPLITS: Final = {
    "a": "deaths_a",
    "b": "deaths_b",
    "civilians": "deaths_civilians",
    "unknown": "deaths_unknown",
}


def _segment(row: Row, name: str) -> dict[str, str]:
    match name:
        case "a" | "b":
            group = text(row, f"side_{name}")
            side = {"group": slug_of(group)} if group else {}
            return {"status": "combatant", **side}
        case "civilians":
            return {"status": "civilian"}
        case _:
            return {}
