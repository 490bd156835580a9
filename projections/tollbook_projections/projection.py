"""What a projection is: a named, versioned fold from recorded events to rows."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from tollbook_schemas.filed import FiledEvent


class Recorded(NamedTuple):
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
    event: FiledEvent


class RowChange(NamedTuple):
    """One row to set, or to delete where `value` is None, in the rows of a crisis.

    Attributes:
        key: its *table*, a slash, and the rest; a key without a slash is of the table "".
        before: for rows of the table `cell`, what stood there; None where nothing did, and for
            the rows of other tables, which are written once.
    """

    crisis: str
    key: str
    value: bytes | None
    before: bytes | None = None


def table_of(key: str) -> str:
    """The table of a row: the part of its key before the first slash, "" where it has none."""
    table, slash, _ = key.partition("/")
    return table if slash else ""


class Fold(Protocol):
    """The in-memory state of one projection for one partition.

    `restore` is called at most once for a crisis, with all its stored rows, before the first event
    of that crisis is applied; for the ledger subject of the partition before any event, and for
    every crisis before an event that `concerns_all`. `apply` takes the events of the partition in
    order; `drain` returns the rows that changed since the last drain, in a deterministic order.
    `forget` drops a crisis from memory after a drain; it is restored before its next event. The
    rows after any number of events depend on the events alone, not on how they were cut into pages.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    def restore(self, crisis: str, rows: Mapping[str, bytes]) -> None: ...

    def forget(self, crisis: str) -> None: ...

    def concerns_all(self, recorded: Recorded) -> bool:
        """Whether an event changes every crisis of the partition."""
        ...

    def apply(self, recorded: Recorded) -> None: ...

    def drain(self) -> list[RowChange]: ...


@runtime_checkable
class Solving(Protocol):
    """A fold that works rows out from others, crisis by crisis, which takes its time.

    `draining` is `drain` in parts, so that others get a turn between them; it is gone through to
    its end. `drain_filed` returns only the rows that events were taken up as, and leaves what is
    worked out from these to the next `drain`, which then does it once. `unsettle` is for a crisis
    that was restored from rows some of which were still to be worked out: the next drain does so.
    """

    def draining(self) -> Iterator[list[RowChange]]: ...

    def drain_filed(self) -> list[RowChange]: ...

    def unsettle(self, crisis: str) -> None: ...
