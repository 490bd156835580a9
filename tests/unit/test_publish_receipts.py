"""One receipt for each document, in input order, whatever becomes of it."""

import asyncio
import io

import orjson

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.ledger import Receipt
from tollbook_services.publish import PUBLISH_BATCH, publish, split_documents


class MemoryLedger:
    """Answers as the ledger does, and keeps what was refused."""

    def __init__(self):
        self.sequences = {}
        self.refused = []
        self.batches = []

    async def append(self, events, *, by=None):
        self.batches.append(len(events))
        return [self._receipt(parsed) for parsed in events]

    async def reject(self, raw, faults, origin, whole=None):
        assert whole is None
        self.refused.append((raw, faults, origin))

    def _receipt(self, parsed):
        known = parsed.key in self.sequences
        sequence = self.sequences.setdefault(parsed.key, len(self.sequences) + 1)
        status = "duplicate" if known else "appended"
        return Receipt(status, *parsed.key, parsed.crisis, 0, sequence, ())


def event(name, **changes):
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": 1},
        "areas": ["SY-LA"],
        "basis": "incident",
        "as_of": "2025-03-11",
    }
    document = {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org",
        "id": name,
        "subject": "flood-2025",
        "time": "2025-03-11T20:00:00Z",
        "data": {"originator": "sohr", "published_at": "2025-03-11", "figures": [figure]},
    }
    return orjson.dumps(document | changes)


def published(raw, **options):
    ledger = MemoryLedger()
    documents = split_documents(io.BytesIO(raw))
    receipts = asyncio.run(publish(documents, ledger, default_gazetteer(), **options))
    return receipts, ledger


def test_receipts_come_in_input_order_and_a_bad_line_stops_none():
    receipts, _ = published(b"\n".join([event("a"), b'{"id": 1', event("b"), event("a")]))
    assert [(one.status, one.id) for one in receipts] == [
        ("appended", "a"),
        ("rejected", None),
        ("appended", "b"),
        ("duplicate", "a"),
    ]


def test_a_refused_document_is_kept_byte_for_byte_with_its_line():
    bad = event("bad", subject="No Slug")
    receipts, ledger = published(event("a") + b"\n\n  " + bad + b" \n", origin="reports.jsonl")
    ((raw, faults, origin),) = ledger.refused
    assert (raw, origin) == (bad, "reports.jsonl:line 3")
    assert receipts[1].errors == faults
    assert faults[0].pointer == "/subject"
    assert faults[0].message.endswith("(document 2, line 3 of the input)")


def test_a_refused_document_is_named_as_far_as_it_can_be_read():
    receipts, _ = published(event("bad", colour="red") + b"\n" + event("x", id=7) + b"\n7")
    named = [(one.source, one.id, one.crisis) for one in receipts]
    assert named == [
        ("https://desk.example.org", "bad", "flood-2025"),
        ("https://desk.example.org", None, "flood-2025"),
        (None, None, None),
    ]


def test_a_file_that_ends_mid_line_has_its_good_lines_appended_and_the_rest_refused():
    receipts, ledger = published(event("a") + b"\n" + event("b")[:80])
    assert [one.status for one in receipts] == ["appended", "rejected"]
    assert "line 2" in ledger.refused[0][1][0].message


def test_long_input_goes_in_batches_and_reports_after_each():
    seen = []
    lines = b"\n".join(event(f"r{number}") for number in range(PUBLISH_BATCH + 3))
    receipts, ledger = published(lines, on_receipts=lambda batch: seen.append(len(batch)))
    assert ledger.batches == seen == [PUBLISH_BATCH, 3]
    assert len(receipts) == PUBLISH_BATCH + 3


def test_large_documents_close_a_batch_early(monkeypatch):
    monkeypatch.setattr("tollbook_services.publish.PUBLISH_BYTES", 2 * len(event("r0")))
    _, ledger = published(b"\n".join(event(f"r{number}") for number in range(5)))
    assert ledger.batches == [2, 2, 1]


def test_a_receipt_says_where_the_event_is_in_the_log_of_its_partition():
    appended = Receipt("appended", "s", "i", "c", 2, 7)
    again = Receipt("duplicate", "s", "i", "c", 2, 1)
    refused = Receipt("quarantined", "s", "i", "c", 2, 7)
    rejected = Receipt("rejected", None, None, None, None, None)
    indexes = [one.document()["leaf_index"] for one in (appended, again, refused, rejected)]
    assert indexes == [6, 0, None, None]
