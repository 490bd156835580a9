"""The generated JSON Schema and AsyncAPI documents agree with the models."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from tollbook_schemas.asyncapi import asyncapi_document
from tollbook_schemas.event import DATA_MODELS
from tollbook_schemas.generate import documents, event_schema, main

REPORT = {
    "specversion": "1.0",
    "type": "org.tollbook.report.filed.v1",
    "source": "https://desk.example.org",
    "id": "e1",
    "subject": "syria-coast-2025",
    "time": "2025-03-11T20:00:00Z",
    "data": {
        "originator": "sohr",
        "published_at": "2025-03-11",
        "figures": [
            {
                "id": "civ",
                "measure": "killed",
                "unit": "person",
                "quantity": {"qualifier": "between", "from": 10, "to": 20},
                "areas": ["SY-LA"],
                "basis": "cumulative",
                "restates": "b",
            }
        ],
    },
}


DOCUMENTS = documents()
"""Made once: each makes all the models' schemas anew."""


def schema(name: str) -> Draft202012Validator:
    """A schema that `test_every_generated_schema_is_json_schema` looks at."""
    return Draft202012Validator(DOCUMENTS[name])


@pytest.mark.parametrize("name", sorted(DOCUMENTS.keys() - {"asyncapi.json"}))
def test_every_generated_schema_is_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENTS[name])


@pytest.mark.parametrize("name", ["event.json", "report.filed.v1.json"])
def test_a_good_report_fits_the_schema(name: str) -> None:
    assert list(schema(name).iter_errors(REPORT)) == []


def spoilt(**quantity: Any) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(orjson.dumps(REPORT))
    document["data"]["figures"][0]["quantity"] = quantity
    return document


@pytest.mark.parametrize(
    "document",
    [
        REPORT | {"type": "org.tollbook.report.filed.v2"},
        REPORT | {"unknown": 1},
        REPORT | {"subject": "No slug"},
        REPORT | {"data": {"originator": "sohr"}},
        REPORT | {"type": "org.tollbook.figure.retracted.v1"},
        spoilt(qualifier="exactly"),
        spoilt(qualifier="exactly", value=-1),
        spoilt(qualifier="exactly", value=1, to=2),
        spoilt(qualifier="lexical", word="lots"),
        spoilt(qualifier="unknown", value=0),
    ],
)
def test_a_bad_report_does_not_fit_the_schema(document: dict[str, Any]) -> None:
    assert not schema("event.json").is_valid(document)


def test_a_receipt_and_a_tolls_document_fit_their_views() -> None:
    receipt = {
        "status": "rejected",
        "source": None,
        "id": None,
        "crisis": None,
        "partition": None,
        "sequence": None,
        "position": None,
        "errors": [{"pointer": "/type", "message": "unknown"}],
    }
    tolls = {
        "crisis": "c",
        "as_of": None,
        "known_as_of": {"sequence": 0, "time": None},
        "policy": "default/v1",
        "gazetteer": "g",
        "cells": [],
        "checks": [],
    }

    assert schema("view.receipt.json").is_valid(receipt)
    assert schema("view.tolls.json").is_valid(tolls)


def test_asyncapi_has_a_message_and_a_payload_for_each_type_and_no_loose_ends() -> None:
    document = asyncapi_document({kind: event_schema(kind) for kind in DATA_MODELS})

    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    assert set(DATA_MODELS) <= {message["name"] for message in messages.values()}
    for reference in references(document):
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert {"tollbook:inbox", "tollbook:rejected"} <= addresses


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for item in node.values() for found in references(item)]
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    return []


def test_the_checked_in_documents_are_the_generated_ones() -> None:
    assert main(["--check"]) == 0


def test_stale_documents_are_named_and_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.json").write_bytes(b"{}")

    assert main(["--check", "--out", str(tmp_path)]) == 1
    assert "old.json is stale" in capsys.readouterr().err
    assert main(["--out", str(tmp_path)]) == 0
    assert main(["--check", "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(documents())
