"""IOM's incidents as reports: dead, missing, survivors, sexes, no country, no day, odd numbers."""

import json
from typing import Any

import pytest
from figures_builder import ask
from import_kit import events_of, imported, refusals_of
from import_samples import IOM_MMP

INCIDENT = IOM_MMP.put(number_dead="3", number_missing="", total_dead_and_missing="3")


def only(**changed: str) -> dict[str, Any]:
    """The event made of the one row."""
    (event,) = events_of(imported("iom-mmp", INCIDENT.put(**changed).text()))
    return event


def figures(**changed: str) -> dict[str, dict[str, Any]]:
    """Its figures by id."""
    return {one["id"]: one for one in only(**changed)["data"].get("figures", [])}


def said(**changed: str) -> list[str]:
    """The texts of its statements."""
    return [one["text"] for one in only(**changed)["data"].get("statements", [])]


def test_dead_and_missing_of_one_row_are_two_measures_of_one_incident() -> None:
    found = figures(web_id="2025.MMP00042", number_dead="1,003", number_missing="٤٠")

    assert set(found) == {"killed", "missing"}
    assert found["killed"]["quantity"] == {"qualifier": "exactly", "value": 1003}
    assert found["missing"]["quantity"] == {"qualifier": "exactly", "value": 40}
    (incident,) = {one["incident"] for one in found.values()}
    assert incident.startswith("mmp-2025-mmp00042-")
    assert {tuple(one["areas"]) for one in found.values()} == {("LY",)}


def test_who_reported_an_incident_is_not_who_counted() -> None:
    data = only(information_source="UNHCR", source_quality="5")["data"]

    assert data["originator"] == "iom-mmp"
    assert "Reported by UNHCR." in data["note"]
    assert "Source quality 5 of 5." in data["note"]
    assert {one.get("status", "reported") for one in data["figures"]} == {"reported"}


def test_incidents_that_different_sources_reported_add() -> None:
    first = only(web_id="2025.MMP00001", information_source="UNHCR", number_dead="3")
    second = only(web_id="2025.MMP00002", information_source="A coastguard", number_dead="4")

    assert ask(first, second).of("LY") == (7, 7, 7)


def test_a_printed_0_is_a_real_zero_and_an_empty_cell_is_nothing() -> None:
    assert figures(number_dead="0", number_missing="12")["killed"]["quantity"] == {
        "qualifier": "none_reported"
    }
    assert set(figures(number_dead="", number_missing="12")) == {"missing"}


def test_survivors_are_told_and_never_counted() -> None:
    data = only(number_of_survivors="274")["data"]

    assert [one["text"] for one in data["statements"]] == ["number_of_survivors is 274."]
    assert {one["measure"] for one in data["figures"]} == {"killed"}


def test_sexes_and_children_cut_the_same_people_and_add_nobody() -> None:
    people = {"number_of_female": "1", "number_of_male": "2", "number_of_children": "2"}
    found = figures(**people)

    quantities = {name: one["quantity"] for name, one in found.items() if "segment" in one}
    assert quantities == {
        "killed.female": {"qualifier": "exactly", "value": 1},
        "killed.male": {"qualifier": "exactly", "value": 2},
        "killed.children": {"qualifier": "at_least", "value": 2},
    }
    assert found["killed.children"]["segment"] == {"age_band": "child"}
    answer = ask(only(**people))
    assert answer.of("LY") == (3, 3, 3)
    assert answer.of("LY", "female") == (1, None, 1)
    assert answer.of("LY", "child") == (2, None, 3)


def test_women_of_incidents_are_added_and_leave_the_toll_as_it_is() -> None:
    one = only(web_id="2025.MMP00001", number_dead="3", number_of_female="1")
    two = only(web_id="2025.MMP00002", number_dead="5", number_of_female="2")
    three = only(web_id="2025.MMP00003", number_dead="7")

    answer = ask(one, two, three)

    assert answer.of("LY") == (15, 15, 15)
    assert answer.of("LY", "female") == (3, None, 15)


def test_where_some_are_of_no_known_sex_the_others_are_minimums() -> None:
    found = figures(number_of_male="2", number_of_female="0")

    assert set(found) == {"killed", "killed.male"}
    assert found["killed.male"]["quantity"] == {"qualifier": "at_least", "value": 2}


@pytest.mark.parametrize(
    "people",
    [
        {"number_missing": "4", "number_of_male": "2"},
        {"number_of_male": "2", "number_of_female": "2"},
        {"number_of_children": "4"},
        {"number_dead": "", "number_missing": "", "number_of_male": "1"},
    ],
    ids=["of the dead or the missing", "more than the dead", "more children", "of nobody"],
)
def test_sexes_that_cannot_be_assigned_stay_in_the_columns(people: dict[str, str]) -> None:
    event = only(**people)

    assert all("segment" not in one for one in event["data"]["figures"])
    assert people.items() <= event["data"]["ext"]["columns"].items()


def test_a_missing_number_below_0_takes_nothing_off_and_is_told() -> None:
    row = {"number_dead": "2", "number_missing": "-2", "total_dead_and_missing": "0"}

    assert set(figures(**row)) == {"killed"}
    (text,) = said(**row)
    assert "number_missing is -2" in text
    assert "nothing is taken off" in text


@pytest.mark.parametrize("country", ["Mixed/Unknown", "Unknown"])
def test_a_row_of_no_known_country_is_told_without_choosing_one(country: str) -> None:
    row = {"country_of_incident": country, "number_dead": "60", "number_missing": "500"}

    assert figures(**row) == {}
    assert said(**row) == [
        "killed: 60, in a country that is not known.",
        "missing: 500, in a country that is not known.",
    ]


def test_a_row_with_no_number_is_still_a_report() -> None:
    assert figures(number_dead="-", number_missing="") == {}
    assert said(number_dead="-", number_missing="") == ["The row has no number of dead or missing."]


def test_entities_of_html_are_read_in_countries_and_addresses() -> None:
    event = only(
        country_of_incident="Côte d&#039;Ivoire",
        url="https://news.example/a?b=1&amp;c=2, https://news.example/other",
    )

    assert event["data"]["figures"][0]["areas"] == ["CI"]
    assert event["data"]["url"] == "https://news.example/a?b=1&c=2"


def test_a_country_that_is_not_known_is_refused_at_its_column() -> None:
    rows = INCIDENT.put(country_of_incident="Libyaa").text()

    ((line, column, message),) = refusals_of(imported("iom-mmp", rows))

    assert (line, column) == (2, "country_of_incident")
    assert "LY (Libya)" in message


def test_without_a_day_the_window_is_the_year_of_the_id_and_says_so() -> None:
    event = only(web_id="2019.MMP01859", reported_date="")

    assert event["data"]["figures"][0]["window"] == {"start": "2019-01-01", "end": "2019-12-31"}
    assert event["data"]["published_at"] == "2019-12-31"
    assert "reported_date is empty" in event["data"]["note"]


def test_without_a_day_or_a_year_the_row_is_refused() -> None:
    rows = INCIDENT.put(web_id="it will be included ", reported_date="").text()

    ((_, column, message),) = refusals_of(imported("iom-mmp", rows))

    assert column == "reported_date"
    assert "write the day" in message


def test_an_id_that_is_a_sentence_is_still_one_id() -> None:
    event = only(web_id="it will be included ")

    assert event["id"] == "it%20will%20be%20included"
    assert event["data"]["figures"][0]["incident"].startswith("mmp-it-will-be-included-")


def test_rows_that_share_an_id_add_once_both_are_accepted() -> None:
    """Given two boats under one id, when the second has an id of its own, then both count."""
    first, second = only(number_dead="3"), only(number_dead="4")

    assert first["id"] == second["id"]
    accepted = second | {"id": f"{second['id']}.1a2b3c4d"}
    assert ask(first, accepted).of("LY") == (7, 7, 7)


def test_an_id_as_long_as_can_be_still_names_an_incident() -> None:
    (figure,) = only(web_id=f"2025.MMP{'9' * 80}")["data"]["figures"]

    assert figure["incident"].startswith("mmp-2025-mmp999")


def test_the_same_row_makes_the_same_event_wherever_it_stands() -> None:
    row, other = dict(INCIDENT.cells), dict(INCIDENT.put(web_id="2025.MMP90002").cells)
    lines = [json.dumps(one) for one in (row, other, row)]

    first, _, again = events_of(imported("iom-mmp", "\n".join(lines), name="rows.jsonl"))

    assert first == again
