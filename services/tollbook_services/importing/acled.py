"""ACLED's column layout: one event a row, with the fatalities that were reported."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from tollbook_schemas.limits import NAME_CHARS_MAX
from tollbook_services.importing.cells import (
    choice,
    digits,
    needed,
    needed_day,
    needed_whole,
    refused,
    text,
)
from tollbook_services.importing.expected import expecting
from tollbook_services.importing.places import area_code, country_code
from tollbook_services.importing.reports import kept, report
from tollbook_services.importing.rows import Context, Document, Imported, Row, row_by_row
from tollbook_services.importing.slugs import slug_of
from tollbook_services.importing.tables import read_rows

SOURCE: Final = "https://acleddata.com"
ORIGINATOR: Final = "acled"

DAY_LAYOUTS: Final = ("%d %B %Y", "%d-%b-%Y")
"""`event_date` in the exports of different years, beside ISO 8601."""

_Span = Literal["day", "week", "month"]

_TIMES: Final[dict[str, _Span]] = {"1": "day", "2": "week", "3": "month"}
"""`time_precision`: how near `event_date` is to the day of the event."""

_WEEK: Final = timedelta(days=6)
"""Every week that holds the day lies within so many days on either side of it."""

_PRECISIONS: Final = {"1": "exact-place", "2": "near-place", "3": "region"}
"""`geo_precision`."""

_STAND_INS: Final = frozenset({3, 10, 12, 100})
"""Numbers that are also written for words: several, tens, dozens, hundreds, an unknown number."""

_STAND_IN: Final = "ACLED also writes {} where reports give a word or no number."
_NONE: Final = "0: no fatalities were reported, which is not a count of none."

_SIDES: Final = frozenset({"north", "south", "east", "west", "central"})
"""How ACLED divides first-level areas that nobody else divides: Shan-North, Bago-East."""

_JOINED: Final = {
    ("PS", "gaza strip"): ("PS-DEB", "PS-GZA", "PS-KYS", "PS-NGZ", "PS-RFH"),
    ("PS", "west bank"): (
        "PS-BTH", "PS-HBN", "PS-JEM", "PS-JEN", "PS-JRH", "PS-NBS", "PS-QQA", "PS-RBH", "PS-SLT",
        "PS-TBS", "PS-TKM",
    ),
}  # fmt: skip
"""First-level areas of ACLED that are several of ISO 3166-2: counted together, never split."""

_PART: Final = "ACLED says {}, a part of {}."

_COLUMNS: Final = {
    "/id": "event_id_cnty",
    "/time": "timestamp",
    "/data/published_at": "timestamp",
    "/data/figures/0/quantity": "fatalities",
    "/data/figures/0/areas": "admin1",
    "/data/figures/0/window": "event_date",
    "/data/figures/0/described_as": "sub_event_type",
}


class Acled:
    """Rows in the columns of the public codebook, as exported or as its API gives them."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        return expecting(read_rows(file, inside="data"), "acled")

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """One report a row."""
        return row_by_row(rows, lambda row: _converted(row, context))


IMPORTER: Final = Acled()


def _converted(row: Row, context: Context) -> tuple[Document, Mapping[str, str]]:
    identity = needed(row, "event_id_cnty")
    published = _uploaded(row)
    data = {
        "originator": ORIGINATOR,
        "published_at": published,
        "figures": [_figure(row, context, identity, published)],
        "ext": {"columns": _as_text(kept(row))},
    }
    event = report(source=SOURCE, id=identity, crisis=context.crisis, time=published, data=data)
    return event, _COLUMNS


def _uploaded(row: Row) -> str:
    """The moment of the last upload; seconds since 1970, or a day or date-time in UTC."""
    found = needed(row, "timestamp")
    plain = digits(found)
    try:
        moment = _since_1970(plain) if plain.isdecimal() else datetime.fromisoformat(plain)
    except (ValueError, OverflowError, OSError) as error:
        message = f"{found!r} is no moment ({error}): write seconds since 1970, or 2025-03-18"
        raise refused("timestamp", message) from None
    if moment.tzinfo is None and len(plain) == len("2025-03-18"):
        return f"{moment.date().isoformat()}T23:59:59Z"
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _since_1970(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _as_text(columns: Document) -> Document:
    """What the API gives as numbers, the exports give as texts: the same row is the same event."""
    return {name: _text_of(value) for name, value in columns.items()}


def _text_of(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return value
        case int() | float():
            return str(value)
        case _:
            return value


def _figure(row: Row, context: Context, identity: str, published: str) -> dict[str, Any]:
    figure: dict[str, Any] = {
        "id": "killed",
        "measure": "killed",
        "unit": "person",
        **_fatalities(row),
        **_areas(row, context),
        "basis": "incident",
        "incident": f"acled-{slug_of(identity)}",
        "window": _window(row),
        "described_as": _described(row),
    }
    if figure["window"]["end"] > published[:10]:  # the week or month was not over yet
        figure["as_of"] = published[:10]
    if "part" in figure:
        part = figure.pop("part")
        figure["note"] = " ".join(filter(None, (figure.get("note"), part)))
    if text(row, "geo_precision") is not None:
        figure["precision"] = choice(row, "geo_precision", _PRECISIONS)
    return figure


def _fatalities(row: Row) -> dict[str, Any]:
    """Reported fatalities are estimates, and the lower one where reports differ."""
    count = needed_whole(row, "fatalities")
    if not count:
        return {"quantity": {"qualifier": "none_reported"}, "note": _NONE}
    quantity = {"qualifier": "approximately", "value": count}
    if count in _STAND_INS:
        return {"quantity": quantity, "note": _STAND_IN.format(count)}
    return {"quantity": quantity}


def _areas(row: Row, context: Context) -> dict[str, Any]:
    """The first-level area, or what ACLED divides or joins otherwise, with a `part` to note."""
    country = country_code(row, "country", context)
    name = text(row, "admin1")
    if name is None:
        return {"areas": [country]}
    joined = _JOINED.get((country, name.casefold()))
    if joined is not None:
        return {"areas": list(joined)}
    whole, dash, side = name.rpartition("-")
    if dash and side.casefold() in _SIDES and not _known(name, country, context):
        found = context.gazetteer.find(whole, inside=country, levels=(1,)).area
        if found is not None:
            return {"areas": [found.code], "part": _PART.format(name, found.name)}
    return {"areas": [area_code(row, "admin1", context, inside=country, levels=(1,))]}


def _known(name: str, country: str, context: Context) -> bool:
    return context.gazetteer.find(name, inside=country, levels=(1,)).area is not None


def _window(row: Row) -> dict[str, str]:
    """All days on which the event may have been."""
    found = needed_day(row, "event_date", DAY_LAYOUTS)
    start, end = _days(found, choice(row, "time_precision", _TIMES))
    return {"start": start.isoformat(), "end": end.isoformat()}


def _days(around: date, span: _Span) -> tuple[date, date]:
    match span:
        case "day":
            return around, around
        case "week":
            return around - _WEEK, around + _WEEK
        case "month":
            _, last = monthrange(around.year, around.month)
            return around.replace(day=1), around.replace(day=last)


def _described(row: Row) -> str:
    kinds = [text(row, "event_type"), text(row, "sub_event_type")]
    return ": ".join(one for one in kinds if one)[:NAME_CHARS_MAX].rstrip() or "event"
