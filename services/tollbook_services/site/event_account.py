"""What is told of one stored event: its fields, what it changed, and how it can be proved."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tollbook_schemas.errors import NotFoundError
from tollbook_schemas.tlog.checkpoint import checkpoint_from
from tollbook_services.changed_between import ChangedCell, changed_between
from tollbook_services.sealing.receipt import receipt_of
from tollbook_services.sealing.sealed import SealedTree
from tollbook_services.stored import StoredEntry
from tollbook_services.wiring import Tollbook
from tollbook_services.withheld.redaction import redacted_by

Document = Mapping[str, Any]

SHOWN_CHARS: Final = 24_000
"""Characters of an event that its page shows; the largest has megabytes, and a link has it all."""

FOLDED_MAX: Final = 3_000
"""Events of a partition up to which a page works out what one of them changed: all before it are
folded, some 0.1 ms each."""

_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\xad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What is not seen, or turns what stands beside it around."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That an event is in the sealed log of its partition.

    Attributes:
        index: of the leaf, from 0.
        leaf: its hash, in hex.
        path: the hashes from its sibling up, in base64 as in the receipt.
        size: of the tree.
        root: of the tree, in hex.
        checkpoint: the signed note.
    """

    index: int
    leaf: str
    path: tuple[str, ...]
    size: int
    root: str
    checkpoint: str


async def entry_at(book: Tollbook, partition: int, sequence: int) -> StoredEntry:
    """The event at a position.

    Raises:
        NotFoundError: there is none.
    """
    if partition < book.ledger.partitions:
        entries = await book.ledger.read(partition, after=sequence - 1, count=1)
        if entries and entries[0].sequence == sequence:
            return entries[0]
    raise NotFoundError(f"this ledger has no event {sequence} in a partition {partition}")


async def entry_of(book: Tollbook, source: str, event_id: str) -> StoredEntry:
    """The event with a key.

    Raises:
        NotFoundError: there is none.
    """
    entry = await book.ledger.find(source, event_id)
    if entry is None:
        raise NotFoundError(f"this ledger has no event {event_id!r} of {source!r}")
    return entry


async def proof_of(book: Tollbook, entry: StoredEntry) -> Proof | None:
    """The proof of an event in the newest sealed tree; None where it is not sealed yet.

    Raises:
        CheckFailedError: the sealed tree was altered.
    """
    head = await SealedTree(book.redis, book.ledger.id, entry.partition).head()
    if head.size < entry.sequence:
        return None
    proof = await receipt_of(book.ledger, entry)
    checkpoint = checkpoint_from(proof.checkpoint.text)
    return Proof(
        proof.index,
        entry.leaf.hex(),
        tuple(b64encode(one).decode() for one in proof.path),
        checkpoint.size,
        checkpoint.root.hex(),
        proof.checkpoint.document().decode(),
    )


async def changed_by(book: Tollbook, entry: StoredEntry, crisis: str) -> list[ChangedCell] | None:
    """The cells of a crisis that an event changed; None where that takes too long for a page."""
    if entry.sequence > FOLDED_MAX:
        return None
    factory = next(make for make in book.folds if make().name == "figures")
    span = (entry.partition, entry.sequence - 1, entry.sequence)
    return await changed_between(book.ledger, factory, crisis, span)


async def redaction_of(book: Tollbook, event: Document) -> Document | None:
    """What was decided about an event whose withheld fields were destroyed; None where none was."""
    if not event["data"].get("withheld") or book.is_shared(event["subject"]):
        return None
    return await redacted_by(book, event["subject"], f"{event['source']}/{event['id']}")


def printed(event: Document) -> tuple[str, bool]:
    """An event over several lines, as JSON of the same content, and whether it was cut.

    What is not seen is written as an escape, so that nobody reads another order than there is.
    """
    text = orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
    told = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text[:SHOWN_CHARS])
    return told, len(text) > SHOWN_CHARS
