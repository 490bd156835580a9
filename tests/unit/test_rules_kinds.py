"""R11, R13, R14, R15, R17 and R18: incidents, floors, stocks, units, dating and lineage."""

from typing import Any

import pytest
from figures_builder import (
    CIVILIAN,
    SECURITY,
    ask,
    between,
    bounds,
    day,
    fig,
    gid,
    increment,
    report,
)

COAST = ["SY-LA", "SY-TA"]
SHELTER = {"basis": "stock", "measure": "sheltering"}


def incident(
    name: str, value: int, areas: str | list[str], number: int = 7, **fields: Any
) -> dict[str, Any]:
    """A figure of one incident on one day."""
    window = {"start": day(number), "end": day(number)}
    return fig(name, value, areas, basis="incident", window=window, **fields)


def test_an_incident_inside_the_base_is_contained_in_it_and_a_floor_of_its_area() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, COAST, window={"start": day(6)})),
        report("b", 8, incident("i", 30, "SY-LA", incident="m1")),
    )

    assert answer.of("SY") == (100, 100, 100)
    assert answer.of("SY-LA") == (30, None, 100)


def test_an_incident_after_the_base_adds() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, incident("i", 30, "SY-LA", 9, incident="m1")),
    )

    assert answer.of("SY-LA") == (130, 130, 130)


def test_an_incident_of_another_segment_inside_the_base_adds_nothing() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 8, incident("i", 30, "SY-LA", incident="m1", segment=CIVILIAN)),
    )

    assert answer.of("SY-LA") == (100, 100, 100)
    assert answer.of("SY-LA", "civilian")[0] == 30


def test_different_incidents_are_different_people() -> None:
    answer = ask(
        report(
            "a",
            8,
            incident("i", 30, "SY-LA", incident="m1"),
            incident("j", 20, "SY-LA", incident="m2"),
        )
    )

    assert answer.of("SY-LA") == (50, 50, 50)


def test_an_incident_without_an_id_is_an_incident_of_its_own() -> None:
    answer = ask(
        report("a", 8, incident("i", 30, "SY-LA")), report("b", 9, incident("i", 20, "SY-LA"))
    )

    assert answer.of("SY-LA") == (50, 50, 50)


def test_a_later_figure_of_one_incident_revises_it() -> None:
    answer = ask(
        report("a", 8, incident("i", 30, "SY-LA", incident="m1")),
        report("b", 9, incident("i", 35, "SY-LA", incident="m1")),
    )

    assert answer.of("SY-LA") == (35, 35, 35)


def test_the_figures_of_one_incident_form_their_own_lattice() -> None:
    answer = ask(
        report(
            "a",
            8,
            incident("i", 30, "SY", incident="m1"),
            incident("j", 20, "SY-LA", incident="m1"),
        )
    )

    assert answer.of("SY") == (30, 30, 30)
    assert answer.of("SY-LA")[0] == 20


def test_segments_of_one_incident_add() -> None:
    answer = ask(
        report(
            "a",
            8,
            incident("i", 30, "SY-LA", incident="m1", segment=CIVILIAN),
            incident("j", 20, "SY-LA", incident="m1", segment=SECURITY),
        )
    )

    assert answer.of("SY-LA") == (50, 50, 50)


def test_a_verified_minimum_raises_low_only() -> None:
    answer = ask(report("a", 8, fig("p", 111, "SY-LA", coverage="partial")))

    assert answer.of("SY-LA") == (111, None, None)
    assert "verified_floor" in answer.flags("SY-LA")


def test_verified_minimums_of_windows_add_up_where_another_counter_says_less() -> None:
    windows = [
        increment("x", 10, "SY-LA", 5, 6, coverage="partial"),
        increment("y", 20, "SY-LA", 7, 8, coverage="partial"),
    ]
    other = report("b", 8, fig("t", between(15, 40), "SY-LA"), by="b")

    assert ask(report("a", 8, *windows, by="a"), other).of("SY-LA") == (30, None, 40)


def test_a_verified_minimum_below_the_figure_changes_nothing_but_the_flag() -> None:
    answer = ask(
        report("a", 8, fig("x", 200, "SY-LA")),
        report("b", 9, fig("p", 111, "SY-LA", coverage="partial")),
    )

    assert answer.of("SY-LA") == (200, 200, 200)
    assert "floor_above_figure" not in answer.flags("SY-LA")


def test_a_floor_above_the_own_figure_of_that_day_is_flagged_and_the_figure_kept() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), fig("p", 120, "SY-LA", coverage="partial")),
    )

    assert answer.of("SY-LA") == (100, 100, 100)
    assert "floor_above_figure" in answer.flags("SY-LA")


def test_a_later_floor_above_the_own_figure_is_flagged_and_raises_low() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("p", 120, "SY-LA", coverage="partial")),
    )

    assert answer.of("SY-LA")[0] == 120
    assert "floor_above_figure" in answer.flags("SY-LA")


def test_a_stock_is_the_latest_of_each_site_and_sites_add() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", **SHELTER), fig("y", 50, "SY-TA", **SHELTER)),
        report("b", 9, fig("x", 40, "SY-LA", **SHELTER)),
    )

    assert answer.of("SY-LA") == (40, 40, 40)
    assert answer.of("SY") == (90, 90, 90)
    assert not answer.marks("b#x")


def test_a_stock_and_a_flow_are_never_mixed() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", **SHELTER)),
        report(
            "b",
            8,
            fig("y", 30, "SY-LA", measure="sheltering", basis="flow", window={"start": day(8)}),
        ),
    )

    assert answer.of("SY-LA", nature="stock") == (100, 100, 100)
    assert answer.of("SY-LA", nature="count") == (30, 30, 30)


def test_a_cumulative_of_a_movement_takes_later_flows() -> None:
    moved = {"measure": "displaced"}
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA", **moved)),
        report(
            "b",
            9,
            fig("y", 30, "SY-LA", basis="flow", window={"start": day(9), "end": day(9)}, **moved),
        ),
    )

    assert answer.of("SY-LA") == (130, 130, 130)


def test_disjoint_destinations_are_cells_of_their_own() -> None:
    crossed = {"measure": "displaced_across_border"}
    answer = ask(
        report(
            "a",
            8,
            fig("x", 10, "SY-LA", destination=["LB"], **crossed),
            fig("y", 5, "SY-LA", destination=["LB-AK"], **crossed),
            fig("z", 7, "SY-LA", destination=["TR"], **crossed),
        )
    )

    found = {
        cell.key.region.flow.destination: bounds(cell.merged.interval)
        for cell in answer.told.cells
        if cell.key.region.areas == ("SY-LA",)
    }

    assert found == {("LB",): (10, 10, 10), ("LB-AK",): (5, 5, 10), ("TR",): (7, 7, 7)}


def test_units_are_not_converted() -> None:
    answer = ask(report("a", 8, fig("x", 20, "SY-LA", measure="displaced", unit="household")))

    assert {cell.key.counted.unit for cell in answer.told.cells} == {"household"}


@pytest.mark.parametrize(
    ("ways", "value"),
    [
        ((None, "documentation", "publication", "occurrence"), 100),
        (("documentation", "publication", "occurrence"), 90),
        (("publication", "occurrence"), 80),
        (("occurrence",), 70),
    ],
)
def test_a_cell_uses_the_first_way_of_dating(ways: tuple[str | None, ...], value: int) -> None:
    values = {None: 100, "documentation": 90, "publication": 80, "occurrence": 70}
    figures = [
        fig(f"x{values[way]}", values[way], "SY-LA", **({} if way is None else {"dated_by": way}))
        for way in ways
    ]

    assert ask(report("a", 8, *reversed(figures))).of("SY-LA") == (value, value, value)


def test_the_phases_of_a_counter_add() -> None:
    answer = ask(report("a", 3, fig("x", 4047, "SY")), report("b", 9, fig("y", 123, "SY", phase=2)))

    assert answer.of("SY") == (4170, 4170, 4170)
    assert "phases_added" in answer.flags("SY")
    assert not answer.marks("b#y")


def test_a_later_value_of_a_phase_replaces_the_phase_only() -> None:
    answer = ask(
        report("a", 3, fig("x", 4047, "SY")),
        report("b", 9, fig("y", 123, "SY", phase=2)),
        report("c", 10, fig("y", 150, "SY", phase=2)),
    )

    assert answer.of("SY") == (4197, 4197, 4197)


def test_a_cell_names_its_figures_and_rules() -> None:
    answer = ask(report("a", 8, fig("x", 100, COAST), fig("la", 70, "SY-LA")))
    merged = answer.cell("SY-LA").merged

    assert merged.figures == {gid("a#x"), gid("a#la")}
    assert {"R1", "R2", "R8"} <= merged.rules


def test_a_sum_of_figures_of_two_days_shows_both() -> None:
    answer = ask(report("a", 8, fig("x", 100, "SY-LA")), report("b", 10, fig("y", 50, "SY-TA")))
    merged = answer.cell("SY").merged

    assert merged.as_of is not None
    assert merged.oldest is not None
    assert (merged.oldest.day, merged.as_of.day) == (8, 10)
    assert "mixed_as_of" in merged.flags
    assert "mixed_as_of" not in answer.flags("SY-LA")


def test_an_increment_before_the_incident_day_does_not_hold_it() -> None:
    answer = ask(
        report("a", 8, increment("i", 10, "SY-LA", 6, 6)),
        report("b", 8, incident("j", 4, "SY-LA", 7, incident="m1")),
    )

    assert answer.of("SY-LA") == (14, 14, 14)


def test_an_increment_holds_the_incidents_of_its_window() -> None:
    answer = ask(
        report("a", 8, increment("i", 10, "SY-LA", 6, 8)),
        report("b", 8, incident("j", 4, "SY-LA", 7, incident="m1")),
    )

    assert answer.of("SY-LA") == (10, 10, 10)
