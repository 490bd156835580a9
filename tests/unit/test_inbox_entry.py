"""The two layouts of an inbox entry, and what is neither."""

import asyncio
import warnings

import orjson
import pytest
from faststream.redis.parser import BinaryMessageFormatV1

from tollbook_schemas.errors import Fault
from tollbook_services.inbox_entry import InboxEntry, event_bytes, kept_bytes

EVENT = b'{"specversion": "1.0", "data": {"title": "\xd8\xb3"}}'


def entry(*fields: tuple[bytes, bytes]) -> InboxEntry:
    return InboxEntry(b"1-0", fields)


def encoded(message, headers=None) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return asyncio.run(
            BinaryMessageFormatV1.encode(
                message=message, reply_to=None, headers=headers, correlation_id="c1"
            )
        )


def test_the_field_event_is_taken_byte_for_byte():
    assert event_bytes(entry((b"event", EVENT))) == EVENT


def test_fields_of_no_concern_are_left_alone():
    assert event_bytes(entry((b"traceparent", b"00-1"), (b"event", EVENT))) == EVENT


def test_what_faststream_publishes_as_bytes_or_text_comes_back_byte_for_byte():
    assert event_bytes(entry((b"__data__", encoded(EVENT)))) == EVENT
    assert event_bytes(entry((b"__data__", encoded(EVENT.decode())))) == EVENT


def test_what_faststream_publishes_as_a_dict_comes_back_as_its_json():
    read = event_bytes(entry((b"__data__", encoded({"data": {"n": 1}}))))
    assert isinstance(read, bytes)
    assert orjson.loads(read) == {"data": {"n": 1}}


def test_headers_beyond_ascii_do_not_shift_the_payload():
    assert event_bytes(entry((b"__data__", encoded(EVENT, {"desk": "س" * 40})))) == EVENT


def test_a_data_member_at_the_top_is_not_unwrapped():
    document = b'{"data": "{\\"a\\": 1}", "headers": {}}'
    assert event_bytes(entry((b"__data__", encoded(document)))) == document


def test_an_entry_without_either_field_is_told_which_fields_it_has():
    fault = event_bytes(entry((b"Event", EVENT), (b"x", b"1")))
    assert isinstance(fault, Fault)
    assert fault.pointer == ""
    assert "it has: Event, x" in fault.message
    assert "case-sensitive" in fault.message


@pytest.mark.parametrize(
    "fields",
    [
        ((b"event", EVENT), (b"event", b"{}")),
        ((b"event", EVENT), (b"__data__", encoded(EVENT))),
    ],
)
def test_two_events_in_one_entry_are_refused_rather_than_one_lost(fields):
    fault = event_bytes(entry(*fields))
    assert isinstance(fault, Fault)
    assert "one XADD for each" in fault.message
    assert EVENT.decode() in {value for _, value in orjson.loads(kept_bytes(entry(*fields)))}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"rubbish",
        EVENT,
        encoded(EVENT)[:12],
        encoded(EVENT)[:30],
        encoded(EVENT)[:8] + b"\x00\x02" + encoded(EVENT)[10:],
        encoded(EVENT)[:14] + b"\x00\x00\x00\x00" + encoded(EVENT)[18:],
    ],
)
def test_rubbish_in_faststreams_field_is_a_fault_that_points_at_it(value):
    fault = event_bytes(entry((b"__data__", value)))
    assert isinstance(fault, Fault)
    assert fault.pointer == "/__data__"
    assert kept_bytes(entry((b"__data__", value))) == value


def test_bytes_that_are_no_text_are_kept_readable_among_several_fields():
    kept = kept_bytes(entry((b"a", b"\xff"), (b"b", b"ok")))
    assert orjson.loads(kept) == [["a", "\\xff"], ["b", "ok"]]
