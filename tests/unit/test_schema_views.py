"""What the projections answer fits the generated schemas of the views."""

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
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.generate import documents
from tollbook_schemas.parse import event_from_stored
from tollbook_schemas.policy import default_policy

WORLD, POLICY = default_gazetteer(), default_policy()
CRISIS = "syria-coast-2025"
AT = datetime(2025, 3, 13, tzinfo=UTC)


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    lines = files("tollbook_services").joinpath("data/coast-2025.jsonl").read_bytes().splitlines()
    rows: dict[str, dict[str, bytes]] = {}
    for make in folds(WORLD, POLICY):
        fold = make()
        for sequence, line in enumerate(lines, 1):
            fold.apply(Recorded(0, sequence, AT, event_from_stored(line)))
        changes = fold.drain()
        rows[fold.name] = {row.key: row.value for row in changes if row.value is not None}
    query, position = Query(), Position(len(lines), AT)
    asked = (query, position, WORLD, POLICY)
    revisions = (rows["revisions"], query, None, position, WORLD, POLICY)
    return {
        "tolls": views.toll_document(CRISIS, rows["tolls"], *asked),
        "displacement": views.displacement_document(CRISIS, rows["displacement"], *asked),
        "revisions": views.revisions_document(CRISIS, *revisions),
        "statements": views.statements_document(CRISIS, rows["statements"], query, position),
    }


@pytest.mark.parametrize("view", ["tolls", "displacement", "revisions", "statements"])
def test_a_real_answer_fits_its_schema(answers: dict[str, Any], view: str) -> None:
    schema = Draft202012Validator(documents()[f"view.{view}.json"])
    answer = orjson.loads(orjson.dumps(answers[view]))

    assert len(answer["known_as_of"]) == 2
    assert [error.message for error in schema.iter_errors(answer)] == []


@pytest.mark.parametrize("view", ["tolls", "displacement"])
def test_no_answer_has_a_field_of_a_cell_that_its_schema_does_not_name(
    answers: dict[str, Any], view: str
) -> None:
    definitions = documents()[f"view.{view}.json"]["$defs"]

    for name, found in (("Cell", answers[view]["cells"]), ("Check", answers[view]["checks"])):
        assert {field for item in found for field in item} <= set(definitions[name]["properties"])
