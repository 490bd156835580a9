"""The words of a table: numbers, segments, quantities, and strangers' text made harmless."""

import pytest

from tollbook_services.render import words


@pytest.mark.parametrize(
    ("slug", "shown"),
    [
        ("all", "all"),
        ("civilian", "civilian"),
        ("combatant", "combatant"),
        ("combatant/state_security", "state security"),
        ("civilian/female", "civilian, female"),
    ],
)
def test_a_segment_reads_as_words(slug: str, shown: str) -> None:
    assert words.segment(slug) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"qualifier": "exactly", "value": 1383}, "1,383"),
        ({"qualifier": "approximately", "value": 745}, "about 745"),
        ({"qualifier": "at_least", "value": 1225}, "at least 1,225"),
        ({"qualifier": "more_than", "value": 1000}, "more than 1,000"),
        ({"qualifier": "between", "from": 10, "to": 20}, "10 to 20"),
        ({"qualifier": "lexical", "word": "dozens"}, "dozens"),
        ({"qualifier": "unquantified"}, "unquantified"),
        ({"qualifier": "none_reported"}, "none"),
        ({"qualifier": "exactly", "value": 0}, "0"),
        (None, "-"),
    ],
)
def test_a_quantity_reads_as_a_newsroom_writes_it(body: dict[str, object], shown: str) -> None:
    assert words.quantity(body) == shown


def test_a_missing_value_is_a_dash_and_an_open_bound_a_word_and_neither_is_zero() -> None:
    assert (words.number(None), words.high(None), words.number(0)) == ("-", "open", "0")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2025-03-08", "2025-03-08"),
        ("2025-03-08T23:59:59Z", "2025-03-08"),
        ("2025-03-08T22:00:00Z", "2025-03-08 22:00"),
        (None, "-"),
    ],
)
def test_an_end_of_day_is_shown_as_its_day(text: str | None, shown: str) -> None:
    assert words.moment(text) == shown


@pytest.mark.parametrize("evil", ["a\x1b[31mb", "a\x9b2Jb", "a\u202eb", "a\u2066b", "a\rb\x07"])
def test_a_strangers_text_cannot_steer_the_terminal(evil: str) -> None:
    shown = words.clean(evil)

    assert shown.startswith("a")
    assert all(character.isprintable() or character == " " for character in shown)


def test_a_strangers_text_stays_on_one_line() -> None:
    assert words.clean("one\ntwo\n\n three") == "one two three"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1018, "1,018"),
        ({"low": 1018, "best": 1018, "high": 1018}, "1,018"),
        ({"low": 1000, "best": None, "high": None}, "1,000 to open"),
        (None, "-"),
    ],
)
def test_one_side_of_a_check_is_a_number_or_an_interval(value: object, shown: str) -> None:
    assert words.bounds(value) == shown  # type: ignore[arg-type]
