"""ACLED's columns as reports: fatalities, places, times; rows made up from its codebook."""

import json
from typing import Any

import pytest
from import_kit import events_of, imported, refusals_of
from import_samples import ACLED

from tollbook_schemas.errors import UsageError

EVENT = ACLED.put(fatalities="7")


def only(**changed: str) -> dict[str, Any]:
    """The event made of the one row."""
    (event,) = events_of(imported("acled", EVENT.put(**changed).text()))
    return event


def figure(**changed: str) -> dict[str, Any]:
    """Its figure."""
    (found,) = only(**changed)["data"]["figures"]
    assert isinstance(found, dict)
    return found


def test_a_row_is_one_incident_counted_by_acled() -> None:
    event = only(event_id_cnty="SYR90001")

    assert (event["source"], event["id"]) == ("https://acleddata.com", "SYR90001")
    assert event["data"]["originator"] == "acled"
    assert event["data"]["ext"]["columns"] == dict(EVENT.cells)
    assert figure()["incident"] == "acled-syr90001"
    assert figure()["areas"] == ["SY-LA"]
    assert figure()["described_as"] == "Violence against civilians: Attack"
    assert "segment" not in figure()
    assert "attribution" not in figure()


def test_reported_fatalities_are_an_estimate() -> None:
    assert figure(fatalities="1,225")["quantity"] == {"qualifier": "approximately", "value": 1225}
    assert "note" not in figure(fatalities="7")


def test_no_reported_fatalities_are_none_reported_with_what_that_means() -> None:
    assert figure(fatalities="0")["quantity"] == {"qualifier": "none_reported"}
    assert "not a count of none" in figure(fatalities="0")["note"]


@pytest.mark.parametrize("number", ["3", "10", "12", "100"])
def test_a_number_that_may_stand_for_a_word_says_so(number: str) -> None:
    assert f"writes {number} where" in figure(fatalities=number)["note"]


@pytest.mark.parametrize(
    ("precision", "window"),
    [
        ("1", {"start": "2024-02-14", "end": "2024-02-14"}),
        ("2", {"start": "2024-02-08", "end": "2024-02-20"}),
        ("3", {"start": "2024-02-01", "end": "2024-02-29"}),
    ],
    ids=["the day", "the week", "the month"],
)
def test_the_window_holds_every_day_it_may_have_been(
    precision: str, window: dict[str, str]
) -> None:
    assert figure(event_date="2024-02-14", time_precision=precision)["window"] == window


@pytest.mark.parametrize("text", ["14 February 2024", "14-Feb-2024", "2024-02-14", "45336"])
def test_days_are_read_as_the_exports_of_different_years_write_them(text: str) -> None:
    assert figure(event_date=text)["window"]["start"] == "2024-02-14"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1741737600", "2025-03-12T00:00:00Z"),
        ("2025-03-12", "2025-03-12T23:59:59Z"),
        ("2025-03-12 10:30:00", "2025-03-12T10:30:00Z"),
        ("2025-03-12T10:30:00+02:00", "2025-03-12T08:30:00Z"),
    ],
)
def test_the_last_upload_is_the_publication(text: str, moment: str) -> None:
    event = only(timestamp=text)

    assert event["time"] == moment
    assert event["data"]["published_at"] == moment


def test_without_a_first_level_area_it_is_about_the_country() -> None:
    assert figure(admin1="", geo_precision="3")["areas"] == ["SY"]
    assert figure(admin1="", geo_precision="3")["precision"] == "region"
    assert "precision" not in figure(geo_precision="")


@pytest.mark.parametrize(
    ("column", "text", "right"),
    [
        ("fatalities", "several", "1225"),
        ("fatalities", "", "needed"),
        ("event_date", "03/04/2025", "2025-03-11"),
        ("event_date", "", "needed"),
        ("time_precision", "4", "1, 2, 3"),
        ("timestamp", "yesterday", "seconds since 1970"),
        ("timestamp", "99999999999999", "seconds since 1970"),
        ("geo_precision", "7", "1, 2, 3"),
        ("admin1", "Atlantis", "Syria"),
        ("event_id_cnty", "-", "needed"),
    ],
)
def test_a_cell_that_cannot_be_understood_is_refused_with_what_would_be_right(
    column: str, text: str, right: str
) -> None:
    rows = EVENT.put(**{column: text}).text()

    ((line, where, message),) = refusals_of(imported("acled", rows))

    assert (line, where) == (2, column)
    assert right in message


@pytest.mark.parametrize(
    ("country", "admin1", "areas"),
    [
        ("Myanmar", "Shan-North", ["MM-17"]),
        ("Myanmar", "Bago-East", ["MM-02"]),
        ("Palestine", "Gaza Strip", ["PS-DEB", "PS-GZA", "PS-KYS", "PS-NGZ", "PS-RFH"]),
    ],
)
def test_areas_that_acled_alone_divides_or_joins_are_understood(
    country: str, admin1: str, areas: list[str]
) -> None:
    assert figure(country=country, admin1=admin1)["areas"] == areas


def test_a_part_of_an_area_is_said_in_the_note_and_the_west_bank_is_the_rest_of_palestine() -> None:
    found = figure(country="Myanmar", admin1="Shan-North")["note"]
    bank = figure(country="Palestine", admin1="West Bank")["areas"]
    strip = figure(country="Palestine", admin1="Gaza Strip")["areas"]

    assert "Shan-North, a part of Shan" in found
    assert len({*bank, *strip}) == 16


def test_an_area_that_nobody_knows_is_still_refused() -> None:
    (refusal,) = refusals_of(imported("acled", EVENT.put(admin1="Nowhere-North").text()))

    assert refusal[1] == "admin1"


def test_the_cut_off_is_not_later_than_the_publication() -> None:
    late = figure(event_date="2025-03-10", time_precision="3", timestamp="2025-03-12")

    assert late["window"]["end"] == "2025-03-31"
    assert late["as_of"] == "2025-03-12"
    assert "as_of" not in figure(event_date="2025-03-10", time_precision="1")


def test_an_answer_of_the_api_makes_the_events_of_the_export() -> None:
    row: dict[str, Any] = dict(EVENT.cells) | {"fatalities": 7}
    answer = json.dumps({"status": 200, "count": 2, "data": [row, row | {"event_id_cnty": "X2"}]})

    first, second = events_of(imported("acled", answer))

    assert first == only()
    assert second["id"] == "X2"


@pytest.mark.parametrize("kind", ["acled", "ucdp-ged", "idmc-idu", "tfp-daily"])
def test_a_file_of_another_format_is_refused_as_a_whole(kind: str) -> None:
    with pytest.raises(UsageError) as raised:
        list(imported(kind, "event_id_cnty,name\n1,x\n2,y\n"))

    assert "line 2: a " in str(raised.value)
    assert "this one has event_id_cnty, name" in str(raised.value)


def test_the_format_that_a_file_looks_like_is_named() -> None:
    with pytest.raises(UsageError, match=r"is it acled\?"):
        list(imported("ucdp-ged", EVENT.text()))
