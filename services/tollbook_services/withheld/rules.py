"""Which fields the policies of a ledger withhold, by crisis."""

from datetime import datetime
from typing import Any, Protocol

from redis.asyncio import Redis

from tollbook_schemas.filed import FiledEvent
from tollbook_schemas.times import instant_of
from tollbook_services import keys
from tollbook_services.references import listed
from tollbook_services.stored import StoredEntry


class Events(Protocol):
    """A ledger, as far as it is read here."""

    redis: Redis
    partitions: int

    async def reference(self, position: bytes) -> FiledEvent: ...

    async def find(self, source: str, event_id: str) -> StoredEntry | None: ...


class FieldRules:
    """The sensitive fields of the policy that is in force for each crisis.

    A policy counts for what is appended after it was acknowledged. As in every view, the one with
    the latest time is in force, of those for the crisis and those for all.
    """

    def __init__(self, ledger: Events) -> None:
        """Take the ledger whose policies count."""
        self._ledger = ledger
        self._known: set[bytes] = set()
        self._policies: list[tuple[tuple[datetime, str], str, frozenset[str]]] = []

    @property
    def count(self) -> int:
        """How many policies are known."""
        return len(self._known)

    async def refresh(self, count: int) -> None:
        """Read the policies that were published since; `count` is how many are listed."""
        if count == len(self._known):
            return
        for position in await listed(self._ledger.redis, "policies", self._ledger.partitions):
            if position not in self._known:
                event = await self._ledger.reference(position)
                names = frozenset[str](event.data.get("sensitive") or ())
                order = (instant_of(event.time), event.global_id)
                self._policies.append((order, event.crisis, names))
                self._known.add(position)
        self._policies.sort(key=_order, reverse=True)

    def names(self, crisis: str) -> frozenset[str]:
        """The fields that are withheld of what is appended about a crisis now."""
        if not self._policies:
            return frozenset()
        partitions = self._ledger.partitions
        shared = keys.ledger_subject(keys.partition_of(crisis, partitions), partitions)
        for _, subject, names in self._policies:
            if subject in (crisis, shared):
                return names
        return frozenset()


def _order(policy: tuple[tuple[datetime, str], str, Any]) -> tuple[datetime, str]:
    return policy[0]
