"""What became of an event that was handed to the ledger."""

from dataclasses import dataclass
from typing import Any, Literal

from tollbook_schemas.errors import Fault

ReceiptStatus = Literal["appended", "duplicate", "quarantined", "rejected"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One event's outcome, given only when it is durable.

    Attributes:
        status: `appended`; `duplicate` of the same content, at its first position;
            `quarantined`, as the key was already recorded with other content; `rejected`.
        sequence: the position; for a quarantined event that of the recorded one.
        errors: why an event was quarantined or rejected.
    """

    status: ReceiptStatus
    source: str | None
    id: str | None
    crisis: str | None
    partition: int | None
    sequence: int | None
    errors: tuple[Fault, ...] = ()

    def document(self) -> dict[str, Any]:
        """The receipt as a client gets it."""
        return {
            "status": self.status,
            "source": self.source,
            "id": self.id,
            "crisis": self.crisis,
            "partition": self.partition,
            "sequence": self.sequence,
            "errors": [fault.document() for fault in self.errors],
        }
