"""One atomic quantitative claim inside a report."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tollbook_schemas.ext import Ext
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.model import Model, refuse
from tollbook_schemas.quantity import Quantity
from tollbook_schemas.segment import EVERYONE, Segment
from tollbook_schemas.text import (
    AreaCodes,
    DateText,
    FigureId,
    Name,
    NoneOrMoreAreaCodes,
    Note,
    OneOrMoreReferences,
    Reference,
    References,
    Slug,
)
from tollbook_schemas.times import end_of, start_of

Measure = Literal[
    "killed",
    "injured",
    "missing",
    "detained",
    "abducted",
    "displaced",
    "displaced_across_border",
    "returned",
    "sheltering",
    "arrivals",
    "affected",
    "homeless",
    "houses_destroyed",
    "incidents",
]
Unit = Literal["person", "household", "family", "house", "incident", "body"]
Basis = Literal["cumulative", "increment", "incident", "stock", "flow"]
Coverage = Literal["complete", "partial"]
Role = Literal["counted", "check_total", "triangulation", "restates", "held"]
Status = Literal["reported", "alleged", "preliminary", "verified", "disputed", "denied"]
AttributionStatus = Literal["alleged", "claimed", "confirmed", "disputed", "denied"]
Mode = Literal["union", "each"]
DatedBy = Literal["occurrence", "documentation", "publication"]
Phase = Annotated[int, Field(ge=0, le=INTEGER_MAX)]


class Window(Model):
    """The time a figure speaks about; either end may be left open, not both."""

    start: DateText | None = None
    """A date stands for its first second."""
    end: DateText | None = None
    """A date stands for its last second."""

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start is None and self.end is None:
            refuse([((), "a window needs a `start` or an `end`: give one, or leave it out")])
        if (
            self.start is not None
            and self.end is not None
            and end_of(self.end) < start_of(self.start)
        ):
            text = (
                f"the window ends ({self.end}) before it starts ({self.start}): "
                "`end` must be the same day as `start` or later"
            )
            refuse([(("end",), text)])
        return self


class Attribution(Model):
    """Who is said to have done it, and how sure that is."""

    group: Slug
    """Slug of the alleged perpetrator, such as state_security."""
    status: AttributionStatus = "alleged"


class Figure(Model):
    """One claim: how many of whom, where, when, in which sense (docs/domain.md, section 3)."""

    id: FigureId
    """Unique in its report."""
    measure: Measure
    """What happened to them."""
    unit: Unit
    """What is counted."""
    quantity: Quantity
    """How many, as an object such as {"qualifier": "exactly", "value": 658}."""
    segment: Segment = EVERYONE
    """Who is counted; left out or empty: everyone."""
    areas: AreaCodes
    """Where: a list of ISO 3166-1, ISO 3166-2 or P-codes, as sent."""
    basis: Basis
    """In which sense it adds up over time."""
    mode: Mode = "union"
    """union: one number for all areas together, never split; each: the number holds for each."""
    originator: Slug | None = None
    """Who counted, where it is not the report's originator."""
    incident: Slug | None = None
    window: Window | None = None
    as_of: DateText | None = None
    """The originator's cut-off; left out: the end of the window, else the publication."""
    origin: NoneOrMoreAreaCodes = ()
    """Where a movement came from, coded like `areas`."""
    destination: NoneOrMoreAreaCodes = ()
    """Where a movement went to, coded like `areas`."""
    place: Name | None = None
    """A named place inside the areas: such a figure is a floor of its areas."""
    precision: Slug | None = None
    coverage: Coverage = "complete"
    role: Role = "counted"
    components: References = ()
    """Figures that this one is exhaustively made of, in the report or by global id."""
    restates: OneOrMoreReferences = ()
    part_of: Reference | None = None
    pair: FigureId | None = None
    """A label shared by figures of the report that state the same people in two units."""
    phase: Phase = 0
    """Raised when a counter restarts."""
    attribution: Attribution | None = None
    described_as: Name | None = None
    dated_by: DatedBy | None = None
    status: Status = "reported"
    note: Note | None = None
    ext: Ext | None = None
