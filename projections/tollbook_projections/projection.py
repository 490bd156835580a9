"""What a projection is: a named, versioned fold from recorded events to rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from tollbook_schemas.event import Event


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the ledger.

    Attributes:
        partition: the ledger partition.
        sequence: the dense position in that partition, from 1.
        recorded_at: when this ledger recorded it (transaction time), aware UTC.
        event: the event as filed, lifted to the current schema version.
    """

    partition: int
    sequence: int
    recorded_at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row to set, or to delete where `value` is None, in the rows of a crisis."""

    crisis: str
    key: str
    value: bytes | None


class Fold(Protocol):
    """The in-memory state of one projection for one partition.

    `restore` is called once for each stored crisis before the first `apply`; `apply` takes the
    events of the partition in order; `drain` returns the rows that changed since the last drain,
    in a deterministic order. The rows after any number of events depend on the events alone, not
    on how they were cut into pages.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    def restore(self, crisis: str, rows: Mapping[str, bytes]) -> None: ...

    def apply(self, recorded: Recorded) -> None: ...

    def drain(self) -> list[RowChange]: ...
