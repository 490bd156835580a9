"""What became of an event that was handed to the ledger."""

from typing import Any, Literal, NamedTuple

from tollbook_schemas.errors import Fault
from tollbook_services.position import LedgerPosition

ReceiptStatus = Literal["appended", "duplicate", "quarantined", "rejected"]


class Receipt(NamedTuple):
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

    @property
    def _refused(self) -> bool:
        return self.status not in {"appended", "duplicate"}

    def document(self, ledger: str | None = None) -> dict[str, Any]:
        """The receipt as a client gets it.

        With the ledger's id, `position` is for reading what was written. `leaf_index` is where
        the event is in the log of its partition, once that is sealed.
        """
        return {
            "status": self.status,
            "source": self.source,
            "id": self.id,
            "crisis": self.crisis,
            "partition": self.partition,
            "sequence": self.sequence,
            "position": self._position(ledger),
            "leaf_index": None if self._refused or not self.sequence else self.sequence - 1,
            "errors": [fault.document() for fault in self.errors],
        }

    def _position(self, ledger: str | None) -> str | None:
        """A token for `--min-position`; None for what was refused."""
        if ledger is None or self._refused or self.partition is None or self.sequence is None:
            return None
        return LedgerPosition(ledger, self.partition, self.sequence).token()
