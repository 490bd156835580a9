"""What is withheld of an event, opened for those who may see it, with what proves it."""

from typing import Any

import orjson

from tollbook_schemas.canonical import content_digest, key_digest
from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.withholding import commitment_to, restore, salt_of, withheld_in
from tollbook_services.wiring import Tollbook
from tollbook_services.withheld.redaction import redacted_by
from tollbook_services.withheld.vault import Vault

Document = dict[str, Any]


async def disclosed(book: Tollbook, source: str, event_id: str) -> Document:
    """The withheld fields of an event: pointer, value, salt and the commitment in the event.

    Returns:
        `fields`, empty where they were redacted; then `redacted` says by whom and why.

    Raises:
        UsageError: there is no such event, or nothing of it is withheld here.
        CheckFailedError: what is kept does not open the commitments, or its key is gone without
            a redaction.
    """
    entry = await book.ledger.find(source, event_id)
    if entry is None:
        raise UsageError(
            f"this ledger has no event {event_id!r} of {source!r}: `tollbook events` lists them"
        )
    sent = entry.sent()
    event: Document = orjson.loads(sent)
    if not withheld_in(event):
        raise UsageError(f"nothing of {source}/{event_id} is withheld: see `tollbook events`")
    told = {
        "source": source,
        "id": event_id,
        "crisis": event["subject"],
        "partition": entry.partition,
        "sequence": entry.sequence,
    }
    redacted = await redacted_by(book, event["subject"], f"{source}/{event_id}")
    if redacted is not None:
        return told | {"fields": [], "redacted": redacted}
    fields = await opened(Vault(book.redis), entry.partition, sent)
    if fields is None:
        raise UsageError(
            f"{source}/{event_id} came with its fields withheld, from another ledger: they were "
            "never kept here"
        )
    return told | {"fields": fields, "redacted": None}


async def opened(vault: Vault, partition: int, sent: bytes) -> list[Document] | None:
    """The withheld fields of an event, each checked against its commitment.

    Args:
        vault: where values and keys are.
        partition: that of the event.
        sent: its canonical bytes as the ledger keeps them.

    Returns:
        `at`, `value`, `salt` and `commitment` of each field; None where the ledger here never had
        them.

    Raises:
        CheckFailedError: values or key are gone or altered, or do not open a commitment.
    """
    event: Document = orjson.loads(sent)
    report = key_digest(event["source"], event["id"])
    (key,) = await vault.keys_of(partition, [report])
    kept = await vault.has_values(partition, report, content_digest(sent))
    if key is None and not kept:
        return None
    values = await vault.values(partition, report, content_digest(sent))
    if key is None or values is None:
        raise CheckFailedError("its key is gone, and no redaction says why: restore a backup")
    fields = []
    for one in event["data"]["withheld"]:
        at = one["at"]
        salt = salt_of(key, at)
        if at not in values or commitment_to(salt, values[at]) != one["commitment"]:
            raise CheckFailedError(f"what is kept of {at} is not what the event is committed to")
        fields.append({"at": at, "value": values[at], "salt": salt.hex(), **one})
    return fields


async def restored(vault: Vault, partition: int, holder: int, canonical: bytes) -> Document:
    """An event as it was sent, with what the ledger here withheld of it, as far as that is there.

    Args:
        vault: where values and keys are.
        partition: where its values are: that of its crisis.
        holder: where its key is: the partition of the event that was recorded with its id first.
        canonical: its canonical bytes as the ledger keeps them.
    """
    event: Document = orjson.loads(canonical)
    if withheld_in(event):
        report = key_digest(event["source"], event["id"])
        content = content_digest(canonical)
        values = await vault.values(partition, report, content, holder=holder)
        restore(event, values or {})
    return event
