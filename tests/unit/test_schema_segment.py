"""The slug and the constraints of a segment."""

from typing import Any

import pytest
from pydantic import ValidationError

from tollbook_schemas.segment import EVERYONE, Segment


@pytest.mark.parametrize(
    ("document", "slug"),
    [
        ({}, "all"),
        ({"status": "any"}, "all"),
        ({"status": "civilian"}, "civilian"),
        ({"status": "combatant", "group": "state_security"}, "combatant/state_security"),
        ({"sex": "female", "status": "civilian"}, "civilian/female"),
        (
            {"age_band": "child", "sex": "male", "community": "alawite", "group": "g"},
            "g/alawite/male/child",
        ),
    ],
)
def test_the_slug_joins_the_given_values_in_fixed_order(
    document: dict[str, Any], slug: str
) -> None:
    assert Segment.model_validate(document).slug == slug


def test_the_items_name_the_dimension_of_each_value() -> None:
    segment = Segment(status="combatant", group="state_security", age_band="18-59")

    assert segment.items() == (
        ("status", "combatant"),
        ("group", "state_security"),
        ("age_band", "18-59"),
    )
    assert EVERYONE.items() == ()
    assert Segment(status="any").items() == ()


def test_equal_segments_are_one_key_even_after_their_slug_was_read() -> None:
    first, second = Segment(status="civilian"), Segment(status="civilian")

    assert first.slug == "civilian"
    assert first == second
    assert {first: 1}[second] == 1


@pytest.mark.parametrize("name", ["group", "community", "age_band"])
@pytest.mark.parametrize("word", ["all", "civilian", "female", "unknown"])
def test_a_free_slug_may_not_look_like_a_status_or_a_sex(name: str, word: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Segment.model_validate({name: word})
    assert caught.value.errors()[0]["ctx"]["refusals"][0][0] == (name,)


@pytest.mark.parametrize("value", ["State Security", "a/b", "", "x" * 65, "ümlaut"])
def test_a_group_is_a_slug(value: str) -> None:
    with pytest.raises(ValidationError):
        Segment.model_validate({"group": value})
