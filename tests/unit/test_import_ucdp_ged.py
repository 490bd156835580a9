"""UCDP's events as reports: estimates, splits, places, times; rows made up from its codebook."""

from typing import Any

import pytest
from figures_builder import ask
from import_kit import events_of, imported, refusals_of
from import_samples import UCDP_GED

EVENT = UCDP_GED.put(low="3", best="5", high="9", deaths_civilians="5")


def only(**changed: str) -> dict[str, Any]:
    """The event made of the one row."""
    (event,) = events_of(imported("ucdp-ged", EVENT.put(**changed).text()))
    return event


def total(**changed: str) -> dict[str, Any]:
    """Its first figure: all who were killed."""
    figure: dict[str, Any] = only(**changed)["data"]["figures"][0]
    return figure


def splits(**changed: str) -> dict[str, tuple[dict[str, str], int]]:
    """Segment and value of the other figures, by id."""
    figures = only(**changed)["data"]["figures"][1:]
    return {one["id"]: (one["segment"], one["quantity"]["value"]) for one in figures}


def refused(**changed: str) -> list[tuple[int, str, str]]:
    """Line, column and message of what is wrong with the row."""
    return refusals_of(imported("ucdp-ged", EVENT.put(**changed).text()))


def test_a_row_is_one_incident_counted_by_ucdp_that_blames_nobody() -> None:
    event = only(id="276209", side_a="Government of Syria")

    assert (event["source"], event["id"]) == ("https://ucdp.uu.se/ged", "276209")
    assert event["data"]["originator"] == "ucdp"
    figure = event["data"]["figures"][0]
    assert (figure["basis"], figure["incident"]) == ("incident", "ged-276209")
    assert all("attribution" not in one for one in event["data"]["figures"])


def test_the_columns_are_kept_as_they_stand() -> None:
    assert only()["data"]["ext"]["columns"] == dict(EVENT.cells)


@pytest.mark.parametrize(
    ("low", "best", "high", "quantity"),
    [
        ("3", "5", "9", {"qualifier": "between", "from": 3, "to": 9, "value": 5}),
        ("4", "4", "4", {"qualifier": "exactly", "value": 4}),
        ("0", "0", "7", {"qualifier": "between", "from": 0, "to": 7, "value": 0}),
        ("0", "0", "0", {"qualifier": "none_reported"}),
        (
            "1,200",
            "1,225",
            "٢٠٠٠",
            {"qualifier": "between", "from": 1200, "to": 2000, "value": 1225},
        ),
    ],
)
def test_three_estimates_are_a_range_with_its_best(
    low: str, best: str, high: str, quantity: dict[str, Any]
) -> None:
    assert total(low=low, best=best, high=high)["quantity"] == quantity


@pytest.mark.parametrize(("low", "best", "high"), [(0, 10, 4), (2, 2, 1), (1, 0, 3), (0, 3, 0)])
def test_estimates_out_of_order_are_added_as_printed_and_flagged(
    low: int, best: int, high: int
) -> None:
    odd = only(low=str(low), best=str(best), high=str(high))
    other = only(id="900002", low="10", best="20", high="30")

    answer = ask(odd, other)

    assert answer.own("ucdp", "SY-LA") == (low + 10, best + 20, high + 30)
    assert "bounds_disordered" in answer.flags("SY-LA")


@pytest.mark.parametrize("column", ["low", "best", "high", "where_prec", "country", "date_end"])
def test_a_row_without_what_the_toll_needs_is_refused_at_its_column(column: str) -> None:
    ((line, where, message),) = refused(**{column: ""})

    assert (line, where) == (2, column)
    assert "needed" in message


def test_deaths_of_sides_and_civilians_are_segments_that_count_nobody_twice() -> None:
    row = {"deaths_a": "1", "deaths_b": "2", "deaths_civilians": "3", "deaths_unknown": "4"}
    sides = {"side_a": "Government of Syria", "side_b": "DKBA 5"}
    event = only(**row, **sides, low="10", best="10", high="10")

    assert splits(**row, **sides) == {
        "killed.a": ({"status": "combatant", "group": "government-of-syria"}, 1),
        "killed.b": ({"status": "combatant", "group": "dkba-5"}, 2),
        "killed.civilians": ({"status": "civilian"}, 3),
        "killed.unknown": ({}, 4),
    }
    assert ask(event).of("SY-LA") == (10, 10, 10)
    assert {one["role"] for one in event["data"]["figures"][1:]} == {"triangulation"}


def test_a_split_of_0_is_no_count_of_none() -> None:
    assert set(splits(deaths_a="0", deaths_b="", deaths_unknown="-")) == {"killed.civilians"}


def test_a_row_without_a_first_level_area_is_about_the_country() -> None:
    assert total(adm_1="", where_prec="6")["areas"] == ["SY"]
    assert total(adm_1="", where_prec="6")["precision"] == "country"


@pytest.mark.parametrize(
    ("country", "name", "code"),
    [
        ("Myanmar (Burma)", "Karen State", "MM-13"),
        ("Myanmar (Burma)", "Bago  region", "MM-02"),
        ("Bangladesh", "Barisāl Division", "BD-A"),
    ],
)
def test_names_of_areas_are_understood_as_ucdp_writes_them(
    country: str, name: str, code: str
) -> None:
    assert total(country=country, adm_1=name)["areas"] == [code]


def test_an_area_of_another_country_is_refused_with_its_column() -> None:
    ((_, column, message),) = refused(country="Bangladesh", adm_1="Karen State")

    assert column == "adm_1"
    assert "Bangladesh" in message


@pytest.mark.parametrize(
    ("end", "sources", "published"),
    [
        ("2025-03-12", "2025-03-15;2025-03-18;2025-03-16", "2025-03-18"),
        ("2025-03-12", "", "2025-03-12"),
        ("2025-03-12", "1753-01-01", "2025-03-12"),
    ],
)
def test_a_row_is_published_with_its_last_source_and_not_before_its_end(
    end: str, sources: str, published: str
) -> None:
    event = only(date_end=end, source_date=sources)

    assert event["data"]["published_at"] == published
    assert event["time"] == f"{published}T23:59:59Z"
    assert "no day of publication" in event["data"]["note"]


def test_the_days_of_an_event_are_its_window() -> None:
    window = total(date_start="2025-03-01 00:00:00.000", date_end="45747", date_prec="4")["window"]

    assert window == {"start": "2025-03-01", "end": "2025-03-31"}


@pytest.mark.parametrize(
    ("column", "text", "right"),
    [
        ("source_date", "2025-03-15;last week", "2015-05-13;2015-05-16"),
        ("date_start", "03/04/2025", "2025-03-11"),
        ("where_prec", "9", "1, 2, 3"),
        ("type_of_violence", "4", "1, 2, 3"),
        ("best", "about 5", "1225"),
    ],
)
def test_a_cell_that_cannot_be_understood_is_refused_with_what_would_be_right(
    column: str, text: str, right: str
) -> None:
    ((line, where, message),) = refused(**{column: text})

    assert (line, where) == (2, column)
    assert repr(text.rsplit(";", maxsplit=1)[-1]) in message
    assert right in message


def test_an_event_that_the_sources_tell_only_with_others_says_so() -> None:
    assert "event_clarity 2" in total(event_clarity="2")["note"]
    assert "note" not in total(event_clarity="1")
