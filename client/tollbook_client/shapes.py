"""The documents of the server, as far as programs usually look into them."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict


class Fault(TypedDict):
    """What is wrong with an event: a JSON pointer into it, and words."""

    pointer: str
    message: str


class Receipt(TypedDict):
    """What became of an event; given when that is durable."""

    status: Literal["appended", "duplicate", "quarantined", "rejected"]
    source: str | None
    id: str | None
    crisis: str | None
    partition: int | None
    sequence: int | None
    position: str | None
    leaf_index: int | None
    errors: list[Fault]


class KnownAsOf(TypedDict):
    """The position that a view was made at."""

    sequence: int
    time: str | None


class Cell(TypedDict):
    """One number: low, best and high for an area, a measure and a group of people.

    `best` is None where no source gave a point value, `high` where there is no upper bound.
    """

    id: str
    kind: Literal["area", "unallocated", "unspecified"]
    area: str
    name: str
    measure: str
    unit: str
    nature: str
    segment: str
    origin: str | None
    destination: str | None
    low: int
    best: int | None
    high: int | None
    as_of: str | None
    supplied_by: NotRequired[str | None]
    flags: list[str]
    figures: list[str]
    figures_total: int
    originators: list[dict[str, Any]]


class Tolls(TypedDict):
    """The document of `tolls` and of `displacement`."""

    crisis: str
    position: str
    as_of: str | None
    published_as_of: str | None
    known_as_of: KnownAsOf
    policy: str
    gazetteer: str
    cells: list[Cell]
    checks: list[dict[str, Any]]
    parked: NotRequired[int]
    redacted: NotRequired[list[dict[str, Any]]]
    next: NotRequired[str | None]


class Change(TypedDict):
    """A change of a cell; `id` is what to follow on from."""

    id: str
    crisis: str
    partition: int
    position: str
    recorded_at: str
    cell: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    figures: dict[str, Any]
    causes: list[dict[str, Any]]
    causes_total: int


class Asked(TypedDict, total=False):
    """Which part of a crisis, and as of when; see docs/api.md."""

    measure: str
    area: str
    originator: str
    as_of: str
    published_as_of: str
    known_as_of: str
    policy: str
    min_position: str


class Wanted(TypedDict, total=False):
    """Which changes: of a crisis, inside an area, of a measure, of a segment."""

    crisis: str
    area: str
    measure: str
    segment: str


Document = dict[str, Any]
