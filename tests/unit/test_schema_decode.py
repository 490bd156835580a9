"""Bytes that are no document of the contract: where they break it, and what would be right."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.limits import DEPTH_MAX, DOCUMENT_BYTES_MAX, FAULTS_MAX, NESTING_MAX
from tollbook_schemas.parse import ParsedEvent, parse_event

WORLD = default_gazetteer()
FIGURE = "/data/figures/0"


def report() -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org",
        "id": "sohr-2025-03-11",
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
                    "segment": {"status": "civilian"},
                    "quantity": {"qualifier": "at_least", "value": 1225},
                    "areas": ["SY-LA", "SY-TA"],
                    "basis": "cumulative",
                    "window": {"start": "2025-03-06", "end": "2025-03-11"},
                    "components": [],
                }
            ],
            "statements": [
                {"id": "st1", "speaker": "A spokesman", "kind": "claim", "text": "We deny it."}
            ],
        },
    }


def faults(document: dict[str, Any] | bytes) -> tuple[Fault, ...]:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    parsed = parse_event(raw, WORLD)
    assert isinstance(parsed, tuple), "the document was taken"
    return parsed


def the_fault(document: dict[str, Any] | bytes) -> Fault:
    (found,) = faults(document)
    return found


def test_a_name_that_occurs_twice_in_an_object_is_not_silently_dropped() -> None:
    raw = json.dumps(report()).replace('"value": 1225', '"value": 1225, "value": 1', 1).encode()

    found = the_fault(raw)

    assert found.pointer == f"{FIGURE}/quantity/value"
    assert "occurs twice" in found.message


def test_invalid_utf_8_is_pointed_at_the_text_that_holds_it() -> None:
    raw = json.dumps(report()).encode().replace(b"We deny it.", b"We d\xe9ny it.")

    found = the_fault(raw)

    assert found.pointer == "/data/statements/0/text"
    assert "invalid UTF-8 (byte 0xe9) at character 5: send UTF-8" in found.message


def test_invalid_utf_8_outside_any_text_is_told_by_its_byte() -> None:
    bad_bytes, syntax = faults(b'{"specversion": \xff}')

    assert bad_bytes.pointer == syntax.pointer == ""
    assert "invalid UTF-8 at byte 16 (0xff)" in bad_bytes.message


def test_half_a_surrogate_pair_is_pointed_at() -> None:
    document = report()
    document["data"]["title"] = "\ud83d"

    found = the_fault(document)

    assert found.pointer == "/data/title"
    assert "half of a surrogate pair" in found.message


def test_a_file_that_ends_mid_document_says_so_wherever_it_was_cut() -> None:
    raw = json.dumps(report(), indent=1, ensure_ascii=False).replace("deny", "dény").encode()
    whole = raw.rstrip()
    for length in range(1, len(whole)):
        found = the_fault(raw[:length])
        assert found.pointer == ""
        assert "ends in the middle of the document, after line" in found.message, length


@pytest.mark.parametrize("value", ["true", "false", "null", r'"\u0041\n"'])
def test_a_file_that_ends_in_a_word_or_an_escape_was_cut_too(value: str) -> None:
    for length in range(1, len(value)):
        found = the_fault(b'{"a": ' + value[:length].encode())
        assert "ends in the middle of the document" in found.message, length


def test_the_place_where_a_file_was_cut_is_its_last_line_and_column() -> None:
    found = the_fault(b'{"specversion": "1.0",\n "type": "org.toll')

    assert "after line 2, column 18: the file seems cut off" in found.message


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        (b"", "empty: send one JSON object"),
        (b" \n", "empty: send one JSON object"),
        (b"[]", "this is an array: send its items one by one"),
        (b"null", "this is null"),
        (b"12", "this is a number"),
        (b"1.5", "1.5 is not a whole number"),
        (b'"x"', "this is a text"),
        (b"true", "this is true or false"),
        (b"hello", "not JSON at line 1, column 1"),
        (b"{'a': 1}", "not JSON at line 1, column 2: expecting property name"),
        (b'{"a": 1} {"b": 2}', "more text follows after the JSON object, at line 1, column 10"),
        (b'{"a": "\x01"}', "not JSON at line 1, column 8: invalid control character"),
        (b" " * (DOCUMENT_BYTES_MAX + 1), "split the report"),
    ],
)
def test_what_is_no_json_object_says_so_about_the_whole(raw: bytes, hint: str) -> None:
    found = the_fault(raw)

    assert found.pointer == ""
    assert hint in found.message


@pytest.mark.parametrize(
    ("ext", "pointer", "hint"),
    [
        ({"grösse": 1}, "/ext", "is not ASCII"),
        ({"a/b~c": [0, 1.5]}, "/ext/a~1b~0c/1", "is not a whole number"),
        ([1], "/ext", "it must be an object {...}, not a list"),
    ],
)
def test_what_cannot_be_canonical_is_refused_even_under_ext(
    ext: object, pointer: str, hint: str
) -> None:
    found = the_fault(report() | {"ext": ext})

    assert found.pointer == pointer
    assert hint in found.message


def test_ext_is_bounded_in_depth() -> None:
    def nested(levels: int) -> dict[str, Any]:
        return {"a": nested(levels - 1)} if levels > 1 else {}

    taken = report() | {"ext": nested(DEPTH_MAX)}
    refused = report() | {"ext": nested(DEPTH_MAX + 1)}

    assert isinstance(parse_event(json.dumps(taken).encode(), WORLD), ParsedEvent)
    assert "nested deeper than 32 levels" in the_fault(refused).message


def test_an_escaped_surrogate_pair_is_one_character() -> None:
    raw = json.dumps(report() | {"ext": {"ship": "\U0001f6a2"}}).encode()

    parsed = parse_event(raw, WORLD)

    assert b"\\ud83d" in raw
    assert isinstance(parsed, ParsedEvent)
    assert "\U0001f6a2".encode() in parsed.canonical


def nested(levels: int) -> bytes:
    """A report with an unknown field in which so many lists lie in each other."""
    text = "[" * levels + "]" * levels
    return (
        json.dumps(report())
        .replace('"areas": ["SY-LA"', f'"x": {text}, "areas": ["SY-LA"')
        .encode()
    )


IN_THE_FIGURE = 4
"""The event, its data, the list of figures, and the figure."""


@pytest.mark.parametrize("levels", [NESTING_MAX + 1 - IN_THE_FIGURE, 500, 5_000, 100_000])
def test_what_is_nested_64_deep_is_pointed_at_however_deep_it_goes_on(levels: int) -> None:
    found = the_fault(nested(levels))

    assert found.pointer == f"{FIGURE}/x" + "/0" * (NESTING_MAX - IN_THE_FIGURE)
    assert found.message.startswith("this list is nested 64 deep, more than the 63 levels")
    assert "flatten it" in found.message


def test_one_level_less_is_not_too_deep() -> None:
    found = the_fault(nested(NESTING_MAX - IN_THE_FIGURE))

    assert "unknown field 'x'" in found.message


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b"[" * 100_000, "/0" * NESTING_MAX),
        (b'{"a/b":' * 100_000, "/a~1b" * NESTING_MAX),
        (b'[0,"[[{",{"k":1},' * 100_000, "/3" * (NESTING_MAX - 1) + "/2"),
        (rb'{"\"":1,"\u00e4":' * 100_000, "/\\xe4" * NESTING_MAX),
    ],
)
def test_a_bottomless_text_is_refused_where_it_becomes_too_deep(raw: bytes, pointer: str) -> None:
    found = the_fault(raw[:DOCUMENT_BYTES_MAX])

    assert found.pointer == pointer


def test_brackets_inside_texts_are_not_nesting() -> None:
    document = report()
    document["data"]["title"] = "[{" * 200

    assert isinstance(parse_event(json.dumps(document).encode(), WORLD), ParsedEvent)


def test_an_event_over_the_limit_is_refused_with_its_size() -> None:
    raw = json.dumps(report() | {"ext": {"blob": "x" * DOCUMENT_BYTES_MAX}}).encode()

    found = the_fault(raw)

    assert found.pointer == ""
    assert f"{len(raw):,} bytes are more than the 1,048,576 of one event" in found.message


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 10**30])
@pytest.mark.parametrize("place", ["quantity", "ext"])
def test_an_integer_from_2_53_on_is_refused_wherever_it_stands(number: int, place: str) -> None:
    document = report()
    document["data"]["figures"][0][place] = {"qualifier": "exactly", "value": number}

    found = the_fault(document)

    assert found.pointer == f"{FIGURE}/{place}/value"
    assert "whole numbers go up to 9007199254740991" in found.message


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for step, inner in items:
        found.append((*path, step))
        if isinstance(inner, dict | list):
            found += places(inner, (*path, step))
    return found


def leads_somewhere(pointer: str, document: Any) -> bool:
    """Whether a pointer leads to a value, or to a member that is missing from an object."""
    node = document
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for position, step in enumerate(steps):
        if isinstance(node, dict) and step not in node:
            return position == len(steps) - 1
        node = node[int(step)] if isinstance(node, list) else node[step]
    return True


@given(st.sampled_from(places(report())), JSON_VALUES)
def test_whatever_stands_in_a_place_is_taken_or_pointed_at(
    place: tuple[Any, ...], value: object
) -> None:
    document = report()
    node: Any = document
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value

    result = parse_event(json.dumps(document).encode(), WORLD)

    if isinstance(result, ParsedEvent):
        return
    assert 1 <= len(result) <= FAULTS_MAX + 1
    for fault in result:
        assert fault.message
        assert leads_somewhere(fault.pointer, document), fault


@given(st.data())
def test_no_damage_to_the_bytes_goes_further_than_a_fault(data: st.DataObject) -> None:
    raw = bytearray(json.dumps(report()).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))

    result = parse_event(bytes(raw), WORLD)

    assert isinstance(result, ParsedEvent) or all(fault.message for fault in result)


@given(st.binary(max_size=64))
def test_no_bytes_at_all_raise(raw: bytes) -> None:
    assert isinstance(parse_event(raw, WORLD), tuple)
