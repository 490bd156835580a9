"""Looks at the decisions in a partition: whether the index of the quarantine knows each of them."""

from collections.abc import Awaitable
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.decisions import Kind, decided_by, ruling_from
from tollbook_services.invariants import Tally
from tollbook_services.scan import RawPage

LOOK_UP_MAX: Final = 500
"""Contents looked up in one call: some milliseconds of the engine's time."""


class Decisions:
    """The decisions of a partition, as they are met in its events."""

    def __init__(self) -> None:
        """None was met yet."""
        self._met: dict[bytes, tuple[Kind, int]] = {}

    def take(self, page: RawPage) -> None:
        """Note the decisions on a page; what was accepted stays so, else the last one holds."""
        for entry_id, fields in page:
            stored = dict(zip(fields[::2], fields[1::2], strict=False)).get(b"e", b"")
            try:
                found = decided_by(stored)
            except (KeyError, TypeError, ValueError, orjson.JSONDecodeError):
                continue  # an altered event, which `hashes` names
            if found is not None:
                self._note(*found, int(entry_id.partition(b"-")[0]))

    def _note(self, digest: bytes, kind: Kind, sequence: int) -> None:
        before = self._met.get(digest)
        if before is None or before[0] != "accepted" or kind == "accepted":
            self._met[digest] = (kind, sequence)

    async def check(self, redis: Redis, partition: int, tally: Tally) -> None:
        """Compare the index of the quarantine with what was met."""
        name = keys.quarantined(partition)
        met = list(self._met.items())
        for start in range(0, len(met), LOOK_UP_MAX):
            batch = met[start : start + LOOK_UP_MAX]
            digests: Any = [digest for digest, _ in batch]
            values = await cast("Awaitable[Any]", redis.hmget(name, digests))
            for (_, (kind, sequence)), value in zip(batch, values, strict=True):
                tally.checked += 1
                ruling = ruling_from(value)
                if ruling is None or (ruling.kind, ruling.sequence) != (kind, sequence):
                    tally.fault(
                        f"partition {partition}, sequence {sequence}: the index of the quarantine "
                        "does not have this decision: its content would be put aside again"
                    )
