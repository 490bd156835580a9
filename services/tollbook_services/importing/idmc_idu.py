"""IDMC's internal displacement updates: one movement, or people in one shelter, a row."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tollbook_schemas.limits import NAME_CHARS_MAX, NOTE_CHARS_MAX, URL_CHARS_MAX
from tollbook_services.importing.cells import choice, day, needed, refused, text, whole
from tollbook_services.importing.expected import expecting
from tollbook_services.importing.idmc_popup import TERMS, TEXT, Popup, day_of, popup_of
from tollbook_services.importing.places import country_code
from tollbook_services.importing.reports import kept, report
from tollbook_services.importing.rows import Context, Document, Imported, Row, row_by_row
from tollbook_services.importing.tables import read_rows

SOURCE: Final = "https://www.internal-displacement.org/idu"
ORIGINATOR: Final = "idmc"

_QUALIFIERS: Final[Mapping[str, str]] = {
    "total": "exactly",
    "approximately": "approximately",
    "more than": "more_than",
}

_COLUMNS: Final = {
    "/id": "id",
    "/data/published_at": "created_at",
    "/time": "created_at",
    "/data/figures/0/quantity": "figure",
    "/data/figures/0/areas": TEXT,
    "/data/figures/0/window": "displacement_start_date",
    "/data/figures": TEXT,
    "/data/note": TEXT,
    "/data/url": TEXT,
}

_CONVERTED: Final = "Persons worked out by IDMC from the households that its source counted."
_DIFFERS: Final = "The column figure says {figure:,}, and the text {number:,}: both are kept."


class IdmcIdu:
    """The updates, as downloaded in JSON or CSV."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        return expecting(read_rows(file), "idmc-idu")

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """One report a row."""
        return row_by_row(rows, lambda row: _converted(row, context))


IMPORTER: Final = IdmcIdu()


def _converted(row: Row, context: Context) -> tuple[Document, Mapping[str, str]]:
    identity = needed(row, "id")
    popup = popup_of(row)
    published, time = _published(row)
    data: Document = {
        "originator": ORIGINATOR,
        "published_at": published,
        "note": _note(popup),
        "figures": _figures(row, popup, context),
        "ext": {"columns": kept(row)},
    }
    if popup.url.startswith(("http://", "https://")) and len(popup.url) <= URL_CHARS_MAX:
        data["url"] = quote(popup.url, safe="%:/?#[]@!$&'()*+,;=~")
    key = quote(identity, safe=":@!$&'()*+,;=~")
    return report(source=SOURCE, id=key, crisis=context.crisis, time=time, data=data), _COLUMNS


def _published(row: Row) -> tuple[str, str]:
    """When IDMC made the row: the moment as it stands there, or the end of the day."""
    found = day(row, "created_at")
    printed = needed(row, "created_at")
    if found is not None and "T" in printed:
        return printed, printed
    end = found.isoformat() if found else printed
    return end, f"{end}T23:59:59Z"


def _note(popup: Popup) -> str:
    source = f" Source: {popup.source}." if popup.source else ""
    return f"According to {popup.who}.{source}"[:NOTE_CHARS_MAX]


def _figures(row: Row, popup: Popup, context: Context) -> list[Document]:
    term = TERMS[popup.term]
    window = _window(row, popup)
    common: Document = {
        "measure": term.measure,
        "basis": term.basis,
        "window": window,
        "as_of": window["end"],
        "described_as": _described(row, popup),
        **_places(row, popup, context),
    }
    people = {**common, "id": "people", "unit": "person", **_people(row, popup)}
    if not popup.households:
        return [people]
    quantity = _quantity(row, popup, popup.number or 0)
    households = {**common, "id": "households", "unit": "household", "quantity": quantity}
    return [{**people, "pair": "same"}, {**households, "pair": "same"}]


def _window(row: Row, popup: Popup) -> dict[str, str]:
    """The days of the text, which the columns must confirm."""
    _day(row, "displacement_date")
    start = day_of(popup.start, TEXT, _day(row, "displacement_start_date"))
    end = day_of(popup.end, TEXT, _day(row, "displacement_end_date"))
    return {"start": start.isoformat(), "end": end.isoformat()}


def _day(row: Row, column: str) -> date:
    found = day(row, column)
    if found is None:
        needed(row, column)
    return found or date.min


def _people(row: Row, popup: Popup) -> Document:
    """How many persons; where the text has another number than the column, both."""
    count = whole(row, "figure")
    if count is None:
        needed(row, "figure")
    figure = count or 0
    if popup.households:
        return {
            "quantity": {"qualifier": "approximately", "value": figure},
            "note": _CONVERTED,
        }
    if popup.number in {None, figure}:
        return {"quantity": _quantity(row, popup, figure)}
    number = popup.number or 0
    return {
        "quantity": {
            "qualifier": "between",
            "from": min(number, figure),
            "to": max(number, figure),
            "value": figure,
        },
        "note": _DIFFERS.format(figure=figure, number=number),
    }


def _quantity(row: Row, popup: Popup, value: int) -> dict[str, Any]:
    qualifier = choice(row, "qualifier", _QUALIFIERS)
    if _QUALIFIERS[popup.qualifier] != qualifier:
        said = needed(row, "qualifier")
        message = f"{said!r} here, but {popup.qualifier!r} in the text: they must agree"
        raise refused("qualifier", message)
    if qualifier == "exactly" and not value:
        return {"qualifier": "none_reported"}
    return {"qualifier": qualifier, "value": value}


def _described(row: Row, popup: Popup) -> str:
    kinds = (text(row, "displacement_type"), text(row, "subtype"), popup.term or None)
    return ", ".join(kind for kind in kinds if kind)[:NAME_CHARS_MAX] or "displacement"


def _places(row: Row, popup: Popup, context: Context) -> Document:
    """Where people were, or from where to where they moved.

    Those of a place that IDMC left out are a part of the country, never its own number.
    """
    country = country_code(row, "iso3", context)
    if popup.place is None:
        return {"areas": [country], "precision": "country", "coverage": "partial"}
    if " to " in popup.place:
        origin, destination = popup.place.split(" to ", 1)
        left = _inside(origin, country, context)
        reached = _inside(destination, country, context)
        spot = {"place": reached["place"]} if "place" in reached else {}
        return {**left, **spot, "origin": left["areas"], "destination": reached["areas"]}
    return _inside(popup.place, country, context)


def _inside(place: str, country: str, context: Context) -> Document:
    """The first-level areas that a place names; what else it names is a place inside them.

    A name that is none of the first-level areas stays a name: it is a place in the country.
    """
    names = [name.strip() for name in place.replace(" and ", ", ").split(",") if name.strip()]
    codes: list[str] = []
    spots: list[str] = []
    for name in names:
        found = context.gazetteer.find(name, inside=country, levels=(1,)).area
        if found is None:
            spots.append(name)
        elif found.code not in codes:
            codes.append(found.code)
    precision = "first-level" if codes else "country"
    where: Document = {"areas": codes or [country], "precision": precision}
    return where | ({"place": ", ".join(spots)[:NAME_CHARS_MAX]} if spots else {})
