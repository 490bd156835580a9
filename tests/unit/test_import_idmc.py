"""IDMC's updates: stock or flow, persons or households, where and when, by their fixed phrases."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from import_kit import events_of, imported, refusals_of

SENTENCE = "A total of 41 people were {} due to flood on 7 November in {}, according to NERC."


def row(  # the columns of the format that matter, one text made of them
    *,
    term: str = " (evacuated)",
    sentence: str = SENTENCE.format("evacuated", "Kerala"),
    days: str = "07 November - 07 November",
    **cells: Any,
) -> dict[str, Any]:
    """A row of the format."""
    return {
        "id": 126716,
        "country": "India",
        "iso3": "IND",
        "displacement_type": "Disaster",
        "qualifier": "total",
        "figure": 41,
        "displacement_date": "2023-11-06T11:00:00.000Z",
        "displacement_start_date": "2023-11-06T11:00:00.000Z",
        "displacement_end_date": "2023-11-06T11:00:00.000Z",
        "subtype": "Flood",
        "standard_popup_text": f"<b> India:          41 displacements{term}, {days}   </b> <br> "
        f'{sentence} <br> <a href="https://news.example/1"target="_blank">A ministry - 07 '
        "November  2023</a>",
        "created_at": "2023-11-08T19:37:23.870Z",
    } | cells


def event(**changes: Any) -> dict[str, Any]:
    """The event of a row."""
    found = imported("idmc-idu", orjson.dumps([row(**changes)]), name="rows.json")
    assert refusals_of(found) == []
    return events_of(found)[0]


def figure(**changes: Any) -> dict[str, Any]:
    """The only figure of a row."""
    (found,) = event(**changes)["data"]["figures"]
    return dict(found)


def refusal(**changes: Any) -> tuple[str, str]:
    """Column and message of the refusal of a row."""
    found = imported("idmc-idu", orjson.dumps([row(**changes)]), name="rows.json")
    assert events_of(found) == []
    ((_, column, message),) = refusals_of(found)
    return column, message


@pytest.mark.parametrize(
    ("term", "phrase", "measure", "basis"),
    [
        ("", "displaced", "displaced", "flow"),
        (" (evacuated)", "evacuated", "displaced", "flow"),
        (" (relocated)", "relocated", "displaced", "flow"),
        (" (destroyed housing)", "displaced due to destroyed housing", "displaced", "flow"),
        (" (uninhabitable housing)", "homeless", "homeless", "flow"),
        (" (in relief camp)", "in relief camp", "sheltering", "stock"),
        (" (in relief camp)", "in relief camps", "sheltering", "stock"),
        (" (sheltered)", "sheltered", "sheltering", "stock"),
    ],
)
def test_a_term_says_whether_people_moved_or_were_there(
    term: str, phrase: str, measure: str, basis: str
) -> None:
    found = figure(term=term, sentence=SENTENCE.format(phrase, "Kerala"))

    assert (found["measure"], found["basis"]) == (measure, basis)


@pytest.mark.parametrize(
    "sentence",
    [
        "A total of 41 people were evacuated due to flood on 7 November in Kerala, according to X.",
        (
            "Flood resulted in a total of 41 people being evacuated in Kerala on 7 November, "
            "according to X."
        ),
        "According to X, a total of 41 people were evacuated in Kerala due to flood on 7 November",
        (
            "Rain resulted in a total of 41 people being evacuated in Kerala between April and "
            "May 2023, according to X."
        ),
    ],
)
def test_each_order_of_the_sentence_says_the_same(sentence: str) -> None:
    found = figure(sentence=sentence)

    assert found["areas"] == ["IN-KL"]
    assert found["quantity"] == {"qualifier": "exactly", "value": 41}


@pytest.mark.parametrize(
    ("term", "sentence", "named"),
    [
        (" (abducted)", SENTENCE.format("evacuated", "Kerala"), "abducted"),
        (" (evacuated)", SENTENCE.format("in relief camp", "Kerala"), "in relief camp"),
        (" (evacuated)", SENTENCE.format("teleported", "Kerala"), "teleported"),
        (" (evacuated)", "Many people left Kerala.", "Many people left"),
    ],
)
def test_a_phrase_that_is_not_known_is_refused_and_not_guessed(
    term: str, sentence: str, named: str
) -> None:
    column, message = refusal(term=term, sentence=sentence)

    assert column == "standard_popup_text"
    assert named in message


def test_households_are_counted_and_the_persons_beside_them_are_about() -> None:
    sentence = (
        "Storm resulted in a total of 9 households being displaced due to destroyed housing in "
        "Kerala on 7 November, according to NERC."
    )

    people, households = event(term=" (destroyed housing)", sentence=sentence)["data"]["figures"]

    assert people["quantity"] == {"qualifier": "approximately", "value": 41}
    assert households["quantity"] == {"qualifier": "exactly", "value": 9}
    assert (people["unit"], households["unit"]) == ("person", "household")
    assert people["pair"] == households["pair"]


@pytest.mark.parametrize(
    ("qualifier", "lead", "kind"),
    [
        ("total", "A total of", "exactly"),
        ("approximately", "Approximately", "approximately"),
        ("more than", "More than", "more_than"),
    ],
)
def test_a_qualifier_is_kept(qualifier: str, lead: str, kind: str) -> None:
    sentence = SENTENCE.format("evacuated", "Kerala").replace("A total of", lead)

    found = figure(sentence=sentence, qualifier=qualifier)

    assert found["quantity"] == {"qualifier": kind, "value": 41}


def test_a_qualifier_that_the_text_contradicts_is_refused() -> None:
    column, message = refusal(qualifier="more than")

    assert column == "qualifier"
    assert "total" in message


def test_a_number_that_the_text_contradicts_is_kept_with_the_other() -> None:
    found = figure(figure=50)

    assert found["quantity"] == {"qualifier": "between", "from": 41, "to": 50, "value": 50}
    assert "41" in found["note"]


def test_the_days_are_those_of_the_text_not_the_days_before_in_utc() -> None:
    found = figure(
        days="07 November - 09 November", displacement_end_date="2023-11-08T11:00:00.000Z"
    )

    assert found["window"] == {"start": "2023-11-07", "end": "2023-11-09"}
    assert found["as_of"] == "2023-11-09"


def test_days_that_do_not_agree_are_refused() -> None:
    column, message = refusal(days="05 November - 07 November")

    assert column == "standard_popup_text"
    assert "05 November" in message


@pytest.mark.parametrize(
    ("place", "areas", "spot"),
    [
        ("Kerala", ["IN-KL"], None),
        ("Lakhimpur", ["IN"], "Lakhimpur"),
        ("Kakching, Manipur", ["IN-MN"], "Kakching"),
        ("Manipur, Mizoram", ["IN-MN", "IN-MZ"], None),
    ],
)
def test_a_place_is_an_area_or_a_place_in_one(
    place: str, areas: list[str], spot: str | None
) -> None:
    found = figure(sentence=SENTENCE.format("evacuated", place))

    assert found["areas"] == areas
    assert found.get("place") == spot


def test_people_who_went_from_one_area_to_another_have_both() -> None:
    place = "Manipur to Shillong, Meghalaya"

    found = figure(sentence=SENTENCE.format("evacuated", place))

    assert (found["origin"], found["destination"]) == (["IN-MN"], ["IN-ML"])
    assert found["place"] == "Shillong"


def test_a_place_that_was_left_out_is_a_part_of_the_country_and_not_its_number() -> None:
    found = figure(sentence=SENTENCE.format("evacuated", "(Location)"))

    assert (found["areas"], found["coverage"]) == (["IN"], "partial")


def test_a_number_that_was_left_out_of_the_text_is_that_of_the_column() -> None:
    sentence = SENTENCE.format("evacuated", "Kerala")
    sentence = sentence.replace("41 people", "(Figure) (People or Household)")

    assert figure(sentence=sentence)["quantity"] == {"qualifier": "exactly", "value": 41}


def test_the_report_is_idmc_s_and_names_its_source_and_page() -> None:
    found = event()

    assert found["data"]["originator"] == "idmc"
    assert found["data"]["url"] == "https://news.example/1"
    assert "According to NERC" in found["data"]["note"]
    assert found["data"]["published_at"] == "2023-11-08T19:37:23.870Z"
    assert found["id"] == "126716"


def test_a_country_that_is_not_known_is_refused() -> None:
    column, _ = refusal(iso3="XQX")

    assert column == "iso3"


FILE = Path(__file__).parents[2].parent / "shared/data/displacement/idmc_idu_india_sample.json"


@pytest.mark.skipif(not FILE.exists(), reason="the real file is not here")
def test_every_update_of_the_real_file_is_understood() -> None:
    found = imported("idmc-idu", FILE.read_bytes(), name=FILE.name)

    assert refusals_of(found) == []
    assert len(events_of(found)) == 113
