"""What is said about incidents: opened, merged into one, split into several."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from tollbook_schemas.ext import Ext
from tollbook_schemas.figure import Window
from tollbook_schemas.limits import INCIDENTS_MAX, REFERENCES_MAX
from tollbook_schemas.model import Model, Place, Refusal, refuse
from tollbook_schemas.redaction import Sensitive, WithheldFields
from tollbook_schemas.text import (
    AreaCodes,
    GlobalId,
    IncidentRef,
    Name,
    Reason,
    Slug,
    Title,
    Url,
)

GlobalIds = Annotated[
    tuple[GlobalId, ...], Field(strict=False, min_length=1, max_length=REFERENCES_MAX)
]


class IncidentOpened(Model):
    """An incident was given a name, and figures to it (R11 in docs/domain.md)."""

    incident: Slug
    """Slug of the incident, such as banyas-2025-03-07."""
    title: Title
    """What people call it."""
    kind: Slug | None = None
    """Such as massacre, air_strike or shipwreck."""
    areas: AreaCodes | None = None
    place: Name | None = None
    """A named place inside the areas."""
    window: Window | None = None
    figures: GlobalIds | None = None
    """Global ids of figures that are about it."""
    url: Url | None = None
    reason: Reason
    """1 to 2,000 characters saying why."""
    sensitive: Sensitive = ()
    """Fields to keep apart, by JSON pointer, such as /data/place."""
    withheld: WithheldFields = ()
    """What a ledger kept apart."""
    ext: Ext | None = None

    @model_validator(mode="after")
    def _names_each_figure_once(self) -> Self:
        wrong = list(_repeated(("figures",), self.figures or (), {}))
        if wrong:
            refuse(wrong)
        return self


class IncidentsMerged(Model):
    """Several incidents are one and the same."""

    incidents: Annotated[
        tuple[IncidentRef, ...], Field(strict=False, min_length=1, max_length=INCIDENTS_MAX)
    ]
    """Slugs, or the global id of a figure that is about an incident without a name."""
    into: Slug
    """The incident that all their figures belong to from then on."""
    reason: Reason
    """1 to 2,000 characters saying why."""

    @model_validator(mode="after")
    def _merges_others(self) -> Self:
        wrong = list(_repeated(("incidents",), self.incidents, {}))
        if self.into in self.incidents:
            place = ("incidents", self.incidents.index(self.into))
            wrong.append((place, f"{self.into!r} is what is merged into: name only the others"))
        if wrong:
            refuse(wrong)
        return self


class SplitPart(Model):
    """One of the incidents that another one was split into."""

    incident: Slug
    """Slug of the incident that the figures belong to from then on."""
    title: Title | None = None
    figures: GlobalIds
    """Global ids of its figures; those that no part names stay where they are."""


class IncidentSplit(Model):
    """What was taken for one incident was several."""

    incident: IncidentRef
    """Its slug, or the global id of its only figure."""
    into: Annotated[
        tuple[SplitPart, ...], Field(strict=False, min_length=1, max_length=INCIDENTS_MAX)
    ]
    """The incidents it was, each with its figures."""
    reason: Reason
    """1 to 2,000 characters saying why."""

    @model_validator(mode="after")
    def _parts_are_apart(self) -> Self:
        wrong = list(self._wrong())
        if wrong:
            refuse(wrong)
        return self

    def _wrong(self) -> Iterator[Refusal]:
        parts: set[str] = set()
        figures: dict[str, str] = {}
        for position, part in enumerate(self.into):
            if part.incident in parts or part.incident == self.incident:
                text = (
                    f"{part.incident!r} is already there: give each part an incident of its own; "
                    "figures that no part names stay where they are"
                )
                yield ("into", position, "incident"), text
            parts.add(part.incident)
            yield from _repeated(("into", position, "figures"), part.figures, figures)


def _repeated(place: Place, names: tuple[str, ...], seen: dict[str, str]) -> Iterator[Refusal]:
    """The names that occur a second time; `seen` is filled with where each occurred first."""
    for position, name in enumerate(names):
        here = "/".join(map(str, ("", "data", *place, position)))
        if name in seen:
            yield (*place, position), f"{name!r} is already named by {seen[name]}: name it once"
        seen.setdefault(name, here)
