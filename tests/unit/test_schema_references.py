"""Published policies and gazetteers: what is taken, whom they may govern, what is refused."""

import json
from typing import Any

import pytest

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.limits import GAZETTEER_AREAS_MAX
from tollbook_schemas.parse import ParsedEvent, parse_event

WORLD = default_gazetteer()
POLICY = {
    "policy": "desk/v2",
    "source_rank": ["snhr", "sohr"],
    "lexical": {"dozens": {"from": 24, "to": 99}},
    "approximately_tolerance": 10,
    "household_sizes": {"generic": 6, "by_area": {"SY-LA": 5, "LB7": 4}},
    "reason": "The desk trusts the list of names.",
}
GAZETTEER = {
    "gazetteer": "cod-ab-lbn/2003-07-16",
    "country": "LBN",
    "valid_from": "2003-07-16",
    "areas": [
        {"code": "LBX11", "name": "Rashaya", "level": 2, "parent": "LBX1", "same": ["LBY11"]},
        {"code": "LBX1", "name": "Bekaa", "level": 1, "parent": None, "also": ["El Béqaa"]},
        {"code": "LBX2", "name": "North", "level": 1, "parent": "LBN"},
    ],
    "url": "https://data.example/lbn",
    "reason": "Lebanon with six governorates.",
}


def event(kind: str, data: dict[str, Any], subject: str = "syria-coast-2025") -> bytes:
    document = {
        "specversion": "1.0",
        "type": f"org.tollbook.{kind}.v1",
        "source": "https://desk.example.org",
        "id": "act",
        "subject": subject,
        "time": "2025-03-11T20:00:00Z",
        "data": data,
    }
    return json.dumps(document).encode()


def faults(raw: bytes) -> tuple[Fault, ...]:
    found = parse_event(raw, WORLD)
    assert isinstance(found, tuple), "the event was taken"
    return found


def the_fault(raw: bytes) -> Fault:
    (found,) = faults(raw)
    return found


def with_area(position: int, **change: Any) -> dict[str, Any]:
    areas = [dict(area) for area in GAZETTEER["areas"]]
    areas[position] |= change
    return GAZETTEER | {"areas": areas}


@pytest.mark.parametrize("subject", ["syria-coast-2025", "tollbook-ledger-0", "tollbook-ledger-41"])
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("policy.published", POLICY),
        ("policy.published", {"policy": "v2", "reason": "All defaults, under a name."}),
        ("gazetteer.published", GAZETTEER),
    ],
)
def test_a_reference_is_taken_for_one_crisis_or_for_all(
    kind: str, data: dict[str, Any], subject: str
) -> None:
    parsed = parse_event(event(kind, data, subject), WORLD)

    assert isinstance(parsed, ParsedEvent), parsed
    assert parsed.crisis == subject


def test_only_a_reference_may_govern_every_crisis() -> None:
    report = {"originator": "sohr", "published_at": "2025-03-11", "statements": []}
    said = {"id": "s", "speaker": "A", "kind": "claim", "text": "B"}

    found = the_fault(event("report.filed", report | {"statements": [said]}, "tollbook-ledger-0"))

    assert found.pointer == "/subject"
    assert "is reserved for policies and gazetteers that govern every crisis" in found.message
    assert "name the crisis, such as syria-coast-2025" in found.message


def test_of_an_unknown_type_nothing_is_guessed_about_its_subject() -> None:
    found = the_fault(event("policy.publishd", POLICY, "tollbook-ledger-0"))

    assert found.pointer == "/type"
    assert "did you mean 'org.tollbook.policy.published.v1'" in found.message


def test_a_ledger_subject_ends_in_a_number() -> None:
    found = the_fault(event("policy.published", POLICY, "tollbook-ledger-all"))

    assert found.pointer == "/subject"
    assert "such as tollbook-ledger-0" in found.message


@pytest.mark.parametrize(
    ("change", "pointer", "hint"),
    [
        ({"policy": "my policy"}, "/data/policy", "such as desk/v2"),
        ({"policy": "default/v1"}, "/data/policy", "is built in and stays what it is"),
        ({"source_rank": ["sohr", "snhr", "sohr"]}, "/data/source_rank/2", "name it once"),
        ({"source_rank": "sohr"}, "/data/source_rank", "it must be a list"),
        ({"lexical": {"lots": {"from": 1, "to": 2}}}, "/data/lexical/lots", "one of several, tens"),
        ({"lexical": {"tens": {"from": 9, "to": 2}}}, "/data/lexical/tens/from", "from 2 to 9"),
        ({"lexical": {"tens": {"from": 9}}}, "/data/lexical/tens/to", "the highest number"),
        ({"lexical": {"tens": {"from": 1, "to": 2, "x": 1}}}, "/data/lexical/tens/x", "from, to"),
        ({"approximately_tolerance": 101}, "/data/approximately_tolerance", "100 or less"),
        ({"household_sizes": {"generic": 0}}, "/data/household_sizes/generic", "1 or more"),
        (
            {"household_sizes": {"by_area": {"SY-LX": 5}}},
            "/data/household_sizes/by_area/SY-LX",
            "unknown area 'SY-LX': did you mean",
        ),
        (
            {"household_sizes": {"by_area": {"no code": 5}}},
            "/data/household_sizes/by_area/no code",
            "is not an area code",
        ),
        ({"household_size": 5}, "/data/household_size", "did you mean 'household_sizes'"),
    ],
)
def test_a_wrong_policy_is_pointed_at(change: dict[str, Any], pointer: str, hint: str) -> None:
    found = the_fault(event("policy.published", POLICY | change))

    assert found.pointer == pointer
    assert hint in found.message


@pytest.mark.parametrize(
    ("data", "pointer", "hint"),
    [
        (with_area(2, parent=None) | {"country": "XX"}, "/data/country", "unknown country 'XX'"),
        (GAZETTEER | {"valid_from": "2003"}, "/data/valid_from", "write it as in 2025-03-11"),
        (
            GAZETTEER | {"valid_from": "2003-07-16T00:00:00Z"},
            "/data/valid_from",
            "is not a date",
        ),
        (GAZETTEER | {"valid_from": "2003-02-30"}, "/data/valid_from", "no day of the calendar"),
        (GAZETTEER | {"areas": []}, "/data/areas", "empty: give at least one"),
        (with_area(0, code="LBX1"), "/data/areas/1/code", "already used by /data/areas/0/code"),
        (with_area(2, same=["LBY11"]), "/data/areas/2/same/0", "used by /data/areas/0/same/0"),
        (with_area(2, code="LBN"), "/data/areas/2/code", "already used by /data/country"),
        (with_area(0, parent="LBX3"), "/data/areas/0/parent", "did you mean 'LBX2'"),
        (with_area(0, level=3), "/data/areas/0/level", "its level must be 2, or its parent"),
        (with_area(0, parent=None), "/data/areas/0/level", "its level must be 1"),
        (with_area(0, level=0), "/data/areas/0/level", "1 or more"),
        (with_area(2, name="\x07"), "/data/areas/2/name", "no control characters"),
        (with_area(2, pcode="LB5"), "/data/areas/2/pcode", "unknown field 'pcode'"),
    ],
)
def test_a_wrong_gazetteer_is_pointed_at(data: dict[str, Any], pointer: str, hint: str) -> None:
    found = faults(event("gazetteer.published", data))[0]

    assert found.pointer == pointer
    assert hint in found.message


def test_the_country_of_a_gazetteer_is_no_area_inside_one() -> None:
    data = with_area(2, parent=None) | {"country": "LB-AK"}

    found = the_fault(event("gazetteer.published", data))

    assert found.pointer == "/data/country"
    assert "LB-AK (Akkar) is no country" in found.message


def test_areas_cannot_lie_in_each_other_in_a_circle() -> None:
    circle = [
        {"code": "A1", "name": "A", "level": 2, "parent": "B1"},
        {"code": "B1", "name": "B", "level": 3, "parent": "A1"},
    ]

    found = the_fault(event("gazetteer.published", GAZETTEER | {"areas": circle}))

    assert found.pointer == "/data/areas/0/level"
    assert "A1 has level 2 and lies in B1 of level 3" in found.message


def test_a_gazetteer_has_at_most_so_many_areas() -> None:
    areas = [
        {"code": f"LB{n}", "name": "N", "level": 1, "parent": None}
        for n in range(GAZETTEER_AREAS_MAX + 1)
    ]

    found = the_fault(event("gazetteer.published", GAZETTEER | {"areas": areas}))

    assert found.pointer == "/data/areas"
    assert "10,001 items are more than the 10,000 allowed" in found.message
