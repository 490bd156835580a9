"""The examples in docs/formats.md are what the product accepts and answers."""

import json
import re
from pathlib import Path
from typing import Any

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.keys import partition_of
from tollbook_services.ledger import PARTITIONS

FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"


def examples() -> list[dict[str, Any]]:
    text = FORMATS.read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_the_example_event_is_accepted() -> None:
    event, *_ = examples()

    parsed = parse_event(json.dumps(event).encode(), default_gazetteer())

    assert isinstance(parsed, ParsedEvent), parsed


def test_the_example_receipt_names_the_partition_of_its_crisis() -> None:
    _, receipt, _ = examples()

    assert receipt["partition"] == partition_of(receipt["crisis"], PARTITIONS)
    assert receipt["status"] == "appended"


def test_the_example_fault_is_the_one_that_such_an_event_gets() -> None:
    event, _, fault = examples()
    event["data"]["figures"][0]["window"] = {"start": "2025-03-06", "end": "2025-03-01"}

    faults = parse_event(json.dumps(event).encode(), default_gazetteer())

    assert faults == (Fault(fault["pointer"], fault["message"]),)
