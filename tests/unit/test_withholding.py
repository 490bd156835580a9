"""Which fields may be withheld, what stands in the event for them, and what proves them."""

from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.withholding import (
    named_in,
    open_part,
    place_name,
    place_names_in,
    restore,
    salt_of,
    withheld_in,
    withhold,
)

KEY = bytes(range(32))
SPEAKER = "/data/statements/0/speaker"
PLACE = "/data/figures/0/place"


def report(**data: Any) -> dict[str, Any]:
    """A report with a place, a speaker, a note and an `ext`."""
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": 5, "text": "five in their house"},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "place": "House of Zed",
    }
    statement = {"id": "s", "speaker": "Umm Talal", "kind": "claim", "text": "at night"}
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "urn:desk",
        "id": "r1",
        "subject": "c",
        "time": "2025-03-01T00:00:00Z",
        "data": {
            "originator": "o",
            "published_at": "2025-03-01",
            "url": "https://desk.example.org/zed",
            "ext": {"witness": "Abu Hamza", "files": ["a/b", "c"], "~odd/": 1},
            "figures": [figure],
            "statements": [statement],
            **data,
        },
    }


def named(place: str) -> str:
    return place_name(sha256(place.encode()).hexdigest()[:16])


def faults(document: dict[str, Any]) -> tuple[Fault, ...]:
    found = parse_event(orjson.dumps(document), default_gazetteer())
    return () if isinstance(found, ParsedEvent) else found


ALL = [
    SPEAKER,
    PLACE,
    "/data/statements/0/text",
    "/data/figures/0/quantity/text",
    "/data/url",
    "/data/ext/witness",
    "/data/ext/files/1",
    "/data/ext/~0odd~1",
]


def test_a_withheld_event_is_valid_and_says_nothing_of_the_values():
    document = report(sensitive=ALL)
    assert faults(document) == ()

    taken = withhold(document, ALL, KEY, named)

    assert sorted(taken) == sorted(ALL)
    assert faults(document) == ()
    left = canonical_bytes(document)
    for value in ("Zed", "zed", "Talal", "at night", "five", "Hamza", '"c"]', "odd/"):
        assert value.encode() not in left, value
    assert withheld_in(document) == sorted(ALL)
    assert "sensitive" not in document["data"]


def test_whoever_has_value_and_salt_can_check_a_commitment_with_sha256_alone():
    document = report()
    withhold(document, [SPEAKER], KEY, named)

    (one,) = document["data"]["withheld"]

    assert one["commitment"] == sha256(salt_of(KEY, SPEAKER) + b'"Umm Talal"').hexdigest()


def test_each_field_has_a_salt_of_its_own_and_another_key_other_commitments():
    texts = [SPEAKER, "/data/statements/0/text"]
    same = report()
    same["data"]["statements"][0]["text"] = "Umm Talal"
    withhold(same, texts, KEY, named)
    other = report()
    withhold(other, texts, bytes(32), named)

    found = [one["commitment"] for doc in (same, other) for one in doc["data"]["withheld"]]

    assert len(set(found)) == 4


@given(st.lists(st.sampled_from(ALL), unique=True))
def test_what_was_withheld_can_be_put_back(spots):
    document = report()
    values = withhold(document, spots, KEY, named)
    restore(document, values)
    marked = document["data"].pop("sensitive", [])

    assert document == report()
    assert marked == sorted(spots)


def test_withholding_again_changes_nothing():
    once = report()
    withhold(once, ALL, KEY, named)
    twice = orjson.loads(orjson.dumps(once))

    assert withhold(twice, ALL, bytes(32), named) == {}
    assert twice == once


def test_the_open_part_is_equal_where_only_withheld_values_differ():
    one, other, more = report(), report(), report()
    other["data"]["figures"][0]["place"] = "House of Yod"
    more["data"]["figures"][0]["quantity"]["value"] = 6
    for number, document in enumerate((one, other, more)):
        withhold(document, ALL, bytes([number]) * 32, named)

    assert open_part(one) == open_part(other)
    assert open_part(one) != open_part(more)
    assert place_names_in(one) != place_names_in(other)


@pytest.mark.parametrize(
    ("spot", "said"),
    [
        ("/data/figures/0/quantity/value", "cannot be withheld"),
        ("/data/figures/0/areas/0", "cannot be withheld"),
        ("/data/originator", "cannot be withheld"),
        ("/id", "cannot be withheld"),
        ("/data/figures/1/place", "there is nothing at"),
        ("/data/title", "there is nothing at"),
        ("/data/ext/nobody", "there is nothing at"),
        ("data/title", "a JSON pointer"),
    ],
)
def test_a_field_that_cannot_be_withheld_is_refused_where_it_is_named(spot, said):
    (fault,) = faults(report(sensitive=[spot]))

    assert fault.pointer == "/data/sensitive/0"
    assert said in fault.message


@pytest.mark.parametrize("second", ["/data/ext", "/data/ext/witness", "/data/ext/witness/x"])
def test_a_field_is_named_once(second):
    found = faults(report(sensitive=["/data/ext/witness", second]))

    assert [fault.pointer for fault in found][:1] == ["/data/sensitive/1"]
    assert "already named by" in found[0].message


def test_a_producer_cannot_say_that_what_stands_there_is_withheld():
    (fault,) = faults(report(withheld=[{"at": SPEAKER, "commitment": "0" * 64}]))

    assert fault.pointer == "/data/withheld/0/at"
    assert "sensitive" in fault.message


def test_a_policy_names_fields_of_every_figure_and_statement():
    document = report()
    document["data"]["figures"].append({**document["data"]["figures"][0], "id": "g"})
    names = frozenset({"figures.place", "statements.speaker", "title", "place", "ext"})

    assert sorted(named_in(document, names)) == [
        "/data/ext",
        PLACE,
        "/data/figures/1/place",
        SPEAKER,
    ]


def test_a_policy_names_what_other_events_have_and_leaves_acts_alone():
    data = {"incident": "x", "title": "The house", "place": "House of Zed", "reason": "r"}
    opened = {**report(), "type": "org.tollbook.incident.opened.v1", "data": data}
    retracted = {**opened, "type": "org.tollbook.figure.retracted.v1"}
    names = frozenset({"title", "place", "figures.place"})

    assert sorted(named_in(opened, names)) == ["/data/place", "/data/title"]
    assert named_in(retracted, names) == []
