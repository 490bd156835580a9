"""A date that has not come is a slip of the pen, and would stand before all that is known."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event, parse_made
from tollbook_schemas.to_come import last_day

LAST = last_day(datetime(2026, 11, 23, 12, tzinfo=UTC))

FIGURE = {
    "id": "f",
    "measure": "killed",
    "unit": "person",
    "quantity": {"qualifier": "exactly", "value": 5},
    "areas": ["SY-LA"],
    "basis": "cumulative",
}
STATEMENT = {"id": "s", "speaker": "a mayor", "kind": "claim", "text": "it was at night"}


def report(
    figure: dict[str, Any] | None = None, statement: dict[str, Any] | None = None, **envelope: Any
) -> dict[str, Any]:
    data: dict[str, Any] = {"originator": "o", "published_at": "2026-11-23"}
    data["figures"] = [FIGURE | {"as_of": "2026-11-23"}, FIGURE | {"id": "g"} | (figure or {})]
    data["statements"] = [STATEMENT | (statement or {})]
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "urn:desk",
        "id": "r1",
        "subject": "c",
        "time": "2026-11-23T10:00:00Z",
        "data": data | envelope.pop("data", {}),
        **envelope,
    }


def read(document: dict[str, Any], last: str | None = LAST) -> ParsedEvent | list[str]:
    """The event, or the pointers to what is wrong with it, whichever way it is read."""
    raw = parse_event(orjson.dumps(document), default_gazetteer(), last)
    made = parse_made(document, default_gazetteer(), last)
    assert raw == made
    return raw if isinstance(raw, ParsedEvent) else [fault.pointer for fault in raw]


LATE = [
    (report(time="2052-11-23T10:00:00Z"), "/time"),
    (report(data={"published_at": "2052-11-23"}), "/data/published_at"),
    (report({"as_of": "2026-12-24"}), "/data/figures/1/as_of"),
    (report({"as_of": "2099-01-01T00:00:00+03:00"}), "/data/figures/1/as_of"),
    (report({"window": {"start": "2052-01-01"}}), "/data/figures/1/window/start"),
    (
        report({"window": {"start": "2026-01-01", "end": "2052-01-01"}}),
        "/data/figures/1/window/end",
    ),
    (report(None, {"said_at": "2062-11-01"}), "/data/statements/0/said_at"),
]


@pytest.mark.parametrize(("document", "pointer"), LATE)
def test_a_date_that_has_not_come_is_refused_where_it_stands(document, pointer):
    assert read(document) == [pointer]
    (fault,) = parse_event(orjson.dumps(document), default_gazetteer(), LAST)
    assert "has not come yet" in fault.message
    assert "2026-11-24" in fault.message


@pytest.mark.parametrize(
    ("figure", "pointer"),
    [
        ({"as_of": "2052-11-23"}, "/data/figures/1/as_of"),
        ({"window": {"start": "2052-01-01"}}, "/data/figures/1/window/start"),
    ],
)
def test_a_report_without_statements_is_looked_at_as_well(figure, pointer):
    document = report(figure)
    del document["data"]["statements"]

    assert read(document) == [pointer]


@pytest.mark.parametrize(("document", "pointer"), LATE)
def test_what_is_recorded_already_is_read_whatever_it_says(document, pointer):
    assert isinstance(read(document, None), ParsedEvent), pointer


@pytest.mark.parametrize(
    "document",
    [
        report(),
        report({"as_of": "2026-11-24"}),
        report({"as_of": None}),
        report({"as_of": "2026-11-24T13:00:00+14:00"}),
        report({"as_of": "2026-11-01", "window": {"start": "2026-01-01", "end": "2027-12-31"}}),
        report(time="2026-11-24T23:59:00Z"),
    ],
)
def test_today_is_taken_wherever_on_earth_it_is_and_a_window_may_end_later(document):
    assert isinstance(read(document), ParsedEvent)


def test_an_act_and_an_opened_incident_are_looked_at_too():
    data = {"figure": "urn:desk/r1#f", "kind": "correction", "reason": "r", "as_of": "2052-01-01"}
    revised = report(type="org.tollbook.figure.revised.v1") | {"data": data}
    incident = {"incident": "i", "title": "t", "reason": "r", "figures": ["urn:desk/r1#f"]}
    opened = report(type="org.tollbook.incident.opened.v1") | {"data": incident}

    assert read(revised) == ["/data/as_of"]
    assert isinstance(read(opened), ParsedEvent)
