"""What the projections answer fits the generated schemas of the views."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from tollbook_projections import views
from tollbook_projections.catalogue import folds
from tollbook_projections.projection import Recorded
from tollbook_projections.query import Position, Query
from tollbook_schemas.filed import filed_event
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.generate import documents
from tollbook_schemas.policy import default_policy

WORLD, POLICY = default_gazetteer(), default_policy()
CRISIS = "syria-coast-2025"
AT = datetime(2025, 3, 13, tzinfo=UTC)
CELL = "killed|person|count|area|SY|status=civilian||"
QUARANTINED = [
    {
        "source": "https://desk.example",
        "id": "twice",
        "recorded_at": "2025-03-13T00:00:00Z",
        "reason": "recorded before with other content",
        "sequence": 7,
    }
]
PROOFS = [{"partition": 1, "sequence": 7, "leaf_index": 6, "source": "https://d", "id": "a"}]
"""What the ledger adds to an explanation."""

VIEWS = (
    "tolls",
    "displacement",
    "revisions",
    "statements",
    "incidents",
    "sources",
    "conflicts",
    "explain",
)


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    lines = files("tollbook_services").joinpath("data/coast-2025.jsonl").read_bytes().splitlines()
    rows: dict[str, dict[str, bytes]] = {}
    for make in folds(WORLD, POLICY):
        fold = make()
        for sequence, line in enumerate(lines, 1):
            fold.apply(Recorded(0, sequence, AT, filed_event(line)))
        changes = fold.drain()
        rows[fold.name] = {row.key: row.value for row in changes if row.value is not None}
    query, position = Query(), Position(len(lines), AT)
    asked = (query, position, WORLD, POLICY)
    revisions = (rows["figures"], query, None, position, WORLD, POLICY)
    return {
        "tolls": views.toll_document(CRISIS, rows["figures"], *asked),
        "displacement": views.displacement_document(
            CRISIS, rows["figures"], Query(persons=True), position, WORLD, POLICY
        ),
        "revisions": views.revisions_document(CRISIS, *revisions),
        "statements": views.statements_document(CRISIS, rows["statements"], query, position),
        "incidents": views.incidents_document(CRISIS, rows["figures"], *asked),
        "sources": views.sources_document(CRISIS, rows["figures"], *asked),
        "conflicts": views.conflicts_document(CRISIS, rows["figures"], *asked, QUARANTINED),
        "explain": views.explain_document(
            CRISIS, rows["figures"], query, CELL, position, WORLD, POLICY
        )
        | {"proofs": PROOFS},
    }


@pytest.mark.parametrize("view", VIEWS)
def test_a_real_answer_fits_its_schema(answers: dict[str, Any], view: str) -> None:
    schema = Draft202012Validator(documents()[f"view.{view}.json"])
    answer = orjson.loads(orjson.dumps(answers[view]))

    assert len(answer["known_as_of"]) == 2
    assert [error.message for error in schema.iter_errors(answer)] == []


@pytest.mark.parametrize("view", VIEWS)
def test_no_answer_has_a_field_that_its_schema_does_not_name(
    answers: dict[str, Any], view: str
) -> None:
    schema = documents()[f"view.{view}.json"]

    assert list(unnamed(answers[view], schema, schema["$defs"], "")) == []


def unnamed(
    value: Any, schema: dict[str, Any], definitions: dict[str, Any], at: str
) -> Iterator[str]:
    """The fields of a document that its schema does not name; free-form objects are left alone."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null" and value is not None:
            yield from unnamed(value, choice, definitions, at)
    match value:
        case dict() if "properties" in schema:
            for name, item in value.items():
                if name not in schema["properties"]:
                    yield f"{at}/{name}"
                else:
                    yield from unnamed(
                        item, schema["properties"][name], definitions, at + "/" + name
                    )
        case list():
            for item in value:
                yield from unnamed(item, schema.get("items", {}), definitions, at)
