"""Events about incidents: what is taken, and where a wrong one is pointed at."""

import json
from typing import Any

import pytest

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.limits import INCIDENTS_MAX
from tollbook_schemas.parse import ParsedEvent, parse_event

WORLD = default_gazetteer()
A = "https://desk.example.org/e1#a"
B = "https://desk.example.org/e1#b"

OPENED = {
    "incident": "banyas-2025-03-07",
    "title": "The raid on Banyas",
    "kind": "massacre",
    "areas": ["SY1002"],
    "place": "Al-Qusour",
    "window": {"start": "2025-03-07", "end": "2025-03-09"},
    "figures": [A, B],
    "url": "https://news.example/banyas",
    "reason": "It has a name.",
    "ext": {"row": 1},
}
MERGED = {"incidents": ["raid", A], "into": "banyas-2025-03-07", "reason": "The same raid."}
SPLIT = {
    "incident": "banyas-2025-03-07",
    "into": [
        {"incident": "morning", "title": "The morning", "figures": [A]},
        {"incident": "evening", "figures": [B]},
    ],
    "reason": "There were two.",
}


def event(kind: str, data: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "type": f"org.tollbook.{kind}.v1",
            "source": "https://desk.example.org",
            "id": "act",
            "subject": "syria-coast-2025",
            "time": "2025-03-11T20:00:00Z",
            "data": data,
        }
    ).encode()


def the_fault(kind: str, data: dict[str, Any]) -> Fault:
    found = parse_event(event(kind, data), WORLD)
    assert isinstance(found, tuple), "the event was taken"
    (fault,) = found
    return fault


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("incident.opened", OPENED),
        ("incident.opened", {"incident": "x", "title": "X", "reason": "Known now."}),
        ("incidents.merged", MERGED),
        ("incident.split", SPLIT),
        ("incident.split", SPLIT | {"incident": A, "into": SPLIT["into"][:1]}),
    ],
)
def test_acts_on_incidents_are_taken(kind: str, data: dict[str, Any]) -> None:
    assert isinstance(parse_event(event(kind, data), WORLD), ParsedEvent)


@pytest.mark.parametrize(
    ("change", "pointer", "hint"),
    [
        ({"incident": "Banyas raid"}, "/data/incident", "is not a slug"),
        ({"title": ""}, "/data/title", "at least one visible character"),
        ({"areas": ["SY-LX"]}, "/data/areas/0", "unknown area 'SY-LX': did you mean"),
        ({"areas": []}, "/data/areas", "empty: give at least one"),
        ({"figures": []}, "/data/figures", "empty: give at least one"),
        ({"figures": ["civ"]}, "/data/figures/0", "is not a global figure id"),
        ({"figures": [A, B, A]}, "/data/figures/2", "already named by /data/figures/0"),
        ({"window": {}}, "/data/window", "a window needs a `start` or an `end`"),
        ({"reason": " "}, "/data/reason", "visible character"),
        ({"titel": "x"}, "/data/titel", "did you mean 'title'"),
    ],
)
def test_a_wrong_opening_is_pointed_at(change: dict[str, Any], pointer: str, hint: str) -> None:
    found = the_fault("incident.opened", OPENED | change)

    assert found.pointer == pointer
    assert hint in found.message


@pytest.mark.parametrize(
    ("change", "pointer", "hint"),
    [
        ({"incidents": []}, "/data/incidents", "empty: give at least one"),
        ({"incidents": ["a", "a"]}, "/data/incidents/1", "already named by /data/incidents/0"),
        ({"incidents": ["Not A Slug"]}, "/data/incidents/0", "is not an incident: its slug"),
        ({"into": A}, "/data/into", "is not a slug"),
        (
            {"incidents": ["raid", "banyas-2025-03-07"]},
            "/data/incidents/1",
            "name only the others",
        ),
        (
            {"incidents": [f"i{n}" for n in range(INCIDENTS_MAX + 1)]},
            "/data/incidents",
            "501 items are more than the 500 allowed",
        ),
    ],
)
def test_a_wrong_merger_is_pointed_at(change: dict[str, Any], pointer: str, hint: str) -> None:
    found = the_fault("incidents.merged", MERGED | change)

    assert found.pointer == pointer
    assert hint in found.message


@pytest.mark.parametrize(
    ("into", "pointer", "hint"),
    [
        ([], "/data/into", "empty: give at least one"),
        ([{"incident": "a", "figures": []}], "/data/into/0/figures", "empty"),
        ([{"incident": "a"}], "/data/into/0/figures", "global ids of its figures"),
        (
            [{"incident": "a", "figures": [A]}, {"incident": "b", "figures": [B, A]}],
            "/data/into/1/figures/1",
            "already named by /data/into/0/figures/0",
        ),
        (
            [{"incident": "a", "figures": [A]}, {"incident": "a", "figures": [B]}],
            "/data/into/1/incident",
            "give each part an incident of its own",
        ),
        (
            [{"incident": "banyas-2025-03-07", "figures": [A]}],
            "/data/into/0/incident",
            "figures that no part names stay where they are",
        ),
        (
            [{"incident": "a", "figures": [A], "name": "x"}],
            "/data/into/0/name",
            "known here: incident, title, figures",
        ),
    ],
)
def test_a_wrong_split_is_pointed_at(into: list[Any], pointer: str, hint: str) -> None:
    found = the_fault("incident.split", SPLIT | {"into": into})

    assert found.pointer == pointer
    assert hint in found.message
