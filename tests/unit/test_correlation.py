"""Ids that tie log lines together, and what a batch says of its events and their traces."""

import re

import pytest
from structlog.testing import capture_logs

from tollbook_services.inbox_entry import InboxEntry, event_bytes
from tollbook_services.operations.appends import Appends
from tollbook_services.operations.batches import causes_of, tell_refused, tell_taken
from tollbook_services.operations.correlation import request_id, trace_of, traceparent_of
from tollbook_services.operations.tracing import span
from tollbook_services.receipts import Receipt

ONE, TWO = "ab" * 16, "cd" * 16
PARENT = f"00-{ONE}-{'12' * 8}-01"
OTHER = f"00-{TWO}-{'34' * 8}-00"


def receipt(status, partition, sequence):
    return Receipt(status, "https://desk.example.org", "x", "flood-2025", partition, sequence)


def entry(number, *fields):
    return InboxEntry(f"{number}-0".encode(), ((b"event", b"{}"), *fields))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ONE,
        f"00-{ONE}-{'12' * 8}",
        f"00-{ONE}-{'12' * 8}-01-x",
        f"00-{'0' * 32}-{'12' * 8}-01",
        f"00-{ONE}-{'0' * 16}-01",
        f"ff-{ONE}-{'12' * 8}-01",
        f"00-{ONE.upper()}-{'12' * 8}-01",
        f"00-{ONE}-{'12' * 8}-01\n",
    ],
)
def test_what_is_no_traceparent_is_not_taken(text):
    assert traceparent_of(text) is None


def test_a_traceparent_names_its_trace():
    assert traceparent_of(PARENT) == PARENT
    assert trace_of(PARENT) == ONE


def test_the_trace_wins_over_a_request_id_and_a_bad_id_is_replaced():
    assert request_id(PARENT, "desk-7") == ONE
    assert request_id(None, "desk-7") == "desk-7"
    for bad in ("", "a b", "a" * 65, "a\nb", "é"):
        assert re.fullmatch("[0-9a-f]{32}", request_id(None, bad))


def test_an_entry_may_name_a_trace_beside_its_event():
    traced = entry(1, (b"traceparent", PARENT.encode()))
    assert traced.traceparent == PARENT
    assert event_bytes(traced) == b"{}"
    assert entry(1).traceparent is None
    assert entry(1, (b"note", b"x")).traceparent is None
    for bad in (b"", b"\xff\xfe", b"x" * 10_000):
        assert entry(1, (b"traceparent", bad)).traceparent is None


def test_a_batch_says_for_each_partition_where_its_events_are_and_whose_they_are():
    receipts = [
        receipt("appended", 2, 7),
        receipt("appended", 0, 3),
        receipt("duplicate", 2, 1),
        receipt("appended", 2, 9),
        receipt("quarantined", 0, 2),
    ]
    with capture_logs() as lines:
        tell_taken(receipts, [PARENT, None, OTHER, PARENT, None])

    assert lines == [
        {
            "event": "batch appended", "log_level": "info", "partition": 2, "first": 7, "last": 9,
            "appended": 2, "duplicate": 1, "traces": {ONE: [7, 9], TWO: [1]},
        },
        {
            "event": "batch appended", "log_level": "info", "partition": 0, "first": 3, "last": 3,
            "appended": 1, "quarantined": 1,
        },
    ]  # fmt: skip


def test_refused_entries_are_told_with_their_traces_and_without_those_of_others():
    entries = [entry(n, (b"traceparent", p.encode())) for n, p in ((1, PARENT), (2, OTHER))]
    with capture_logs() as lines:
        tell_refused(entries, {"inbox:2-0"})

    (line,) = lines
    assert (line["refused"], line["of"], line["traces"]) == (1, 2, [TWO])


def test_each_cause_is_named_once():
    assert causes_of([PARENT, None, OTHER, PARENT]) == [PARENT, OTHER]


def test_appends_are_counted_always_and_told_only_where_that_is_wanted():
    appends = Appends()
    receipts = [receipt("appended", 1, 4), receipt("duplicate", 1, 2)]
    with capture_logs() as lines, span("append") as noted:
        appends.appended(1, receipts, noted)
        assert lines == []
        appends.tells = True
        appends.appended(1, receipts, noted)
        appends.appended(1, receipts[1:], noted)
        appends.rejected(3)

    assert appends.counts == {"appended": 2, "duplicate": 3, "rejected": 3}
    assert [(line["partition"], line.get("first"), line.get("last")) for line in lines] == [
        (1, 4, 4),
        (1, None, None),
    ]
