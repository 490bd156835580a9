"""How far the rows of a projection have come, in which ledger, and one step of theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tollbook_projections.projection import RowChange
from tollbook_schemas.times import format_instant, instant_of
from tollbook_services.fence import Fence
from tollbook_services.stored import number_from

Rows = dict[str, bytes]
"""The rows of one crisis, by key, in order of the keys."""


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
        misplaced: rows that lie where rows of another table do, which no reader finds.
    """

    checkpoint: Checkpoint
    rows: dict[str, Rows]
    parked: dict[int, str]
    misplaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """What a worker needs to begin: not the rows, which it asks for as events come.

    Attributes:
        checkpoint: the position of the rows.
        generation: the generation that these rows are of.
        crises: every crisis that has rows.
    """

    checkpoint: Checkpoint
    generation: int
    crises: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit changes: rows, parked events, the change feed, and the position.

    Attributes:
        expected: the sequence where the checkpoint must stand, 0 before the first commit.
        sequence: where it stands afterwards; later than `expected`.
        recorded_at: when the event at `sequence` was recorded.
        changes: rows to set or delete; of several changes of one row the last holds.
        parked: events in between that could not be folded, with the reason.
        feed: documents for the change feed.
        generation: the one that the rows were taken from; None for whichever is live.
        fence: the lease that it is made under; None for whoever has none.
    """

    expected: int
    sequence: int
    recorded_at: datetime
    changes: Sequence[RowChange] = ()
    parked: Mapping[int, str] = field(default_factory=dict)
    feed: Sequence[bytes] = ()
    generation: int | None = None
    fence: Fence | None = None


class CommitResult(NamedTuple):
    """Whether a commit was made, and the checkpoint's sequence as it stands now."""

    committed: bool
    sequence: int


class RowsRead(NamedTuple):
    """The rows of one crisis, and where they were read.

    Attributes:
        rows: the rows asked for.
        sequence: the position they were read at, and when its event was recorded.
        shared: what governs every crisis of the partition: the rows of its ledger subject.
        generation: the generation they are of.
    """

    rows: Rows
    sequence: int
    recorded_at: datetime | None
    shared: Mapping[str, bytes] = {}
    generation: int = 1


def checkpoint_from(ledger: bytes | None, sequence: bytes | None, at: bytes | None) -> Checkpoint:
    """The checkpoint in the three stored fields, each empty or missing before the first commit.

    Raises:
        ValueError: a field has not the form in which it is stored.
    """
    instant = instant_of(at.decode()) if at else None
    if instant_text(instant) != (at or b"").decode():
        raise ValueError(f"{at!r} is no time as it is stored")
    return Checkpoint((ledger or b"").decode(), number_from(sequence or b"0"), instant)


def instant_text(instant: datetime | None) -> str:
    """The instant as it is stored in a checkpoint."""
    return format_instant(instant) if instant else ""
