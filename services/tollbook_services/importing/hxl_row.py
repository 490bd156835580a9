"""One row of an HXL sheet as a report: its figures, where, when, and according to whom."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, ParamSpec, TypeVar
from urllib.parse import quote

import orjson

from tollbook_schemas.limits import EVENT_ID_CHARS_MAX, SLUG_CHARS_MAX
from tollbook_schemas.text import SLUG_PATTERN
from tollbook_schemas.times import end_of, format_instant
from tollbook_services.importing.cells import day, text
from tollbook_services.importing.hxl_areas import Where, where
from tollbook_services.importing.hxl_columns import PERIODS, End, Plan, written
from tollbook_services.importing.hxl_figures import figure_of
from tollbook_services.importing.hxl_map import HxlMap
from tollbook_services.importing.hxl_ours import (
    check_step,
    exact_moment,
    exact_segment,
    is_ours,
    relayed_by,
    said_of_figures,
)
from tollbook_services.importing.reports import kept, report
from tollbook_services.importing.rows import (
    WHOLE_ROW,
    CellFault,
    Context,
    Document,
    Row,
    RowError,
)
from tollbook_services.importing.slugs import slug_of

_DIGEST_CHARS: Final = 32
"""Of the digest of a row that has no id: 128 bits, so that no two rows ever share one."""

_MARK_CHARS: Final = 8
"""Of the digest that keeps apart two incidents whose names make the same slug."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Dates:
    """When: texts of ISO days.

    Attributes:
        published: the day of publication.
        assumed: the column it was taken from, where the sheet does not say it.
        as_of: the day up to which was counted.
        window: `start` and `end`, as far as they are known.
    """

    published: str
    assumed: str | None
    as_of: str | None
    window: Mapping[str, str]


class HxlRow:
    """Reads one row with the plan of its sheet, and collects what is wrong with it."""

    def __init__(self, row: Row, plan: Plan, given: HxlMap, context: Context) -> None:
        """Take the row, what its columns say, the mapping file, and what the import is about."""
        self._row, self._plan, self._given, self._context = row, plan, given, context
        self._faults: list[CellFault] = []
        self._columns: dict[str, str] = {}

    def report(self) -> tuple[Document, Mapping[str, str]]:
        """The event, and the columns that its parts came from (`Made.columns`).

        Raises:
            RowError: with all that is wrong with the row.
        """
        check_step(self._row)
        originator = self._read(self._originator)
        dates = self._read(self._dates)
        places = self._read(self._places)
        figures = self._figures(dates)
        if not figures and not self._faults:
            counts = ", ".join(one.best or one.low or one.high or "" for one in self._plan.figures)
            self._faults.append(CellFault(WHOLE_ROW, f"there is no number in {counts}"))
        if self._faults or originator is None or dates is None or places is None:
            raise RowError(*self._faults)
        common = {**places, **self._times(dates), **self._incident(), **said_of_figures(self._row)}
        data = self._data(originator, dates, [figure | common for figure in figures])
        return self._event(originator, dates, data), self._columns

    def _read(self, reader: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        try:
            return reader(*args, **kwargs)
        except RowError as error:
            self._faults += error.faults
            return None

    def _text(self, column: str | None) -> str | None:
        return text(self._row, column) if column else None

    def _originator(self) -> str:
        column = self._plan.originator
        if column is None:
            return self._given.originator or ""
        name = self._text(column)
        if name is None:
            raise RowError(CellFault(column, "nobody is named: who counted must be said"))
        said = self._given.originators.get(name)
        if said is None and not _is_latin(name):
            raise RowError(
                CellFault(
                    column,
                    f"{name!r} makes no slug of a-z and 0-9: give it one in the mapping file, "
                    f'such as [originators] "{name}" = "ministry-of-health"',
                )
            )
        self._columns["/data/originator"] = column
        return said or slug_of(name)

    def _day(self, column: str | None) -> str | None:
        found = day(self._row, column, self._given.dates) if column else None
        return found.isoformat() if found else None

    def _dates(self) -> _Dates:
        plan = self._plan
        end, date, occurred = (self._day(one) for one in (plan.end, plan.date, plan.occurred))
        start = self._day(plan.start) or occurred
        said = self._given.published_at
        published = exact_moment(self._row, plan.published) or self._day(plan.published)
        if published is None and said is not None and not isinstance(said, str):
            published = said.isoformat()
        known = ((date, plan.date), (end, plan.end), (occurred, plan.occurred))
        day_, column = next(((one, name) for one, name in known if one), (None, None))
        if published is None and day_ is None:
            column = plan.published or plan.date or plan.end or plan.occurred or WHOLE_ROW
            raise RowError(CellFault(column, "there is no date: write one such as 2025-03-11"))
        self._columns["/data/published_at"] = plan.published or column or WHOLE_ROW
        window = {"start": start, "end": end or occurred}
        counted = [end, date, occurred]
        if is_ours(self._row):
            counted = [exact_moment(self._row, plan.date), date, *counted]
        return _Dates(
            published=published or day_ or "",
            assumed=None if published else column,
            as_of=next((one for one in counted if one), None),
            window={name: one for name, one in window.items() if one is not None},
        )

    def _times(self, dates: _Dates) -> Document:
        times: Document = {"window": dict(dates.window)} if dates.window else {}
        return times | ({"as_of": dates.as_of} if dates.as_of else {})

    def _where(self, end: End) -> Where:
        around = self._given.areas if end == "at" else ()
        return where(self._row, self._plan.areas[end], self._context, self._given, around)

    def _places(self) -> Document:
        """The fields of a figure that say where it is, and from where to where it moved."""
        at = self._where("at")
        if not at.codes:
            levels = self._plan.areas["at"]
            column = next((one for level in levels for one in level.names + level.codes), WHOLE_ROW)
            raise RowError(CellFault(column, "no area is named: write its code or its name"))
        spot = ", ".join(one for one in (self._text(self._plan.spot), at.spot) if one)
        places: Document = {"areas": list(at.codes)} | ({"place": spot} if spot else {})
        ends: tuple[End, ...] = ("origin", "destination")
        places |= {end: list(there.codes) for end in ends if (there := self._where(end)).codes}
        return places

    def _incident(self) -> Document:
        name = self._text(self._plan.incident)
        return {"incident": _incident(name)} if name else {}

    def _figures(self, dates: _Dates | None) -> list[Document]:
        figures: list[Document] = []
        for columns in self._plan.figures:
            count = exact_segment(self._row, columns.count)
            figure = self._read(figure_of, self._row, replace(columns, count=count))
            if figure is None:
                continue
            pointer = f"/data/figures/{len(figures)}"
            self._columns[pointer] = columns.best or columns.low or columns.high or WHOLE_ROW
            self._columns[f"{pointer}/place"] = self._plan.spot or WHOLE_ROW
            self._columns[f"{pointer}/window"] = self._plan.end or self._plan.start or WHOLE_ROW
            figures.append(figure)
            if columns.basis in PERIODS and dates and "start" not in dates.window:
                column = self._plan.start or self._plan.occurred or WHOLE_ROW
                why = f"{figure['id']} is of a period: write the day it began"
                self._faults.append(CellFault(column, why))
        return figures

    def _data(self, originator: str, dates: _Dates, figures: list[Document]) -> Document:
        data: Document = {
            "originator": originator,
            "published_at": dates.published,
            "figures": figures,
            "ext": {"columns": kept(self._row)},
        }
        if relay := relayed_by(self._row):
            data["relayed_by"] = relay
        if dates.assumed:
            data["ext"]["published_at_from"] = dates.assumed
        url = self._text(self._plan.url)
        if url is not None and url.startswith(("http://", "https://")):
            data["url"] = url
            self._columns["/data/url"] = self._plan.url or WHOLE_ROW
        return data

    def _event(self, originator: str, dates: _Dates, data: Document) -> Document:
        return report(
            source=self._given.source or f"hxl:{originator}",
            id=self._id(),
            crisis=self._context.crisis,
            time=format_instant(end_of(dates.published)),
            data=data,
        )

    def _id(self) -> str:
        """The row's own id, else a digest of its cells: of neither the order matters."""
        parts = [self._text(column) or "" for column in self._plan.ids]
        own = ",".join(quote(part, safe=":@=+;()|*") for part in parts)
        if any(parts) and len(own) <= EVENT_ID_CHARS_MAX:
            return own
        cells = parts if any(parts) else sorted(self._cells())
        whole_row = orjson.dumps(cells)
        return sha256(whole_row).hexdigest()[:_DIGEST_CHARS]

    def _cells(self) -> Iterator[tuple[str, str]]:
        """Tag and content of each cell that is not empty, as texts, to be put in order."""
        for name, one in kept(self._row).items():
            if one is not None and one != "":
                yield written(name), orjson.dumps(one).decode()


def _is_latin(name: str) -> bool:
    """Whether a slug of it says anything to a reader."""
    return any(one.isascii() and one.isalnum() for one in unicodedata.normalize("NFKD", name))


def _incident(name: str) -> str:
    """The slug of an incident; two that differ in anything have different ones."""
    if re.fullmatch(SLUG_PATTERN, name):
        return name
    mark = sha256(name.encode()).hexdigest()[:_MARK_CHARS]
    return f"{slug_of(name)[: SLUG_CHARS_MAX - _MARK_CHARS - 1]}-{mark}"
