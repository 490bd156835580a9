"""IOM's Missing Migrants Project: one incident a row, with its dead, missing and survivors."""

from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tollbook_schemas.limits import NOTE_CHARS_MAX, URL_CHARS_MAX
from tollbook_services.importing.cells import day, needed, refused, text, whole
from tollbook_services.importing.places import country_code
from tollbook_services.importing.reports import exactly, kept, report
from tollbook_services.importing.rows import Context, Document, Imported, Row, row_by_row
from tollbook_services.importing.slugs import slug_of
from tollbook_services.importing.tables import having, read_rows

SOURCE: Final = "https://missingmigrants.iom.int"
ORIGINATOR: Final = "iom-mmp"
SPEAKER: Final = "IOM Missing Migrants Project"

NOWHERE: Final = frozenset({"mixed/unknown", "mixed", "unknown"})
"""What stands for no country: none is chosen for such a row."""

_COUNTED: Final = {"killed": "number_dead", "missing": "number_missing"}

_PEOPLE: Final = {
    "female": ("number_of_female", {"sex": "female"}),
    "male": ("number_of_male", {"sex": "male"}),
    "children": ("number_of_children", {"age_band": "child"}),
}
"""Cuts of the dead and the missing together: column and segment."""

_COLUMNS: Final = {
    "/id": "web_id",
    "/data/published_at": "reported_date",
    "/data/url": "url",
    "/data/note": "information_source",
    "/data/figures": "number_dead",
    "/data/statements": "number_of_survivors",
}

_YEAR_CHARS: Final = 4
"""`2019` of the web id `2019.MMP01859`."""


class IomMmp:
    """The incidents of the project, as downloaded in JSON or CSV."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        return having(read_rows(file), "web_id", "reported_date", *_COUNTED.values())

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """One report a row."""
        return row_by_row(rows, lambda row: _converted(row, context))


IMPORTER: Final = IomMmp()


def _converted(row: Row, context: Context) -> tuple[Document, Mapping[str, str]]:
    identity = needed(row, "web_id")
    window, notes = _window(row, identity)
    counts = {measure: _signed(row, column) for measure, column in _COUNTED.items()}
    figures, statements = _told(row, context, counts)
    common = {"basis": "incident", "incident": f"mmp-{slug_of(identity)}", "window": window}
    published = window["end"]
    data: Document = {
        "originator": ORIGINATOR,
        "published_at": published,
        "note": " ".join([*_reported_by(row), *notes])[:NOTE_CHARS_MAX],
        "figures": [figure | common for figure in figures],
        "statements": statements,
        "ext": {"columns": kept(row)},
    }
    if url := _url(row):
        data["url"] = url
    time = f"{published}T23:59:59Z"
    key = quote(identity, safe=":@!$&'()*+,;=~")
    event = report(source=SOURCE, id=key, crisis=context.crisis, time=time, data=data)
    return event, _COLUMNS


def _window(row: Row, identity: str) -> tuple[dict[str, str], list[str]]:
    """The day; without one the year that the web id begins with."""
    found = day(row, "reported_date")
    if found is not None:
        day_ = found.isoformat()
        return {"start": day_, "end": day_}, ["published_at is reported_date."]
    year = identity[:_YEAR_CHARS]
    if not (year.isdecimal() and year.isascii() and identity[_YEAR_CHARS:].startswith(".")):
        message = f"is empty, and web_id {identity!r} does not begin with a year: write the day"
        raise refused("reported_date", message)
    note = f"reported_date is empty: the window and published_at are the year {year} of web_id."
    return {"start": f"{year}-01-01", "end": f"{year}-12-31"}, [note]


def _signed(row: Row, column: str) -> int | None:
    """A number; one below 0 takes back what another row counted."""
    found = text(row, column)
    if found is None or not found.startswith(("-", "\u2212")):
        return whole(row, column)
    cells = {**row.cells, column: found[1:]}
    return -(whole(Row(row.file, row.line, cells), column) or 0)


def _reported_by(row: Row) -> Iterator[str]:
    if told := text(row, "information_source"):
        yield f"Reported by {told}."
    if quality := text(row, "source_quality"):
        yield f"Source quality {quality} of 5."


def _told(
    row: Row, context: Context, counts: Mapping[str, int | None]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Figures where a country is known; statements for what cannot be a figure."""
    known = {measure: count for measure, count in counts.items() if count is not None}
    figures: list[dict[str, Any]] = []
    statements = list(_taken_back(known)) + list(_survivors(row))
    positive = {measure: count for measure, count in known.items() if count >= 0}
    if (text(row, "country_of_incident") or "").casefold() in NOWHERE:
        statements += [
            _statement(measure, f"{measure}: {count}, in a country that is not known.")
            for measure, count in positive.items()
        ]
    else:
        place = {"areas": [country_code(row, "country_of_incident", context)]}
        figures = [{**one, **place, "precision": "country"} for one in _figures(row, positive)]
    if not figures and not statements:
        statements = [_statement("nothing", "The row has no number of dead or missing.")]
    return figures, statements


def _taken_back(known: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for measure, count in known.items():
        if count < 0:
            text_ = (
                f"{_COUNTED[measure]} is {count}: it takes back {-count} of another row, "
                "which is not named; nothing is taken off here."
            )
            yield _statement(f"{measure}.taken-back", text_)


def _survivors(row: Row) -> Iterator[dict[str, Any]]:
    """Nobody who survived is a toll: they are told, not counted."""
    count = _signed(row, "number_of_survivors")
    if count is not None:
        yield _statement("survivors", f"number_of_survivors is {count}.")


def _statement(name: str, text_: str) -> dict[str, Any]:
    return {"id": name, "speaker": SPEAKER, "kind": "claim", "text": text_}


def _figures(row: Row, counts: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for measure, count in counts.items():
        yield {
            "id": measure,
            "measure": measure,
            "unit": "person",
            "quantity": exactly(count),
        }
    present = [measure for measure, count in counts.items() if count]
    if len(present) == 1:
        yield from _people(row, present[0], counts[present[0]])


def _people(row: Row, measure: str, total: int) -> Iterator[dict[str, Any]]:
    """Women, men and children, where all of them are of one measure and fit into its number.

    They cut the same people another way, and are not counted again. Who is not said to be a woman
    or a child may still be one: unless the columns make up the whole, they are minimums. A 0 is
    no figure, since the columns do not tell nobody from nobody known.
    """
    found = {name: whole(row, column) or 0 for name, (column, _) in _PEOPLE.items()}
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
                "segment": _PEOPLE[name][1],
                "role": "triangulation",
            }


def _url(row: Row) -> str | None:
    """The first page; the column may list several, with entities of HTML."""
    for part in unescape(text(row, "url") or "").replace(",", " ").split():
        if part.startswith(("http://", "https://")) and len(part) <= URL_CHARS_MAX:
            return part
    return None
