"""Which column of an HXL sheet says what, by its tags and its mapping file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tollbook_services.importing.hxl_columns import (
    AreaColumns,
    End,
    FigureColumns,
    Plan,
    Sheet,
)
from tollbook_services.importing.hxl_map import IGNORE, ColumnMap, HxlMap
from tollbook_services.importing.hxl_open import Open, absent, open_column, told, unsaid
from tollbook_services.importing.hxl_tags import COUNTED, REMAINDER, Count, Tag, count_of

_LEVELS: Final = ("#country", "#adm1", "#adm2", "#adm3", "#adm4", "#adm5")

_AREA_WORDS: Final = frozenset({"code", "name", "alt", "list", "pcode", "iso2", "iso3"})
"""Attributes of a column that names areas; vocabularies (`v_`) and languages besides."""

_ENDS: Final[dict[str, End]] = {"origin": "origin", "dest": "destination"}


def plan_of(file: str, columns: Sequence[str], given: HxlMap) -> Plan:
    """The plan of a sheet.

    Args:
        file: as messages name it.
        columns: its columns by their tags, in their order; those without a tag by anything else.
        given: what the mapping file says.

    Raises:
        UsageError: something is not said; the message lists all of it, and what to write.
    """
    sheet = Sheet(columns)
    figures = tuple(_figures(sheet, given))
    plan = Plan(
        figures=tuple(one for one in figures if isinstance(one, FigureColumns)),
        areas={end: tuple(_areas(sheet, end)) for end in ("at", "origin", "destination")},
        columns=frozenset(columns),
        originator=_originator(sheet, given),
        ids=_ids(sheet, given),
        incident=sheet.first("#event+id", "#event+code", "#event+name", "#event"),
        spot=sheet.first("#loc+name", "#loc"),
        url=sheet.first("#meta+url", "#meta+source+url"),
        published=_published(sheet, given),
        date=sheet.named(given.as_of) if given.as_of else sheet.first("#date"),
        start=sheet.first("#date+start"),
        end=sheet.first("#date+end"),
        occurred=sheet.first("#date+occurred"),
    )
    plan = replace(plan, figures=tuple(_with_basis(one, plan, given) for one in plan.figures))
    left = [one for one in figures if isinstance(one, Open)]
    left += [*absent(sheet, given), *unsaid(plan, given)]
    if left:
        raise told(file, left)
    return plan


def _figures(sheet: Sheet, given: HxlMap) -> Iterator[FigureColumns | Open]:
    """Figures in the order of their first columns, and what is open about a column."""
    found: dict[Count, FigureColumns] = {}
    for name, tag in sheet.tags.items():
        what = _said(name, tag, sheet, given)
        read = tag.name == COUNTED and REMAINDER not in tag.attributes
        if what == IGNORE or (what is None and not read):
            continue
        count = _mapped(what) if isinstance(what, ColumnMap) else count_of(tag)
        if isinstance(count, str):
            yield open_column(name, f"{name}: {count}")
            continue
        known = found.get(count.figure, FigureColumns(count.figure))
        with_it = _with_column(known, count, name)
        if with_it is None:
            yield open_column(name, f"{name} counts the same as another column")
            continue
        found[count.figure] = with_it
    yield from found.values()


def _said(name: str, tag: Tag, sheet: Sheet, given: HxlMap) -> ColumnMap | str | None:
    """What the mapping says of a column: by its very name, else by a tag of the same words."""
    if name in given.columns:
        return given.columns[name]
    same = (text for text in given.columns if text not in sheet.tags and Tag.of(text) == tag)
    return next((given.columns[text] for text in same), None)


def _with_column(known: FigureColumns, count: Count, name: str) -> FigureColumns | None:
    """A figure with one more of its columns; None where it has that one already."""
    rough = known.approximate or count.approximate
    match count.bound:
        case "low" if known.low is None:
            return replace(known, low=name, approximate=rough)
        case "high" if known.high is None:
            return replace(known, high=name, approximate=rough)
        case "best" | None if known.best is None:
            return replace(known, best=name, approximate=rough)
        case _:
            return None


def _mapped(what: ColumnMap) -> Count:
    return Count(what.measure, what.unit, what.segment.items(), what.basis, what.bound)


def _areas(sheet: Sheet, end: End) -> Iterator[AreaColumns]:
    for level, name in enumerate(_LEVELS):
        columns = [
            (column, tag)
            for column, tag in sheet.tags.items()
            if tag.name == name and _end_of(tag) == end
        ]
        codes = tuple(column for column, tag in columns if _is_code(tag))
        names = tuple(column for column, tag in columns if not _is_code(tag))
        if columns:
            yield AreaColumns(level, codes, names)
    anywhere = sheet.first(*(f"#loc+{word}+code" for word, one in _ENDS.items() if one == end))
    if anywhere:
        yield AreaColumns(None, (anywhere,), ())


def _is_code(tag: Tag) -> bool:
    return not tag.attributes.isdisjoint({"code", "pcode", "iso2", "iso3"})


def _end_of(tag: Tag) -> End | None:
    """Which end of a movement a column names the area of; None where it names none."""
    ends = [_ENDS[word] for word in tag.attributes if word in _ENDS]
    rest = tag.attributes - _ENDS.keys() - _AREA_WORDS
    if len(ends) > 1 or any(not word.startswith("v_") and len(word) > 2 for word in rest):
        return None
    return ends[0] if ends else "at"


def _originator(sheet: Sheet, given: HxlMap) -> str | None:
    said = given.originator
    if said is None:
        return sheet.first("#meta+source")
    return sheet.named(said) if said.startswith("#") else None


def _ids(sheet: Sheet, given: HxlMap) -> tuple[str, ...]:
    if given.id is None:
        own = sheet.first("#meta+id", "#event+id")
        return (own,) if own else ()
    return tuple(name for tag in given.id if (name := sheet.named(tag)))


def _published(sheet: Sheet, given: HxlMap) -> str | None:
    said = given.published_at
    if isinstance(said, str):
        return sheet.named(said)
    return None if said else sheet.first("#date+reported", "#date+published")


def _with_basis(figure: FigureColumns, plan: Plan, given: HxlMap) -> FigureColumns:
    """The figure with the basis of its tag, else of the mapping, else of an incident."""
    basis = figure.count.basis or given.basis or ("incident" if plan.incident else None)
    return replace(figure, basis=basis)
