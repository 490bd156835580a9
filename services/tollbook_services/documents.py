"""Cuts an input of any length into documents, without looking into them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, count
from typing import BinaryIO, Final

from tollbook_schemas.limits import DOCUMENT_BYTES_MAX
from tollbook_services.stored import KEPT_BYTES, Whole

LINE_BYTES_MAX: Final = DOCUMENT_BYTES_MAX + 64 * 2**10
"""Bytes of a line that are held: an event of the largest size and white space around it. Of a
longer line only the beginning is kept; the lines after it go on."""

_BOM: Final = b"\xef\xbb\xbf"
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\],]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the input, not yet looked into.

    Attributes:
        index: its place in the input, from 1.
        line: the line it begins on, from 1.
        raw: its bytes as sent, without surrounding white space; only the first `KEPT_BYTES` of
            one that is longer than any event and was not held.
        whole: then the length and digest of all of it, without the end of its last line.
    """

    index: int
    line: int
    raw: bytes
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank, or an array to the end of the input.

    Attributes:
        blank: the blank lines before it.
        whole: where it is longer than `LINE_BYTES_MAX`; `text` is then only its beginning.
    """

    number: int
    text: bytes
    blank: bytes = b""
    whole: Whole | None = None


def split_documents(stream: BinaryIO) -> Iterator[Document]:
    """Cut JSON Lines, one JSON document, or an array into its documents.

    JSON Lines are read lazily, a line at a time, and a line that is not JSON spoils only itself.
    Of a line or document longer than any event only the beginning is held; only an array is read
    as a whole. One whose end is missing still gives the elements before the break, and the broken
    rest as one document for the parser to refuse. Nothing is validated here.
    """
    lines = _content_lines(stream)
    first = next(lines, None)
    if first is None:
        return
    if first.text.startswith(b"["):
        yield from _elements(first.number, first.text)
    elif first.whole or (first.text.startswith(b"{") and _balanced(first.text)):
        yield from _lines(chain([first], lines))
    else:
        yield from _document_or_lines(first, lines, stream)


def _document_or_lines(
    first: _Line, lines: Iterator[_Line], stream: BinaryIO
) -> Iterator[Document]:
    """An input whose first line is no whole document: one over many lines, or broken lines."""
    held, ended = _held(first, lines)
    text = _joined(held)
    as_lines = held[-1].whole is not None or _any_whole(held[1:])
    if ended and (not as_lines or _balanced(text)):
        yield Document(1, first.number, text.strip())
    elif as_lines:
        yield from _lines(chain(held, lines))
    else:
        rest = iter(lambda: stream.read(LINE_BYTES_MAX), b"")
        yield Document(1, first.number, text[:KEPT_BYTES], _whole(chain([text], rest)))


def _held(first: _Line, lines: Iterable[_Line]) -> tuple[list[_Line], bool]:
    """The first lines, as many as one event may have bytes; whether these are all."""
    held, size = [first], len(first.text)
    for line in lines:
        held.append(line)
        size += len(line.blank) + len(line.text)
        if size > LINE_BYTES_MAX or line.whole:
            return held, False
    return held, True


def _content_lines(stream: BinaryIO) -> Iterator[_Line]:
    """The lines that are not blank, numbered from 1; white space before the first is cut."""
    blank, first = b"", True
    for number in count(1):
        text = stream.readline(LINE_BYTES_MAX)
        if not text:
            return
        shown = text.removeprefix(_BOM) if number == 1 else text
        if not shown.strip() and len(text) < LINE_BYTES_MAX:
            blank += shown
            continue
        shown = shown.lstrip() if first else shown
        if first and shown.startswith(b"["):
            yield _Line(number, shown + stream.read())
            return
        if len(text) < LINE_BYTES_MAX or text.endswith(b"\n"):
            yield _Line(number, shown, b"" if first else blank)
        else:
            yield _Line(number, text[:KEPT_BYTES], whole=_whole(_to_line_end(text, stream)))
        blank, first = b"", False


def _to_line_end(text: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """A line in pieces, without the newline it ends with."""
    while text:
        yield text.removesuffix(b"\n")
        if text.endswith(b"\n"):
            return
        text = stream.readline(LINE_BYTES_MAX)


def _whole(pieces: Iterable[bytes]) -> Whole:
    digest, length = sha256(), 0
    for piece in pieces:
        digest.update(piece)
        length += len(piece)
    return Whole(length, digest.digest())


def _joined(lines: Iterable[_Line]) -> bytes:
    """The text of the lines, with the blank ones between them."""
    return b"".join(line.blank + line.text for line in lines)


def _lines(lines: Iterable[_Line]) -> Iterator[Document]:
    for index, line in enumerate(lines, start=1):
        text = line.text if line.whole else line.text.strip()
        yield Document(index, line.number, text, line.whole)


def _any_whole(lines: Iterable[_Line]) -> bool:
    """Whether a line alone is a whole object, so that the input was meant as JSON Lines."""
    return any(line.text.startswith(b"{") and _balanced(line.text) for line in lines)


def _balanced(text: bytes) -> bool:
    """Whether the text is exactly one bracketed value, as far as brackets and strings tell."""
    depth = 0
    body = text.strip()
    if not body.startswith((b"{", b"[")):
        return False
    for token in _TOKEN.finditer(body):
        depth += _step(token.group())
        if depth == 0 and token.group() in (b"}", b"]"):
            return token.end() == len(body)
    return False


def _step(token: bytes) -> int:
    if token in (b"{", b"["):
        return 1
    return -1 if token in (b"}", b"]") else 0


def _elements(line: int, text: bytes) -> Iterator[Document]:
    """The elements of the array that `text` is, split at the commas of its own level."""
    depth, begin, index = 0, 0, 0
    for token in _TOKEN.finditer(text):
        depth += _step(token.group())
        if depth == 1 and token.group() == b"[" and begin == 0:
            begin = token.end()
            continue
        closes = depth == 0
        if closes or (depth == 1 and token.group() == b","):
            piece = text[begin : token.start()]
            if piece.strip() or not closes or index:
                index += 1
                yield _element(index, line, text, begin, token.start())
            begin = token.end()
        if closes:
            break
    if text[begin:].strip():
        yield _element(index + 1, line, text, begin, len(text))


def _element(index: int, line: int, text: bytes, begin: int, end: int) -> Document:
    raw = text[begin:end]
    start = begin + len(raw) - len(raw.lstrip())
    return Document(index, line + text.count(b"\n", 0, start), raw.strip())
