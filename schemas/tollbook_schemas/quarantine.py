"""What is decided about events that reused a recorded source and id with other content."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tollbook_schemas.model import Model, refuse
from tollbook_schemas.text import ContentDigest, EventId, Reason, Source


class QuarantineAccepted(Model):
    """Both are meant: the event in quarantine was recorded under an id of its own."""

    source: Source
    """The `source` of the event in quarantine, and of its recorded copy."""
    id: EventId
    """The `id` it was sent with, which another event has."""
    content: ContentDigest
    """SHA-256 of its canonical bytes as sent, in hex: one key may have many contents."""
    as_: Annotated[EventId, Field(alias="as", description="The `id` of its recorded copy.")]
    reason: Reason
    """1 to 2,000 characters saying why."""

    @model_validator(mode="after")
    def _has_an_id_of_its_own(self) -> Self:
        if self.as_ == self.id:
            refuse([(("as",), "this id is taken by the event recorded first: give another one")])
        return self


class QuarantineDiscarded(Model):
    """The event in quarantine is not meant: it stays there and counts nowhere."""

    source: Source
    """The `source` of the event in quarantine."""
    id: EventId
    """The `id` it was sent with, which another event has."""
    content: ContentDigest
    """SHA-256 of its canonical bytes as sent, in hex: one key may have many contents."""
    reason: Reason
    """1 to 2,000 characters saying why."""
