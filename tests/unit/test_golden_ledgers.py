"""Stored events of every schema version are read as they always were (tests/golden/README.md)."""

from itertools import pairwise
from pathlib import Path

import golden_kit
import orjson
import pytest

from tollbook_schemas.canonical import canonical_bytes, leaf_hash
from tollbook_schemas.event import DATA_MODELS
from tollbook_schemas.filed import filed_event
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.lift import OLD_TYPES
from tollbook_schemas.parse import RECORDED_TIME, ParsedEvent, parse_event

LEDGERS = ("v0", "v1", "v1-decisions", "v1-withheld")


def as_sent(stored: bytes) -> bytes:
    document = orjson.loads(stored)
    del document[RECORDED_TIME]
    return canonical_bytes(document)


def test_every_golden_ledger_is_replayed() -> None:
    assert tuple(sorted(path.stem for path in golden_kit.GOLDEN.glob("*.jsonl"))) == LEDGERS


@pytest.mark.parametrize("name", LEDGERS)
def test_the_stored_bytes_of_a_golden_ledger_have_the_leaf_hashes_they_had(name: str) -> None:
    lines = golden_kit.stored_lines(name)

    assert [leaf_hash(line).hex() for line in lines] == golden_kit.leaves(name)


@pytest.mark.parametrize("name", LEDGERS)
def test_a_golden_ledger_folds_to_what_it_always_did(name: str) -> None:
    found = golden_kit.outcome_bytes(golden_kit.stored_lines(name))

    assert orjson.loads(found) == orjson.loads(golden_kit.expected(name))
    assert found == golden_kit.expected(name)


@pytest.mark.parametrize("name", LEDGERS)
def test_the_events_of_a_golden_ledger_would_be_admitted_again_unchanged(name: str) -> None:
    for stored in golden_kit.stored_lines(name):
        parsed = parse_event(as_sent(stored), default_gazetteer())

        assert isinstance(parsed, ParsedEvent), parsed
        assert parsed.canonical == as_sent(stored)


@pytest.mark.parametrize("name", LEDGERS)
def test_a_golden_ledger_is_in_order_and_canonical(name: str) -> None:
    lines = golden_kit.stored_lines(name)

    for earlier, later in pairwise(map(orjson.loads, lines)):
        assert earlier[RECORDED_TIME] <= later[RECORDED_TIME]
    for line in lines:
        assert canonical_bytes(orjson.loads(line)) == line


def test_the_golden_ledgers_hold_every_event_type_there_is_and_was() -> None:
    stored = [orjson.loads(line) for name in LEDGERS for line in golden_kit.stored_lines(name)]

    assert {document["type"] for document in stored} == set(DATA_MODELS) | OLD_TYPES


@pytest.mark.parametrize("name", LEDGERS)
def test_the_folds_get_every_stored_event_in_a_current_version(name: str) -> None:
    for stored in golden_kit.stored_lines(name):
        event = filed_event(stored)
        sent = orjson.loads(stored)

        assert event.kind in DATA_MODELS
        assert (event.kind == sent["type"]) == (sent["type"] not in OLD_TYPES)
        assert (*event.key, event.crisis, event.time) == (
            sent["source"],
            sent["id"],
            sent["subject"],
            sent["time"],
        )


def test_a_golden_ledger_is_never_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [as_sent(stored) for stored in golden_kit.stored_lines("v1")]
    monkeypatch.setattr(golden_kit, "GOLDEN", tmp_path)
    golden_kit.record("v9", events)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    with pytest.raises(FileExistsError):
        golden_kit.record("v9", events[:1])

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == written
