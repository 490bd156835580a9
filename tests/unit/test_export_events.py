"""Events as they were sent, out of what is stored; and the licences that they name."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from golden_kit import stored_lines

from tollbook_schemas.canonical import canonical_bytes
from tollbook_services.exporting import columns
from tollbook_services.exporting.ledger_events import event_row
from tollbook_services.exporting.licences import named_in
from tollbook_services.stored import StoredEntry, with_recorded_time

AT = datetime(2025, 4, 1, 12, 30, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "type": "org.tollbook.report.filed.v1",
    "source": "https://desk.example.org",
    "id": "one",
    "subject": "flood-2025",
    "time": "2025-03-11T20:00:00Z",
    "data": {"note": ',"recordedtime":"2025-04-01T12:30:00Z","source":"nowhere"'},
    "ext": {"recordedtime": "2025-04-01T12:30:00Z", "source": "elsewhere"},
}


def stored(event: dict[str, Any]) -> StoredEntry:
    line, leaf = with_recorded_time(canonical_bytes(event), int(AT.timestamp() * 1_000_000))
    return StoredEntry(2, 7, line, leaf, AT)


def test_an_event_is_given_back_as_it_was_sent_whatever_its_texts_say() -> None:
    entry = stored(EVENT)

    assert entry.sent() == canonical_bytes(EVENT)
    assert orjson.loads(entry.stored)["recordedtime"] == "2025-04-01T12:30:00Z"


def test_an_event_whose_recorded_time_was_altered_is_refused() -> None:
    entry = stored(EVENT)
    altered = entry._replace(stored=entry.stored.replace(b"12:30:00Z", b"12:31:00Z"))

    with pytest.raises(ValueError, match="event 7 of partition 2 was altered"):
        altered.sent()


def test_the_row_of_an_event_has_each_column_of_the_table() -> None:
    row = event_row(stored(EVENT), EVENT)

    assert set(row) == {column.name for column in columns.EVENT}
    assert (row["partition"], row["sequence"], row["crisis"]) == (2, 7, "flood-2025")
    assert orjson.loads(row["event"]) == EVENT
    assert row["recorded_at"] == "2025-04-01T12:30:00Z"


@pytest.mark.parametrize(
    ("event", "licences"),
    [
        ({"data": {}}, []),
        ({"data": {"ext": {"licence": "CC BY 4.0"}}}, ["CC BY 4.0"]),
        ({"data": {}, "ext": {"license": " CC0\n1.0 "}}, ["CC0 1.0"]),
        ({"data": {"figures": [{"ext": {"licence": "ODbL"}}, {}]}}, ["ODbL"]),
        ({"data": {"ext": {"licence": 4}}}, []),
        ({"data": {"ext": {"licence": " "}}}, []),
    ],
)
def test_a_licence_is_what_an_event_names_itself(
    event: dict[str, Any], licences: list[str]
) -> None:
    assert list(named_in(event)) == licences


@pytest.mark.parametrize("ledger", ["v0", "v1", "v1-decisions", "v1-withheld"])
def test_events_of_every_type_are_asked_for_their_licences(ledger: str) -> None:
    documents = [orjson.loads(line) for line in stored_lines(ledger)]
    assert all(isinstance(text, str) for one in documents for text in named_in(one))


def test_the_golden_ledger_opens_an_incident_of_figures() -> None:
    documents = [orjson.loads(line) for line in stored_lines("v1")]
    assert any("figures" in one["data"] and "incident.opened" in one["type"] for one in documents)
