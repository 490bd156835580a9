"""What is said later about a figure: revised, retracted, a duplicate, reviewed."""

from typing import Final, Literal, Self

from pydantic import model_validator

from tollbook_schemas.figure import Phase, Role, Status
from tollbook_schemas.model import Model, refuse
from tollbook_schemas.quantity import Quantity
from tollbook_schemas.redaction import Sensitive, WithheldFields
from tollbook_schemas.segment import Segment
from tollbook_schemas.text import AreaCodes, DateText, GlobalId, Name, Printed, Reason

RevisionKind = Literal[
    "initial",
    "update",
    "correction",
    "clarification",
    "definition_change",
    "scope_change",
    "reclassification",
    "rebase",
    "retraction",
    "reinstatement",
    "duplicate",
]
"""Every kind of step in the history of a series (docs/domain.md, section 4)."""

RevisedKind = Literal[
    "correction",
    "clarification",
    "definition_change",
    "scope_change",
    "reclassification",
    "rebase",
    "reinstatement",
]
"""The kinds that a `figure.revised` event may have: the others have events of their own."""

_CHANGES: Final = ("quantity", "segment", "areas", "as_of", "phase")
_MUST_CHANGE: Final = ("correction", "reclassification")


class FigureRevised(Model):
    """A figure was changed or explained, for a reason."""

    figure: GlobalId
    """Global id of the figure: source/event#figure."""
    kind: RevisedKind
    """What kind of revision it is."""
    reason: Reason
    """1 to 2,000 characters saying why."""
    quantity: Quantity | None = None
    segment: Segment | None = None
    areas: AreaCodes | None = None
    as_of: DateText | None = None
    phase: Phase | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.kind in _MUST_CHANGE and all(getattr(self, name) is None for name in _CHANGES):
            refuse([((), f"a {self.kind} must change something: give {', '.join(_CHANGES)}")])
        return self


class FigureRetracted(Model):
    """A figure was taken back; it stays in the history and counts no more."""

    figure: GlobalId
    """Global id of the figure: source/event#figure."""
    reason: Reason
    """1 to 2,000 characters saying why."""


class FigureMarkedDuplicate(Model):
    """A figure repeats another one and counts no more."""

    figure: GlobalId
    """Global id of the repeated figure: source/event#figure."""
    of: GlobalId
    """Global id of the figure that stays: source/event#figure."""
    reason: Reason
    """1 to 2,000 characters saying why."""

    @model_validator(mode="after")
    def _of_another(self) -> Self:
        if self.figure == self.of:
            refuse([(("of",), "a figure cannot be a duplicate of itself: name the other figure")])
        return self


class FigureReviewed(Model):
    """Somebody looked at a figure and set its role or status."""

    figure: GlobalId
    """Global id of the figure: source/event#figure."""
    role: Role | None = None
    status: Status | None = None
    reviewer: Name
    """Who reviewed it."""
    standard_of_proof: Printed | None = None
    """Such as balance of probabilities."""
    reason: Reason
    """1 to 2,000 characters saying why."""
    sensitive: Sensitive = ()
    """Fields to keep apart, by JSON pointer: /data/reviewer."""
    withheld: WithheldFields = ()
    """What a ledger kept apart."""
