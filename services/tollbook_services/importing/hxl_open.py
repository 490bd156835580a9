"""What an HXL sheet leaves open, and the lines of a mapping file that would say it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.hxl_columns import PERIODS, FigureColumns, Plan, Sheet
from tollbook_services.importing.hxl_map import IGNORE, HxlMap
from tollbook_services.importing.hxl_tags import COUNTED


class Open(NamedTuple):
    """Something that a sheet leaves open.

    Attributes:
        text: what it is.
        line: what to write at the head of the mapping file.
        column: what to write below its `[columns]`.
    """

    text: str
    line: str = ""
    column: str = ""


def open_column(name: str, text: str) -> Open:
    return Open(
        text, column=f'"{name}" = "{IGNORE}"  # or what it counts: {{ measure = "killed" }}'
    )


def absent(sheet: Sheet, given: HxlMap) -> Iterator[Open]:
    """Columns that the mapping names and the sheet does not have."""
    named = [*given.columns, *(given.id or ())]
    named += [
        text
        for text in (given.originator, given.published_at, given.as_of)
        if isinstance(text, str) and text.startswith("#")
    ]
    for text in named:
        if text not in sheet.tags and sheet.named(text) is None:
            has = ", ".join(sheet.tags)
            yield Open(f"the mapping file names {text}, which is not among its tags: {has}")


def unsaid(plan: Plan, given: HxlMap) -> Iterator[Open]:
    if not plan.figures:
        yield Open(f"no column counts anybody: give one a tag such as {COUNTED}+killed")
    bare = _first(one for one in plan.figures if one.basis is None)
    if bare:
        yield Open(
            f"in which sense {bare} adds up over time: cumulative (from the beginning up to the "
            "date of the row), increment (between two dates only), incident (one event a row), "
            "stock (who is there on the date) or flow (who moved between two dates)",
            'basis = ""  # cumulative, increment, incident, stock or flow',
        )
    periods = _first(one for one in plan.figures if one.basis in PERIODS)
    if periods and not (plan.start or plan.occurred):
        yield Open(f"when the period of {periods} began: give the sheet a column #date+start")
    if plan.originator is None and given.originator is None:
        yield Open("who counted: no column #meta+source", 'originator = ""  # a slug, or "#org"')
    dates = (plan.published, plan.date, plan.end, plan.occurred, given.published_at)
    if not any(dates):
        yield Open(
            "when: no column #date, #date+reported, #date+end or #date+occurred",
            'published_at = ""  # a day such as 2025-03-11 without quotes, or "#date+updated"',
        )
    if not plan.areas["at"] and not given.areas:
        yield Open("where: no column #country or #adm1", 'areas = []  # codes, such as "SY-LA"')


def _first(figures: Iterable[FigureColumns]) -> str:
    """The columns of figures, one each."""
    return ", ".join(one.best or one.low or one.high or "" for one in figures)


def told(file: str, left: Sequence[Open]) -> UsageError:
    """All that is open, in one line; as a note, the lines of a mapping file that would say it."""
    what = "; ".join(one.text for one in left)
    error = UsageError(
        f"{file}: its tags leave open what the rows say, and nothing was imported of it: {what}"
    )
    lines = [one.line for one in left if one.line]
    columns = [one.column for one in left if one.column]
    if lines or columns:
        head = "Fill in these lines, keep them as a file, and give that with --map:\n"
        error.add_note("\n".join((head, *lines, *(["[columns]", *columns] if columns else []))))
    return error
