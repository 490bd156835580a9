"""Tables of cells, checks, revisions and statements, as text of 100 columns."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console, RenderableType

from tollbook_services.render import cells, checks, revisions, statements

NAMES = {"SY": "Syria", "SY-LA": "Latakia", "SY-TA": "Tartous", "LB-AK": "Akkar"}


def _name(code: str) -> str:
    return NAMES.get(code, code)


def _text(part: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=100, markup=False, highlight=False, emoji=False).print(part)
    return out.getvalue()


def _lines(part: RenderableType) -> list[str]:
    return [" ".join(line.split()) for line in _text(part).splitlines() if line.strip()]


def _cell(area: str, segment: str, bounds: tuple[Any, Any, Any], **more: Any) -> dict[str, Any]:
    low, best, high = bounds
    own = {"originator": "sohr", "low": low, "best": best, "high": high, "as_of": "2025-03-08"}
    return {
        "kind": "area",
        "area": area,
        "name": " + ".join(map(_name, area.split("+"))),
        "measure": "killed",
        "unit": "person",
        "nature": "count",
        "segment": segment,
        "origin": None,
        "destination": None,
        "low": low,
        "best": best,
        "high": high,
        "as_of": "2025-03-08",
        "flags": [],
        "figures": [],
        "originators": [own],
        **more,
    }


def _document(*found: Mapping[str, Any]) -> dict[str, Any]:
    return {"crisis": "syria-coast-2025", "cells": list(found), "checks": []}


def test_provinces_come_first_then_the_unallocated_then_the_country() -> None:
    found = [
        _cell("SY", "civilian", (745, 745, 745)),
        _cell("SY-LA+SY-TA", "civilian", (745, 745, 745), kind="unallocated"),
        _cell("SY-LA+SY-TA", "combatant", (252, 252, 252)),
        _cell("SY-TA", "civilian", (0, None, 745)),
        _cell("SY-LA", "civilian", (0, None, 745)),
    ]

    (table,) = cells.cell_tables(found, _name)

    lines = _lines(table)
    assert lines[0] == "Killed, persons"
    assert [line for line in lines if "civilian" in line and "SY" in line] == [
        "Latakia SY-LA civilian 0 - 745 2025-03-08 sohr",
        "Tartous SY-TA civilian 0 - 745 2025-03-08 sohr",
        "Syria SY civilian 745 745 745 2025-03-08 sohr",
    ]
    areas = [line.split(" c")[0] for line in lines if line.endswith("sohr")]
    assert areas == [
        "Latakia SY-LA",
        "Tartous SY-TA",
        "Latakia + Tartous",
        "unallocated Latakia +",
        "Syria SY",
    ]


def test_an_area_is_named_once_and_its_total_comes_last() -> None:
    found = [
        _cell("SY-LA", "all", (0, None, 1018)),
        _cell("SY-LA", "combatant/state_security", (0, None, 125)),
        _cell("SY-LA", "civilian", (0, None, 745)),
    ]

    (table,) = cells.cell_tables(found, _name)

    assert _lines(table)[3:] == [
        "Latakia SY-LA civilian 0 - 745 2025-03-08 sohr",
        "state security 0 - 125 2025-03-08 sohr",
        "all 0 - 1,018 2025-03-08 sohr",
    ]


def test_persons_and_families_are_two_tables() -> None:
    found = [
        _cell("SY-LA", "all", (1, 1, 1), unit="family", measure="displaced"),
        _cell("SY-LA", "all", (5, 5, 5), unit="person", measure="displaced"),
    ]

    tables = cells.cell_tables(found, _name)

    assert [table.title for table in tables] == ["Displaced, families", "Displaced, persons"]


def test_several_originators_are_all_shown_under_the_merged_value() -> None:
    own = [
        {"originator": "ohchr", "low": 111, "best": None, "high": None, "as_of": "2025-03-11"},
        {"originator": "sohr", "low": 1383, "best": 1383, "high": 1383, "as_of": "2025-03-12"},
    ]
    found = [_cell("SY", "civilian", (1383, 1383, 1383), originators=own, flags=["open_high"])]

    (table,) = cells.cell_tables(found, _name)

    lines = _lines(table)
    assert "Syria SY civilian 1,383 1,383 1,383 2025-03-08 2 originators open high" in lines
    assert "111 - open 2025-03-11 ohchr" in lines
    assert "1,383 1,383 1,383 2025-03-12 sohr" in lines


def test_an_all_that_only_repeats_the_one_known_segment_is_left_out_of_the_table() -> None:
    same = _cell("SY-LA", "civilian", (5, 5, 5))
    repeated = _cell("SY-LA", "all", (5, 5, 5), flags=["segments_missing"])
    more = _cell("SY-LA", "all", (5, None, 9))

    assert cells.without_repeats([same, repeated]) == [same]
    assert cells.without_repeats([same, more]) == [same, more]
    assert cells.without_repeats([repeated]) == [repeated]


def test_the_rest_that_the_parts_of_a_segment_do_not_explain_is_called_unspecified() -> None:
    rest = _cell("SY-LA+SY-TA", "civilian", (252, 252, 252), kind="unspecified")

    (table,) = cells.cell_tables([rest], _name)

    assert _lines(table)[3] == (
        "Latakia + Tartous civilian, unspecified 252 252 252 2025-03-08 sohr"
    )


def test_a_wide_table_of_movements_wraps_and_loses_nothing() -> None:
    own = [
        {"originator": "tal-bireh-mayor", "low": 0, "best": None, "high": None, "as_of": None},
        {"originator": "annahar-survey", "low": 0, "best": None, "high": 1476, "as_of": None},
    ]
    found = _cell(
        "SY-LA",
        "civilian/lebanese",
        (0, None, 10000),
        measure="displaced_across_border",
        destination="LB-AK+LB-AS",
        flags=["unexplained_fall", "open_high"],
        originators=own,
    )

    (table,) = cells.cell_tables([found], lambda code: {"LB-AS": "North Lebanon"}.get(code, code))

    text = _text(table)
    assert max(len(line) for line in text.splitlines()) <= 100
    for word in ("tal-bireh-mayor", "annahar-survey", "unexplained", "lebanese", "Lebanon", "open"):
        assert word in text
    assert "\u2026" not in text


def test_a_destination_gets_a_column_only_where_there_is_one() -> None:
    moved = _cell("SY", "civilian", (12, None, 99), destination="LB-AK")

    (with_destination,) = cells.cell_tables([moved], _name)
    (without,) = cells.cell_tables([_cell("SY", "civilian", (1, 1, 1))], _name)

    assert "Syria SY Akkar civilian 12 - 99 2025-03-08 sohr" in _lines(with_destination)
    assert [column.header for column in without.columns][:3] == ["area", "segment", "low"]


def test_markup_and_escapes_in_a_strangers_name_are_only_text() -> None:
    own = [{"originator": "[red]x\x1b[2J", "low": 1, "best": 1, "high": 1, "as_of": None}]

    (table,) = cells.cell_tables([_cell("SY", "all", (1, 1, 1), originators=own)], _name)

    assert "[red]x" in _text(table)
    assert "\x1b" not in _text(table)


def test_csv_has_a_row_for_each_cell_and_one_for_each_originator() -> None:
    rows = cells.csv_rows(_document(_cell("SY-LA", "civilian", (0, None, 745))))

    assert [(row["originator"], row["low"], row["best"], row["high"]) for row in rows] == [
        (None, 0, None, 745),
        ("sohr", 0, None, 745),
    ]
    assert {row["crisis"] for row in rows} == {"syria-coast-2025"}


def _check(*, holds: bool | None) -> dict[str, Any]:
    figure = "https://desk.example.org/annahar#D2.fam"
    return {"kind": "sum", "figure": figure, "stated": 1476, "computed": 1224, "holds": holds}


def test_a_failing_check_says_so_in_a_word_and_comes_first() -> None:
    table = checks.check_table([_check(holds=True), _check(holds=False)])

    assert table is not None
    assert _lines(table)[3] == "FAILS sum annahar#D2.fam 1,476 1,224"


def test_the_summary_counts_what_holds_what_fails_and_what_is_open() -> None:
    found = [_check(holds=True), _check(holds=True), _check(holds=False), _check(holds=None)]

    assert checks.summary(found) == "Checks: 2 hold, 1 open, 1 FAILS."
    assert checks.summary([]) == "Checks: none."


def test_no_failing_check_means_no_table_of_failing_checks() -> None:
    assert checks.check_table([_check(holds=True)], failing_only=True) is None


def _revisions() -> dict[str, Any]:
    step = {
        "n": 1,
        "kind": "initial",
        "previous": None,
        "quantity": {"qualifier": "at_least", "value": 1225},
        "as_of": "2025-03-11",
        "published_at": "2025-03-11",
        "recorded_at": "2026-01-01T00:00:00Z",
        "sequence": 18,
        "reason": "=counted twice",
        "figure": "https://desk.example.org/sohr#civ",
        "event": "https://desk.example.org/sohr",
        "url": "https://example.org",
        "flags": ["stale_relay"],
    }
    series = {
        "id": "s1",
        "originator": "sohr",
        "measure": "killed",
        "unit": "person",
        "segment": "civilian",
        "areas": ["SY-LA", "SY-TA"],
        "basis": "cumulative",
        "revisions": [step],
    }
    return {"crisis": "syria-coast-2025", "series": [series]}


def test_a_series_shows_each_step_with_its_flags_and_reason() -> None:
    (series,) = _revisions()["series"]

    lines = _lines(revisions.series_table(series, _name))

    assert lines[0] == "sohr: killed, civilian, Latakia + Tartous (person, cumulative)"
    assert (
        "1 2025-03-11 at least 1,225 initial 2025-03-11 sohr#civ stale relay; =counted twice"
        in lines
    )


def test_csv_of_revisions_has_a_row_for_each_step() -> None:
    (row,) = revisions.csv_rows(_revisions())

    assert (row["series"], row["qualifier"], row["value"]) == ("s1", "at_least", 1225)
    assert set(revisions.CSV_COLUMNS) <= set(row)


def test_a_statement_names_its_speaker_its_stance_and_its_figures() -> None:
    found = {
        "id": "ST1",
        "speaker": "Spokesman",
        "kind": "claim",
        "text": "control was regained",
        "about": ["https://desk.example.org/reporter24#S1"],
        "stance": "does_not_address",
        "published_at": "2025-03-09",
    }

    text = " ".join(_lines(statements.statement_table([found])))

    assert "Spokesman claim control was regained does not address:" in text
    assert "reporter24#S1" in text


def test_families_said_in_persons_stand_below_with_their_rule() -> None:
    persons = {"low": 60, "best": None, "high": 495, "rule": "generic-5", "figures": []}
    families = _cell("SY", "all", (12, None, 99), unit="family", persons=persons)

    (table,) = cells.cell_tables([families], _name)

    assert "60 - 495 2025-03-08 in persons: generic-5" in _lines(table)


@pytest.mark.parametrize("width", [100, 80, 60])
def test_no_number_or_area_gives_way_to_a_long_name(width: int) -> None:
    cell = _cell("SY-LA", "civilian", (23_456, 23_457, None), flags=["open_high", "stale"])
    names = ["tech-for-palestine-daily-casualties-of-the-ministry", "b"]
    cell["originators"] = [{**cell["originators"][0], "originator": name} for name in names]
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False, emoji=False)

    console.print(*cells.cell_tables([cell], _name))

    lines = out.getvalue().splitlines()
    for shown in ("Latakia", "SY-LA", "civilian", "23,456", "23,457", "2025-03-08"):
        assert any(shown in line for line in lines), (shown, out.getvalue())
