"""Places in the change feed: entry ids, and the opaque tokens by which readers carry them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Self

from tollbook_schemas.times import format_instant

_LEAD: Final = "c1."
"""What a token begins with: its version, and that it is no position in a partition (`p1.`)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PART_MAX: Final = 2**64
_WRONG: Final = "take one as the feed gives it, in `id:`"


class EntryId(NamedTuple):
    """The id of a change in its stream; ids only grow, whatever the engine's clock does.

    Attributes:
        milliseconds: the engine's clock when the change was written.
        number: counts those of one millisecond.
    """

    milliseconds: int
    number: int

    @classmethod
    def of(cls, stored: bytes | str) -> Self:
        """The id as the engine writes it: `1741717380123-0`."""
        text = stored.decode() if isinstance(stored, bytes) else stored
        milliseconds, _, number = text.partition("-")
        return cls(int(milliseconds), int(number))

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.number}"

    @property
    def time(self) -> str:
        """When the change was written, RFC 3339."""
        return format_instant(_EPOCH + timedelta(milliseconds=self.milliseconds))


BEGINNING: Final = EntryId(0, 0)
"""The place before the first change of a ledger."""


class FeedPlace(NamedTuple):
    """A place in the change feed of one ledger: everything up to an entry was seen."""

    ledger: str
    entry: EntryId

    def token(self) -> str:
        """The place as readers carry it: `id:` of an event, and `Last-Event-ID`."""
        text = f"{self.entry}.{self.ledger}"
        return _LEAD + urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(token: str) -> FeedPlace:
    """The place that a token names.

    Raises:
        ValueError: it is none; the message says what would be one.
    """
    lead, body = token[: len(_LEAD)], token[len(_LEAD) :]
    try:
        text = urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
        entry, _, ledger = text.partition(".")
        found = FeedPlace(ledger, EntryId.of(entry))
    except ValueError:
        raise ValueError(f"{token!r} is no place in the feed: {_WRONG}") from None
    sound = lead == _LEAD and found.token() == token and ledger
    if not sound or not all(0 <= part < _PART_MAX for part in found.entry):
        raise ValueError(f"{token!r} is no place in the feed: {_WRONG}")
    return found
