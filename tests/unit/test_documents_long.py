"""Lines and documents longer than any event: only their beginning is held, the rest goes on."""

import io
import tracemalloc
from hashlib import sha256

import pytest

from tollbook_services import documents
from tollbook_services.documents import LINE_BYTES_MAX, Document, split_documents
from tollbook_services.stored import KEPT_BYTES, Whole

MIB = 2**20


class Generated(io.RawIOBase):
    """A stream of the pieces, made as they are read."""

    def __init__(self, *pieces: tuple[bytes, int]) -> None:
        self._pieces = [list(piece) for piece in pieces]

    def readable(self):
        return True

    def readinto(self, buffer):
        while self._pieces and not self._pieces[0][1]:
            self._pieces.pop(0)
        if not self._pieces:
            return 0
        piece, left = self._pieces[0]
        times = min(left, max(1, len(buffer) // len(piece)))
        made = piece * times
        buffer[: len(made)] = made
        self._pieces[0][1] -= times
        return len(made)


def generated(*pieces: tuple[bytes, int]) -> list[Document]:
    return list(split_documents(io.BufferedReader(Generated(*pieces), 2**16)))


def test_a_line_of_100_mb_is_cut_is_digested_and_does_not_spoil_its_neighbours():
    line = (b'{"a":"', 1), (b"x" * 1024, 100 * 1024), (b'"}', 1)
    digest = sha256()
    for piece, times in line:
        for _ in range(times):
            digest.update(piece)

    tracemalloc.start()
    found = generated((b'{"b": 1}\n', 1), *line, (b"\n", 1), (b'{"c": 2}', 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [one.line for one in found] == [1, 2, 3]
    assert (found[0].raw, found[2].raw) == (b'{"b": 1}', b'{"c": 2}')
    assert found[1].raw == (b'{"a":"' + b"x" * KEPT_BYTES)[:KEPT_BYTES]
    assert found[1].whole == Whole(8 + 100 * MIB, digest.digest())
    assert peak < 8 * MIB


def test_a_first_line_that_is_too_long_spoils_only_itself():
    found = generated((b'{"a":"', 1), (b"x" * 1024, 3 * 1024), (b'"}\r\n{"b": 1}\r\n', 1))
    assert [(one.index, one.line) for one in found] == [(1, 1), (2, 2)]
    assert found[0].whole.length == 6 + 3 * MIB + len(b'"}\r')
    assert found[1] == Document(2, 2, b'{"b": 1}')


def test_a_document_over_many_lines_that_is_too_long_is_one_document():
    tracemalloc.start()
    found = generated((b"{\n", 1), (b'"a": [1,\n\n2],\n', 3 * MIB))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    (document,) = found
    assert document.raw == (b"{\n" + b'"a": [1,\n\n2],\n' * KEPT_BYTES)[:KEPT_BYTES]
    assert document.whole.length == 2 + 3 * MIB * len(b'"a": [1,\n\n2],\n')
    assert peak < 40 * MIB  # far below the 42 MiB and more of holding it twice


def test_a_broken_first_line_before_more_lines_than_are_held_spoils_only_itself():
    line = b'{"b": "' + b"x" * 1000 + b'"}\n'
    found = generated((b'{"a": 1\n', 1), (line, 3000))
    assert [one.line for one in found] == list(range(1, 3002))
    assert {one.raw for one in found[1:]} == {line.strip()}


def test_an_array_on_one_line_may_be_longer_than_an_event():
    element = b'{"a": "' + b"x" * 1000 + b'"},\n'
    found = generated((b"[", 1), (element, 3000), (b"{}]", 1))
    assert len(found) == 3001
    assert found[2999] == Document(3000, 3000, element.strip(b",\n"))


@pytest.mark.parametrize(("length", "cut"), [(LINE_BYTES_MAX - 1, False), (LINE_BYTES_MAX, True)])
def test_an_event_of_the_largest_size_with_white_space_around_it_is_held(length, cut):
    line = b'{"a": "' + b"x" * (length - 9) + b'"}'
    found = list(split_documents(io.BytesIO(line + b'\n{"b": 1}\n')))
    assert [one.whole is not None for one in found] == [cut, False]
    assert found[1].raw == b'{"b": 1}'


def test_blank_lines_inside_a_document_are_kept_byte_for_byte(monkeypatch):
    monkeypatch.setattr(documents, "LINE_BYTES_MAX", 64)
    raw = b'{\n  \n\t\n"a": 1\n\n}'
    assert list(split_documents(io.BytesIO(b"\n \n" + raw + b"\n"))) == [Document(1, 3, raw)]
