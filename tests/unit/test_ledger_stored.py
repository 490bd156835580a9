"""What the ledger stores of an event: its canonical bytes with the recorded time put in."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.canonical import canonical_bytes, leaf_hash
from tollbook_schemas.times import format_instant
from tollbook_services.stored import StoredEntry, entry_from, instant_from, with_recorded_time

MICROS = st.integers(0, 253_402_300_799_999_999)
TEXTS = st.text(max_size=30) | st.sampled_from([',"source":"', '"', "\\", '","source":"x"', "{}"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**53 - 1) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["source", "id", "x", "recordedby", "recordedtime"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(
    source=TEXTS, event_id=TEXTS, subject=TEXTS, kind=TEXTS, data=VALUES, ext=VALUES, micros=MICROS
)
def test_the_stored_bytes_are_the_canonical_form_of_the_event_with_its_recorded_time(
    source, event_id, subject, kind, data, ext, micros
):
    document = {
        "specversion": "1.0",
        "type": kind,
        "source": source,
        "id": event_id,
        "subject": subject,
        "time": "2025-03-11T20:00:00Z",
        "datacontenttype": "application/json",
        "data": {"x": data, "source": source},
        "ext": {"source": source, "y": ext},
    }

    stored, leaf = with_recorded_time(canonical_bytes(document), micros)

    recorded = format_instant(instant_from(micros))
    assert stored == canonical_bytes({**document, "recordedtime": recorded})
    assert orjson.loads(stored)["recordedtime"] == recorded
    assert leaf == leaf_hash(stored)


def test_bytes_without_a_source_are_no_event():
    with pytest.raises(ValueError, match="without a source"):
        with_recorded_time(b'{"id":"a"}', 0)


@given(sequence=st.integers(1, 2**53), micros=MICROS)
def test_an_entry_has_the_position_of_its_id_and_the_time_of_its_field(sequence, micros):
    fields = {b"e": b"{}", b"h": b"\x01" * 32, b"t": b"%d" % micros}

    entry = entry_from(3, b"%d-0" % sequence, fields)

    assert (entry.partition, entry.sequence) == (3, sequence)
    assert entry.recorded_at == instant_from(micros)
    assert (entry.stored, entry.leaf) == (b"{}", b"\x01" * 32)


@given(event_id=TEXTS, data=VALUES, micros=MICROS, by=st.sampled_from([None, "desk", "a.b_c-9"]))
def test_what_the_ledger_added_is_taken_out_again(event_id, data, micros, by):
    document = {"data": {"x": data}, "id": event_id, "source": "s", "type": "t"}
    canonical = canonical_bytes(document)

    stored, leaf = with_recorded_time(canonical, micros, by)
    entry = StoredEntry(0, 1, stored, leaf, instant_from(micros))

    added = {} if by is None else {"recordedby": by}
    recorded = format_instant(instant_from(micros))
    assert stored == canonical_bytes({**document, **added, "recordedtime": recorded})
    assert entry.sent() == canonical
    assert entry.recorded_by() == by
    assert entry.holds(canonical)
    assert not entry.holds(canonical[:-1])
