"""The names of everything in the engine; keys of one partition share its hash tag."""

from hashlib import sha256
from typing import Final

LEDGER: Final = "tollbook:ledger"
"""Hash: id, partitions. Made once; a ledger with another id is another ledger."""

INBOX: Final = "tollbook:inbox"
"""Stream: what upstream systems XADD, in a field `event` or in FastStream's own layout."""

INTAKE_GROUP: Final = "intake"
"""The consumer group of the inbox."""

REJECTED: Final = "tollbook:rejected"
"""Stream: what could not be an event, byte for byte, with the reasons."""

INDEX: Final = "tollbook:index"
"""Hash: key digest to content digest and first position, `<partition>:<sequence>`; permanent.
One for the ledger: a key used again with another crisis, so in another partition, is found."""


def partition_of(crisis: str, partitions: int) -> int:
    """The partition of a crisis: the first 8 bytes of SHA-256 of its slug, modulo."""
    digest = sha256(crisis.encode()).digest()
    return int.from_bytes(digest[:8]) % partitions


def ledger(partition: int) -> str:
    """Stream: the events of a partition, entry id `<sequence>-0`."""
    return f"tollbook:{{{partition}}}:ledger"


def state(partition: int) -> str:
    """Hash: head, and the last recorded time in microseconds."""
    return f"tollbook:{{{partition}}}:state"


def quarantine(partition: int) -> str:
    """Stream: events whose key was already recorded with other content, with the reason."""
    return f"tollbook:{{{partition}}}:quarantine"


def quarantined(partition: int) -> str:
    """Hash: key and content digests of what is in quarantine, so that a retry adds nothing."""
    return f"tollbook:{{{partition}}}:quarantined"
