"""Decisions about the quarantine as events: what one has to say, and about whom."""

from typing import Any

import orjson
import pytest

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event

ACCEPTED = {
    "source": "https://desk.example.org",
    "id": "r1",
    "content": "5e" * 32,
    "as": "r1.5e5e5e5e",
    "reason": "The second row is about another boat.",
}
DISCARDED = {name: value for name, value in ACCEPTED.items() if name != "as"}


def parsed(
    kind: str, data: dict[str, Any], subject: str = "sea-2025"
) -> ParsedEvent | tuple[Fault, ...]:
    event = {
        "specversion": "1.0",
        "type": f"org.tollbook.quarantine.{kind}.v1",
        "source": "urn:tollbook:desk:ann",
        "id": "decision-1",
        "subject": subject,
        "time": "2026-02-01T10:00:00Z",
        "data": data,
    }
    return parse_event(orjson.dumps(event), default_gazetteer())


@pytest.mark.parametrize(("kind", "data"), [("accepted", ACCEPTED), ("discarded", DISCARDED)])
def test_a_decision_is_an_event_of_the_crisis_kept_as_it_was_sent(
    kind: str, data: dict[str, Any]
) -> None:
    found = parsed(kind, data)

    assert isinstance(found, ParsedEvent)
    assert found.crisis == "sea-2025"
    assert orjson.loads(found.canonical)["data"] == data


@pytest.mark.parametrize("kind", ["accepted", "discarded"])
def test_a_policy_of_every_crisis_can_be_decided_about_too(kind: str) -> None:
    data = ACCEPTED if kind == "accepted" else DISCARDED

    assert isinstance(parsed(kind, data, "tollbook-ledger-0"), ParsedEvent)


@pytest.mark.parametrize(
    ("kind", "changed", "pointer", "said"),
    [
        ("accepted", {"as": "r1"}, "/data/as", "taken by the event recorded first"),
        ("accepted", {"as": "a/b"}, "/data/as", "an id without '#', '/' and spaces"),
        ("accepted", {"content": "5E" * 32}, "/data/content", "64 hex digits in lower case"),
        ("discarded", {"content": "5e"}, "/data/content", "64 hex digits in lower case"),
        ("discarded", {"reason": " "}, "/data/reason", "at least one visible character"),
        ("discarded", {"as": "r2"}, "/data/as", "unknown field 'as'"),
        ("discarded", {"source": "https://a#b"}, "/data/source", "a URI without '#'"),
    ],
)
def test_what_is_wrong_with_a_decision_is_said_with_its_place(
    kind: str, changed: dict[str, str], pointer: str, said: str
) -> None:
    data = ACCEPTED if kind == "accepted" else DISCARDED

    found = parsed(kind, data | changed)

    assert isinstance(found, tuple)
    assert [fault.pointer for fault in found] == [pointer]
    assert said in found[0].message


@pytest.mark.parametrize("missing", ["source", "id", "content", "as", "reason"])
def test_nothing_of_an_acceptance_may_be_left_out(missing: str) -> None:
    found = parsed("accepted", {n: value for n, value in ACCEPTED.items() if n != missing})

    assert isinstance(found, tuple)
    assert [fault.pointer for fault in found] == [f"/data/{missing}"]
