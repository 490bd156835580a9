"""Reads tables of areas: OCHA's global P-code table, and the COD-AB table of any country."""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tollbook_schemas.errors import UsageError
from tollbook_schemas.limits import AREA_CODE_CHARS_MAX, GAZETTEER_LEVEL_MAX, NAME_CHARS_MAX
from tollbook_schemas.nearest import nearest

_GLOBAL: Final = {
    "location": "country",
    "admin level": "level",
    "p-code": "code",
    "name": "name",
    "parent p-code": "parent",
    "valid from date": "valid_from",
}
"""Columns of the global P-code table, in small letters, and what they hold."""

_LEVEL_COLUMN: Final = re.compile(r"adm(?:in)?_?(\d)_?(.+)", re.IGNORECASE)
"""A column of one level in a COD-AB table: admin1Pcode, ADM1_EN, adm1_name, admin2AltName1_fr."""

_NAME_COLUMN: Final = re.compile(r"(?:(?:ref|alt\d?)_?)?(?:name)?\d?_?(?:alt\d?_?)?([a-z]{2,3})?")
"""What follows the level in a column of names, with its language."""

_ENGLISH_FIRST: Final = ("name_en", "nameen", "en", "name", "name1")
"""Columns whose name is printed, the best first; all other names are other names."""

_DAYS: Final = ("validon", "valid_on", "valid_from", "validfrom", "date")
"""Columns with the day from which a COD-AB row holds, the best first."""

_DATE: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ].*)?")
_CODE: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{AREA_CODE_CHARS_MAX - 1}}}")
_COLUMNS_SHOWN_MAX: Final = 12
"""Columns named in a message: what fits a paragraph."""

CELL_CHARS_MAX: Final = 100_000
"""Characters of one cell: far more than a name, so that a missing quote is found early."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a table; the line and the column count from 1 and by name."""

    file: str
    line: int
    column: str | None = None

    def __str__(self) -> str:
        """`lbn.csv line 7, column "P-Code"`."""
        column = f', column "{self.column}"' if self.column else ""
        return f"{self.file} line {self.line}{column}"


@dataclass(frozen=True, slots=True)
class TableFault:
    """Something in a table that cannot be read; its country is not published."""

    place: Place
    message: str
    country: str | None = None

    def __str__(self) -> str:
        """`lbn.csv line 7, column "P-Code": ...`."""
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area as a table has it.

    Attributes:
        country: the code the table uses, such as LBN or LB.
        level: as the table says; 1 is the first inside the country.
        parent: the code of the area around it; the country's own for level 1.
        also: names in other languages.
    """

    place: Place
    country: str
    level: int
    code: str
    name: str
    parent: str
    valid_from: date
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AreaFile:
    """What was read from one file: areas, what could not be read, and what was left aside."""

    rows: tuple[AreaRow, ...]
    faults: tuple[TableFault, ...]
    unused: tuple[str, ...]


Cells = Mapping[str, str]
Found = AreaRow | TableFault


def read_areas(path: Path) -> AreaFile:
    """The areas of a CSV table, plain or .gz, in either layout.

    Levels and parents are what the table says; they are never guessed from a code. A row of HXL
    tags under the header is skipped.

    Raises:
        UsageError: the file cannot be read, or its columns are those of neither layout.
    """
    rows: list[AreaRow] = []
    faults: list[TableFault] = []
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        csv.field_size_limit(CELL_CHARS_MAX)
        with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream)
            header = [name.strip() for name in next(lines, [])]
            layout = _layout(path, header)
            for cells in lines:
                if not any(cells) or _is_hxl(cells):
                    continue
                place = Place(path.name, lines.line_num)
                found = list(layout.read(place, _row(header, cells)))
                rows.extend(one for one in found if isinstance(one, AreaRow))
                faults.extend(one for one in found if isinstance(one, TableFault))
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"cannot read {path}: {reason}") from error
    except (EOFError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV table in UTF-8 ({error}): save it as one") from error
    return AreaFile(tuple(rows), tuple(faults), layout.unused)


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return {name: cell.strip() for name, cell in zip(header, cells, strict=False)}


def _is_hxl(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(cell.lstrip().startswith("#") for cell in filled)


def _layout(path: Path, header: Sequence[str]) -> "_Global | _Country":
    folded = {name.casefold(): name for name in header}
    if "p-code" in folded or "parent p-code" in folded:
        missing = [name for name in _GLOBAL if name not in folded]
        if not missing:
            return _Global({held: folded[name] for name, held in _GLOBAL.items()}, header)
        near = "".join(nearest(name, sorted(folded)) for name in missing[:1])
        raise UsageError(f"{path} line 1: no column {_named(missing)}{near}")
    country = _Country(header)
    if country.why_not is None:
        return country
    raise UsageError(
        f"{path} line 1: {country.why_not}; its columns are {_named(header)}. Give the global "
        "P-code table (Location, Admin Level, P-Code, Name, Parent P-Code, Valid from date) or a "
        "COD-AB table (admin0Pcode, admin1Pcode, admin1Name_en, ..., validOn)"
    )


class _Global:
    """The global table: one area a row, with its level and its parent."""

    def __init__(self, columns: Mapping[str, str], header: Iterable[str]) -> None:
        self._columns = columns
        used = set(columns.values())
        self.unused = tuple(name for name in header if name not in used)

    def read(self, place: Place, row: Cells) -> Iterator[Found]:
        """The area of a row, or its first fault."""
        cell = {held: row.get(name, "") for held, name in self._columns.items()}
        country, level = cell["country"], _level(cell["level"])
        day = _day(cell["valid_from"])
        wrong = _first_wrong(
            ("country", bool(_CODE.fullmatch(country)), "no code of a country, such as LBN"),
            ("level", level is not None, f"no level from 1 to {GAZETTEER_LEVEL_MAX}"),
            ("code", bool(_CODE.fullmatch(cell["code"])), "no area code"),
            ("parent", bool(_CODE.fullmatch(cell["parent"])), "no code of the area around it"),
            ("valid_from", day is not None, "no date such as 2016-08-22"),
            ("name", len(cell["name"]) <= NAME_CHARS_MAX, f"over {NAME_CHARS_MAX} characters"),
        )
        if wrong is not None or level is None or day is None:
            held, why = wrong or ("level", "")
            at = Place(place.file, place.line, self._columns[held])
            yield TableFault(at, f"{cell[held]!r} is {why}", country or None)
            return
        name = cell["name"] or cell["code"]
        yield AreaRow(place, country, level, cell["code"], name, cell["parent"], day)


class _Country:
    """A COD-AB table: one area of the deepest level a row, with all areas around it."""

    def __init__(self, header: Sequence[str]) -> None:
        self._codes: dict[int, str] = {}
        self._names: dict[int, list[str]] = {}
        used: set[str] = set()
        for name in header:
            match = _LEVEL_COLUMN.fullmatch(name)
            rest = match[2].casefold() if match else ""
            if match and rest == "pcode":
                self._codes[int(match[1])] = name
                used.add(name)
            elif match and _NAME_COLUMN.fullmatch(rest):
                self._names.setdefault(int(match[1]), []).append(name)
                used.add(name)
        for names in self._names.values():
            names.sort(key=lambda name: (_rank(name), header.index(name)))
        folded = {name.casefold(): name for name in header}
        self._day = next((folded[name] for name in _DAYS if name in folded), "")
        used.add(self._day)
        self.unused = tuple(name for name in header if name not in used)

    @property
    def why_not(self) -> str | None:
        """What a COD-AB table has and this one has not."""
        if 0 not in self._codes or 1 not in self._codes:
            return "no columns of P-codes by level"
        if gap := set(range(max(self._codes))) - self._codes.keys():
            return f"no P-codes of level {min(gap)}"
        return None if self._day else "no column validOn or date"

    def read(self, place: Place, row: Cells) -> Iterator[Found]:
        """The areas of a row from the outermost in, up to its first fault."""
        country = row.get(self._codes[0], "")
        if not _CODE.fullmatch(country):
            at = Place(place.file, place.line, self._codes[0])
            yield TableFault(at, f"{country!r} is no code of a country")
            return
        day = _day(row.get(self._day, ""))
        if day is None:
            at = Place(place.file, place.line, self._day)
            yield TableFault(
                at, f"{row.get(self._day, '')!r} is no date such as 2016-08-22", country
            )
            return
        yield from self._areas(place, row, country, day)

    def _areas(self, place: Place, row: Cells, country: str, day: date) -> Iterator[Found]:
        codes = [row.get(self._codes[level], "") for level in range(1, max(self._codes) + 1)]
        while codes and not codes[-1]:
            codes.pop()
        parent = country
        for level, code in enumerate(codes, 1):
            if level > GAZETTEER_LEVEL_MAX or not _CODE.fullmatch(code):
                at = Place(place.file, place.line, self._codes[level])
                why = f"{code!r} is no area code of a level up to {GAZETTEER_LEVEL_MAX}"
                yield TableFault(at, why, country)
                return
            names = [row.get(name, "")[:NAME_CHARS_MAX] for name in self._names.get(level, ())]
            named = [name for name in dict.fromkeys(names) if name] or [code]
            yield AreaRow(place, country, level, code, named[0], parent, day, tuple(named[1:]))
            parent = code


def _rank(column: str) -> int:
    match = _LEVEL_COLUMN.fullmatch(column)
    rest = match[2].casefold() if match else ""
    return _ENGLISH_FIRST.index(rest) if rest in _ENGLISH_FIRST else len(_ENGLISH_FIRST)


def _first_wrong(*checks: tuple[str, bool, str]) -> tuple[str, str] | None:
    return next(((held, why) for held, right, why in checks if not right), None)


def _level(text: str) -> int | None:
    known = text.isdecimal() and 1 <= int(text) <= GAZETTEER_LEVEL_MAX
    return int(text) if known else None


def _day(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def _named(columns: Iterable[str]) -> str:
    names = [f'"{name}"' for name in columns]
    more = f" and {len(names) - _COLUMNS_SHOWN_MAX} more" if len(names) > _COLUMNS_SHOWN_MAX else ""
    return ", ".join(names[:_COLUMNS_SHOWN_MAX]) + more
