"""Makes `gazetteer.published` data from the rows of tables: one table per country and day."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import orjson

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.limits import ALIASES_MAX, DOCUMENT_BYTES_MAX, GAZETTEER_AREAS_MAX
from tollbook_services.gazetteer_files import AreaRow, TableFault

ISO3_CHARS: Final = 3
"""Letters of the ISO 3166-1 code that OCHA names countries by."""

ENVELOPE_BYTES: Final = 32 * 1024
"""Bytes kept free in an event for its envelope, the reason and the address."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of the tables is published, and how.

    Attributes:
        countries: canonical codes; empty for all.
        deepest: areas of deeper levels are left out.
        name: the ids start with it: `<name>-lbn/2016-08-22`.
        valid_from: instead of the day in the table.
        same_names: a first-level area is the built-in one of the same name, if each is the only
            one of that name.
    """

    countries: frozenset[str] = frozenset()
    deepest: int | None = None
    name: str = "cod-ab"
    valid_from: date | None = None
    same_names: bool = False


@dataclass(slots=True)
class Made:
    """The data of the events, without a reason, and what could not be published.

    Attributes:
        twins: by document id, the first-level areas that have the name of a built-in one: code
            in the table, to the built-in code.
    """

    documents: list[Document] = field(default_factory=list)
    faults: list[TableFault] = field(default_factory=list)
    twins: dict[str, dict[str, str]] = field(default_factory=dict)


def documents_from(rows: Iterable[AreaRow], known: Gazetteer, choice: Choice) -> Made:
    """One document per country and day; several where it would be too large for an event.

    A country with a fault gives no document: half a table would say that areas lie elsewhere.

    Args:
        rows: of all files together.
        known: the built-in areas, whose codes are canonical.
        choice: which of them, and under which name.
    """
    made = Made()
    for country, of_country in sorted(_by_country(rows, known, choice, made).items()):
        for day, dated in _by_day(of_country, choice).items():
            table = sorted(dated, key=lambda row: row.level)
            twins = _twins(table, known, country)
            builder = _Builder(known, country, twins if choice.same_names else {})
            builder.add(table)
            made.faults.extend(builder.faults)
            if not builder.faults:
                made.documents.extend(_parts(builder, day, choice, made))
                made.twins[_stem(builder, day, choice)] = twins
    return made


def no_country(known: Gazetteer, code: str) -> str:
    """What to say of a code that is no country: which country may be meant."""
    found = (
        known.resolve((one.code, *known.ancestors(one.code))[-1]) for one in known.suggest(code)
    )
    near = dict.fromkeys(f"{area.code} ({area.name})" for area in found if area)
    hint = f"did you mean {', '.join(near)}?" if near else "use an ISO 3166-1 code"
    return f"no country {code!r}: {hint}"


def _by_country(
    rows: Iterable[AreaRow], known: Gazetteer, choice: Choice, made: Made
) -> dict[str, list[AreaRow]]:
    found: dict[str, list[AreaRow]] = {}
    refused: set[str] = set()
    for row in rows:
        if choice.deepest is not None and row.level > choice.deepest:
            continue
        area = known.resolve(row.country)
        if area is not None and area.level == 0:
            if not choice.countries or area.code in choice.countries:
                found.setdefault(area.code, []).append(row)
        elif row.country not in refused:
            refused.add(row.country)
            text = no_country(known, row.country)
            made.faults.append(TableFault(row.place, text, row.country))
    return found


def _by_day(rows: Sequence[AreaRow], choice: Choice) -> dict[date, list[AreaRow]]:
    """The tables of a country; those of several files with one day are one table."""
    if choice.valid_from is not None:
        return {choice.valid_from: list(rows)}
    files: dict[str, list[AreaRow]] = {}
    for row in rows:
        files.setdefault(row.place.file, []).append(row)
    found: dict[date, list[AreaRow]] = {}
    for of_file in files.values():
        for day, dated in _days_of_file(of_file).items():
            found.setdefault(day, []).extend(dated)
    return dict(sorted(found.items()))


def _days_of_file(rows: Sequence[AreaRow]) -> dict[date, list[AreaRow]]:
    """The tables in one file: several only where a code stands under several days.

    Levels of one table often have days of their own (Chad, the Maldives): such a table is whole
    from its latest day on.
    """
    days: dict[str, set[date]] = {}
    found: dict[date, list[AreaRow]] = {}
    for row in rows:
        days.setdefault(row.code, set()).add(row.valid_from)
        found.setdefault(row.valid_from, []).append(row)
    if all(len(of_code) == 1 for of_code in days.values()):
        return {max(found): list(rows)}
    return found


def _twins(rows: Sequence[AreaRow], known: Gazetteer, country: str) -> dict[str, str]:
    """First-level areas that the built-in table does not know, but for their name."""
    taken = {known.canonical(row.code) for row in rows}
    by_name: dict[tuple[str, ...], dict[str, None]] = {}
    for row in rows:
        if row.level == 1 and known.resolve(row.code) is None:
            named = tuple(
                area.code
                for area in known.named(row.name)
                if area.parent == country and area.code not in taken
            )
            by_name.setdefault(named, {})[row.code] = None
    return {
        next(iter(codes)): named[0]
        for named, codes in by_name.items()
        if len(named) == len(codes) == 1
    }


class _Builder:
    """Puts the areas of one table together, in canonical codes."""

    def __init__(self, known: Gazetteer, country: str, twins: Mapping[str, str]) -> None:
        self._known = known
        self._twins = twins
        self.country = country
        codes = (code for code in known.codes(country) if len(code) == ISO3_CHARS)
        self.stem = next(codes, country).lower()
        self.rows: Sequence[AreaRow] = ()
        self._row: dict[str, AreaRow] = {}
        self._code = {country: country}
        self.areas: dict[str, Document] = {}
        self.faults: list[TableFault] = []

    def add(self, rows: Sequence[AreaRow]) -> None:
        """Take all rows of the table, the higher levels first."""
        self.rows = rows
        for row in rows:
            first = self._row.setdefault(row.code, row)
            if (first.parent, first.level) != (row.parent, row.level):
                text = (
                    f"{row.code} lies in {row.parent} at level {row.level} here, and in "
                    f"{first.parent} at level {first.level} in line {first.place.line}: "
                    "keep one of the two"
                )
                self._fault(row, text)
            elif first is row:
                self._add(row)
            else:
                self._name(self.areas[self._code[row.code]], (row.name, *row.also))

    def _add(self, row: AreaRow) -> None:
        parent = self._code.get(self._known_country(row.parent))
        if parent is None:
            text = f"{row.code} lies in {row.parent}, which the table does not have: add its row"
            self._fault(row, text)
            return
        known = self._known.resolve(self._twins.get(row.code, row.code))
        code = known.code if known else row.code
        if known and self.country not in self._known.ancestors(code):
            self._fault(row, f"{row.code} is {known.name} ({code}), not a part of {row.country}")
            return
        self._code[row.code] = code
        area = self.areas.get(code)
        if area is None:
            level = 1 + (self.areas[parent]["level"] if parent in self.areas else 0)
            inside = None if parent == self.country else parent
            area = {"code": code, "name": row.name, "level": level, "parent": inside}
            self.areas[code] = area
        if row.code != code:
            area.setdefault("same", []).append(row.code)
        self._name(area, (row.name, *row.also))

    def _known_country(self, code: str) -> str:
        """The country's canonical code for any of its codes; else the code itself."""
        return self.country if self._known.canonical(code) == self.country else code

    def _name(self, area: Document, names: Iterable[str]) -> None:
        listed: list[str] = area.get("also", [])
        new = [name for name in names if name != area["name"] and name not in listed]
        if new:
            area["also"] = [*listed, *dict.fromkeys(new)][:ALIASES_MAX]

    def _fault(self, row: AreaRow, text: str) -> None:
        self._code.setdefault(row.code, row.code)
        self.areas.setdefault(row.code, {"name": row.name, "level": row.level})
        self.faults.append(TableFault(row.place, text, row.country))


def _stem(builder: _Builder, day: date, choice: Choice) -> str:
    return f"{choice.name}-{builder.stem}/{day.isoformat()}"


def _parts(builder: _Builder, day: date, choice: Choice, made: Made) -> Iterator[Document]:
    """The table as one document, or as several that each hold whole first-level areas."""
    stem = _stem(builder, day, choice)
    head = {"gazetteer": stem, "country": builder.country, "valid_from": day.isoformat()}
    groups = list(_packed(_subtrees(builder.areas.values())))
    largest = max(groups, key=_bytes)
    if len(largest) > GAZETTEER_AREAS_MAX or _bytes(largest) > DOCUMENT_BYTES_MAX - ENVELOPE_BYTES:
        text = (
            f"{largest[0]['code']} alone has {len(largest):,} areas, more than one event holds "
            f"({GAZETTEER_AREAS_MAX:,} areas, 1 MiB): leave out the deepest levels with --deepest"
        )
        place = builder.rows[0].place
        made.faults.append(TableFault(place, text, builder.country))
        return
    for number, group in enumerate(groups, 1):
        part = f"/{number}-of-{len(groups)}" if len(groups) > 1 else ""
        yield {**head, "gazetteer": stem + part, "areas": group}


def _subtrees(areas: Collection[Document]) -> list[list[Document]]:
    """The areas by the first-level area they lie in; parents stand before what lies in them."""
    top: dict[str, str] = {}
    found: dict[str, list[Document]] = {}
    for area in areas:
        top[area["code"]] = area["code"] if area["parent"] is None else top[area["parent"]]
        found.setdefault(top[area["code"]], []).append(area)
    return list(found.values())


def _packed(subtrees: Iterable[list[Document]]) -> Iterator[list[Document]]:
    group: list[Document] = []
    size = 0
    for subtree in subtrees:
        more = _bytes(subtree)
        full = len(group) + len(subtree) > GAZETTEER_AREAS_MAX
        if group and (full or size + more > DOCUMENT_BYTES_MAX - ENVELOPE_BYTES):
            yield group
            group, size = [], 0
        group = [*group, *subtree]
        size += more
    if group:
        yield group


def _bytes(areas: list[Document]) -> int:
    return len(orjson.dumps(areas))
