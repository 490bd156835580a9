"""Looks at all withheld fields: what is kept opens its commitments, or was redacted."""

from collections.abc import Mapping
from typing import Final

from tollbook_projections.filing import REDACTION_ROW, decode
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.filed import filed_event
from tollbook_services.invariants import Invariant, Tally
from tollbook_services.stored import StoredEntry
from tollbook_services.wiring import Tollbook
from tollbook_services.withheld.disclosure import opened
from tollbook_services.withheld.vault import Vault

PAGE: Final = 500
"""Events read at once."""

_MARK: Final = b'"withheld":[{'


async def check_withheld(book: Tollbook) -> list[Invariant]:
    """Open what is kept apart of every event; nothing may be left of what was redacted."""
    tally = Tally("withheld", "withheld fields open their commitments, unless they were redacted")
    vault = Vault(book.redis)
    await book.catch_up()
    for partition in range(book.ledger.partitions):
        redacted: dict[str, set[str]] = {}
        after = 0
        while page := await book.ledger.read(partition, after, PAGE):
            for entry in page:
                if _MARK in entry.stored:
                    await _look(book, vault, entry, redacted, tally)
            after = page[-1].sequence
    return [tally.result()]


async def _look(
    book: Tollbook,
    vault: Vault,
    entry: StoredEntry,
    redacted: dict[str, set[str]],
    tally: Tally,
) -> None:
    """Look at one event; `redacted` is filled with the redactions of each crisis on the way."""
    event = filed_event(entry.stored)
    if event.crisis not in redacted:
        found = await book.read(entry.partition, "figures", event.crisis, tables=("redaction",))
        redacted[event.crisis] = _events(found.rows)
    tally.checked += 1
    gone = event.global_id in redacted[event.crisis]
    place = f"event {entry.sequence} of partition {entry.partition}"
    try:
        fields = await opened(vault, entry.partition, entry.sent())
    except (CheckFailedError, ValueError) as error:
        if not gone:
            tally.fault(f"{place}: {error}")
    else:
        if gone and fields is not None:
            tally.fault(f"{place}: it was redacted, but its fields can still be read")


def _events(rows: Mapping[str, bytes]) -> set[str]:
    return {decode(row)["event"] for key, row in rows.items() if key.startswith(REDACTION_ROW)}
