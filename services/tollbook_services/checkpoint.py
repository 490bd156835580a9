"""How far the rows of a projection have come, in which ledger."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tollbook_schemas.times import format_instant, instant_of


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The position that the rows of one projection of one partition stand for.

    Attributes:
        ledger: id of the ledger the rows were folded from; empty before the first commit.
        sequence: the last event that is in the rows, 0 for none.
        recorded_at: when that event was recorded.
    """

    ledger: str
    sequence: int
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every row of one projection of one partition, as they stood at one checkpoint.

    Attributes:
        checkpoint: the position of the rows.
        rows: the rows of each crisis by key, crises and keys in sorted order.
        parked: why each event that could not be folded was left out, by sequence.
    """

    checkpoint: Checkpoint
    rows: dict[str, dict[str, bytes]]
    parked: dict[int, str]


class CommitResult(NamedTuple):
    """Whether a commit was made, and the checkpoint's sequence as it stands now."""

    committed: bool
    sequence: int


class RowsRead(NamedTuple):
    """The rows of one crisis with the position they were read at."""

    rows: dict[str, bytes]
    sequence: int
    recorded_at: datetime | None


def checkpoint_from(ledger: bytes | None, sequence: bytes | None, at: bytes | None) -> Checkpoint:
    """The checkpoint in the three stored fields, each empty or missing before the first commit."""
    return Checkpoint(
        (ledger or b"").decode(), int(sequence or 0), instant_of(at.decode()) if at else None
    )


def instant_text(instant: datetime | None) -> str:
    """The instant as it is stored in a checkpoint."""
    return format_instant(instant) if instant else ""
