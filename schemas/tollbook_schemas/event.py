"""The envelope: a CloudEvents 1.0 event whose `data` is typed by its `type`."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ValidationInfo, ValidatorFunctionWrapHandler, field_validator

from tollbook_schemas.editorial import (
    FigureMarkedDuplicate,
    FigureRetracted,
    FigureReviewed,
    FigureRevised,
)
from tollbook_schemas.ext import Ext
from tollbook_schemas.figure import Figure
from tollbook_schemas.incident import IncidentOpened, IncidentsMerged, IncidentSplit
from tollbook_schemas.model import Model
from tollbook_schemas.quarantine import QuarantineAccepted, QuarantineDiscarded
from tollbook_schemas.redaction import PayloadRedacted
from tollbook_schemas.reference import GazetteerPublished, PolicyPublished
from tollbook_schemas.report import ReportFiled
from tollbook_schemas.scope import subject_fault
from tollbook_schemas.text import Crisis, EventId, Source, TimeText, Url
from tollbook_schemas.times import instant_of

EventType = Literal[
    "org.tollbook.report.filed.v1",
    "org.tollbook.figure.revised.v1",
    "org.tollbook.figure.retracted.v1",
    "org.tollbook.figure.marked_duplicate.v1",
    "org.tollbook.figure.reviewed.v1",
    "org.tollbook.incident.opened.v1",
    "org.tollbook.incidents.merged.v1",
    "org.tollbook.incident.split.v1",
    "org.tollbook.policy.published.v1",
    "org.tollbook.gazetteer.published.v1",
    "org.tollbook.quarantine.accepted.v1",
    "org.tollbook.quarantine.discarded.v1",
    "org.tollbook.payload.redacted.v1",
]
EventData = (
    ReportFiled
    | FigureRevised
    | FigureRetracted
    | FigureMarkedDuplicate
    | FigureReviewed
    | IncidentOpened
    | IncidentsMerged
    | IncidentSplit
    | PolicyPublished
    | GazetteerPublished
    | QuarantineAccepted
    | QuarantineDiscarded
    | PayloadRedacted
)

REPORT_FILED: Final = "org.tollbook.report.filed.v1"
FIGURE_REVISED: Final = "org.tollbook.figure.revised.v1"
FIGURE_RETRACTED: Final = "org.tollbook.figure.retracted.v1"
FIGURE_MARKED_DUPLICATE: Final = "org.tollbook.figure.marked_duplicate.v1"
FIGURE_REVIEWED: Final = "org.tollbook.figure.reviewed.v1"
INCIDENT_OPENED: Final = "org.tollbook.incident.opened.v1"
INCIDENTS_MERGED: Final = "org.tollbook.incidents.merged.v1"
INCIDENT_SPLIT: Final = "org.tollbook.incident.split.v1"
POLICY_PUBLISHED: Final = "org.tollbook.policy.published.v1"
GAZETTEER_PUBLISHED: Final = "org.tollbook.gazetteer.published.v1"
QUARANTINE_ACCEPTED: Final = "org.tollbook.quarantine.accepted.v1"
QUARANTINE_DISCARDED: Final = "org.tollbook.quarantine.discarded.v1"
PAYLOAD_REDACTED: Final = "org.tollbook.payload.redacted.v1"

DATA_MODELS: Final[dict[str, type[EventData]]] = {
    REPORT_FILED: ReportFiled,
    FIGURE_REVISED: FigureRevised,
    FIGURE_RETRACTED: FigureRetracted,
    FIGURE_MARKED_DUPLICATE: FigureMarkedDuplicate,
    FIGURE_REVIEWED: FigureReviewed,
    INCIDENT_OPENED: IncidentOpened,
    INCIDENTS_MERGED: IncidentsMerged,
    INCIDENT_SPLIT: IncidentSplit,
    POLICY_PUBLISHED: PolicyPublished,
    GAZETTEER_PUBLISHED: GazetteerPublished,
    QUARANTINE_ACCEPTED: QuarantineAccepted,
    QUARANTINE_DISCARDED: QuarantineDiscarded,
    PAYLOAD_REDACTED: PayloadRedacted,
}
"""The model of `data` for each event type."""

REFERENCE_TYPES: Final = frozenset({POLICY_PUBLISHED, GAZETTEER_PUBLISHED})
"""The types whose events may govern every crisis of a partition, by a ledger subject."""

DECISION_TYPES: Final = frozenset({QUARANTINE_ACCEPTED, QUARANTINE_DISCARDED})
"""The types whose events decide about the quarantine of whatever subject; they move no number."""

_MAY_GOVERN_ALL: Final = REFERENCE_TYPES | DECISION_TYPES


class Event(Model):
    """One immutable event (CONTRACT, an event). `source` and `id` are the idempotency key."""

    specversion: Literal["1.0"]
    """The CloudEvents version, "1.0"."""
    type: EventType
    """What happened."""
    source: Source
    """A URI for who sends, without '#'."""
    id: EventId
    """Unique for its source, without '#' and '/'."""
    subject: Crisis
    """The crisis, a slug such as syria-coast-2025."""
    time: TimeText
    """When the sender made the event, an RFC 3339 date-time."""
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Url | None = None
    data: EventData
    """What happened, by `type`."""
    ext: Ext | None = None

    @field_validator("subject")
    @classmethod
    def _within_its_scope(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("type")
        fault = subject_fault(value, reference=kind is None or kind in _MAY_GOVERN_ALL)
        if fault is not None:
            raise ValueError(fault)
        return value

    @field_validator("data", mode="wrap")
    @classmethod
    def _by_type(
        cls, value: Any, _by_union: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        model = DATA_MODELS.get(info.data.get("type", ""))
        if model is None:
            return value  # the event fails by its type; more faults would be guesses
        return model.model_validate(value)

    @property
    def key(self) -> tuple[str, str]:
        """The idempotency key: `(source, id)`."""
        return self.source, self.id

    @property
    def global_id(self) -> str:
        """`source/id`: what a figure id of this event starts with."""
        return f"{self.source}/{self.id}"

    @property
    def crisis(self) -> str:
        """The crisis the event speaks about: its `subject`."""
        return self.subject

    @property
    def instant(self) -> datetime:
        """The event's `time`, aware, in UTC."""
        return instant_of(self.time)


def figure_id(event: Event, figure: Figure | str) -> str:
    """The global id of a figure of an event: `source/id#figure`."""
    local = figure if isinstance(figure, str) else figure.id
    return f"{event.source}/{event.id}#{local}"
