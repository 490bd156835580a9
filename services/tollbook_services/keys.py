"""The names of everything in the engine; keys of one partition share its hash tag."""

from functools import cache, lru_cache
from hashlib import sha256
from itertools import count
from typing import Final

from tollbook_schemas.scope import LEDGER_SUBJECT_PREFIX

LEDGER: Final = "tollbook:ledger"
"""Hash: id, partitions, layout. Made once; a ledger with another id is another ledger."""

INBOX: Final = "tollbook:inbox"
"""Stream: what upstream systems XADD, in a field `event` or in FastStream's own layout."""

INTAKE_GROUP: Final = "intake"
"""The consumer group of the inbox."""

REJECTED: Final = "tollbook:rejected"
"""Stream: what could not be an event, byte for byte, with the reasons."""

REJECTED_ONCE: Final = "tollbook:rejected:once"
"""Set: digests of imported rows that were refused, so that importing again keeps none twice."""

VERIFIED: Final = "tollbook:verified"
"""Hash: the run of the engine in which every stored event was verified last."""

CHANGES: Final = "tollbook:changes"
"""Stream: the change feed, a document for each cell that changed, written with the cell; in a
cluster handed on from the streams of the partitions."""

CHANGES_TAKEN: Final = "{tollbook:changes}:taken"
"""Hash, in a cluster: partition to the last entry of its own stream that the change feed has."""

GAZETTEERS: Final = "tollbook:gazetteers"
"""Hash: `<partition>:<sequence>` of each event that publishes a gazetteer, to when it was recorded.
Written with the event, so that an area is known everywhere once its gazetteer is durable."""

POLICIES: Final = "tollbook:policies"
"""Hash: `<partition>:<sequence>` of each event that publishes a policy, to when it was recorded.
Written with the event: what is appended next is admitted with it."""

REFERENCES: Final = "tollbook:references"
"""Hash: `<partition>:<sequence>` of such events to their stored bytes, once the streams lack them:
what is appended is admitted with them, whether the archive is there or away."""

LOG_KEYS: Final = "tollbook:log:keys"
"""List: the public keys the logs were signed with, as notes, the one in use last."""

LOG_WITNESSES: Final = "tollbook:log:witnesses"
"""Set: the public keys of witnesses whose cosignatures are taken."""

WORKERS: Final = "tollbook:workers"
"""Hash: `<role> <worker>` of each worker that shares its role's work, until when, and of what."""

TOKENS: Final = "tollbook:tokens"
"""Hash: id of each token to what is kept of it, with a salted hash of its secret."""

TOKENS_USED: Final = "tollbook:tokens:used"
"""Hash: id of each token to when it was used last, to a minute."""

CRISES_KEPT: Final = 4_096
"""Crises whose partition is remembered: it is asked for with every event."""

INDEX: Final = "tollbook:index"
"""Hash: key digest to content digest and first position, `<partition>:<sequence>`; permanent.
One for the ledger: a key used again with another crisis, so in another partition, is found."""


@lru_cache(maxsize=CRISES_KEPT)
def partition_of(crisis: str, partitions: int) -> int:
    """The partition of a crisis: the first 8 bytes of SHA-256 of its slug, modulo."""
    digest = sha256(crisis.encode()).digest()
    return int.from_bytes(digest[:8]) % partitions


@cache
def ledger_subject(partition: int, partitions: int) -> str:
    """The subject that stands for every crisis of a partition: the first slug that hashes to it."""
    slugs = (f"{LEDGER_SUBJECT_PREFIX}{number}" for number in count())
    return next(slug for slug in slugs if partition_of(slug, partitions) == partition)


def ledger(partition: int) -> str:
    """Stream: the events of a partition, entry id `<sequence>-0`."""
    return f"tollbook:{{{partition}}}:ledger"


def state(partition: int) -> str:
    """Hash: head, last recorded time in microseconds, how much of the quarantine is decided."""
    return f"tollbook:{{{partition}}}:state"


def quarantine(partition: int) -> str:
    """Stream: events whose key was already recorded with other content, with the reason."""
    return f"tollbook:{{{partition}}}:quarantine"


def quarantined(partition: int) -> str:
    """Hash: key and content digests of what is in quarantine, to when it came and what was decided.

    So a retry adds nothing, and is a duplicate once a decision is recorded.
    """
    return f"tollbook:{{{partition}}}:quarantined"


def leases(partition: int) -> str:
    """Hash: role to the lease of the worker that has the partition: token, worker, since, until.

    The token of one that was given back stays, so that it only grows.
    """
    return f"tollbook:{{{partition}}}:leases"


def live(partition: int) -> str:
    """Hash: the generation that is read of each projection, and the one before, `<name>:back`."""
    return f"tollbook:{{{partition}}}:live"


def generation(partition: int, projection: str, number: int) -> str:
    """What the keys of one generation of a projection's rows begin with."""
    return f"tollbook:{{{partition}}}:{projection}.g{number}"


def archived(partition: int) -> str:
    """Hash: place of the archive, how many events it has, and how many the stream lacks."""
    return f"tollbook:{{{partition}}}:archived"


def sealed(partition: int) -> str:
    """Hash: ledger, size and signed checkpoint of what was sealed last of a partition."""
    return f"tollbook:{{{partition}}}:sealed"


def cosigned(partition: int) -> str:
    """Hash: sizes of a partition's sealed tree to cosigned checkpoints; the largest in `newest`."""
    return f"tollbook:{{{partition}}}:cosigned"


def tiles(partition: int) -> str:
    """Hash: `<level>/<index>` to the hashes of each tile of a partition's sealed tree."""
    return f"tollbook:{{{partition}}}:tiles"


def secrets(partition: int) -> str:
    """Hash: key digest of each report with withheld fields to the key they are encrypted with.

    A redaction takes it away in the call that appends it.
    """
    return f"tollbook:{{{partition}}}:secrets"


def withheld(partition: int) -> str:
    """Hash: key and content digest of each such report to its withheld fields, encrypted."""
    return f"tollbook:{{{partition}}}:withheld"


def own_ledger(partition: int) -> str:
    """Hash, in a cluster: the ledger's id, so that an append finds it in its own slot."""
    return f"tollbook:{{{partition}}}:ledger-id"


def own_index(partition: int) -> str:
    """Hash, in a cluster: the part of the index with the events of a partition."""
    return f"tollbook:{{{partition}}}:index"


def own_gazetteers(partition: int) -> str:
    """Hash, in a cluster: all gazetteers, as a partition knows them."""
    return f"tollbook:{{{partition}}}:gazetteers"


def own_policies(partition: int) -> str:
    """Hash, in a cluster: all policies, as a partition knows them."""
    return f"tollbook:{{{partition}}}:policies"


def own_changes(partition: int) -> str:
    """Stream, in a cluster: changes of a partition that the change feed does not have yet."""
    return f"tollbook:{{{partition}}}:changes"


def claims(partition: int) -> str:
    """Hash, in a cluster: key digest to `<partition>` or `<partition> <turn>`, who may record it.

    A key's claim lies in the partition that its digest says (`home_of`), whatever crisis it names.
    """
    return f"tollbook:{{{partition}}}:claims"


def voided(partition: int) -> str:
    """Hash, in a cluster: key digest to the last turn of a claim that is not recorded any more."""
    return f"tollbook:{{{partition}}}:voided"


def home_of(key: bytes, partitions: int) -> int:
    """The partition in which the claim of a key lies, by the first 8 bytes of its digest."""
    return int.from_bytes(key[:8]) % partitions


def places(partition: int) -> str:
    """Hash: digest of crisis and place to the name that stands for it where it is withheld."""
    return f"tollbook:{{{partition}}}:places"
