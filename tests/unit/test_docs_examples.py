"""The examples in docs/formats.md are what the product accepts and answers."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tollbook_schemas import limits
from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.keys import partition_of
from tollbook_services.ledger import PARTITIONS

FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"


def examples() -> list[dict[str, Any]]:
    text = FORMATS.read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def the_example(member: str) -> dict[str, Any]:
    (found,) = [example for example in examples() if member in example]
    return found


EVENTS = [example for example in examples() if "specversion" in example]


@pytest.mark.parametrize("event", EVENTS, ids=[event["type"] for event in EVENTS])
def test_the_example_events_are_accepted(event: dict[str, Any]) -> None:
    parsed = parse_event(json.dumps(event).encode(), default_gazetteer())

    assert isinstance(parsed, ParsedEvent), parsed


def test_the_example_receipt_names_the_partition_of_its_crisis() -> None:
    receipt = the_example("status")

    assert receipt["partition"] == partition_of(receipt["crisis"], PARTITIONS)
    assert receipt["status"] == "appended"


def test_the_example_fault_is_the_one_that_such_an_event_gets() -> None:
    event, fault = deepcopy(EVENTS[0]), the_example("pointer")
    event["data"]["figures"][0]["window"] = {"start": "2025-03-06", "end": "2025-03-01"}

    faults = parse_event(json.dumps(event).encode(), default_gazetteer())

    assert faults == (Fault(fault["pointer"], fault["message"]),)


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("an event", f"{limits.DOCUMENT_BYTES_MAX // 1024**2} MiB"),
        (
            "objects and lists within each other",
            f"{limits.NESTING_MAX} levels; {limits.DEPTH_MAX} under an `ext`",
        ),
        ("whole numbers", f"2^{limits.INTEGER_MAX.bit_length()} - 1"),
        ("figures, statements of a report", f"{limits.FIGURES_MAX:,}; {limits.STATEMENTS_MAX:,}"),
        ("areas, references of a figure", f"{limits.AREAS_MAX}; {limits.REFERENCES_MAX}"),
        ("incidents merged or split by one event", f"{limits.INCIDENTS_MAX}"),
        ("areas of a published gazetteer", f"{limits.GAZETTEER_AREAS_MAX:,}"),
    ],
)
def test_the_limits_are_those_of_the_contract(what: str, limit: str) -> None:
    assert f"| {what} | {limit} |" in FORMATS.read_text(encoding="utf-8")
