"""The documents that read models answer with: the same from the command line and over HTTP."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from 3.12 on

CellKind = Literal["area", "unallocated"]
Nature = Literal["count", "stock"]


class KnownAsOf(TypedDict):
    """A ledger position: the last sequence, and when it was recorded (null before the first)."""

    sequence: int
    time: str | None


class OriginatorValue(TypedDict):
    """One originator's own value for a cell; a null bound is open, a null best was not given."""

    originator: str
    low: int | None
    best: int | None
    high: int | None
    as_of: str | None
    flags: NotRequired[list[str]]
    figures: NotRequired[list[str]]


class Cell(TypedDict):
    """A cell: (kind, area, measure, unit, nature, segment, origin, destination) and its value.

    `area` joins several areas with `+` in code order; `areas` lists them. `high` is null with the
    flag `open_high` where it is unbounded; `best` is null where no source gave a point value.
    """

    kind: CellKind
    area: str
    areas: NotRequired[list[str]]
    name: str
    measure: str
    unit: str
    nature: Nature
    segment: str
    origin: str | None
    destination: str | None
    low: int | None
    best: int | None
    high: int | None
    as_of: str | None
    oldest_as_of: NotRequired[str | None]
    flags: list[str]
    figures: list[str]
    originators: list[OriginatorValue]
    rules: NotRequired[list[str]]


class Check(TypedDict):
    """Two numbers that should agree, both shown (docs/domain.md, checks)."""

    kind: str
    figure: str
    stated: int | dict[str, int | None] | None
    computed: int | dict[str, int | None] | None
    holds: bool | None
    flags: NotRequired[list[str]]
    figures: NotRequired[list[str]]


class TollsDocument(TypedDict):
    """`tollbook tolls CRISIS`: every cell of a crisis, with its checks."""

    crisis: str
    as_of: str | None
    published_as_of: NotRequired[str | None]
    known_as_of: KnownAsOf
    policy: str
    gazetteer: str
    cells: list[Cell]
    checks: list[Check]


class DisplacementDocument(TypedDict):
    """`tollbook displacement CRISIS`: movements and people sheltering, never summed together."""

    crisis: str
    as_of: str | None
    published_as_of: NotRequired[str | None]
    known_as_of: KnownAsOf
    policy: str
    gazetteer: str
    cells: list[Cell]
    checks: list[Check]


class RevisionStep(TypedDict):
    """One step in the history of a series; `previous` is null at its first."""

    n: int
    kind: str
    previous: dict[str, object] | None
    quantity: dict[str, object]
    as_of: str | None
    published_at: str | None
    recorded_at: str
    sequence: int
    reason: str | None
    figure: str
    event: str
    url: str | None
    flags: list[str]


class Series(TypedDict):
    """The figures of one originator with the same key, in order of as_of."""

    id: str
    originator: str
    measure: str
    unit: str
    segment: str
    areas: list[str]
    basis: str
    revisions: list[RevisionStep]


class RevisionsDocument(TypedDict):
    """`tollbook revisions CRISIS`: the history of every series."""

    crisis: str
    known_as_of: KnownAsOf
    series: list[Series]


class StatementEntry(TypedDict):
    """One statement, with the figures it is about by their global ids."""

    id: str
    speaker: str
    kind: str
    text: str
    about: list[str]
    stance: str | None
    originator: str
    published_at: str
    recorded_at: str
    sequence: int
    event: str
    url: str | None


class StatementsDocument(TypedDict):
    """`tollbook statements CRISIS`: who said what about which figures."""

    crisis: str
    known_as_of: KnownAsOf
    statements: list[StatementEntry]


class FaultDocument(TypedDict):
    """One thing wrong with a document: an RFC 6901 pointer and a message."""

    pointer: str
    message: str


class ReceiptDocument(TypedDict):
    """What became of one published event.

    `sequence` is the first position of a duplicate, and null for what was not appended.
    """

    status: Literal["appended", "duplicate", "quarantined", "rejected"]
    source: str | None
    id: str | None
    crisis: str | None
    partition: int | None
    sequence: int | None
    errors: list[FaultDocument]


class ProjectionStatus(TypedDict):
    """How far one projection has read one partition."""

    projection: str
    version: int
    sequence: int
    lag_events: int
    lag_seconds: float | None


class PartitionStatus(TypedDict):
    """One partition: its head and its projections."""

    partition: int
    head: int
    recorded_at: str | None
    projections: list[ProjectionStatus]


class StatusDocument(TypedDict):
    """`tollbook status`: partitions, heads, projection positions and lag."""

    ledger: str
    partitions: list[PartitionStatus]
    inbox: NotRequired[int]
    rejected: NotRequired[int]
    quarantined: NotRequired[int]
