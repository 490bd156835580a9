"""Position tokens: opaque texts that name a ledger, a partition and a sequence."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from tollbook_schemas.errors import UsageError
from tollbook_schemas.limits import INTEGER_MAX

_LEAD: Final = "p1."
"""What a token begins with: its version, so that another kind of text is told from it."""

_WRONG: Final = "take one as a receipt, a view or the change feed prints it"


@dataclass(frozen=True, slots=True)
class LedgerPosition:
    """A place in one ledger: everything of the partition up to the sequence."""

    ledger: str
    partition: int
    sequence: int

    def token(self) -> str:
        """The position as clients carry it."""
        text = f"{self.partition}.{self.sequence}.{self.ledger}"
        return _LEAD + urlsafe_b64encode(text.encode()).decode().rstrip("=")


def is_position(text: str) -> bool:
    """Whether a text begins as a token does."""
    return text.startswith(_LEAD)


def position_of(token: str) -> LedgerPosition:
    """The position that a token names.

    Raises:
        UsageError: it is none.
    """
    lead, body = token[: len(_LEAD)], token[len(_LEAD) :]
    try:
        text = urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
        partition, sequence, ledger = text.split(".", 2)
        found = LedgerPosition(ledger, int(partition), int(sequence))
    except ValueError:
        raise UsageError(f"{token!r} is no position: {_WRONG}") from None
    sound = lead == _LEAD and found.token() == token and ledger
    if not sound or not 0 <= found.sequence <= INTEGER_MAX:
        raise UsageError(f"{token!r} is no position: {_WRONG}")
    return found


def position_from(text: bytes) -> tuple[int, int]:
    """Partition and sequence of a position as the index keeps it."""
    partition, _, sequence = text.partition(b":")
    return int(partition), int(sequence)
