"""Cutting a file into documents: JSON Lines, one document, an array, and broken ones."""

import io

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tollbook_services.publish import Document, split_documents

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)


def split(raw: bytes) -> list[Document]:
    return list(split_documents(io.BytesIO(raw)))


def texts(raw: bytes) -> list[bytes]:
    return [document.raw for document in split(raw)]


def test_json_lines_give_one_document_a_line_with_its_line_number():
    assert split(b'{"a": 1}\n\n  {"b": 2}\r\n{"c": 3}') == [
        Document(1, 1, b'{"a": 1}'),
        Document(2, 3, b'{"b": 2}'),
        Document(3, 4, b'{"c": 3}'),
    ]


def test_a_single_document_over_many_lines_stays_one_document():
    raw = b'\n{\n  "a": [1,\n\n 2],\n  "b": "}\\"{"\n}\n'
    assert split(raw) == [Document(1, 2, raw.strip())]


def test_an_array_gives_its_elements_byte_for_byte():
    raw = b'[{"a": [1, 2], "s": "],["},\n  {"a":1, "a":2} ,\n{"n": NaN}]'
    assert split(raw) == [
        Document(1, 1, b'{"a": [1, 2], "s": "],["}'),
        Document(2, 2, b'{"a":1, "a":2}'),
        Document(3, 3, b'{"n": NaN}'),
    ]


def test_an_empty_input_an_empty_array_and_white_space_give_nothing():
    assert [texts(raw) for raw in (b"", b" \n\n", b"[]", b" [ ]\n", b"\xef\xbb\xbf")] == [[]] * 5


def test_a_byte_order_mark_is_not_part_of_the_first_document():
    assert texts(b'\xef\xbb\xbf{"a": 1}\n') == [b'{"a": 1}']


def test_a_file_that_ends_mid_line_gives_the_good_lines_and_the_broken_rest():
    assert texts(b'{"a": 1}\n{"b": 2}\n{"c": "thr') == [b'{"a": 1}', b'{"b": 2}', b'{"c": "thr']


def test_a_broken_first_line_does_not_swallow_the_lines_after_it():
    assert texts(b'{"a": 1\n{"b": 2}\n{"c": 3}\n') == [b'{"a": 1', b'{"b": 2}', b'{"c": 3}']


def test_a_line_that_is_no_json_spoils_only_itself():
    assert texts(b'{"a": 1}\nrubbish\n{"b": 2}') == [b'{"a": 1}', b"rubbish", b'{"b": 2}']


def test_a_first_line_of_rubbish_spoils_only_itself():
    assert texts(b'rubbish\n{"b": 2}\n') == [b"rubbish", b'{"b": 2}']


def test_a_single_document_that_ends_in_the_middle_is_one_document():
    raw = b'{\n  "a": [\n    {"b": 1},\n    {"c":'
    assert texts(raw) == [raw]


def test_an_array_that_ends_in_the_middle_gives_the_whole_elements_and_the_rest():
    assert texts(b'[{"a": 1}, {"b": 2}, {"c": "thr') == [b'{"a": 1}', b'{"b": 2}', b'{"c": "thr']


def test_what_follows_an_array_is_not_dropped():
    assert texts(b'[{"a": 1}]\n{"b": 2}') == [b'{"a": 1}', b'{"b": 2}']


def test_two_documents_on_one_line_stay_together_to_be_refused_as_one():
    assert texts(b'{"a": 1}{"b": 2}\n') == [b'{"a": 1}{"b": 2}']


def test_a_missing_element_of_an_array_is_kept_as_an_empty_document_to_be_refused():
    assert texts(b'[{"a": 1},,{"b": 2}]') == [b'{"a": 1}', b"", b'{"b": 2}']


def test_lines_are_cut_lazily():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            line = b'{"a": 1}\n'
            buffer[: len(line)] = line
            return len(line)

    documents = split_documents(io.BufferedReader(Endless()))
    assert [next(documents).index for _ in range(1000)] == list(range(1, 1001))


@given(st.lists(OBJECTS, min_size=1, max_size=5))
def test_any_objects_survive_the_cutting_of_lines(objects):
    raw = b"\n".join(orjson.dumps(one) for one in objects)
    assert [orjson.loads(text) for text in texts(raw)] == objects


@given(st.lists(JSON, max_size=5), st.sampled_from([0, orjson.OPT_INDENT_2]))
def test_any_values_survive_the_cutting_of_an_array(values, option):
    raw = orjson.dumps(values, option=option)
    assert [orjson.loads(text) for text in texts(raw)] == values


@given(OBJECTS)
def test_any_indented_object_stays_whole(document):
    raw = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    assert [orjson.loads(text) for text in texts(raw)] == [document]


@given(st.binary(max_size=60))
def test_no_bytes_make_the_cutting_fail_or_lose_more_than_brackets(raw):
    kept = b"".join(texts(raw))
    assert len(kept) <= len(raw)
