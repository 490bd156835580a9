"""Households said in persons: which rule, and that nothing is added (R15)."""

from dataclasses import replace
from typing import Any

from figures_builder import act, ask, at_least, fig, gid, on_cells, report

from tollbook_projections.filing import Document
from tollbook_schemas.policy import Policy, default_policy


def fled(name: str, value: Any, unit: str = "household", **fields: Any) -> Document:
    return fig(name, value, "SY-LA", measure="displaced", unit=unit, **fields)


PAIRED = report("a", 8, fled("h", 300, pair="p"), fled("n", 1476, "person", pair="p"))
ALONE = report("b", 9, fled("h", 100), by="snhr")


def persons(*events: Document, policy: Policy | None = None) -> Document:
    """What the households of Latakia come to in persons."""
    (cell,) = [
        cell
        for cell in on_cells(*events, policy=policy)
        if cell["unit"] == "household" and cell["area"] == "SY-LA"
    ]
    found: Document = cell["persons"]
    return found


def test_the_report_itself_says_how_many_persons_its_households_were() -> None:
    found = persons(PAIRED)

    assert (found["low"], found["best"], found["high"]) == (1476, 1476, 1476)
    assert found["rule"] == "pair"
    assert found["ratio"] == {"persons": 1476, "households": 300}
    assert found["figures"] == [gid("a#h"), gid("a#n")]


def test_a_pair_may_be_named_by_the_other_figures_id() -> None:
    named = report("a", 8, fled("h", 300), fled("n", 1476, "person", pair="h"))

    assert persons(named)["rule"] == "pair"


def test_other_households_take_the_ratio_seen_in_the_crisis() -> None:
    found = persons(PAIRED, report("b", 9, fled("h", 100)))

    assert (found["rule"], found["best"]) == ("observed", 492)
    assert found["figures"] == [gid("a#h"), gid("a#n")]
    assert persons(PAIRED, ALONE)["rule"] == "observed"


def test_a_ratio_from_another_origin_says_nothing() -> None:
    lebanon = report(
        "a", 8, fled("h", 2, pair="p", origin=["LB"]), fled("n", 9, "person", pair="p")
    )

    assert [
        (cell["origin"], cell["persons"]["rule"])
        for cell in on_cells(lebanon, ALONE)
        if cell["unit"] == "household" and cell["area"] == "SY-LA"
    ] == [(None, "generic-5"), ("LB", "pair")]


def test_the_policy_gives_sizes_by_area_then_a_generic_one() -> None:
    sizes = replace(default_policy(), household_size=6, household_rule="generic-6")

    assert persons(ALONE)["rule"] == "generic-5"
    assert persons(ALONE)["best"] == 500
    assert persons(ALONE, policy=sizes)["best"] == 600
    by_country = replace(sizes, household_size_by_area={"SY": 4})
    assert persons(ALONE, policy=by_country)["rule"] == "area-SY-4"
    by_province = replace(sizes, household_size_by_area={"SY": 4, "SY-LA": 3})
    assert persons(ALONE, policy=by_province)["best"] == 300


def test_bounds_are_rounded_outwards_and_open_ones_stay_open() -> None:
    paired = report("a", 8, fled("h", 3, pair="p"), fled("n", 10, "person", pair="p"))
    found = persons(paired, report("b", 9, fled("h", at_least(2))))

    assert (found["low"], found["best"], found["high"]) == (6, 7, None)


def test_a_retracted_figure_tells_no_ratio() -> None:
    taken_back = act("retracted", "r", 9, "a#n")

    assert persons(PAIRED, taken_back)["rule"] == "generic-5"


def test_cells_of_persons_are_left_as_they_are_and_nothing_is_added() -> None:
    cells = on_cells(PAIRED, ALONE)
    people = [cell for cell in cells if cell["unit"] == "person"]

    assert people
    assert not any("persons" in cell for cell in people)
    assert [cell["best"] for cell in people if cell["area"] == "SY-LA"] == [1476]
    assert ask(PAIRED, ALONE).of("SY-LA", unit="person")[1] == 1476
