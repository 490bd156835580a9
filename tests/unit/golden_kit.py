"""Golden ledgers: stored bytes of each schema version, and what they must fold to for ever.

To add one, write its events as they are sent, one a line, then run

    .venv/bin/python tests/unit/golden_kit.py NAME EVENTS.jsonl

and read what it wrote to `tests/golden/NAME.*` before it is committed. It never overwrites.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from tollbook_projections.catalogue import folds
from tollbook_projections.projection import Recorded, RowChange, table_of
from tollbook_schemas.errors import UsageError
from tollbook_schemas.filed import filed_event
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import RECORDED_TIME, ParsedEvent, parse_event
from tollbook_schemas.policy import default_policy
from tollbook_schemas.times import instant_of
from tollbook_services.stored import with_recorded_time

GOLDEN = Path(__file__).parents[1] / "golden"
PARTITION = 0
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def stored_lines(name: str) -> list[bytes]:
    """The stored events of a golden ledger, in order, byte for byte."""
    return (GOLDEN / f"{name}.jsonl").read_bytes().splitlines()


def leaves(name: str) -> list[str]:
    """Their leaf hashes, in hex."""
    return (GOLDEN / f"{name}.leaves").read_text(encoding="ascii").split()


def recorded(lines: Iterable[bytes]) -> Iterator[Recorded]:
    """The events as the folds take them."""
    for sequence, stored in enumerate(lines, start=1):
        at = instant_of(orjson.loads(stored)[RECORDED_TIME])
        yield Recorded(PARTITION, sequence, at, filed_event(stored))


def rows_of(lines: Iterable[bytes]) -> dict[tuple[str, str, str], bytes]:
    """The rows that all projections make of a ledger, by projection, crisis and key."""
    found: dict[tuple[str, str, str], bytes] = {}
    events = list(recorded(lines))
    for make in folds(default_gazetteer(), default_policy()):
        fold = make()
        for event in events:
            fold.apply(event)
            for change in fold.drain():
                _put(found, fold.name, change)
    return found


def _put(rows: dict[tuple[str, str, str], bytes], projection: str, change: RowChange) -> None:
    place = (projection, change.crisis, change.key)
    if change.value is None:
        del rows[place]
    else:
        rows[place] = change.value


def outcome(lines: Iterable[bytes]) -> dict[str, Any]:
    """What a ledger folds to, to be read by people: how many rows, and each cell's value."""
    rows = rows_of(lines)
    counts = Counter(f"{place[0]} {place[1]} {table_of(place[2])}" for place in rows)
    cells: dict[str, dict[str, str]] = {}
    for (_, crisis, key), row in sorted(rows.items()):
        if table_of(key) == "cell":
            cells.setdefault(crisis, {})[key.removeprefix("cell/")] = _said(orjson.loads(row))
    return {"rows": dict(sorted(counts.items())), "cells": cells}


def _said(cell: dict[str, Any]) -> str:
    """`0 / - / 745`: low, best, high, then the figures it rests on."""
    low, best, high = (
        "-" if cell[name] is None else cell[name] for name in ("low", "best", "high")
    )
    figures = ", ".join(figure.rpartition("/")[2] for figure in cell["figures"])
    return f"{low} / {best} / {high} of {figures}"


def outcome_bytes(lines: Iterable[bytes]) -> bytes:
    """The same as it is kept in a file."""
    return orjson.dumps(outcome(lines), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def expected(name: str) -> bytes:
    """What a golden ledger must fold to."""
    return (GOLDEN / f"{name}.outcome.json").read_bytes()


def record(name: str, events: Iterable[bytes]) -> None:
    """Write a golden ledger from events as sent, a minute apart; refuse if there is one.

    Raises:
        UsageError: an event is refused.
        FileExistsError: a ledger of that name exists; what was stored never changes.
    """
    stored: list[bytes] = []
    hashes: list[str] = []
    for number, raw in enumerate(events):
        parsed = parse_event(raw, default_gazetteer())
        if not isinstance(parsed, ParsedEvent):
            raise UsageError(f"event {number + 1}: {parsed}")
        at = STARTED + timedelta(minutes=number)
        line, leaf = with_recorded_time(parsed.canonical, int(at.timestamp() * 1_000_000))
        stored.append(line)
        hashes.append(leaf.hex())
    written = {
        "jsonl": b"\n".join(stored) + b"\n",
        "leaves": "\n".join(hashes).encode() + b"\n",
        "outcome.json": outcome_bytes(stored),
    }
    for suffix, content in written.items():
        with (GOLDEN / f"{name}.{suffix}").open("xb") as file:
            file.write(content)


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]).read_bytes().splitlines())
