"""IOM's incidents as its website gives them out: other headers, days in words, split incidents."""

from typing import Any

import pytest
from figures_builder import ask
from import_kit import events_of, imported, refusals_of
from import_samples import IOM_MMP, Sample

from tollbook_schemas.errors import UsageError

SINCE_2022 = Sample(
    "iom-mmp",
    {
        "Main ID": "2025.MMP90001",
        "Incident ID": "2025.MMP90001",
        "Incident Type": "Incident",
        "Region of Incident": "Mediterranean",
        "Incident Date": "2025-03-11",
        "Incident Year": "2025",
        "Month": "March",
        "Number of Dead": "3",
        "Minimum Estimated Number of Missing": "",
        "Total Number of Dead and Missing": "3",
        "Number of Survivors": "20",
        "Number of Females": "1",
        "Number of Males": "2",
        "Number of Children": "",
        "Country of Origin": "Unknown",
        "Region of Origin": "Unknown",
        "Cause of Death": "Drowning",
        "Country of Incident": "Libya",
        "Migration Route": "Central Mediterranean",
        "Location of Incident": "Off the coast",
        "Coordinates": "33.1, 12.5",
        "UNSD Geographical Grouping": "Uncategorized",
        "Information Source": "A coastguard",
        "URL": "https://news.example/boat",
        "Source Quality": "4",
    },
    ("Number of Dead",),
    "Incident Date",
)

UNTIL_2021 = Sample(
    "iom-mmp",
    {
        "Web ID": "90001",
        "Region": "Mediterranean",
        "Reported Date": "March 11, 2025",
        "Reported Year": "2025",
        "Reported Month": "Mar",
        "Number Dead": "3",
        "Minimum Estimated Number of Missing": "",
        "Total Dead and Missing": "3",
        "Number of Survivors": "20",
        "Number of Females": "1",
        "Number of Males": "2",
        "Number of Children": "",
        "Cause of Death": "Drowning",
        "Location Description": "Off the coast",
        "Information Source": "A coastguard",
        "Location Coordinates": "33.1, 12.5",
        "Migration Route": "Central Mediterranean",
        "URL": "https://news.example/boat",
        "UNSD Geographical Grouping": "Uncategorized",
        "Source Quality": "4",
    },
    ("Number Dead",),
    "Reported Date",
)

WITH_COUNTRY = UNTIL_2021.put(**{"Country of Incident": "Libya"})

JSON = IOM_MMP.put(
    number_dead="3", number_of_female="1", number_of_male="2", number_of_survivors="20"
)


def only(sample: Sample, **changed: str) -> dict[str, Any]:
    """The event made of the one row, of which some cells are changed."""
    (event,) = events_of(imported("iom-mmp", sample.put(**changed).text()))
    return event


def split(countries: str, **changed: str) -> dict[str, Any]:
    """The report of a row that stands for two incidents."""
    ids = {"Main ID": "2025.MMP0203", "Incident ID": "2025.MMP0203224,2025.MMP0203225"}
    cells = {**ids, "Incident Type": "Split Incident", "Country of Incident": countries}
    return only(SINCE_2022, **cells, **changed)


@pytest.mark.parametrize("sample", [SINCE_2022, WITH_COUNTRY], ids=["since 2022", "until 2021"])
def test_a_row_of_the_website_says_the_same_as_one_of_the_json(sample: Sample) -> None:
    """Given an incident in two layouts, when imported, then only names and ids differ."""
    figures = [one | {"incident": ""} for one in only(sample)["data"]["figures"]]

    assert figures == [one | {"incident": ""} for one in only(JSON)["data"]["figures"]]
    assert {one["id"] for one in figures} == {"killed", "killed.female", "killed.male"}


def test_the_current_file_gives_the_ids_of_the_json() -> None:
    row, json_row = only(SINCE_2022), only(JSON)

    assert (row["source"], row["id"]) == (json_row["source"], json_row["id"])


def test_what_a_row_says_beside_its_numbers_is_in_the_report() -> None:
    data = only(SINCE_2022)["data"]

    assert data["published_at"] == "2025-03-11"
    assert data["url"] == "https://news.example/boat"
    assert "Reported by A coastguard. Source quality 4 of 5." in data["note"]
    assert "published_at is Incident Date." in data["note"]
    assert [one["text"] for one in data["statements"]] == ["Number of Survivors is 20."]
    assert data["ext"]["columns"]["Country of Origin"] == "Unknown"


def test_a_day_in_words_is_read() -> None:
    event = only(WITH_COUNTRY, **{"Reported Date": "August 3, 2021"})

    assert event["data"]["published_at"] == "2021-08-03"


@pytest.mark.parametrize("name", ["number of dead", "Number.of.Dead", "Number_of_Dead "])
def test_a_column_is_known_however_a_program_has_spelled_it(name: str) -> None:
    renamed = SINCE_2022.without("Number of Dead").put(**{name: "3"})

    assert only(renamed)["data"]["figures"][0]["quantity"]["value"] == 3


def test_a_row_of_several_incidents_is_one_report_of_the_id_above_them() -> None:
    data = split("Libya")["data"]

    (incident,) = {one["incident"] for one in data["figures"]}
    assert incident.startswith("mmp-2025-mmp0203-")
    assert "Split Incident. Of the incidents 2025.MMP0203224, 2025.MMP0203225." in data["note"]


def test_incidents_of_one_main_id_on_rows_of_their_own_add() -> None:
    """Given a row for each incident of a main id, when imported, then none replaces another."""
    rows = [
        only(SINCE_2022, **{"Main ID": "2025.MMP0203", "Incident ID": f"2025.MMP0203.{number}"})
        for number in (1, 2)
    ]

    assert ask(*rows).of("LY") == (6, 6, 6)


def test_a_row_of_two_countries_is_of_both_together_and_of_none_alone() -> None:
    data = split("Libya,Tunisia")["data"]

    assert {tuple(one["areas"]) for one in data["figures"]} == {("LY", "TN")}
    assert all("precision" not in one for one in data["figures"])


def test_a_row_that_names_a_country_twice_is_of_that_country() -> None:
    assert split("Libya,Libya")["data"]["figures"][0]["areas"] == ["LY"]


def test_a_country_with_a_comma_in_its_name_is_one_country() -> None:
    data = only(SINCE_2022, **{"Country of Incident": "Tanzania, United Republic of"})["data"]

    assert data["figures"][0]["areas"] == ["TZ"]


def test_a_row_of_a_country_and_of_one_that_is_not_known_is_told() -> None:
    data = split("Libya,Unknown")["data"]

    assert data["figures"] == []
    assert "killed: 3, in a country that is not known." in {
        one["text"] for one in data["statements"]
    }


def test_the_country_at_fault_is_named() -> None:
    rows = SINCE_2022.put(**{"Country of Incident": "Libya,Tunisiaa"}).text()

    ((_, column, message),) = refusals_of(imported("iom-mmp", rows))

    assert column == "Country of Incident"
    assert message.startswith("'Tunisiaa'")


def test_a_file_without_countries_is_refused_with_what_would_be_right() -> None:
    with pytest.raises(UsageError, match=r"in which country: .*'Country of Incident'"):
        imported("iom-mmp", UNTIL_2021.text())


def test_a_file_of_another_kind_is_refused_with_the_names_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"no column 'web_id' or 'Web ID' or 'Main ID'.*it has a"):
        imported("iom-mmp", "a,b\n1,2\n")
