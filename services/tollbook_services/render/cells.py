"""Tables of cells: low, best and high by area and segment, with who says so."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from rich import box
from rich.style import Style
from rich.table import Table

from tollbook_services.render import words

Cell = Mapping[str, Any]
Name = Callable[[str], str]

DIM: Final = Style(dim=True)
BOLD: Final = Style(bold=True)
_UNITS: Final = {
    "person": "persons",
    "household": "households",
    "family": "families",
    "house": "houses",
    "incident": "incidents",
    "body": "bodies",
}

NAME_CHARS: Final = 20
"""Characters of an originator that are kept on one line; a longer one wraps."""

CSV_COLUMNS: Final = (
    "crisis",
    "kind",
    "area",
    "name",
    "measure",
    "unit",
    "nature",
    "segment",
    "origin",
    "destination",
    "originator",
    "low",
    "best",
    "high",
    "as_of",
    "flags",
    "figures",
    "id",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a table needs beyond those that every table has."""

    origin: bool
    destination: bool
    flags: bool
    long_names: bool


def cell_tables(cells: Iterable[Cell], name: Name) -> list[Table]:
    """One table for each measure, unit and nature; numbers of two tables are never comparable."""
    ordered = sorted(cells, key=_table_key)
    return [_table(key, list(group), name) for key, group in groupby(ordered, key=_table_key)]


def without_repeats(cells: Sequence[Cell]) -> list[Cell]:
    """The cells of an area without an `all` that only repeats the segments that are known."""
    return [cell for cell in cells if not _repeats(cell, cells)]


def _repeats(cell: Cell, cells: Sequence[Cell]) -> bool:
    """Whether an `all` adds nothing: it equals the only segment, or its sum lacks segments."""
    if cell["segment"] != "all" or cell["kind"] == "unspecified":
        return False
    others = [other for other in cells if other is not cell and _way(other) == _way(cell)]
    partial = len(others) == 1 or "segments_missing" in cell["flags"]
    return partial and any(_bounds(other) == _bounds(cell) for other in others)


def csv_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each cell (`originator` empty), then one for each originator's own value."""
    rows: list[dict[str, Any]] = []
    for cell in document["cells"]:
        merged = {**cell, "crisis": document["crisis"]}
        rows.append({**merged, "originator": None})
        rows.extend(
            {**merged, "flags": [], "figures": [], **own} for own in cell.get("originators", ())
        )
    return rows


def title_of(measure: str, unit: str, nature: str) -> str:
    """`Killed, persons`; `Sheltering, persons, present at that time`."""
    text = f"{words.words([measure]).capitalize()}, {_UNITS.get(unit, unit)}"
    return f"{text}, present at that time" if nature == "stock" else text


def _table_key(cell: Cell) -> tuple[str, str, str]:
    return (cell["measure"], cell["unit"], cell["nature"])


def _table(key: tuple[str, str, str], cells: Sequence[Cell], name: Name) -> Table:
    layout = Layout(
        origin=any(cell.get("origin") for cell in cells),
        destination=any(cell.get("destination") for cell in cells),
        flags=any(cell["flags"] for cell in cells),
        long_names=any(
            len(own["originator"]) > NAME_CHARS
            for cell in cells
            for own in cell.get("originators", ())
        ),
    )
    table = Table(
        title=title_of(*key),
        title_justify="left",
        title_style=BOLD,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    _columns(table, layout)
    ordered = sorted(cells, key=_row_key)
    for _, group in groupby(ordered, key=_area_key):
        rows = without_repeats(list(group))
        for index, cell in enumerate(rows):
            _cell_rows(table, cell, layout, name, first=index == 0)
        table.add_section()
    return table


def _columns(table: Table, layout: Layout) -> None:
    table.add_column("area", min_width=9, max_width=24)
    if layout.origin:
        table.add_column("from", max_width=16)
    if layout.destination:
        table.add_column("to", max_width=16)
    moves = layout.origin or layout.destination
    table.add_column("segment", min_width=10, max_width=22, no_wrap=not moves)
    # Where the screen is too narrow, only columns that may wrap give way: never a number.
    for bound in ("low", "best", "high"):
        table.add_column(bound, justify="right", no_wrap=True)
    table.add_column("as of", no_wrap=True)
    table.add_column("who", no_wrap=not layout.long_names, overflow="fold")
    if layout.flags:
        table.add_column("flags", min_width=11, max_width=24, overflow="fold")


def _area_key(cell: Cell) -> tuple[int, str]:
    """Provinces by code, then several together, what nobody has split, and the country."""
    area = cell["area"]
    if cell["kind"] == "unallocated":
        return (2, area)
    if "+" in area:
        return (1, area)
    return (0 if len(area) > 2 else 3, area)


def _row_key(cell: Cell) -> tuple[object, ...]:
    slug = cell["segment"]
    ends = (cell.get("origin") or "", cell.get("destination") or "")
    return (_area_key(cell), ends, slug == "all", slug, cell["kind"] == "unspecified")


def _segment(cell: Cell) -> str:
    """The segment in words; the rest of one that its parts do not explain is `unspecified`."""
    label = words.segment(cell["segment"])
    return f"{label}, unspecified" if cell["kind"] == "unspecified" else label


def _way(cell: Cell) -> tuple[str | None, str | None]:
    return (cell.get("origin"), cell.get("destination"))


def _bounds(cell: Cell) -> tuple[object, ...]:
    values = (cell, *cell.get("originators", ()))
    return tuple((value["low"], value["best"], value["high"]) for value in values)


def _cell_rows(table: Table, cell: Cell, layout: Layout, name: Name, *, first: bool) -> None:
    own = list(cell.get("originators", ()))
    who = words.clean(own[0]["originator"]) if len(own) == 1 else f"{len(own)} originators"
    lead = [area_label(cell) if first else ""]
    lead += _ends(cell, layout, name)
    lead.append(_segment(cell))
    as_of = cell.get("as_of") or (own[0].get("as_of") if len(own) == 1 else None)
    row = _values({**cell, "as_of": as_of}, who, layout)
    table.add_row(*lead, *row, style=BOLD if cell["segment"] == "all" else None)
    blank = [""] * len(lead)
    if cell.get("persons"):
        said = {**cell["persons"], "as_of": as_of, "flags": []}
        rule = f"  in persons: {words.clean(said['rule'])}"
        table.add_row(*blank, *_values(said, rule, layout), style=DIM)
    if len(own) > 1:
        for value in own:
            label = f"  {words.clean(value['originator'])}"
            extra = [flag for flag in value.get("flags", ()) if flag not in cell["flags"]]
            own_row = _values({**value, "flags": extra}, label, layout)
            table.add_row(*blank, *own_row, style=DIM)


def _values(value: Cell, who: str, layout: Layout) -> list[str]:
    texts = [
        words.number(value["low"]),
        words.number(value["best"]),
        words.high(value["high"]),
        words.moment(value.get("as_of")),
        who,
    ]
    return [*texts, words.words(value.get("flags", ()))] if layout.flags else texts


def _ends(cell: Cell, layout: Layout, name: Name) -> list[str]:
    texts = []
    for wanted, end in ((layout.origin, "origin"), (layout.destination, "destination")):
        if wanted:
            codes = cell.get(end)
            texts.append(joined(codes, name) if codes else words.MISSING)
    return texts


def joined(codes: str | Sequence[str], name: Name) -> str:
    """`Latakia + Tartous`: the names of areas that are joined with `+` or listed."""
    parts = codes.split("+") if isinstance(codes, str) else codes
    return " + ".join(words.clean(name(code)) for code in parts)


def area_label(cell: Cell) -> str:
    """`Latakia SY-LA`, `Latakia + Tartous`, or `unallocated Latakia + Tartous`."""
    label = words.clean(cell.get("name") or cell["area"])
    if cell["kind"] == "unallocated":
        return label if label.startswith("unallocated") else f"unallocated {label}"
    return label if "+" in cell["area"] else f"{label} {words.clean(cell['area'])}"
