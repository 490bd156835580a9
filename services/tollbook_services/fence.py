"""What a worker shows with each write, so that one whose lease was taken by another is refused."""

from typing import NamedTuple

from tollbook_schemas.errors import TollbookError


class Fence(NamedTuple):
    """The lease that a write is made under, as the engine compares it.

    Attributes:
        role: of the worker.
        held: `<token> <worker>`.
    """

    role: str
    held: str


class LeaseLostError(TollbookError):
    """Another worker has taken the lease, or it was lost; nothing was written."""

    @classmethod
    def of(cls, fence: Fence, partition: int) -> "LeaseLostError":
        """That of a partition."""
        return cls(
            f"the {fence.role} with lease {fence.held} of partition {partition} does not have it "
            "any more: nothing was written; whoever has it goes on"
        )
