"""Splits a file into documents and appends them to the ledger, with one receipt for each."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import orjson

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services.ledger import Ledger, Receipt

PUBLISH_BATCH = 500
"""Documents per append: the batch at which one fsync costs almost nothing per event."""

PUBLISH_BYTES = 8 * 2**20
"""Bytes after which a batch is closed early, so that large reports do not pile up in memory."""

_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\],]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the input, not yet looked into.

    Attributes:
        index: its place in the input, from 1.
        line: the line it begins on, from 1.
        raw: its bytes as sent, without surrounding white space.
    """

    index: int
    line: int
    raw: bytes


def split_documents(stream: BinaryIO) -> Iterator[Document]:
    """Cut JSON Lines, one JSON document, or an array into its documents.

    JSON Lines are read lazily, a line at a time, and a line that is not JSON spoils only itself.
    An array whose end is missing still gives the elements before the break, and the broken rest
    as one document for the parser to refuse. Nothing is validated here.
    """
    numbered = _content_lines(stream)
    first = next(numbered, None)
    if first is None:
        return
    line, text = first
    if _balanced(text) and text.startswith(b"{"):
        yield from _lines(chain([first], numbered))
        return
    rest = list(numbered)
    if text.startswith(b"["):
        yield from _elements(line, _rejoin(first, rest))
    elif _balanced(_rejoin(first, rest)) or not _any_whole(rest):
        yield Document(1, line, _rejoin(first, rest).strip())
    else:
        yield from _lines(chain([first], rest))


async def publish(
    documents: Iterable[Document],
    ledger: Ledger,
    gazetteer: Gazetteer,
    *,
    origin: str = "publish",
    on_receipts: Callable[[Sequence[Receipt]], None] | None = None,
) -> list[Receipt]:
    """Append every document; a receipt for each, in input order, once they are durable.

    A document that cannot be an event is kept in `tollbook:rejected` and does not stop the rest.
    `on_receipts` is called after each batch, for progress.
    """
    receipts: list[Receipt] = []
    async for batch in publish_batches(documents, ledger, gazetteer, origin=origin):
        receipts.extend(batch)
        if on_receipts is not None:
            on_receipts(batch)
    return receipts


async def publish_batches(
    documents: Iterable[Document],
    ledger: Ledger,
    gazetteer: Gazetteer,
    *,
    origin: str = "publish",
) -> AsyncIterator[list[Receipt]]:
    """`publish`, a batch of up to 500 receipts at a time, for input of any length."""
    for batch in _batches(documents):
        yield await _publish_batch(batch, ledger, gazetteer, origin)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.raw)
        if len(batch) == PUBLISH_BATCH or size >= PUBLISH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _publish_batch(
    batch: Sequence[Document], ledger: Ledger, gazetteer: Gazetteer, origin: str
) -> list[Receipt]:
    parsed = [parse_event(document.raw, gazetteer) for document in batch]
    events = [outcome for outcome in parsed if isinstance(outcome, ParsedEvent)]
    appended = iter(await ledger.append(events) if events else [])
    receipts = []
    for document, outcome in zip(batch, parsed, strict=True):
        if isinstance(outcome, ParsedEvent):
            receipts.append(next(appended))
        else:
            receipts.append(await _refuse(document, outcome, ledger, origin))
    return receipts


async def _refuse(
    document: Document, faults: tuple[Fault, ...], ledger: Ledger, origin: str
) -> Receipt:
    where = f"document {document.index}, line {document.line} of the input"
    placed = tuple(Fault(fault.pointer, f"{fault.message} ({where})") for fault in faults)
    await ledger.reject(document.raw, placed, f"{origin}:line {document.line}")
    return rejected_receipt(document.raw, placed)


def rejected_receipt(raw: bytes, faults: tuple[Fault, ...]) -> Receipt:
    """A receipt that names the refused event as far as its document can be read."""
    source, id_, crisis = _claimed_names(raw)
    return Receipt(
        status="rejected",
        source=source,
        id=id_,
        crisis=crisis,
        partition=None,
        sequence=None,
        errors=faults,
    )


def _claimed_names(raw: bytes) -> tuple[str | None, str | None, str | None]:
    try:
        document: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None, None, None
    if not isinstance(document, dict):
        return None, None, None
    source, id_, subject = (document.get(name) for name in ("source", "id", "subject"))
    return (
        source if isinstance(source, str) else None,
        id_ if isinstance(id_, str) else None,
        subject if isinstance(subject, str) else None,
    )


def _content_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(number from 1, text) of each line that is not blank; leading white space is cut."""
    for number, line in enumerate(stream, start=1):
        text = line.removeprefix(_BOM) if number == 1 else line
        if text.strip():
            yield number, text.lstrip() if number == 1 else text


def _rejoin(first: tuple[int, bytes], rest: Iterable[tuple[int, bytes]]) -> bytes:
    """The text of the lines, blank ones restored so that line numbers stay right."""
    parts, at = [first[1]], first[0]
    for number, text in rest:
        parts.append(b"\n" * (number - at - 1) + text)
        at = number
    return b"".join(parts)


def _lines(numbered: Iterable[tuple[int, bytes]]) -> Iterator[Document]:
    for index, (line, text) in enumerate(numbered, start=1):
        yield Document(index, line, text.strip())


def _any_whole(lines: Iterable[tuple[int, bytes]]) -> bool:
    """Whether a line alone is a whole object, so that the input was meant as JSON Lines."""
    return any(text.startswith(b"{") and _balanced(text) for _, text in lines)


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
