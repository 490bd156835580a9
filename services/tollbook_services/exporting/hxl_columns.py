"""The columns of HXL sheets that say what a count is of and how it came about, with their tags."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

Row = Mapping[str, Any]
Read = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class HxlColumn:
    """A column: header, tag, and what stands in it."""

    header: str
    tag: str
    read: Read


def _column(name: str) -> Read:
    return lambda row: row.get(name)


def _sources(row: Row) -> str:
    return ", ".join(own["originator"] for own in row["originators"])


def _own_values(row: Row) -> str:
    return orjson.dumps(row["originators"]).decode()


def _step(row: Row) -> str:
    return f"{row['series']}|{row['n']}"


_WHAT: Final = (
    HxlColumn("kind", "#meta+kind", _column("kind")),
    HxlColumn("measure", "#meta+measure", _column("measure")),
    HxlColumn("unit", "#meta+unit", _column("unit")),
)

_WHO: Final = (
    HxlColumn("segment", "#meta+segment", _column("segment")),
    HxlColumn("origin code", "#loc+origin+code", _column("origin")),
    HxlColumn("destination code", "#loc+dest+code", _column("destination")),
)

_STATUS: Final = (
    HxlColumn("flags", "#meta+flags", _column("flags")),
    HxlColumn("observation status", "#meta+obs_status", _column("obs_status")),
)

CELL_WHAT: Final = (*_WHAT, HxlColumn("nature", "#meta+nature", _column("nature")), *_WHO)
"""What a cell is of, left of its counts."""

CELL_HOW: Final = (
    HxlColumn("as of", "#date", _column("as_of")),
    HxlColumn("oldest as of", "#meta+oldest_as_of", _column("oldest_as_of")),
    HxlColumn("originators", "#meta+source", _sources),
    HxlColumn("originators' own values", "#meta+source+values", _own_values),
    HxlColumn("best supplied by", "#meta+source+best", _column("supplied_by")),
    *_STATUS,
    HxlColumn("rules", "#meta+rules", _column("rules")),
    HxlColumn("figures", "#meta+figures", _column("figures")),
    HxlColumn("figures in all", "#meta+figures+num", _column("figures_total")),
    HxlColumn("persons low", "#meta+persons+low", _column("persons_low")),
    HxlColumn("persons best", "#meta+persons+best", _column("persons_best")),
    HxlColumn("persons high", "#meta+persons+high", _column("persons_high")),
    HxlColumn("persons by rule", "#meta+persons+rule", _column("persons_rule")),
    HxlColumn("cell", "#meta+id", _column("id")),
)
"""How a cell came about, right of its counts."""

STEP_WHAT: Final = (
    *_WHAT,
    HxlColumn("basis", "#meta+basis", _column("basis")),
    *_WHO,
    HxlColumn("place", "#loc+name", _column("place")),
    HxlColumn("incident", "#event+code", _column("incident")),
)
"""What a step of a series is of, left of its counts."""

STEP_HOW: Final = (
    HxlColumn("as of", "#date", _column("as_of")),
    HxlColumn("window start", "#date+start", _column("window_start")),
    HxlColumn("window end", "#date+end", _column("window_end")),
    HxlColumn("published", "#date+reported", _column("published_at")),
    HxlColumn("recorded", "#meta+recorded_at", _column("recorded_at")),
    HxlColumn("sequence", "#meta+sequence", _column("sequence")),
    HxlColumn("originator", "#meta+source", _column("originator")),
    HxlColumn("relayed by", "#meta+source+relay", _column("relayed_by")),
    HxlColumn("dated by", "#meta+dated_by", _column("dated_by")),
    HxlColumn("coverage", "#meta+coverage", _column("coverage")),
    HxlColumn("phase", "#meta+phase", _column("phase")),
    HxlColumn("role", "#meta+role", _column("role")),
    HxlColumn("status", "#meta+status", _column("status")),
    HxlColumn("qualifier", "#meta+qualifier", _column("qualifier")),
    HxlColumn("word", "#meta+word", _column("word")),
    HxlColumn("as printed", "#meta+text", _column("text")),
    HxlColumn("previous low", "#meta+previous+low", _column("previous_low")),
    HxlColumn("previous best", "#meta+previous+best", _column("previous_best")),
    HxlColumn("previous high", "#meta+previous+high", _column("previous_high")),
    HxlColumn("reason", "#meta+reason", _column("reason")),
    HxlColumn("counts", "#meta+counts", _column("counts")),
    *_STATUS,
    HxlColumn("figure", "#meta+figures", _column("figure")),
    HxlColumn("event", "#meta+event", _column("event")),
    HxlColumn("page", "#meta+url", _column("url")),
    HxlColumn("series", "#meta+series", _column("series")),
    HxlColumn("step", "#meta+id", _step),
)
"""How a step came about, right of its counts."""

OPTIONAL: Final = ("#loc", "#event", "#meta+oldest_as_of", "#meta+persons")
"""Columns that stand only where a row has something in them, by what their tags begin with."""
