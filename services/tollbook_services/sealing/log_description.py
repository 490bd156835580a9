"""What a published folder of logs says of itself: `ledger.json` and the key history `keys`.

ledger.json                        this description
keys                               the key history, a line of JSON for each key
<partition>/checkpoint             the log of each partition, a prefix of c2sp.org/tlog-tiles
<partition>/tile/...
<partition>/tile/entries/...
<partition>/event/<index>          events that are too long for a bundle
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import orjson

from tollbook_schemas.tlog.note import NoteError, must_be_key_name
from tollbook_services.sealing.key_history import KeyNote

DESCRIPTION: Final = "ledger.json"
KEY_HISTORY: Final = "keys"
FORMAT: Final = "tollbook-log/1"

PARTITIONS_MAX: Final = 1024
"""As many as a ledger may have."""


@dataclass(frozen=True, slots=True)
class LogDescription:
    """Which ledger a folder holds the logs of, as its signed key history says as well.

    Attributes:
        ledger: its id.
        name: of its key; the log of a partition is `<name>/<partition>`.
        partitions: how many logs there are.
    """

    ledger: str
    name: str
    partitions: int

    def document(self) -> bytes:
        """The bytes of `ledger.json`."""
        told = {
            "format": FORMAT,
            "ledger": self.ledger,
            "name": self.name,
            "partitions": self.partitions,
        }
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS) + b"\n"

    @classmethod
    def of(cls, notes: Sequence[KeyNote]) -> Self:
        """What a key history says, which is signed; it has one note at least."""
        last = notes[-1]
        return cls(last.ledger, last.key.name, last.partitions)

    @classmethod
    def read(cls, document: bytes) -> Self:
        """The description in a `ledger.json`.

        Raises:
            NoteError: says what is wrong.
        """
        try:
            told = orjson.loads(document)
        except orjson.JSONDecodeError as error:
            raise NoteError(f"{DESCRIPTION} is no JSON: {error}") from None
        match told:
            case {
                "format": "tollbook-log/1",
                "ledger": str(ledger),
                "name": str(name),
                "partitions": int(partitions),
            } if 1 <= partitions <= PARTITIONS_MAX:
                return cls(ledger, must_be_key_name(name), partitions)
        raise NoteError(f"{DESCRIPTION} does not describe logs of the format {FORMAT}")


def partition_path(partition: int, path: str) -> str:
    """Where a file of a partition's log is in the folder."""
    return f"{partition}/{path}"
