"""IOM's Missing Migrants Project: one incident a row, with its dead, missing and survivors."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.limits import NOTE_CHARS_MAX, SLUG_CHARS_MAX, URL_CHARS_MAX
from tollbook_services.importing.cells import day, needed, refused, text, whole
from tollbook_services.importing.iom_columns import Columns
from tollbook_services.importing.places import country_code
from tollbook_services.importing.reports import exactly, kept, report
from tollbook_services.importing.rows import (
    Context,
    Document,
    Imported,
    Row,
    RowError,
    row_by_row,
)
from tollbook_services.importing.slugs import slug_of
from tollbook_services.importing.tables import read_rows

SOURCE: Final = "https://missingmigrants.iom.int"
ORIGINATOR: Final = "iom-mmp"
SPEAKER: Final = "IOM Missing Migrants Project"

NOWHERE: Final = frozenset({"mixed/unknown", "mixed", "unknown"})
"""What stands for no country: none is chosen for such a row."""

_LAYOUTS: Final = ("%B %d, %Y",)
"""Of days besides ISO 8601: `August 31, 2021`, as the website's files had them until 2021."""

_PEOPLE: Final = {
    "female": {"sex": "female"},
    "male": {"sex": "male"},
    "children": {"age_band": "child"},
}
"""Cuts of the dead and the missing together: field of `Columns` and segment."""

_MARK_CHARS: Final = 8
"""Hex digits of a row's digest that tell its incident from another one with the same id."""

_YEAR_CHARS: Final = 4
"""`2019` of the id `2019.MMP01859`."""


class IomMmp:
    """The incidents of the project: its JSON, or the CSV or XLSX of its website."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        for number, row in enumerate(read_rows(file)):
            if not number and row.fault is None:
                Columns.of(tuple(row.cells)).check(row.file, row.cells)
            yield row

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """One report a row."""
        return row_by_row(rows, lambda row: _Incident(row, context).report())


IMPORTER: Final = IomMmp()


class _Incident:
    """Reads one row by the columns that it has."""

    def __init__(self, row: Row, context: Context) -> None:
        """Take the row, and what the import is about."""
        self._row, self._context = row, context
        self._columns = Columns.of(tuple(row.cells))

    def report(self) -> tuple[Document, Mapping[str, str]]:
        """The event, and the columns that its parts came from (`Made.columns`).

        Raises:
            RowError: the row cannot be understood.
        """
        identity, notes = self._identity()
        window, dated = self._window(identity)
        figures, statements = self._told()
        columns = kept(self._row)
        incident = _incident(identity, columns)
        common = {"basis": "incident", "incident": incident, "window": window}
        published = window["end"]
        data: Document = {
            "originator": ORIGINATOR,
            "published_at": published,
            "note": " ".join([*self._reported_by(), *notes, dated])[:NOTE_CHARS_MAX],
            "figures": [figure | common for figure in figures],
            "statements": statements,
            "ext": {"columns": columns},
        }
        if url := self._url():
            data["url"] = url
        event = report(
            source=SOURCE,
            id=quote(identity, safe=":@!$&'()*+,;=~"),
            crisis=self._context.crisis,
            time=f"{published}T23:59:59Z",
            data=data,
        )
        return event, self._origins()

    def _origins(self) -> dict[str, str]:
        columns = self._columns
        return {
            "/id": columns.id,
            "/data/published_at": columns.day,
            "/data/url": columns.url,
            "/data/note": columns.source,
            "/data/figures": columns.dead,
            "/data/statements": columns.survivors,
        }

    def _identity(self) -> tuple[str, list[str]]:
        """The id of the incident; of a row of several incidents the one that stands over them."""
        columns = self._columns
        ids = _listed(text(self._row, columns.incidents))
        kind = text(self._row, columns.kind)
        notes = [f"{kind}."] if kind and kind.casefold() != "incident" else []
        if len(ids) == 1:
            return ids[0], notes
        if ids:
            notes.append(f"Of the incidents {', '.join(ids)}.")
        return needed(self._row, columns.id), notes

    def _window(self, identity: str) -> tuple[dict[str, str], str]:
        """The day; without one the year that the id begins with. And what to say of it."""
        columns = self._columns
        found = day(self._row, columns.day, _LAYOUTS)
        if found is not None:
            day_ = found.isoformat()
            return {"start": day_, "end": day_}, f"published_at is {columns.day}."
        year = identity[:_YEAR_CHARS]
        if not (year.isdecimal() and year.isascii() and identity[_YEAR_CHARS:].startswith(".")):
            message = f"is empty, and the id {identity!r} does not begin with a year: write the day"
            raise refused(columns.day, message)
        said = f"the window and published_at are the year {year} of {columns.id}"
        return {
            "start": f"{year}-01-01",
            "end": f"{year}-12-31",
        }, f"{columns.day} is empty: {said}."

    def _signed(self, column: str) -> int | None:
        """A number; one below 0 takes back what another row counted."""
        found = text(self._row, column)
        if found is None or not found.startswith(("-", "\u2212")):
            return whole(self._row, column)
        cells = {**self._row.cells, column: found[1:]}
        return -(whole(Row(self._row.file, self._row.line, cells), column) or 0)

    def _reported_by(self) -> Iterator[str]:
        if told := text(self._row, self._columns.source):
            yield f"Reported by {told}."
        if quality := text(self._row, self._columns.quality):
            yield f"Source quality {quality} of 5."

    def _told(self) -> tuple[list[Document], list[Document]]:
        """Figures where a country is known; statements for what cannot be a figure."""
        columns = {"killed": self._columns.dead, "missing": self._columns.missing}
        counts = {measure: self._signed(column) for measure, column in columns.items()}
        known = {measure: count for measure, count in counts.items() if count is not None}
        positive = {measure: count for measure, count in known.items() if count >= 0}
        statements = [
            _taken_back(measure, columns[measure], count)
            for measure, count in known.items()
            if count < 0
        ]
        statements += self._survivors()
        figures: list[Document] = []
        if countries := self._countries():
            place: Document = {"areas": countries}
            if len(countries) == 1:
                place["precision"] = "country"
            figures = [{**one, **place} for one in self._figures(positive)]
        else:
            statements += [
                _statement(measure, f"{measure}: {count}, in a country that is not known.")
                for measure, count in positive.items()
            ]
        if not figures and not statements:
            statements = [_statement("nothing", "The row has no number of dead or missing.")]
        return figures, statements

    def _countries(self) -> list[str]:
        """The codes of the countries; none where one of them is not known.

        A name with a comma in it (`Tanzania, United Republic of`) is one country.
        """
        column = self._columns.country
        names = _listed(text(self._row, column))
        if any(name.casefold() in NOWHERE for name in names):
            return []
        if len(names) > 1:
            with suppress(RowError):
                return [country_code(self._row, column, self._context)]
            return list(dict.fromkeys(self._country(name) for name in names))
        return [country_code(self._row, column, self._context)]

    def _country(self, name: str) -> str:
        column = self._columns.country
        row = replace(self._row, cells={column: name})
        return country_code(row, column, self._context)

    def _survivors(self) -> Iterator[Document]:
        """Nobody who survived is a toll: they are told, not counted."""
        column = self._columns.survivors
        count = self._signed(column)
        if count is not None:
            yield _statement("survivors", f"{column} is {count}.")

    def _figures(self, counts: Mapping[str, int]) -> Iterator[Document]:
        for measure, count in counts.items():
            yield {
                "id": measure,
                "measure": measure,
                "unit": "person",
                "quantity": exactly(count),
            }
        present = [measure for measure, count in counts.items() if count]
        if len(present) == 1:
            yield from self._people(present[0], counts[present[0]])

    def _people(self, measure: str, total: int) -> Iterator[Document]:
        """Women, men and children, where all of them are of one measure and fit into its number.

        They are among the dead of the incident, and nobody is counted again (R11). Who is not said
        to be a woman or a child may still be one: unless the columns make up the whole, they are
        minimums.
        A 0 is no figure, since the columns do not tell nobody from nobody known.
        """
        found = {name: whole(self._row, getattr(self._columns, name)) or 0 for name in _PEOPLE}
        sexes = found["female"] + found["male"]
        if sexes > total or found["children"] > total:
            return
        for name, count in found.items():
            whole_ = sexes == total if name != "children" else count == total
            if count:
                yield {
                    "id": f"{measure}.{name}",
                    "measure": measure,
                    "unit": "person",
                    "quantity": {"qualifier": "exactly" if whole_ else "at_least", "value": count},
                    "segment": _PEOPLE[name],
                }

    def _url(self) -> str | None:
        """The first page; the column may list several, with entities of HTML."""
        told = unescape(text(self._row, self._columns.url) or "")
        for part in told.replace(",", " ").split():
            if part.startswith(("http://", "https://")) and len(part) <= URL_CHARS_MAX:
                return part
        return None


def _incident(identity: str, columns: Document) -> str:
    """The incident of a row: its id and a digest of its columns.

    374 ids are shared by rows that differ. Such a row waits in the quarantine; where it is accepted
    it is an incident of its own and adds, rather than being another value of the first one.
    """
    mark = sha256(canonical_bytes(columns)).hexdigest()[:_MARK_CHARS]
    return f"{f'mmp-{slug_of(identity)}'[: SLUG_CHARS_MAX - _MARK_CHARS - 1]}-{mark}"


def _listed(told: str | None) -> list[str]:
    """The parts of a cell that lists several, with commas between them."""
    return [part for one in (told or "").split(",") if (part := one.strip())]


def _taken_back(measure: str, column: str, count: int) -> Document:
    text_ = (
        f"{column} is {count}: it takes back {-count} of another row, "
        "which is not named; nothing is taken off here."
    )
    return _statement(f"{measure}.taken-back", text_)


def _statement(name: str, text_: str) -> Document:
    return {"id": name, "speaker": SPEAKER, "kind": "claim", "text": text_}
