"""Fields that a ledger keeps apart, and the act that destroys what was kept of them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from tollbook_schemas.limits import POINTER_CHARS_MAX, SENSITIVE_MAX
from tollbook_schemas.model import Model
from tollbook_schemas.text import (
    POINTER_PATTERN,
    ContentDigest,
    EventId,
    Name,
    Reason,
    Source,
)

Pointer = Annotated[str, StringConstraints(pattern=POINTER_PATTERN, max_length=POINTER_CHARS_MAX)]


class Withheld(Model):
    """A field whose value is kept apart from the event, or was redacted since."""

    at: Pointer
    """JSON pointer of the field, such as /data/statements/0/speaker."""
    commitment: ContentDigest
    """SHA-256 over 32 bytes of salt and the canonical JSON of the value, in hex."""


Sensitive = Annotated[tuple[Pointer, ...], Field(strict=False, max_length=SENSITIVE_MAX)]
"""JSON pointers of fields that can endanger people: the ledger keeps their values apart."""

WithheldFields = Annotated[tuple[Withheld, ...], Field(strict=False, max_length=SENSITIVE_MAX)]
"""What a ledger kept apart, each field once; written by the ledger."""


class PayloadRedacted(Model):
    """The withheld fields of an event were destroyed: the key they were encrypted with is gone."""

    source: Source
    """The `source` of the event, of the same crisis."""
    id: EventId
    """Its `id`."""
    by: Name
    """Who decided it."""
    legal_basis: Name
    """By which right or duty, such as GDPR Art. 17(1)(d) or do no harm."""
    reason: Reason
    """1 to 2,000 characters saying why."""
