"""Which fields a qualifier needs and which it refuses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.quantity import Quantity


def refusals(document: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        Quantity.model_validate(document)
    return caught.value.errors()[0]["ctx"]["refusals"]


@pytest.mark.parametrize(
    "document",
    [
        {"qualifier": "exactly", "value": 658, "text": "658"},
        {"qualifier": "approximately", "value": 745},
        {"qualifier": "at_least", "value": 0},
        {"qualifier": "more_than", "value": 1000},
        {"qualifier": "up_to", "value": 0},
        {"qualifier": "less_than", "value": 1},
        {"qualifier": "between", "from": 10, "to": 10},
        {"qualifier": "between", "from": 10, "to": 20, "value": 35},
        {"qualifier": "lexical", "word": "dozens", "text": "dozens of families"},
        {"qualifier": "unquantified", "text": "large groups"},
        {"qualifier": "none_reported"},
        {"qualifier": "unknown"},
        {"qualifier": "exactly", "value": INTEGER_MAX},
    ],
)
def test_a_quantity_with_its_fields_is_kept_as_sent(document: dict[str, Any]) -> None:
    quantity = Quantity.model_validate(document)

    assert quantity.model_dump(exclude_none=True) == document


@pytest.mark.parametrize(
    ("document", "place", "hint"),
    [
        ({"qualifier": "exactly"}, "value", "exactly needs `value`"),
        ({"qualifier": "between", "from": 1}, "to", "between needs `to`"),
        ({"qualifier": "between", "to": 1}, "from", "between needs `from`"),
        ({"qualifier": "lexical"}, "word", "one of several, tens, dozens"),
        ({"qualifier": "lexical", "word": "tens", "value": 12}, "value", "carries no `value`"),
        ({"qualifier": "unknown", "value": 0}, "value", "unknown carries no `value`"),
        ({"qualifier": "none_reported", "value": 0}, "value", "none_reported carries no `value`"),
        ({"qualifier": "at_least", "value": 5, "to": 9}, "to", "use qualifier between"),
        ({"qualifier": "exactly", "value": 5, "word": "tens"}, "word", "use qualifier lexical"),
        ({"qualifier": "less_than", "value": 0}, "value", "use qualifier none_reported"),
        ({"qualifier": "between", "from": 9, "to": 3}, "from", "write from 3 to 9"),
    ],
)
def test_a_quantity_that_does_not_fit_its_qualifier_says_where_and_what_would(
    document: dict[str, Any], place: str, hint: str
) -> None:
    assert [(where, hint in text) for where, text in refusals(document)] == [((place,), True)]


def test_every_field_that_does_not_fit_is_told_at_once() -> None:
    found = refusals({"qualifier": "exactly", "from": 3, "to": 1, "word": "tens"})

    assert [where for where, _ in found] == [("value",), ("from",), ("to",), ("word",), ("from",)]


@pytest.mark.parametrize("value", [True, 1.0, "12", -1, INTEGER_MAX + 1, [1]])
def test_a_value_is_a_whole_number_and_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        Quantity.model_validate({"qualifier": "exactly", "value": value})


@given(st.integers(0, INTEGER_MAX), st.integers(0, INTEGER_MAX))
def test_a_range_is_taken_exactly_when_it_runs_forward(low: int, high: int) -> None:
    document = {"qualifier": "between", "from": low, "to": high}
    if low <= high:
        quantity = Quantity.model_validate(document)
        assert (quantity.from_, quantity.to) == (low, high)
    else:
        assert refusals(document)[0][0] == ("from",)


def test_three_estimates_that_are_out_of_order_are_taken_as_printed() -> None:
    quantity = Quantity.model_validate({"qualifier": "between", "from": 2, "value": 2, "to": 1})

    assert (quantity.from_, quantity.value, quantity.to) == (2, 2, 1)
