"""What views leave out and show: empty incidents, dates that say nothing more, both sides."""

import pytest
from figures_builder import (
    between,
    day,
    fig,
    gid,
    incident_opened,
    on_cells,
    recorded,
    report,
)
from view_kit import AT, WORLD, rows_of, view

from tollbook_projections.query import Position, Query
from tollbook_projections.views import toll_document
from tollbook_schemas.policy import default_policy
from tollbook_schemas.times import end_of


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (Query(), ["quiet"]),
        (Query(measure="killed"), []),
        (Query(area="SY"), []),
        (Query(originator="sohr"), []),
    ],
)
def test_an_incident_without_figures_is_shown_where_nothing_but_a_moment_is_asked(
    query: Query, shown: list[str]
) -> None:
    document = view("incidents", incident_opened("o", 8, "quiet"), query=query)

    assert [entry["id"] for entry in document["incidents"]] == shown


def test_the_oldest_date_of_a_cell_is_told_only_where_it_is_not_the_latest() -> None:
    cells = on_cells(
        report("a", 8, fig("la", 100, "SY-LA")), report("b", 9, fig("ta", 10, "SY-TA"))
    )
    dates = {cell["area"]: (cell.get("oldest_as_of"), cell["as_of"]) for cell in cells}

    assert dates["SY-LA"] == (None, "2025-03-08")
    assert dates["SY"] == ("2025-03-08", "2025-03-09")


def test_a_minimum_above_the_point_of_its_own_originator_is_shown_with_both() -> None:
    document = view(
        "conflicts",
        report(
            "a",
            8,
            fig("all", between(90, 200, 100), "SY-LA"),
            fig("some", 111, "SY-LA", coverage="partial"),
        ),
        more=([],),
    )

    (entry,) = [one for one in document["conflicts"] if one["kind"] == "floor_above_best"]
    assert entry["originator"] == "sohr"
    assert [side["figures"] for side in entry["sides"]] == [[gid("a#all")], [gid("a#some")]]
    assert [side["value"]["low"] for side in entry["sides"]] == [90, 111]


@pytest.mark.parametrize(("asked", "shown"), [(7, []), (8, ["banyas"]), (9, ["banyas"])])
def test_an_incident_whose_figures_are_later_than_the_day_asked_for_is_not_shown(
    asked: int, shown: list[str]
) -> None:
    strike = fig("f", 12, "SY-LA", basis="incident", incident="banyas")
    query = Query(as_of=end_of(day(asked)))

    document = view("incidents", report("a", 8, strike), query=query)

    assert [entry["id"] for entry in document["incidents"]] == shown


def test_a_question_about_one_measure_is_answered_with_cells_of_that_measure_alone() -> None:
    events = report("a", 8, fig("f", 3, "SY-LA"), fig("g", 9, "SY-LA", measure="injured"))
    ledger = recorded([events])
    asked = (rows_of(ledger), Query(measure="injured"), Position(1, AT), WORLD, default_policy())

    cells = toll_document("coast", *asked)["cells"]

    assert {(cell["measure"], cell["area"], cell["best"]) for cell in cells} == {
        ("injured", "SY", 9),
        ("injured", "SY-LA", 9),
    }
