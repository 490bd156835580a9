"""What can go wrong: the server says no, cannot be reached, or a proof does not hold."""

from collections.abc import Sequence
from typing import Any

from tollbook_client.shapes import Receipt


class ClientError(Exception):
    """What every error of this package is."""


class UnreachableError(ClientError):
    """The server did not answer, however often it was asked."""


class ProblemError(ClientError):
    """The server answered with a problem (RFC 9457).

    Attributes:
        status: of HTTP.
        type: of the problem, such as `tag:tollbook.org,2026:problem/not-found`.
        detail: what is wrong, and what would be right.
        errors: `{"pointer" or "parameter", "message"}` of each fault.
        document: all of it.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        """Take the problem document."""
        self.status: int = document.get("status", 0)
        self.type: str = document.get("type", "about:blank")
        self.detail: str = document.get("detail", "")
        self.errors: list[dict[str, str]] = document.get("errors", [])
        self.document = document
        super().__init__(f"{self.status}: {self.detail}")


class RefusedError(ClientError):
    """Some events were rejected or put in quarantine; the others were appended.

    Attributes:
        receipts: of all events that were sent, in their order.
    """

    def __init__(self, receipts: Sequence[Receipt]) -> None:
        """Take the receipts."""
        self.receipts = list(receipts)
        refused = [one for one in receipts if one["status"] in {"rejected", "quarantined"}]
        first = refused[0]["errors"][:1] if refused else []
        why = f": {first[0]['pointer']} {first[0]['message']}" if first else ""
        super().__init__(f"{len(refused)} of {len(self.receipts)} events were refused{why}")


class GapError(ClientError):
    """Changes behind the last id are not kept any more: read the views again.

    Attributes:
        resume_after: the id to follow from afterwards; None for from now on.
    """

    def __init__(self, detail: str, resume_after: str | None) -> None:
        """Say what is missing."""
        self.resume_after = resume_after
        super().__init__(detail)


class ProofError(ClientError):
    """A receipt does not prove what it says."""
