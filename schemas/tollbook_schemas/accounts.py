"""The documents of the views that account for numbers: explain, incidents, sources, conflicts."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from 3.12 on

from tollbook_schemas.views import Bounds, Cell, Clocks, OriginatorValue


class ReadWith(Clocks):
    """A view that was read with a policy and a gazetteer, both named."""

    policy: str
    gazetteer: str


class Window(TypedDict):
    """First and last day, as sent."""

    start: NotRequired[str]
    end: NotRequired[str]


class IncidentStep(TypedDict):
    """One act on an incident: opened; merged (`incidents` into `into`); split (into several)."""

    act: Literal["opened", "merged", "split"]
    incidents: list[str]
    into: list[str]
    figures: list[str]
    reason: str
    event: str
    time: str
    recorded_at: str
    sequence: int


class IncidentValue(Bounds):
    """The incident's own toll in the narrowest area that holds it all (R11)."""

    area: str
    name: str
    measure: str
    unit: str
    segment: str
    as_of: str | None
    supplied_by: str | None
    flags: list[str]
    originators: list[OriginatorValue]


class IncidentFigure(TypedDict):
    """A figure of an incident; `was_in` lists the incidents it belonged to before."""

    figure: str
    originator: str
    measure: str
    unit: str
    quantity: dict[str, object]
    interval: Bounds | None
    as_of: str | None
    counts: bool
    standing: str
    was_in: list[str]
    url: str | None


class IncidentEntry(TypedDict):
    """One incident. One that no event named has the global id of its figure, `named` false."""

    id: str
    named: bool
    title: str | None
    kind: str | None
    place: str | None
    window: Window | None
    url: str | None
    areas: list[str]
    names: list[str]
    since: str | None
    merged_from: list[str]
    history: list[IncidentStep]
    originators: list[str]
    flags: list[str]
    values: list[IncidentValue]
    figures: list[IncidentFigure]


class IncidentsDocument(ReadWith):
    """`tollbook incidents CRISIS`: incidents by their first day, then id."""

    incidents: list[IncidentEntry]


class SourceAct(TypedDict):
    """A correction, retraction or duplicate of one of an originator's figures."""

    figure: str
    kind: str
    reason: str
    event: str
    time: str
    sequence: int


class Relay(TypedDict):
    """Who printed an originator's figures, and in how many reports."""

    name: str
    reports: int


class SourceEntry(TypedDict):
    """One originator: what it published, how its numbers changed, how often it gives best.

    `rank` is its place in the policy's source rank, from 1; null where it is not ranked.
    `revisions_up` and `revisions_down` count values that replaced a lower or a higher one.
    """

    originator: str
    rank: int | None
    first_published: str
    last_published: str
    reports: int
    figures: int
    series: int
    revisions_up: int
    revisions_down: int
    unexplained_falls: int
    stale_relays: int
    held_relays: int
    corrections: list[SourceAct]
    retractions: list[SourceAct]
    duplicates: list[SourceAct]
    relayed_by: list[Relay]
    measures: list[str]
    areas: list[str]
    cells: int
    supplies_best: int


class SourcesDocument(ReadWith):
    """`tollbook sources CRISIS`: one entry for each originator, by name."""

    sources: list[SourceEntry]


class Side(TypedDict):
    """One of the things that do not fit."""

    says: str
    value: Bounds | None
    figures: list[str]


class ConflictEntry(TypedDict):
    """Something that does not fit together, and one sentence on what would resolve it.

    `kind` is a failing check (`sum_check`, ...), a mark of a figure (`unexplained_fall`, ...), a
    flag of a cell (`conflict`, ...), `waiting_act` or `quarantined`.
    """

    kind: str
    what: str
    sides: list[Side]
    figures: list[str]
    cells: list[str]
    series: str | None
    measure: str | None
    unit: str | None
    area: str | None
    originator: str | None
    event: str | None
    time: str | None
    resolve: str


class ConflictsDocument(ReadWith):
    """`tollbook conflicts CRISIS`: checks, then figures, cells, acts that wait, quarantine."""

    conflicts: list[ConflictEntry]


class TermDocument(TypedDict):
    """One number that goes into a step: of figures, or the value of an earlier step."""

    says: str
    value: int | None
    step: int | None
    figures: list[str]


class StepDocument(TypedDict):
    """One rule applied: `value` is what `operation` makes of the terms.

    `take`: the only term. `add`: the sum, null with any null. `less`: the first less the others,
    at least 0; null if the first is, 0 if another is. `most`: the greatest, null with any null.
    `least`: the least of those that are not null. `none`: null, for the reason it `says`. A null
    best is no point value, a null high is open. `originator` is null in steps across originators.
    """

    n: int
    originator: str | None
    rule: str
    bound: Literal["low", "best", "high"]
    about: str
    says: str
    operation: Literal["take", "add", "less", "most", "least", "none"]
    terms: list[TermDocument]
    value: int | None


class Result(TypedDict):
    """A bound and the number of the step that made it."""

    value: int | None
    step: int | None


class Results(TypedDict):
    """The three bounds of a value."""

    low: Result
    best: Result
    high: Result


class ConsideredAct(TypedDict):
    """An act on a figure."""

    kind: str
    reason: str
    event: str


class Considered(TypedDict):
    """A figure that can share people with the cell, and what became of it."""

    figure: str
    quantity: dict[str, object]
    interval: Bounds | None
    areas: list[str]
    segment: str
    basis: str
    as_of: str | None
    published_at: str
    relayed_by: str | None
    event: str
    sequence: int
    standing: str
    why: str
    acts: list[ConsideredAct]


class ExplainedOriginator(TypedDict):
    """One originator: its latest figures in order of as_of, and what it comes to by itself."""

    originator: str
    considered: list[Considered]
    considered_total: int
    value: Results


class EventProof(TypedDict):
    """An event that an explanation rests on; `tollbook receipt SOURCE ID` proves it.

    `leaf_index` is its place in the log of the partition, from 0.
    """

    partition: int
    sequence: int
    leaf_index: int
    source: str
    id: str


class ExplainDocument(ReadWith):
    """`tollbook explain CRISIS CELL`: how one number came about.

    `agrees` says that the steps lead to the value of the cell, and of the stored live cell.
    """

    cell: Cell
    originators: list[ExplainedOriginator]
    steps: list[StepDocument]
    value: Results
    agrees: bool
    proofs: list[EventProof]
