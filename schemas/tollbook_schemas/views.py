"""The documents that read models answer with: the same from the command line and over HTTP."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from 3.12 on

from tollbook_schemas.editorial import RevisionKind

CellKind = Literal["area", "unallocated", "unspecified"]
Nature = Literal["count", "stock"]


class KnownAsOf(TypedDict):
    """A ledger position: the last sequence, and when it was recorded (null before the first)."""

    sequence: int
    time: str | None


class Bounds(TypedDict):
    """An interval: a null low or high is open, a null best was given by nobody."""

    low: int | None
    best: int | None
    high: int | None


class OriginatorValue(Bounds):
    """One originator's own value for a cell."""

    originator: str
    as_of: str | None
    flags: NotRequired[list[str]]


class HouseholdRatio(TypedDict):
    """So many persons are so many households."""

    persons: int
    households: int


class Persons(Bounds):
    """What a cell of households comes to in persons: derived by a rule, added to nothing.

    `rule` is `pair`, `observed`, `area-CODE-SIZE` or the policy's generic one; `figures` are those
    that state the ratio.
    """

    rule: str
    ratio: HouseholdRatio
    figures: list[str]


class Cell(Bounds):
    """A cell: (kind, area, measure, unit, nature, segment, origin, destination) and its value.

    `area` joins several areas with `+` in code order; `areas` lists them. `high` is null with the
    flag `open_high` where it is unbounded; `best` is null where no source gave a point value.
    `oldest_as_of` is given where the figures of a sum have different cut-offs. `id` names the
    cell to `tollbook explain`.
    """

    id: str
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
    as_of: str | None
    oldest_as_of: NotRequired[str | None]
    supplied_by: NotRequired[str | None]
    flags: list[str]
    rules: NotRequired[list[str]]
    figures: list[str]
    figures_total: int
    originators: list[OriginatorValue]
    persons: NotRequired[Persons]


class Check(TypedDict):
    """Two numbers that should agree, both shown; `holds` is null where it cannot be told."""

    kind: str
    figure: str
    measure: NotRequired[str]
    unit: NotRequired[str]
    stated: Bounds | None
    computed: Bounds | None
    stated_by: NotRequired[list[str]]
    against: NotRequired[list[str]]
    holds: bool | None


class Redaction(TypedDict):
    """The withheld fields of an event were destroyed: by whom, by which right, and why.

    `event` is the global id of that event; the redaction itself is recorded at `sequence`.
    """

    event: str
    by: str
    legal_basis: str
    reason: str
    time: str
    sequence: int
    recorded_at: str


class Clocks(TypedDict):
    """What every view was asked for: the three clocks of docs/domain.md, section 2.

    `next` is the cursor of the page after, on pages that HTTP gives; None on the last.
    """

    crisis: str
    as_of: str | None
    published_as_of: NotRequired[str | None]
    known_as_of: KnownAsOf
    position: NotRequired[str]
    parked: NotRequired[int]
    redacted: NotRequired[list[Redaction]]
    next: NotRequired[str | None]


class TollsDocument(Clocks):
    """`tollbook tolls CRISIS`: every cell of a crisis, with its checks."""

    policy: str
    gazetteer: str
    cells: list[Cell]
    checks: list[Check]


class DisplacementDocument(Clocks):
    """`tollbook displacement CRISIS`: movements and people sheltering, never summed together."""

    policy: str
    gazetteer: str
    cells: list[Cell]
    checks: list[Check]


class RevisionStep(TypedDict):
    """One step in the history of a series; `previous` is null at its first."""

    n: int
    kind: RevisionKind | Literal["review"]
    previous: dict[str, object] | None
    quantity: dict[str, object] | None
    as_of: str | None
    published_at: str | None
    recorded_at: str
    sequence: int
    reason: str | None
    figure: str
    event: str
    url: str | None
    relayed_by: NotRequired[str | None]
    counts: NotRequired[bool]
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
    place: NotRequired[str | None]
    incident: NotRequired[str | None]
    origin: NotRequired[str | None]
    destination: NotRequired[str | None]
    revisions: list[RevisionStep]


class RevisionsDocument(Clocks):
    """`tollbook revisions CRISIS`: the history of every series."""

    series: list[Series]


class StatementEntry(TypedDict):
    """One statement as filed, with its own id and the figures it is about as global ids.

    `withheld` names fields that are kept apart, `redacted` those that were destroyed since.
    """

    id: str
    speaker: str
    kind: str
    text: str
    about: list[str]
    stance: NotRequired[str]
    said_at: NotRequired[str]
    ext: NotRequired[dict[str, object]]
    originator: str
    relayed_by: str | None
    published_at: str
    url: str | None
    event: str
    time: str
    sequence: int
    recorded_at: str
    withheld: NotRequired[list[str]]
    redacted: NotRequired[list[str]]


class StatementsDocument(Clocks):
    """`tollbook statements CRISIS`: who said what about which figures."""

    statements: list[StatementEntry]


class FaultDocument(TypedDict):
    """One thing wrong with a document: an RFC 6901 pointer and a message."""

    pointer: str
    message: str


class ReceiptDocument(TypedDict):
    """What became of one published event.

    `sequence` is the first position of a duplicate, and null for what was not appended.
    `position` is the same as a token for `--min-position`; null for what was refused.
    """

    status: Literal["appended", "duplicate", "quarantined", "rejected"]
    source: str | None
    id: str | None
    crisis: str | None
    partition: int | None
    sequence: int | None
    position: str | None
    errors: list[FaultDocument]


State = Literal["alarm", "stopped", "no_intake", "no_workers", "behind", "parked", "healthy"]
"""How a partition, the inbox or everything stands, the worst first."""


class ProjectionStatus(TypedDict):
    """How far one projection has read one partition, and how many events it set aside.

    `lag_seconds` is how long the first event that it has not read has been waiting.
    """

    projection: str
    version: int
    sequence: int
    recorded_at: str | None
    lag_events: int
    lag_seconds: float
    parked: int


class WorkerStatus(TypedDict):
    """One worker, and how long ago it was heard; `stopped` where it ended, was killed, or hangs."""

    worker: str
    role: str
    state: Literal["running", "standing_by", "memory_full", "stopped"]
    sequence: int
    age_seconds: float


class SealedStatus(TypedDict):
    """How far a partition is sealed: how many events, and what waits for it."""

    size: int
    lag_events: int
    lag_seconds: float


class LeaseStatus(TypedDict):
    """Which worker of a role has a partition to work on; the token grows with each that takes it.

    `worker` is None where it was given back; with `left_seconds` 0 any worker can take it.
    """

    role: str
    worker: str | None
    token: int
    held_seconds: float
    left_seconds: float


class PartitionStatus(TypedDict):
    """One partition: its head, its projections, its workers, and what is sealed where any is.

    `leases` say who is to work on it; `workers` are those heard, also such as left it lately.
    """

    partition: int
    head: int
    recorded_at: str | None
    state: State
    projections: list[ProjectionStatus]
    sealed: SealedStatus | None
    workers: list[WorkerStatus]
    leases: list[LeaseStatus]
    quarantined: int


class InboxStatus(TypedDict):
    """The inbox: entries that wait, of these the read and the unread ones, and for how long."""

    length: int
    pending: int
    unread: int
    oldest_seconds: float | None
    oldest_pending_seconds: float | None
    consumers: int
    state: State


class EngineStatus(TypedDict):
    """The engine: `run` is the id of its present run, memory is in bytes, null is no limit.

    `verified` says whether every event that was stored at its start was verified since.
    """

    kind: Literal["valkey", "redis"]
    version: str
    run: str
    verified: bool
    memory_used: int
    memory_max: int | None
    memory_full: bool


class AlarmStatus(TypedDict):
    """Something that no worker mends by itself, with what to do."""

    kind: Literal["views_ahead", "group_lost", "memory_full"]
    message: str


class StatusDocument(TypedDict):
    """`tollbook status`: partitions, heads, projection positions and lag; `time` is the engine's.

    `state` is the worst of all; `workers` are those of no partition, such as intakes.
    """

    ledger: str
    time: str
    state: State
    healthy: bool
    alarms: list[AlarmStatus]
    engine: EngineStatus
    partitions: list[PartitionStatus]
    inbox: InboxStatus
    workers: list[WorkerStatus]
    rejected: int
    quarantined: int
